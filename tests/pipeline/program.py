"""Runs of the program for the tests of whole runs: on so many ranks, in a work folder of their own, with what they left behind.

The program is $GORACS_PROGRAM; configs name paths from $GORACS_SOURCE_DIR.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["GORACS_PROGRAM"]
SOURCE = pathlib.Path(os.environ["GORACS_SOURCE_DIR"])
SEQREC, CTRPRE = "configs/test_tiny.yaml", "configs/test_tiny_ctrpre.yaml"
STAGES = ["prepare", "embed", "grads", "select", "finetune", "evaluate"]
DONE, USAGE, INPUT, NUMERIC, STOPPED = 0, 2, 3, 5, 75
LIMIT_SECONDS = 120


class Work:
    """A work folder and the runs in it."""

    def __init__(self, case: unittest.TestCase, config: str = SEQREC, run: str = "run") -> None:
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="goracs-"))
        case.addCleanup(shutil.rmtree, self.path)
        self.config, self.name = config, run

    @property
    def run_folder(self) -> pathlib.Path:
        return self.path / "runs" / self.name

    def command(self, verb: str, ranks: int, *settings: str, options: tuple[str, ...] = ()) -> list[str]:
        launch = ["mpirun", "-n", str(ranks), "--oversubscribe", "--bind-to", "none"] if ranks > 1 else []
        every = [f"work_dir={self.path}", f"run.name={self.name}", *settings]
        return [*launch, PROGRAM, verb, "--config", self.config, *options, *(word for setting in every for word in ("--set", setting))]

    def start(self, verb: str, ranks: int, *settings: str, options: tuple[str, ...] = (), **environment: str) -> subprocess.Popen:
        return subprocess.Popen(self.command(verb, ranks, *settings, options=options), cwd=SOURCE, env=os.environ | environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, verb: str = "run", ranks: int = 1, *settings: str, options: tuple[str, ...] = (), **environment: str) -> tuple[int, str]:
        """Exit code and everything said."""
        process = self.start(verb, ranks, *settings, options=options, **environment)
        try:
            text, _ = process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            raise
        return process.returncode, text

    def folders(self) -> dict[str, pathlib.Path]:
        """The sealed folder of each stage."""
        found = {}
        for folder in sorted(self.path.iterdir()):
            stage = folder.name.split("-")[0]
            if stage in STAGES and (folder / "MANIFEST.json").exists():
                assert stage not in found, f"two folders of {stage}"
                found[stage] = folder
        return found

    def hashes(self) -> dict[str, str]:
        """Stage -> folder name and content hash: what must be equal when the work was equal."""
        summary = json.loads((self.run_folder / "summary.json").read_text())
        return {stage: pathlib.Path(about["folder"]).name + " " + about["content_sha256"] for stage, about in summary["stages"].items()}

    def metrics(self) -> dict:
        return json.loads((self.folders()["evaluate"] / "metrics.json").read_text())

    def leftovers(self) -> list[str]:
        return [str(path.relative_to(self.path)) for path in self.path.rglob("*") if ".tmp" in path.name]


def alpaca(work: Work, config: str, splits: dict[str, list]) -> str:
    """The config on samples of one's own, in Alpaca files."""
    raw = ("reviews:", "metadata:", "valid_size:", "test_size:", "format:")
    lines = [line for line in (SOURCE / config).read_text().splitlines() if not line.strip().startswith(raw)]
    own = ["  format: alpaca", *(f"  {split}: {work.path}/{split}.json" for split in splits)]
    at = lines.index("data:") + 1
    for split, samples in splits.items():
        (work.path / f"{split}.json").write_text(json.dumps(samples))
    (work.path / "alpaca.yaml").write_text("\n".join([*lines[:at], *own, *lines[at:]]) + "\n")
    return str(work.path / "alpaca.yaml")


def samples_of(prepared: pathlib.Path) -> dict[str, list]:
    return {split: json.loads((prepared / f"{split}.json").read_text()) for split in ("train", "valid", "test")}


def finished(case: unittest.TestCase, work: Work, ranks: int = 1, *settings: str) -> Work:
    code, text = work.run("run", ranks, *settings)
    case.assertEqual(code, DONE, text)
    return work
