#!/usr/bin/env python3
"""R6: SIGUSR2, a file STOP or the time limit end a run in time with exit code 75 in every stage, and the next start goes on from there.

    stops.py [--per-stage N] [--config FILE] [--ranks R] [--seed S] [--within SECONDS] [--set KEY=VALUE]...

Prints one JSON object with the seconds from the request to the end.
"""
import argparse
import collections
import json
import random
import signal
import time

from program_run import ProgramRun, content_hashes, folders, stage_at_work, undisturbed, work_folder

RESUMABLE_EXIT = 75
RUN_NAME = "stopped"


class Stops:
    def __init__(self, options: argparse.Namespace):
        self.options, self.random = options, random.Random(options.seed)
        self.settings = (*options.set, f"run.name={RUN_NAME}")
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

    def stop_in(self, stage: str, way: str) -> bool:
        """One run stopped in this stage and resumed; False when the stage was over too soon."""
        with work_folder() as work:
            run = ProgramRun(work, self.options.config, self.options.ranks, settings=self.settings)
            while run.process.poll() is None and stage not in folders(work):
                time.sleep(0.001)
            asked, hit = time.monotonic(), stage_at_work(work) or "between stages"
            self.ask(run, way)
            code = run.wait(60 + self.seconds)
            seconds = time.monotonic() - asked
            if code == 0:
                return False
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
            return True

    def run(self) -> dict:
        ways = ["launcher", "one rank", "STOP"]
        for stage in self.expected:
            for k in range(self.options.per_stage):
                self.stop_in(stage, ways[k % len(ways)])
        assert self.stopped, "every stage was over before it could be stopped"
        return {"promise": "R6", "what": "USR2, STOP", "config": self.options.config, "ranks": self.options.ranks, "stopped": dict(self.stopped),
                "latest_seconds": self.latest, "different": 0}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--per-stage", type=int, default=3)
    parser.add_argument("--config", default="configs/test_tiny.yaml")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within", type=float, default=10)
    parser.add_argument("--set", action="append", default=[])
    print(json.dumps(Stops(parser.parse_args()).run()))


if __name__ == "__main__":
    main()
