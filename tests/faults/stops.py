#!/usr/bin/env python3
"""R6: SIGUSR2, a file STOP or the time limit end a run in time with exit code 75 in every stage, and the next start goes on from there.

    stops.py [--per-stage N] [--within SECONDS] [options of campaign.py]

Prints one JSON object with the seconds from the request to the end.
"""
import argparse
import collections
import random
import signal
import time

from campaign import Piece, arguments
from program_run import ProgramRun, content_hashes, folders, stage_at_work, undisturbed, work_folder

RESUMABLE_EXIT = 75
RUN_NAME = "stopped"


class Stops:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random = options, random.Random(options.seed)
        self.settings = (*options.set, f"run.name={RUN_NAME}")
        self.piece = Piece(options, promise="R6", what="SIGUSR2 and STOP", config=options.config, ranks=options.ranks)
        self.before = self.piece.before.get("asked_in", {})
        self.asked: collections.Counter[str] = collections.Counter()
        self.expected, self.seconds, self.begun = undisturbed(options.config, options.ranks, self.settings)
        self.latest: dict[str, float] = {}
        self.stopped: collections.Counter[str] = collections.Counter()

    def ask(self, run: ProgramRun, way: str) -> None:
        if way == "STOP":
            (run.work / "runs" / RUN_NAME / "STOP").touch()
        elif way == "launcher":  # mpirun hands USR2 on to all ranks
            run.process.send_signal(signal.SIGUSR2)
        else:  # one rank alone hears of it, the others learn it from each other
            run.signal_rank(self.random.randrange(self.options.ranks), signal.SIGUSR2)

    def stop_in(self, stage: str, way: str) -> None:
        """One run stopped in this stage and resumed; nothing is counted as stopped when the run was over too soon."""
        with work_folder() as work:
            run = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)
            while run.process.poll() is None and stage not in folders(work):
                time.sleep(0.001)
            asked, hit = time.monotonic(), stage_at_work(work) or "between stages"
            self.ask(run, way)
            code = run.wait(60 + self.seconds)
            seconds = time.monotonic() - asked
            if code == 0:
                return
            assert code == RESUMABLE_EXIT, f"asked to stop by {way} in {hit}: exit code {code}:\n{run.text()}"
            assert (work / "runs" / RUN_NAME / "RESUMABLE").exists(), f"stopped by {way} in {hit}, but no RESUMABLE"
            assert seconds <= self.options.within, f"stopped by {way} in {hit} after {seconds:.1f} s"
            (work / "runs" / RUN_NAME / "STOP").unlink(missing_ok=True)
            again = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)
            assert again.wait(60 + 10 * self.seconds) == 0, f"the resumed run failed:\n{again.text()}"
            different = [name for name in self.expected if content_hashes(work).get(name) != self.expected[name]]
            assert not different, f"stopped in {hit} and resumed: {', '.join(different)} differ"
            self.latest[hit] = max(self.latest.get(hit, 0), round(seconds, 2))
            self.stopped[hit] += 1

    def run(self) -> None:
        ways = ["launcher", "one rank", "STOP"]
        for stage in self.expected:
            while (tried := self.before.get(stage, 0) + self.asked[stage]) < self.options.per_stage and self.piece.goes_on():
                self.asked[stage] += 1
                with self.piece.attempt():
                    self.stop_in(stage, ways[tried % len(ways)])
        self.piece.end(asked_in=dict(self.asked), stopped_and_resumed_equal=dict(self.stopped), latest_seconds=self.latest)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--per-stage", type=int, default=3)
    parser.add_argument("--within", type=float, default=10)
    Stops(parser.parse_args()).run()


if __name__ == "__main__":
    main()
