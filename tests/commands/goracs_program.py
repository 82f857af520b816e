"""What tests of the program share: running it, alone or on ranks, and saying what was expected when it does something else."""
import os
import pathlib
import subprocess

PROGRAM = os.environ["GORACS_PROGRAM"]
SOURCE = pathlib.Path(os.environ["GORACS_SOURCE_DIR"])
MPIRUN = ["mpirun", "--oversubscribe", "--bind-to", "none"]


class Run:
    """One run of the program in a folder."""

    def __init__(self, *arguments: str, ranks: int = 0, cwd: pathlib.Path | None = None) -> None:
        launch = [*MPIRUN, "-n", str(ranks)] if ranks else []
        self.arguments = [str(argument) for argument in arguments]
        run = subprocess.run([*launch, PROGRAM, *self.arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
        self.code, self.out, self.err = run.returncode, run.stdout, run.stderr

    def __str__(self) -> str:
        return f"goracs {' '.join(self.arguments)}\nexit code {self.code}\n{self.out}\n{self.err}"

    def done(self) -> "Run":
        assert self.code == 0, self
        return self

    def fails(self, code: int, *words: str) -> "Run":
        assert self.code == code, f"expected exit code {code}: {self}"
        for word in words:
            assert word in self.err, f"'{word}' was not said: {self}"
        return self

    def says(self, *words: str) -> "Run":
        for word in words:
            assert word in self.out, f"'{word}' was not printed: {self}"
        return self
