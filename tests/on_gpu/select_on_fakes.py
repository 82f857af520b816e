"""`select` of the whole program with run.device: cuda, on the emulated GPU and a fake of NCCL: it writes what it writes on the CPU, and ends in time,
naming rank and call, wherever one of the ranks gets no GPU memory. Arguments: on_fakes.py.
"""
import pathlib
import random
import struct
import subprocess
import tempfile

from on_fakes import DONE, IO_FAILED, USAGE, calls_of_rank_1, expect, expect_named_failure, goracs


def write_npy(path: pathlib.Path, rows: int) -> None:
    """(rows, 3) float32 on a grid of 1/4: some rows are equal."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 3), }}".ljust(117) + "\n"
    drawn = random.Random(rows)
    values = b"".join(struct.pack("<f", drawn.randrange(40) / 4) for _ in range(3 * rows))
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_npy(folder / "train.npy", 83)
        write_npy(folder / "valid.npy", 31)

        def select(out: str, device: str, ranks: int, **options) -> tuple[int, str]:
            return goracs(ranks, "select", "--train-embeddings", str(folder / "train.npy"), "--valid-embeddings", str(folder / "valid.npy"),
                          "--lambda", "0", "--budget", "7", "--set", f"run.device={device}", "--out", str(folder / out), **options)

        expect(DONE, *select("cpu.h5", "cpu", 1))
        expect(USAGE, *select("none.h5", "cuda", 2, gpus=1), "share GPU")
        calls = {}
        for ranks in (1, 2, 3):
            calls[ranks] = calls_of_rank_1(expect(DONE, *select(f"{ranks}.h5", "cuda", ranks, GORACS_COUNT_CALLS="1")))
            same = subprocess.run(["h5diff", "--exclude-attribute", "/", "--exclude-path", "/trace/seconds", folder / "cpu.h5", folder / f"{ranks}.h5"],
                                  capture_output=True, text=True, check=False)
            expect(DONE, same.returncode, f"{ranks} ranks: {same.stdout}{same.stderr}")
        for ranks, share in ((2, 0.0), (3, 0.1), (2, 0.3), (3, 0.7), (2, 1.0)):  # of all its calls
            nth = 1 + int(share * (calls[ranks]["cudaMalloc"] - 1))
            expect_named_failure(IO_FAILED, "cudaMalloc", *select("failed.h5", "cuda", ranks, GORACS_FAIL_CALL=f"cudaMalloc {nth} 1"),
                                 "in 'all-reduce'" if nth == 1 else "; in select, ")


if __name__ == "__main__":
    main()
