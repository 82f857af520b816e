"""`select` of the whole program with run.device: cuda, on the emulated GPU and a fake of NCCL: it writes what it writes on the CPU, and ends in time,
naming rank and call, wherever one of the ranks gets no GPU memory.

    select_on_fakes.py GORACS_ON_FAKES MPIRUN [MPIRUN_FLAG...]
"""
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

ON_FAKES, MPIRUN = sys.argv[1], sys.argv[2:]
DONE, USAGE, IO_FAILED = 0, 2, 4
LATEST = 60  # seconds


def write_npy(path: pathlib.Path, rows: int) -> None:
    """(rows, 3) float32 on a grid of 1/4: some rows are equal."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 3), }}".ljust(117) + "\n"
    drawn = random.Random(rows)
    values = b"".join(struct.pack("<f", drawn.randrange(40) / 4) for _ in range(3 * rows))
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values)


def select(folder: pathlib.Path, out: str, device: str, ranks: int, **environment: str) -> tuple[int, str]:
    launch = [MPIRUN[0], "-n", str(ranks), *MPIRUN[1:]] if ranks > 1 else []
    done = subprocess.run([*launch, ON_FAKES, "select", "--train-embeddings", str(folder / "train.npy"), "--valid-embeddings",
                           str(folder / "valid.npy"), "--lambda", "0", "--budget", "7", "--set", f"run.device={device}", "--out", str(folder / out)],
                          capture_output=True, text=True, timeout=LATEST, check=False, env=os.environ | environment)
    return done.returncode, done.stdout + done.stderr


def expect(wanted: int, code: int, said: str, *words: str) -> None:
    missing = [word for word in words if word not in said]
    if code != wanted or missing:
        sys.exit(f"exit code {code}, expected {wanted}; not said: {missing}\n{said}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_npy(folder / "train.npy", 83)
        write_npy(folder / "valid.npy", 31)
        expect(DONE, *select(folder, "cpu.h5", "cpu", 1))
        expect(USAGE, *select(folder, "none.h5", "cuda", 2, GORACS_FAKE_DEVICES="1"), "share GPU")
        for ranks in (1, 2, 3):
            expect(DONE, *select(folder, f"{ranks}.h5", "cuda", ranks, GORACS_FAKE_DEVICES=str(ranks)))
            same = subprocess.run(["h5diff", "--exclude-attribute", "/", "--exclude-path", "/trace/seconds", folder / "cpu.h5", folder / f"{ranks}.h5"],
                                  capture_output=True, text=True, check=False)
            expect(DONE, same.returncode, f"{ranks} ranks: {same.stdout}{same.stderr}")
        for ranks, nth in ((2, 1), (3, 6), (2, 20), (3, 45), (2, 90)):
            code, said = select(folder, "failed.h5", "cuda", ranks, GORACS_FAKE_DEVICES=str(ranks), GORACS_FAIL_MALLOC=str(nth))
            failure = next((line for line in said.splitlines() if " error: " in line), said)
            print(f"{ranks} ranks, cudaMalloc {nth}: exit code {code}: {failure}")
            expect(IO_FAILED, code, failure, "rank 1", "cudaMalloc", "in 'all-reduce'" if nth == 1 else "; in select, ")


if __name__ == "__main__":
    main()
