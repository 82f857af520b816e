#!/usr/bin/env python3
"""The scripts of slurm/ under a real Slurm of one node, with a stand-in for the program (stub_goracs.py): what is requeued and what is not.

    test_slurm_scripts.py [-v] [TestCase.test_name]

Where Slurm cannot start, everything fails with the reason; only GORACS_NO_SLURM=1 leaves it out.
"""
import pathlib
import re
import shutil
import subprocess
import time
import unittest

from slurm_case import PATIENCE, ROOT, SMALL, SlurmCase

STUB = pathlib.Path(__file__).with_name("stub_goracs.py")


class SlurmScripts(SlurmCase):
    def setUp(self) -> None:
        super().setUp()
        self.environment = {"GORACS_PROGRAM": str(STUB), "GORACS_ROOT": str(ROOT), "GORACS_LAUNCHER": "srun"}

    def sbatch(self, script: str, options: list[str], **settings) -> str:
        words = [word for key, value in {"work_dir": self.work, "run.name": "stub", **settings}.items()
                 for word in ("--set", f"{key.replace('__', '.')}={value}")]
        log = ["--output", str(self.work / "job-%j.log")]
        return self.slurm.submit([*SMALL, *log, *options, str(ROOT / "slurm" / script), *words], cwd=str(ROOT), environment=self.environment)

    def folder(self, name: str = "stub") -> pathlib.Path:
        return self.work / "runs" / name

    def lines(self, kind: str, name: str = "stub") -> list[str]:
        log = self.folder(name) / "log"
        return [line for line in log.read_text().splitlines() if line.startswith(kind)] if log.exists() else []

    def at_work(self, mark: str, name: str = "stub") -> None:
        """Both ranks have left their mark: a signal that comes before a rank listens ends it."""
        self.until(lambda: all((self.folder(name) / f"{mark}-{rank}").exists() for rank in range(2)), f"{mark} of both ranks")

    def test_a_job_stopped_by_usr2_is_requeued_and_goes_on_where_it_was(self) -> None:
        job = self.sbatch("seqrec_games.sh", [], steps=30)
        self.at_work("step")
        self.slurm.call("scancel", "--signal=USR2", job)
        state = self.ended(job)
        self.assertEqual(state["JobState"], "COMPLETED", self.job_logs())
        self.assertEqual(state["Restarts"], "1")
        second = [re.search(r"rank (\d) of 2 step (\d+) restart 1", line) for line in self.lines("start")]
        steps = {found.group(1): int(found.group(2)) for found in second if found}
        self.assertEqual(set(steps), {"0", "1"})
        self.assertTrue(all(step > 0 for step in steps.values()), steps)
        self.assertEqual(len(self.lines("done")), 2)

    def test_mpirun_inside_the_batch_shell_gets_the_signal_too(self) -> None:
        self.environment["GORACS_LAUNCHER"] = "mpirun"
        job = self.sbatch("ctrpre_food.sh", [], steps=30)
        self.at_work("step")
        self.slurm.call("scancel", "--batch", "--signal=USR2", job)
        state = self.ended(job)
        self.assertEqual((state["JobState"], state["Restarts"]), ("COMPLETED", "1"), self.job_logs())

    def test_the_time_limit_asks_for_a_stop_in_time(self) -> None:
        # looked at every 30 s, so up to 30 s early: with a limit of a minute the signal comes 5 to 35 s after the start
        job = self.sbatch("seqrec_food.sh", ["--time=1", "--signal=USR2@55"], steps=420)
        self.assertEqual(self.until(lambda: self.slurm.state(job).get("Restarts") == "1" or (self.folder() / "stopped-0-0").exists(), "the signal"), True)
        self.until(lambda: "requeueing" in self.job_logs(), "the requeue")
        self.slurm.call("scancel", job)
        self.assertIn("end 1", self.lines("start")[0], "SLURM_JOB_END_TIME was not handed on")

    def test_a_failure_is_not_requeued_and_keeps_its_exit_code(self) -> None:
        state = self.ended(self.sbatch("ctrpre_games.sh", [], steps=10, fail_at=3))
        self.assertEqual((state["JobState"], state["ExitCode"], state["Restarts"]), ("FAILED", "3:0", "0"), self.job_logs())

    def test_a_killed_rank_ends_the_job_at_once(self) -> None:
        begin = time.monotonic()
        state = self.ended(self.sbatch("ctrpre_movies.sh", [], steps=200, kill_at=3))
        self.assertEqual((state["JobState"], state["Restarts"]), ("FAILED", "0"), self.job_logs())
        self.assertLess(time.monotonic() - begin, 15)

    def test_a_restart_without_progress_is_left_alone(self) -> None:
        job = self.sbatch("seqrec_movies.sh", [], steps=30, stuck=1)
        moved: set = set()
        for restart in range(2):
            self.at_work(f"ready-{restart}")
            self.slurm.call("scancel", "--signal=USR2", job)
            if restart == 0:
                self.until(lambda: self.slurm.hasten(job, moved) or (self.folder() / "ready-1-0").exists(), "the restart")
        state = self.ended(job)
        self.assertEqual((state["JobState"], state["ExitCode"]), ("FAILED", "75:0"), self.job_logs())
        self.assertIn("made no progress", self.job_logs())

    def test_a_sweep_is_one_shared_job_an_array_and_a_report(self) -> None:
        options = ["--time=20", "--cpus-per-task=1", "--ntasks=2"]
        self.environment |= {f"SBATCH_{name}": value for name, value in {"TIMELIMIT": "20", "OUTPUT": str(self.work / "job-%j.log")}.items()}
        site = self.work / "slurm"
        shutil.copytree(ROOT / "slurm", site)
        lines = (site / "site.sh").read_text().replace("GORACS_SBATCH_OPTIONS=()", f"GORACS_SBATCH_OPTIONS=({' '.join(options)})")
        (site / "site.sh").write_text(lines)
        done = subprocess.run([str(site / "sweep_seqrec_games.sh"), "--set", f"work_dir={self.work}", "--set", "run.name=stub", "--set", "steps=5"], cwd=site,
                              env=self.slurm.environment | self.environment | {"GORACS_ROOT": str(self.work)}, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        shared, array, report = re.search(r"shared stages: job (\d+).*array (\d+); report: job (\d+)", done.stderr).groups()
        # one task of the array is stopped: only it runs again
        self.at_work("step", "stub-1")
        self.slurm.call("scancel", "--signal=USR2", f"{array}_1")
        for job in (shared, array, report):
            self.slurm.wait(job, PATIENCE)
        self.assertEqual({name: len(self.lines("done", name)) for name in ("embed", "grads", "stub-0", "stub-1", "stub-2", "report")},
                         {"embed": 2, "grads": 2, "stub-0": 2, "stub-1": 2, "stub-2": 2, "report": 1})
        self.assertFalse(any("restart 1" in line for name in ("stub-0", "stub-2") for line in self.lines("start", name)), "another task was requeued")
        last_shared = max(float(line.split()[-1]) for line in self.lines("done", "grads"))
        first_point = min(float(re.search(r"time ([\d.]+)", line).group(1)) for k in range(3) for line in self.lines("start", f"stub-{k}"))
        self.assertLess(last_shared, first_point)

    def with_a_launcher_that_lies(self, times: int) -> None:
        """An srun before the real one on the path that so many times starts nothing and returns 0, as srun does when a step cannot be launched."""
        folder = self.work / "bin"
        folder.mkdir()
        (folder / "srun").write_text(f"""#!/bin/bash
            echo >>{folder}/calls
            (($(wc -l <{folder}/calls) > {times})) || exit 0
            exec {shutil.which("srun")} "$@"
            """)
        (folder / "srun").chmod(0o755)
        self.environment["PATH"] = f"{folder}:{self.slurm.environment['PATH']}"

    def test_a_launcher_that_starts_nothing_and_returns_0_is_called_again(self) -> None:
        self.with_a_launcher_that_lies(1)
        state = self.ended(self.sbatch("seqrec_games.sh", [], steps=3))
        self.assertEqual(state["JobState"], "COMPLETED", self.job_logs())
        self.assertEqual(len(self.lines("done")), 2)
        self.assertIn("it never started (1 of 3)", self.job_logs())

    def test_a_launcher_that_never_starts_anything_fails_the_job(self) -> None:
        self.with_a_launcher_that_lies(10)
        state = self.ended(self.sbatch("seqrec_games.sh", [], steps=3))
        self.assertEqual((state["JobState"], state["ExitCode"]), ("FAILED", "6:0"), self.job_logs())
        self.assertIn("it never started (3 of 3)", self.job_logs())

    def test_a_dry_run_prints_what_would_be_submitted_and_started(self) -> None:
        for script in sorted((ROOT / "slurm").glob("*_*.sh")):
            done = subprocess.run([str(script)], cwd=ROOT, env=self.slurm.environment | self.environment | {"DRY_RUN": "1"}, capture_output=True, text=True,
                                  timeout=PATIENCE)
            self.assertEqual(done.returncode, 0, f"{script.name}: {done.stderr}")
            self.assertIn("sbatch --parsable", done.stderr, script.name)
            self.assertEqual(self.slurm.call("squeue", "-h").strip(), "", script.name)


if __name__ == "__main__":
    unittest.main()
