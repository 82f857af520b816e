#!/usr/bin/env python3
"""The program itself under a real Slurm of one node, by the scripts of slurm/ with another config: stopped, requeued, as an array, its holder killed.

    test_slurm_program.py [-v] [TestCase.test_name]
"""
import os
import pathlib
import re
import signal
import sys
import time
import unittest

from slurm_case import PATIENCE, ROOT, SMALL, SlurmCase

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from program_run import PROGRAM, content_hashes, folders, undisturbed  # noqa: E402

CONFIG = "configs/test_tiny.yaml"
SETTINGS = ("finetune.epochs=8",)  # long enough to be stopped in
SHARED = ["prepare", "embed", "grads", "select"]  # by points that differ in their seed


class SlurmProgram(SlurmCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.expected, _, _ = undisturbed(CONFIG, 2, SETTINGS)

    def sbatch(self, script: str, options: list[str], *settings: str, **environment: str) -> str:
        own = self.work / script
        own.write_text(re.sub(r"configs/\w+\.yaml", CONFIG, (ROOT / "slurm" / script).read_text()))
        words = [word for setting in (f"work_dir={self.work}", *SETTINGS, *settings) for word in ("--set", setting)]
        log = ["--output", str(self.work / "job-%A-%a.log" if any("--array" in option for option in options) else self.work / "job-%j.log")]
        return self.slurm.submit([*SMALL, *log, *options, str(own), *words], cwd=str(ROOT),
                                 environment={"GORACS_PROGRAM": str(PROGRAM), "GORACS_ROOT": str(ROOT), "GORACS_LAUNCHER": "srun"} | environment)

    def expect_as_undisturbed(self) -> None:
        self.assertEqual(content_hashes(self.work), self.expected, self.job_logs())

    def test_stopped_by_usr2_it_is_requeued_and_ends_as_if_it_had_not_been(self) -> None:
        job = self.sbatch("seqrec_games.sh", [], "run.name=one")
        self.until(lambda: "finetune" in folders(self.work), "finetuning")
        asked = time.monotonic()
        self.slurm.call("scancel", "--signal=USR2", job)
        self.until(lambda: "requeueing" in self.job_logs(), "the requeue")
        self.assertLess(time.monotonic() - asked, 10)
        state = self.ended(job)
        self.assertEqual((state["JobState"], state["Restarts"]), ("COMPLETED", "1"), self.job_logs())
        self.assertIn("stopped by signal USR2 in", self.job_logs())
        self.expect_as_undisturbed()

    def test_stopped_by_the_users_file_it_is_not_requeued(self) -> None:
        run = self.work / "runs" / "one"
        run.mkdir(parents=True)
        (run / "STOP").touch()
        state = self.ended(self.sbatch("seqrec_games.sh", [], "run.name=one"))
        self.assertEqual((state["JobState"], state["ExitCode"], state["Restarts"]), ("FAILED", "75:0", "0"), self.job_logs())
        self.assertIn("stopped by the file STOP: not requeued", self.job_logs())
        self.assertFalse((run / "STOP").exists())

    @unittest.skipUnless(os.environ.get("GORACS_LONG") == "1", "takes a minute, the shortest time limit of Slurm; tools/faults.sh runs it")
    def test_before_the_time_limit_it_stops_and_is_requeued(self) -> None:
        begin = time.monotonic()
        job = self.sbatch("seqrec_games.sh", ["--time=1", "--signal=USR2@30"], "run.name=one", "finetune.epochs=100000", "finetune.patience=100000")
        end = begin + 100
        while "requeueing" not in self.job_logs() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertIn("requeueing", self.job_logs())
        reason = re.search(r"stopped by (signal USR2|time limit) in finetune", self.job_logs())
        self.assertTrue(reason, self.job_logs())
        self.slurm.call("scancel", job)
        print(f"R6: a job of 1 minute with --signal=USR2@30 was stopped by {reason.group(1)} after {time.monotonic() - begin:.0f} s and requeued")

    def sweep(self) -> str:
        """An array of two points that start together."""
        return self.sbatch("sweep_seqrec_games.sh", ["--array=0-1", "--export=ALL"], "sweep.seed=0,1", GORACS_SWEEP_PART="point")

    def begun(self, stage: str) -> int:
        return len(re.findall(rf"\b{stage}: begins", self.job_logs()))

    def test_two_tasks_of_an_array_compute_each_shared_stage_once(self) -> None:
        array = self.sweep()
        starts = [self.until(lambda k=k: self.slurm.state(f"{array}_{k}").get("StartTime", "Unknown").replace("Unknown", ""), "the start") for k in range(2)]
        self.slurm.wait(array, PATIENCE)
        self.assertEqual(starts[0], starts[1], "not in the same second")
        self.assertEqual({stage: self.begun(stage) for stage in [*SHARED, "finetune"]}, {stage: 1 for stage in SHARED} | {"finetune": 2}, self.job_logs())
        self.assertEqual(len(list(self.work.glob("runs/*/summary.json"))), 2)
        print(f"R7: two tasks of an array that started in the same second computed each of {', '.join(SHARED)} once")

    def test_where_the_task_that_computes_is_killed_the_other_goes_on(self) -> None:
        array = self.sweep()
        holder = self.until(lambda: next(iter(self.work.glob("embed-*.lease/holder-*")), None), "a holder")
        os.kill(int(holder.name.split("~")[2]), signal.SIGKILL)
        killed = time.monotonic()
        self.until(lambda: list(self.work.glob("embed-*/MANIFEST.json")), "the other task")
        seconds = time.monotonic() - killed
        self.assertLess(seconds, 60)
        self.slurm.wait(array, PATIENCE)
        self.assertEqual(sorted(self.slurm.state(f"{array}_{k}")["JobState"] for k in range(2)), ["COMPLETED", "FAILED"], self.job_logs())
        self.assertEqual(self.begun("embed"), 2, self.job_logs())
        found = content_hashes(self.work)
        self.assertEqual({stage: found[stage] for stage in SHARED}, {stage: self.expected[stage] for stage in SHARED})
        print(f"R7: of two tasks of an array the one that computed a shared stage was killed; the other had taken over and finished it {seconds:.1f} s later")


if __name__ == "__main__":
    unittest.main()
