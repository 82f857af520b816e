#!/usr/bin/env python3
"""R8: a dead or stuck rank ends the job within the deadline, in every stage, with a message that names it; the next start goes on.

    peers.py [--per-stage N] [--stage NAME]... [--deadline SECONDS] [options of campaign.py]

A rank is killed (SIGKILL, the launcher ends the rest) or frozen (SIGSTOP: its peers must notice). Prints one JSON object.
"""
import argparse
import collections
import random
import re
import signal
import time

from campaign import Piece, arguments
from program_run import ProgramRun, content_hashes, work_folder

PEER_EXIT = 6
LONG_STAGES = ("embed", "grads", "finetune")  # frozen as such a stage begins, the rank is missed within it
SLACK = 15  # seconds beside the deadline: the launcher's own


class Peers:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random = options, random.Random(options.seed)
        self.settings = (*options.set, f"run.deadline_seconds={options.deadline}")
        self.piece = Piece(options, promise="R8", what="kill -9 and SIGSTOP of one rank", config=options.config, ranks=options.ranks)
        self.before = self.piece.before.get("tried_in", {})
        self.tried: collections.Counter[str] = collections.Counter()
        self.expected, self.seconds, _ = self.piece.undisturbed(options.config, options.ranks, self.settings)
        self.hits: collections.Counter[str] = collections.Counter()
        self.latest = 0.0

    def hit(self, stage: str, number: int) -> None:
        with work_folder() as work:
            run = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)
            run.wait_for(stage)
            rank, at = self.random.randrange(self.options.ranks), run.at_work_in()
            if not run.signal_rank(rank, number):
                run.wait()
                return
            begin = time.monotonic()
            code = run.wait(self.options.deadline + SLACK + self.seconds)
            self.latest = max(self.latest, time.monotonic() - begin)
            if number == signal.SIGSTOP and code != 0:
                # a frozen rank that had nothing left to say may not be missed
                assert code == PEER_EXIT, f"rank {rank} frozen in {at}: exit code {code}:\n{run.text()}"
                assert f"rank {rank}" in run.text(), f"rank {rank} frozen in {at}, but no message names it:\n{run.text()}"
                assert at not in LONG_STAGES or re.search(r"; in \w+, \w+", run.text()), f"rank {rank} frozen in {at}, but no message says where:\n{run.text()}"
            run.kill()
            self.hits[f"{'killed' if number == signal.SIGKILL else 'frozen'} in {at}"] += 1
            again = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)
            assert again.wait(60 + 10 * self.seconds) == 0, f"the next start failed:\n{again.text()}"
            found = content_hashes(work)
            different = [name for name in self.expected if found.get(name) != self.expected[name]]
            assert not different, f"rank {rank} hit in {at}: {', '.join(different)} differ after the next start:\n{again.text()}"

    def run(self) -> None:
        for stage in self.options.stage or self.expected:
            while self.before.get(stage, 0) + self.tried[stage] < self.options.per_stage and self.piece.goes_on():
                self.tried[stage] += 1
                for number in (signal.SIGKILL, signal.SIGSTOP):
                    with self.piece.attempt():
                        self.hit(stage, number)
        self.piece.end(tried_in=dict(self.tried), hits=dict(self.hits), latest_seconds_from_hit_to_end=round(self.latest, 1))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--per-stage", type=int, default=1)
    parser.add_argument("--stage", action="append", default=[], help="these only")
    parser.add_argument("--deadline", type=float, default=3)
    Peers(parser.parse_args()).run()


if __name__ == "__main__":
    main()
