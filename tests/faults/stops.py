#!/usr/bin/env python3
"""R6: SIGUSR2, a file STOP or the time limit end a run in time with exit code 75 in every stage, and the next start goes on from there.

    stops.py [--per-stage N] [--within SECONDS] [--in-turn] [--srun] [options of campaign.py]

Every other request comes as the stage begins, when it loads what it needs, the others at any time within it. Prints one JSON object with the seconds
from the request to the end.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import signal
import sys
import time

from campaign import Piece, arguments
from program_run import STAGES, ProgramRun, content_hashes, is_done, work_folder

sys.path.insert(0, str(pathlib.Path(__file__).with_name("slurm")))
from one_node_slurm import OneNodeSlurm  # noqa: E402

RESUMABLE_EXIT = 75
RUN_NAME = "stopped"


class Stops:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random = options, random.Random(options.seed)
        self.settings = (*options.set, f"run.name={RUN_NAME}")
        self.piece = Piece(options, promise="R6", what="SIGUSR2 and STOP under " + ("srun" if options.srun else "mpirun"), config=options.config, ranks=options.ranks)
        self.before = self.piece.before.get("asked_in", {})
        self.asked: collections.Counter[str] = collections.Counter()
        self.model = self.piece.undisturbed(options.config, options.ranks, tuple(options.set))
        self.expected, self.seconds = self.model.hashes, self.model.seconds
        self.launcher = ["srun", f"--ntasks={options.ranks}", "--mpi=pmix", "--kill-on-bad-exit=1", "--cpu-bind=none"] if options.srun else None
        self.latest: dict[str, float] = {}
        self.equal = 0
        self.stopped: collections.Counter[str] = collections.Counter()

    def ask(self, run: ProgramRun, way: str) -> None:
        if way == "STOP":
            (run.work / "runs" / RUN_NAME / "STOP").touch()
        elif way == "launcher":  # hands USR2 on to all ranks
            run.process.send_signal(signal.SIGUSR2)
        else:  # one rank alone hears of it, the others learn it from each other
            run.signal_rank(self.random.randrange(self.options.ranks), signal.SIGUSR2)

    def stop_in(self, work: pathlib.Path, stage: str, way: str, at_once: bool) -> None:
        """One run stopped in this stage; nothing is counted when the run was over too soon."""
        run = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings, launcher=self.launcher)
        run.wait_for(stage)
        if not at_once:
            time.sleep(self.random.uniform(0, self.model.length(stage)))
        asked, hit = time.monotonic(), run.at_work_in()
        self.ask(run, way)
        code = run.wait(60 + self.seconds)
        seconds = time.monotonic() - asked
        if code == 0:
            return
        assert code == RESUMABLE_EXIT, f"asked to stop by {way} in {hit}: exit code {code}:\n{run.text()}"
        assert (work / "runs" / RUN_NAME / "RESUMABLE").exists(), f"stopped by {way} in {hit}, but no RESUMABLE"
        assert seconds <= self.options.within, f"stopped by {way} in {hit} after {seconds:.1f} s:\n{run.text()}"
        self.latest[hit] = max(self.latest.get(hit, 0), round(seconds, 2))
        self.stopped[hit] += 1

    def go_on(self, work: pathlib.Path) -> None:
        (work / "runs" / RUN_NAME / "STOP").unlink(missing_ok=True)  # of a run that was over before it looked
        again = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings, launcher=self.launcher)
        assert again.wait(60 + 10 * self.seconds) == 0, f"the resumed run failed:\n{again.text()}"
        different = [name for name in self.expected if content_hashes(work).get(name) != self.expected[name]]
        assert not different, f"stopped and resumed: {', '.join(different)} differ"
        self.equal += 1

    def next_request(self, stage: str) -> tuple[str, bool] | None:
        """By which way, and whether at the stage's begin."""
        tried = self.before.get(stage, 0) + self.asked[stage]
        if tried >= self.options.per_stage or not self.piece.goes_on():
            return None
        self.asked[stage] += 1
        return ["launcher", "one rank", "STOP"][(tried + STAGES.index(stage)) % 3], tried % 2 == 0

    def each_apart(self) -> None:
        for stage in self.expected:
            while request := self.next_request(stage):
                with self.piece.attempt(), work_folder() as work:
                    self.stop_in(work, stage, *request)
                    self.go_on(work)

    def in_turn(self) -> None:
        """One run, stopped in all its stages."""
        with self.piece.attempt(), work_folder() as work:
            for stage in self.expected:
                while not is_done(work, stage) and (request := self.next_request(stage)):
                    self.stop_in(work, stage, *request)
            if self.asked:
                self.go_on(work)

    def run(self) -> None:
        if self.options.in_turn:
            self.in_turn()
        else:
            self.each_apart()
        self.piece.end(asked_in=dict(self.asked), stopped=dict(self.stopped), resumed_and_equal=self.equal, latest_seconds_to_the_end=self.latest)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--per-stage", type=int, default=3)
    parser.add_argument("--within", type=float, default=10)
    parser.add_argument("--in-turn", action="store_true", help="one run stopped in all its stages, one after the other, instead of a run for each request")
    parser.add_argument("--srun", action="store_true", help="under a Slurm of one node, started for it")
    options = parser.parse_args()
    with OneNodeSlurm() if options.srun else contextlib.nullcontext() as slurm:
        if slurm:
            os.environ |= slurm.environment
        Stops(options).run()


if __name__ == "__main__":
    main()
