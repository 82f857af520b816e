#!/usr/bin/env python3
"""R4: a disk that is full at any write of a whole run on several ranks: a message with the file, exit 4 from the launcher; the next start goes on.

    full_disk.py [--count N] [options of campaign.py]

In each run the disk fills up in every stage, one after the other: from some write on files of that stage on, all of them fail. Prints one JSON object.
"""
import argparse
import collections
import random

from campaign import Piece, arguments
from program_run import MPIRUN, PROGRAM, ProgramRun, content_hashes, work_folder

IO_EXIT = 4
SHIM = PROGRAM.parent / "tests" / "libfail_io.so"
MOST_WRITES = 8  # of the stage before the disk is full; every stage writes more


class FullDisk:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random, self.settings = options, random.Random(options.seed), tuple(options.set)
        self.piece = Piece(options, promise="R4", what="full disk in a whole run", config=options.config, ranks=options.ranks)
        self.before = collections.Counter(self.piece.before.get("full_in", {}))
        self.expected, self.seconds, _ = self.piece.undisturbed(options.config, options.ranks, self.settings)
        self.full: collections.Counter[str] = collections.Counter()
        self.equal = 0

    def fill_up(self, work, stage: str) -> None:
        shim = {"LD_PRELOAD": SHIM, "GORACS_FAIL_BELOW": f"{work}/{stage}-", "GORACS_FAIL_IO": f"write:{self.random.randint(1, MOST_WRITES)}:ENOSPC"}
        launcher = [*MPIRUN, str(self.options.ranks), *(word for name, value in shim.items() for word in ("-x", f"{name}={value}"))]
        run = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings, launcher=launcher)
        code = run.wait(60 + 10 * self.seconds)
        said = [line for line in run.text().splitlines() if "error" in line and "No space left on device" in line]
        assert code == IO_EXIT, f"full disk in {stage}: exit code {code}:\n{run.text()}"
        assert any(f"{work}/{stage}-" in line for line in said), f"full disk in {stage}: no message names the file:\n{run.text()}"
        self.full[stage] += 1

    def one(self) -> None:
        with work_folder() as work:
            for stage in self.expected:
                self.fill_up(work, stage)
            run = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)
            assert run.wait(60 + 10 * self.seconds) == 0, f"the run after a full disk failed:\n{run.text()}"
            different = [name for name in self.expected if content_hashes(work).get(name) != self.expected[name]]
            assert not different, f"after a full disk: {', '.join(different)} differ from an undisturbed run"
            self.equal += 1

    def run(self) -> None:
        while (self.before + self.full).total() < self.options.count and self.piece.goes_on():
            with self.piece.attempt():
                self.one()
        self.piece.end(full_in=dict(self.full), resumed_and_equal=self.equal)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, default=1)
    FullDisk(parser.parse_args()).run()


if __name__ == "__main__":
    main()
