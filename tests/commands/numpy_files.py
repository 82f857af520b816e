#!/usr/bin/env python3
"""Files written by numpy, of every element type, order and version that is read, come back bit for bit: numpy_files.py PRINT_NPY"""
import itertools
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

SHAPES = [(), (1,), (5,), (0,), (1, 1), (3, 4), (31, 33), (70000, 2), (2, 70000), (0, 3)]


def printed(program: str, path: pathlib.Path) -> tuple[list[int], list[float]]:
    lines = subprocess.run([program, str(path)], check=True, capture_output=True, text=True).stdout.splitlines()
    return [int(word) for word in lines[0].split()], [float.fromhex(line) for line in lines[1:]]


def check(program: str, folder: pathlib.Path, array: np.ndarray, version: tuple[int, int]) -> None:
    path = folder / "a.npy"
    with path.open("wb") as out:
        np.lib.format.write_array(out, array, version=version)
    shape, values = printed(program, path)
    expected = list(array.astype(np.float64).ravel(order="C"))
    if array.ndim == 2:
        with np.errstate(over="ignore", invalid="ignore"):
            expected += list(array.astype(np.float32).ravel(order="C").astype(np.float64))
    assert shape == list(array.shape), (shape, array.shape)
    assert np.array_equal(np.array(values), np.array(expected), equal_nan=True), (array.dtype, array.shape, version)


def main() -> None:
    program, draw, count = sys.argv[1], np.random.default_rng(7), 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for dtype, shape, order in itertools.product(["f2", "f4", "f8", "i4", "i8"], SHAPES, "CF"):
            if dtype == "f2":
                array = draw.integers(0, 2**16, shape).astype(np.uint16).view(np.float16)  # every kind of number, NaN and infinity too
            elif dtype in ("f4", "f8"):
                array = draw.normal(size=shape).astype(dtype) * 1e3
            else:
                array = draw.integers(-2**30, 2**30, shape).astype(dtype)
            check(program, folder, np.asarray(array, order=order), (1, 0))
            count += 1
        for version in [(2, 0), (3, 0)]:
            check(program, folder, np.arange(6, dtype=np.float32).reshape(2, 3), version)
            count += 1
        for dtype in ["u1", "i2", ">f4", "c8", "U3", "?"]:
            np.save(folder / "b.npy", np.zeros(3, dtype=dtype))
            run = subprocess.run([program, str(folder / "b.npy")], capture_output=True, text=True)
            assert run.returncode == 3 and "expected float16" in run.stderr, (dtype, run)
            count += 1
    print(f"{count} files of numpy's: all as expected")


if __name__ == "__main__":
    main()
