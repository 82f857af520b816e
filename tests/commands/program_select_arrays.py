#!/usr/bin/env python3
"""`goracs select` on arrays of one's own: every form of array gives the same coreset, alone and on 1, 2 and 3 ranks; mistakes are named."""
import pathlib
import tempfile

import h5py
import numpy as np

from goracs_program import Run

ROWS, COLUMNS, WIDTH, BUDGET = 157, 61, 13, 20


def write_arrays(folder: pathlib.Path) -> None:
    draw = np.random.default_rng(11)
    # multiples of 1/64 are exact in half precision, so that every element type says the same
    train = draw.integers(-64, 65, (ROWS, WIDTH)) / 64
    valid = draw.integers(-64, 65, (COLUMNS, WIDTH)) / 64
    norms = draw.integers(1, 65, ROWS) / 64
    for dtype in ("f2", "f4", "f8"):
        np.save(folder / f"train_{dtype}.npy", train.astype(dtype))
    np.save(folder / "train_fortran.npy", np.asfortranarray(train.astype("f4")))
    np.save(folder / "valid.npy", valid.astype("f4"))
    np.save(folder / "norms.npy", norms)
    np.save(folder / "train_labels.npy", draw.integers(0, 3, ROWS).astype("i4") * 5 - 5)
    np.save(folder / "valid_labels.npy", draw.integers(0, 3, COLUMNS).astype("i8") * 5 - 5)
    with h5py.File(folder / "arrays.h5", "w") as file:
        file["a/train"], file["valid"], file["norms"] = train, valid.astype("f4"), norms


def arguments(folder: pathlib.Path, train: str = "train_f4.npy", **other: str) -> list[str]:
    given = {"train-embeddings": folder / train, "valid-embeddings": folder / "valid.npy", "gradient-norms": folder / "norms.npy",
             "budget": BUDGET, "lambda": 0.5, "max-exchanges": 5, "exchange-candidates": 4, **{k.replace("_", "-"): v for k, v in other.items()}}
    return ["select"] + [word for flag, value in given.items() for word in (f"--{flag}", str(value))]


def coreset(path: pathlib.Path) -> tuple[list[int], float]:
    with h5py.File(path) as file:
        indices = file["indices"][:]
        assert indices.dtype == np.int64 and list(indices) == sorted(set(indices)) and len(indices) == BUDGET
        assert file.attrs["gap"] >= 0 and file.attrs["lower_bound"] <= file.attrs["poo_score"] <= file.attrs["greedy_poo_score"]
        assert file.attrs["creator"] == "goracs" and "select" in file.attrs["command"]
        return list(indices), float(file.attrs["poo_score"])


def one_coreset_whatever_the_form(folder: pathlib.Path) -> None:
    Run(*arguments(folder, out=folder / "alone.h5")).done()
    expected = coreset(folder / "alone.h5")
    for ranks in (1, 2, 3):
        Run(*arguments(folder, out=folder / "ranks.h5"), ranks=ranks).done()
        assert coreset(folder / "ranks.h5") == expected, ranks
    for train in ("train_f2.npy", "train_f8.npy", "train_fortran.npy", "arrays.h5:/a/train"):
        Run(*arguments(folder, train, out=folder / "other.h5")).done()
        assert coreset(folder / "other.h5") == expected, train
    assert not list(folder.glob("*.tmp*")), "something was left behind"


def classes_apart(folder: pathlib.Path) -> None:
    labels = {"train_labels": folder / "train_labels.npy", "valid_labels": folder / "valid_labels.npy"}
    for ranks in (0, 2):
        Run(*arguments(folder, out=folder / f"labels_{ranks}.h5", **labels), ranks=ranks).done()
    alone, together = coreset(folder / "labels_0.h5"), coreset(folder / "labels_2.h5")
    assert alone == together
    with h5py.File(folder / "labels_0.h5") as file:
        train, valid = np.load(folder / "train_labels.npy"), np.load(folder / "valid_labels.npy")
        names, budgets = [name.decode() for name in file["class/name"][:]], file["class/budget"][:]
        assert names == ["-5", "0", "5"] and budgets.sum() == BUDGET
        for name, budget in zip(names, budgets):
            assert (train[file["indices"][:]] == int(name)).sum() == budget
            assert abs(budget - BUDGET * (valid == int(name)).mean()) < 1


def mistakes(folder: pathlib.Path) -> None:
    out = folder / "never.h5"

    def refused(code: int, *words: str, ranks: int = 0, **changed: str) -> None:
        Run(*arguments(folder, **{"out": out, **changed}), ranks=ranks).fails(code, *words)
        assert not out.exists()

    bad = np.load(folder / "train_f4.npy")
    bad[101, 7] = np.nan
    np.save(folder / "nan.npy", bad)
    for ranks in (0, 2):
        refused(3, "nan.npy", "row 101", train="nan.npy", ranks=ranks)
    norms = np.load(folder / "norms.npy")
    np.save(folder / "negative.npy", np.where(np.arange(ROWS) == 9, -1, norms))
    refused(3, "negative.npy", "row 9", "-1", gradient_norms=folder / "negative.npy")
    np.save(folder / "short.npy", norms[:-1])
    refused(3, "short.npy", str(ROWS - 1), str(ROWS), gradient_norms=folder / "short.npy")
    np.save(folder / "narrow.npy", np.zeros((COLUMNS, WIDTH - 1), "f4"))
    refused(3, "narrow.npy", f"{WIDTH - 1} columns", valid_embeddings=folder / "narrow.npy")
    refused(3, str(ROWS + 1), str(ROWS), budget=ROWS + 1)
    refused(3, "shape", "2 dimensions", train="norms.npy")
    whole = (folder / "train_f4.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[:-5])
    refused(3, "cut.npy", "bytes", train="cut.npy")
    refused(2, "missing.npy", train="missing.npy", ranks=2)
    refused(2, "train.bin", train="train.bin")
    refused(3, "no dataset '/b'", train="arrays.h5:/b")
    refused(2, "--valid-labels is needed", train_labels=folder / "train_labels.npy")
    np.save(folder / "halves.npy", np.arange(ROWS) / 2)
    refused(3, "halves.npy", "row 1 is 0.5", train_labels=folder / "halves.npy", valid_labels=folder / "valid_labels.npy")
    refused(2, "select.budget", "out of range", budget=0)
    refused(2, "no-such-folder", out=folder / "no-such-folder" / "c.h5")
    Run(*arguments(folder)).fails(2, "--out is needed")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_arrays(folder)
        one_coreset_whatever_the_form(folder)
        classes_apart(folder)
        mistakes(folder)


if __name__ == "__main__":
    main()
