"""A test case with a Slurm of its own, and a folder for what its jobs write."""
import os
import pathlib
import shutil
import tempfile
import time
import unittest

from one_node_slurm import OneNodeSlurm

ROOT = pathlib.Path(__file__).resolve().parents[3]
SMALL = ["--ntasks=2", "--cpus-per-task=1", "--time=20"]  # more than the five minutes before its end at which the scripts ask for a signal
PATIENCE = 60  # seconds for anything that should take a few


class SlurmCase(unittest.TestCase):
    slurm: OneNodeSlurm

    @classmethod
    def setUpClass(cls) -> None:
        if os.environ.get("GORACS_NO_SLURM") == "1":
            raise unittest.SkipTest("GORACS_NO_SLURM=1")
        cls.slurm = OneNodeSlurm().__enter__()
        cls.addClassCleanup(cls.slurm.__exit__)

    def setUp(self) -> None:
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="goracs-slurm."))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)

    def until(self, ready, what: str):
        end = time.monotonic() + PATIENCE
        while not (value := ready()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited {PATIENCE} s for {what}\n{self.slurm.call('squeue')}{self.slurm.logs()}\n{self.job_logs()}")
            time.sleep(0.02)
        return value

    def job_logs(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.work.glob("*.log")))

    def ended(self, job: str) -> dict[str, str]:
        self.slurm.wait(job, PATIENCE)
        return self.slurm.state(job)
