"""The program with the emulated GPU and a fake of NCCL, run on so many ranks, for scripts that are tests:

    SCRIPT.py GORACS_ON_FAKES MPIRUN [MPIRUN_FLAG...]
"""
import os
import re
import subprocess
import sys

ON_FAKES, MPIRUN = sys.argv[1], sys.argv[2:]
DONE, USAGE, IO_FAILED, PEER_FAILED = 0, 2, 4, 6
LATEST = 90  # seconds


def goracs(ranks: int, *words: str, gpus: int | None = None, **environment: str) -> tuple[int, str]:
    """Exit code and everything said."""
    launch = [MPIRUN[0], "-n", str(ranks), *MPIRUN[1:]] if ranks > 1 else []
    done = subprocess.run([*launch, ON_FAKES, *words], capture_output=True, text=True, timeout=LATEST, check=False,
                          cwd=os.environ["GORACS_SOURCE_DIR"], env=os.environ | {"GORACS_FAKE_DEVICES": str(gpus or ranks)} | environment)
    return done.returncode, done.stdout + done.stderr


def expect(wanted: int, code: int, said: str, *words: str) -> str:
    """Returns what was said."""
    missing = [word for word in words if word not in said]
    if code != wanted or missing:
        sys.exit(f"exit code {code}, expected {wanted}; not said: {missing}\n{said}")
    return said


def expect_named_failure(wanted: int, call: str, code: int, said: str, *words: str) -> None:
    """One line of error names rank 1, the call and `words`."""
    failure = next((line for line in said.splitlines() if " error: " in line and call in line), said)
    print(f"{call}: exit code {code}: {failure}")
    expect(wanted, code, failure, "rank 1", call, *words)


def calls_of_rank_1(said: str) -> dict[str, int]:
    """How often it called what, where GORACS_COUNT_CALLS=1."""
    return {call: int(times) for call, times in re.findall(r"^calls (\w+) (\d+)$", said, re.MULTILINE)}
