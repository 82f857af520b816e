"""The program with the CUDA kernels and NVIDIA's libraries inside starts where there is no driver, and says in one sentence that no GPU can be used.

    cuda_program.py PROGRAM SOURCE_DIR MPIRUN [MPIRUN_FLAG...]
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

PROGRAM, SOURCE, MPIRUN = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
CONFIG = "configs/test_tiny.yaml"
HAS_DRIVER = any(pathlib.Path(folder, "libcuda.so.1").exists() for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib"))


def run(*arguments: str, ranks: int = 0) -> subprocess.CompletedProcess[str]:
    launch = [*MPIRUN[:1], "-n", str(ranks), *MPIRUN[1:]] if ranks else []
    return subprocess.run([*launch, PROGRAM, *arguments], cwd=SOURCE, capture_output=True, text=True, timeout=100, check=False,
                          env=dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1"))


def expect(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    said = done.stdout + done.stderr
    missing = [word for word in words if word not in said]
    if done.returncode != code or missing:
        sys.exit(f"{' '.join(map(str, done.args))}\nexit code {done.returncode}, expected {code}; not said: {missing}\n{said}")


def selects(folder: pathlib.Path, device: str, ranks: int = 0) -> subprocess.CompletedProcess[str]:
    """A selection from arrays of its own, which uses a GPU where it may."""
    return run("select", "--train-embeddings", str(folder / "train.npy"), "--valid-embeddings", str(folder / "valid.npy"), "--lambda", "0",
               "--budget", "3", "--set", f"run.device={device}", "--out", str(folder / "coreset.h5"), ranks=ranks)


def write_npy(path: pathlib.Path, rows: int) -> None:
    """(rows, 2) float32: row i is (i, i squared)."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 2), }}".ljust(117) + "\n"
    values = b"".join(struct.pack("<2f", i, i * i) for i in range(rows))
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values)


def main() -> None:
    expect(run("--help"), 0, "select")
    expect(run("plan", "--config", CONFIG), 0, "GiB a rank")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_npy(folder / "train.npy", 12)
        write_npy(folder / "valid.npy", 6)
        if HAS_DRIVER:
            print("a driver is here: what is said without one was not looked at")
            return
        no_driver = "there is no NVIDIA driver, or one too old for this program"
        expect(run("doctor", "--config", CONFIG, "--set", f"work_dir={name}"), 0, f"no GPU: {no_driver}", "NCCL 2.")
        expect(selects(folder, "auto"), 0, f"run.device auto: the CPU, since {no_driver}", "3 of 12 rows")
        for ranks in (0, 2):
            done = selects(folder, "cuda", ranks)
            sentence = f"run.device is cuda, but {no_driver}; choose cpu or auto"
            expect(done, 2, sentence)
            if done.stderr.count("run.device is cuda") != 1:
                sys.exit(f"said more than once:\n{done.stderr}")


if __name__ == "__main__":
    main()
