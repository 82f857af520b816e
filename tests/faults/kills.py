#!/usr/bin/env python3
"""R1: kill -9 at any time loses only the work since the last save, and a resumed run ends as an undisturbed one, bit for bit.

    kills.py [--count N] [--per-stage N] [--again P] [--in-turn] [options of campaign.py]

Kills N times, uniform over the run, then more inside the stages that had fewer than --per-stage. One kill in three hits a single rank (the launcher
ends the others), the rest everything at once; a resumed run is killed again with probability --again. For long runs --in-turn: each is killed in all
its stages, one after the other, until there were N kills. Prints one JSON object.
"""
import argparse
import collections
import random
import signal
import time

from campaign import Piece, arguments
from program_run import ProgramRun, content_hashes, folders, is_done, sealed, work_folder

ONE_RANK = 1 / 3


class Campaign:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random = options, random.Random(options.seed)
        self.settings = tuple(options.set)
        self.piece = Piece(options, promise="R1", what="kill -9", config=options.config, ranks=options.ranks)
        self.before = collections.Counter(self.piece.before.get("kills", {}))
        self.model = self.piece.undisturbed(options.config, options.ranks, self.settings)
        self.expected, self.seconds = self.model.hashes, self.model.seconds
        self.kills: collections.Counter[str] = collections.Counter()
        self.resumes = 0

    def start(self, work) -> ProgramRun:
        return ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)

    def wait_for_the_moment(self, run: ProgramRun, stage: str | None) -> None:
        """Of the kill: uniform over the run, or uniform inside one stage."""
        if stage is None:
            return time.sleep(self.random.uniform(0, self.seconds))
        run.wait_for(stage)
        time.sleep(self.random.uniform(0, self.model.length(stage)))

    def kill(self, work, stage: str | None) -> None:
        run = self.start(work)
        self.wait_for_the_moment(run, stage)
        if run.process.poll() is not None:
            assert run.wait() == 0, f"a run failed before it was killed:\n{run.text()}"
            return
        hit = run.at_work_in()
        if self.random.random() < ONE_RANK:
            run.signal_rank(self.random.randrange(self.options.ranks), signal.SIGKILL)
            run.wait()
            run.kill()
        else:
            run.kill()
        self.kills[hit] += 1

    def one(self, *stages: str | None) -> None:
        """One run, killed in each of these (None: anywhere), then left alone."""
        with work_folder() as work:
            for stage in stages:
                if stage is None or not is_done(work, stage):
                    self.kill(work, stage)
            while self.random.random() < self.options.again:
                self.kill(work, None)
            run = self.start(work)
            assert run.wait(60 + 10 * self.seconds) == 0, f"the resumed run failed:\n{run.text()}"
            self.resumes += 1
            found = content_hashes(work)
            different = [name for name in self.expected if found.get(name) != self.expected[name]]
            assert not different, f"killed and resumed: {', '.join(different)} differ from an undisturbed run"
            leftovers = [str(path) for folder in folders(work).values() for path in folder.rglob("*.tmp*")]
            assert not leftovers and all(map(sealed, folders(work).values())), f"left behind: {leftovers}"

    def run(self) -> None:
        def until(enough, *stages: str | None) -> None:
            while not enough(self.before + self.kills) and self.piece.goes_on():
                with self.piece.attempt():
                    self.one(*stages)

        until(lambda kills: kills.total() >= self.options.count, *(self.expected if self.options.in_turn else [None]))
        for stage in self.expected:
            until(lambda kills, stage=stage: kills[stage] >= self.options.per_stage, stage)
        self.piece.end(kills=dict(self.kills), resumed_and_equal=self.resumes, latest_seconds_of_a_run=round(self.seconds, 2))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--per-stage", type=int, default=0)
    parser.add_argument("--again", type=float, default=0.25)
    parser.add_argument("--in-turn", action="store_true")
    Campaign(parser.parse_args()).run()


if __name__ == "__main__":
    main()
