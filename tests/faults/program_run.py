"""Runs of the program that a test can kill, stop or freeze, rank by rank, and what they leave behind."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("GORACS_PROGRAM", ROOT / "build" / "goracs"))
STAGES = ["prepare", "embed", "grads", "select", "finetune", "evaluate"]
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n"]
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
               "OMP_WAIT_POLICY": "passive"}
MARK = "GORACS_TEST_MARK"
FOLDER = re.compile(r"[a-z]+-[0-9a-f]{16}")


class ProgramRun:
    """`goracs run` (or another verb) on some ranks, started at once."""

    def __init__(self, work: pathlib.Path, config: str = "configs/test_tiny.yaml", ranks: int = 2, verb: str = "run", settings: tuple[str, ...] = (),
                 environment: dict[str, str] | None = None, launcher: list[str] | None = None):
        self.mark, self.ranks, self.work = str(uuid.uuid4()), ranks, work
        words = [word for setting in (f"work_dir={work}", *settings) for word in ("--set", setting)]
        launch = [*MPIRUN, str(ranks)] if launcher is None else launcher
        self.output = tempfile.TemporaryFile("w+")
        self.found = set(folders(work))  # of earlier runs
        self.process = subprocess.Popen([*launch, str(PROGRAM), verb, "--config", config, *words], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT, start_new_session=True, env=os.environ | ENVIRONMENT | {MARK: self.mark} | (environment or {}))

    def rank_processes(self) -> dict[int, int]:
        """rank -> process id of those that are there."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                words = dict(word.partition(b"=")[::2] for word in (entry / "environ").read_bytes().split(b"\0"))
                if words.get(MARK.encode(), b"").decode() == self.mark and os.path.samefile(entry / "exe", PROGRAM):
                    found[int(words.get(b"OMPI_COMM_WORLD_RANK", words.get(b"SLURM_PROCID", b"0")))] = int(entry.name)
        return found

    def signal_rank(self, rank: int, number: int) -> bool:
        process = self.rank_processes().get(rank)
        with contextlib.suppress(ProcessLookupError):
            if process:
                os.kill(process, number)
                return True
        return False

    def kill(self) -> None:
        """kill -9 of everything at once: no peer and no launcher is left that could tidy up."""
        processes = self.rank_processes().values()
        for process in (self.process.pid, *processes):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds: float = 120) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"still running after {seconds} s:\n{self.text()}") from None

    def text(self) -> str:
        """What it has said so far; the place where it writes stays as it is."""
        output = self.output.fileno()
        return os.pread(output, os.fstat(output).st_size, 0).decode(errors="replace")

    def has_begun(self, stage: str) -> bool:
        """Whether this run has come to the stage: the folder is its own, or it says so of one that an earlier run left."""
        return stage in folders(self.work) and (stage not in self.found or f"{stage}: begins" in self.text())

    def at_work_in(self) -> str:
        stage = stage_at_work(self.work)
        if stage and self.has_begun(stage):
            return stage
        return "between stages" if any(map(self.has_begun, folders(self.work))) else "start"

    def wait_for(self, stage: str) -> None:
        """Until it has come to the stage, or has ended."""
        begin = time.monotonic()
        while self.process.poll() is None and not self.has_begun(stage):
            look_again(begin)


def folders(work: pathlib.Path) -> dict[str, pathlib.Path]:
    """stage -> its folder; a test has one of each. What a killed run left beside it (a lease) is not one."""
    return {stage: found for stage in STAGES for found in sorted(work.glob(f"{stage}-*")) if FOLDER.fullmatch(found.name)}


def sealed(folder: pathlib.Path) -> bool:
    return (folder / "MANIFEST.json").exists()


def is_done(work: pathlib.Path, stage: str) -> bool:
    return stage in content_hashes(work)


def stage_at_work(work: pathlib.Path) -> str | None:
    return next((stage for stage, folder in folders(work).items() if not sealed(folder)), None)


def content_hashes(work: pathlib.Path) -> dict[str, str]:
    return {stage: json.loads((folder / "MANIFEST.json").read_text())["content_sha256"] for stage, folder in folders(work).items() if sealed(folder)}


def look_again(begin: float) -> None:
    """Sleeps between two looks at a run that began then: looks are dear, so long runs get fewer."""
    time.sleep(min(0.1, 0.002 + (time.monotonic() - begin) / 500))


@contextlib.contextmanager
def work_folder(keep_as: pathlib.Path | None = None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="goracs-faults."))
    try:
        yield folder
    except BaseException:
        if keep_as:
            shutil.copytree(folder, keep_as, dirs_exist_ok=True)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Undisturbed(NamedTuple):
    """A run that nothing happened to: content hashes, seconds of the whole, and at which each stage began."""
    hashes: dict[str, str]
    seconds: float
    begun: dict[str, float]

    def length(self, stage: str) -> float:
        later = [self.begun[other] for other in STAGES[STAGES.index(stage) + 1:] if other in self.begun]
        return max(0.02, min([*later, self.seconds]) - self.begun[stage])


def undisturbed(config: str = "configs/test_tiny.yaml", ranks: int = 2, settings: tuple[str, ...] = ()) -> Undisturbed:
    with work_folder() as work:
        begin, begun = time.monotonic(), {}
        run = ProgramRun(work, config, ranks, settings=settings)
        while run.process.poll() is None:
            stage = stage_at_work(work)
            if stage:
                begun.setdefault(stage, time.monotonic() - begin)
            look_again(begin)
        seconds = time.monotonic() - begin
        if run.wait() != 0:
            raise AssertionError(f"an undisturbed run failed:\n{run.text()}")
        return Undisturbed(content_hashes(work), seconds, begun)
