#!/usr/bin/env python3
"""R1: kill -9 at any time loses only the work since the last save, and a resumed run ends as an undisturbed one, bit for bit.

    kills.py [--count N] [--per-stage N] [--again P] [options of campaign.py]

Kills N times, uniform over the run, then more inside the stages that had fewer than --per-stage. One kill in three hits a single rank (the launcher
ends the others), the rest everything at once; a resumed run is killed again with probability --again. Prints one JSON object.
"""
import argparse
import collections
import random
import signal
import time

from campaign import Piece, arguments
from program_run import STAGES, ProgramRun, content_hashes, folders, sealed, stage_at_work, undisturbed, work_folder

ONE_RANK = 1 / 3


class Campaign:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random = options, random.Random(options.seed)
        self.settings = tuple(options.set)
        self.piece = Piece(options, promise="R1", what="kill -9", config=options.config, ranks=options.ranks)
        self.before = collections.Counter(self.piece.before.get("kills", {}))
        self.expected, self.seconds, self.begun = undisturbed(options.config, options.ranks, self.settings)
        self.kills: collections.Counter[str] = collections.Counter()
        self.resumes = 0

    def start(self, work) -> ProgramRun:
        return ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)

    def length(self, stage: str) -> float:
        later = [self.begun[other] for other in STAGES[STAGES.index(stage) + 1:] if other in self.begun]
        return max(0.02, min([*later, self.seconds]) - self.begun[stage])

    def wait_for(self, run: ProgramRun, work, stage: str | None) -> None:
        """Until the moment of the kill: uniform over the run, or uniform inside one stage."""
        if stage is None:
            return time.sleep(self.random.uniform(0, self.seconds))
        while run.process.poll() is None and stage not in folders(work):
            time.sleep(0.002)
        time.sleep(self.random.uniform(0, self.length(stage)))

    def kill(self, work, stage: str | None) -> None:
        run = self.start(work)
        self.wait_for(run, work, stage)
        if run.process.poll() is not None:
            assert run.wait() == 0, f"a run failed before it was killed:\n{run.text()}"
            return
        hit = stage_at_work(work) or ("between stages" if folders(work) else "start")
        if self.random.random() < ONE_RANK:
            run.signal_rank(self.random.randrange(self.options.ranks), signal.SIGKILL)
            run.wait()
            run.kill()
        else:
            run.kill()
        self.kills[hit] += 1
        if self.random.random() < self.options.again:
            self.kill(work, None)

    def one(self, stage: str | None) -> None:
        with work_folder() as work:
            self.kill(work, stage)
            run = self.start(work)
            assert run.wait(60 + 10 * self.seconds) == 0, f"the resumed run failed:\n{run.text()}"
            self.resumes += 1
            found = content_hashes(work)
            different = [name for name in self.expected if found.get(name) != self.expected[name]]
            assert not different, f"killed and resumed: {', '.join(different)} differ from an undisturbed run"
            leftovers = [str(path) for folder in folders(work).values() for path in folder.rglob("*.tmp*")]
            assert not leftovers and all(map(sealed, folders(work).values())), f"left behind: {leftovers}"

    def run(self) -> None:
        def until(enough, stage: str | None) -> None:
            while not enough(self.before + self.kills) and self.piece.goes_on():
                with self.piece.attempt():
                    self.one(stage)

        until(lambda kills: kills.total() >= self.options.count, None)
        for stage in self.expected:
            until(lambda kills, stage=stage: kills[stage] >= self.options.per_stage, stage)
        self.piece.end(kills=dict(self.kills), resumed_and_equal=self.resumes, latest_seconds_of_a_run=round(self.seconds, 2))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--per-stage", type=int, default=0)
    parser.add_argument("--again", type=float, default=0.25)
    Campaign(parser.parse_args()).run()


if __name__ == "__main__":
    main()
