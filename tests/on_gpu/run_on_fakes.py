"""Whole runs of the program with run.device: cuda, on the emulated GPU, a device of LibTorch's that computes there, and a fake of NCCL: the same bits on 1, 2
and 3 ranks, with and without slices of the weights, and in float32 the CPU's results to the order of sums. And a finetune in which a call of NCCL's, of
CUDA's or an allocation of LibTorch's fails on one of the ranks. Arguments: on_fakes.py.
"""
import functools
import json
import pathlib
import shutil
import sys
import tempfile

import h5py
import numpy as np

from on_fakes import DONE, IO_FAILED, PEER_FAILED, calls_of_rank_1, expect, expect_named_failure, goracs

DEADLINE = 20.0  # seconds; nothing here has to wait for it
TOLERANCE = 2e-5  # of float32 sums in another order, of the largest number of a dataset


def run(work: pathlib.Path, config: str, device: str, ranks: int, *settings: str, verb: str = "run", **environment: str) -> tuple[int, str]:
    every = [f"work_dir={work}", f"run.device={device}", f"run.deadline_seconds={DEADLINE}", *settings]
    return goracs(ranks, verb, "--config", config, *(word for setting in every for word in ("--set", setting)), **environment)


def content(work: pathlib.Path) -> dict[str, str]:
    """Stage -> hash of all that it wrote."""
    [summary] = work.glob("runs/*/summary.json")
    return {stage: about["content_sha256"] for stage, about in json.loads(summary.read_text())["stages"].items()}


def numbers(work: pathlib.Path, stage: str) -> dict[str, np.ndarray]:
    """Every dataset of numbers in a stage's files."""
    found = {}
    for path in sorted(work.glob(f"{stage}-*/*.h5")):
        def take(name: str, dataset: h5py.Dataset | h5py.Group, file: str) -> None:
            if isinstance(dataset, h5py.Dataset) and dataset.dtype.kind in "if" and "seconds" not in name:
                found[f"{stage}/{file}/{name}"] = dataset[...]
        with h5py.File(path) as file:
            file.visititems(functools.partial(take, file=path.name))
    return found


def expect_equal_numbers(found: pathlib.Path, expected: pathlib.Path) -> None:
    compared = 0
    for stage in ("embed", "grads", "select", "finetune", "evaluate"):
        of_cpu, of_gpu = numbers(expected, stage), numbers(found, stage)
        if of_cpu.keys() != of_gpu.keys():
            sys.exit(f"{stage} wrote {of_gpu.keys()}, expected {of_cpu.keys()}")
        for name, values in of_cpu.items():
            is_integer = values.dtype.kind == "i"
            allowed = 0 if is_integer or values.size == 0 else TOLERANCE * np.abs(values).max()
            if values.shape != of_gpu[name].shape or not np.allclose(of_gpu[name], values, rtol=0, atol=allowed, equal_nan=True):
                sys.exit(f"{name}: {of_gpu[name]}, expected {values}")
            compared += 1
    print(f"{compared} datasets are the CPU's")


def equal_runs(folder: pathlib.Path, config: str, gpu_runs: list[tuple[int, bool]], *settings: str) -> pathlib.Path:
    """Returns the first one's work folder."""
    folders = []
    for ranks, shard in gpu_runs:
        folders.append(pathlib.Path(tempfile.mkdtemp(dir=folder)))
        expect(DONE, *run(folders[-1], config, "cuda", ranks, f"model.shard={str(shard).lower()}", *settings), "done in")
        found, first = content(folders[-1]), content(folders[0])
        if found != first:
            sys.exit(f"{config}, {ranks} ranks, model.shard {shard}: {found}, expected {first}")
    return folders[0]


def expect_the_cpus(folder: pathlib.Path, config: str, found: pathlib.Path) -> None:
    expect(DONE, *run(folder / f"{pathlib.Path(config).stem}-cpu", config, "cpu", 1))
    expect_equal_numbers(found, folder / f"{pathlib.Path(config).stem}-cpu")


def failures(folder: pathlib.Path, config: str, done: pathlib.Path) -> None:
    """finetune, on what the other stages wrote."""
    def finetune(shard: bool, **environment: str) -> tuple[int, str]:
        work = folder / "failed"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(done, work, ignore=shutil.ignore_patterns("finetune-*", "evaluate-*"))
        return run(work, config, "cuda", 2, f"model.shard={str(shard).lower()}", verb="finetune", **environment)

    calls = [calls_of_rank_1(expect(DONE, *finetune(shard, GORACS_COUNT_CALLS="1"))) for shard in (False, True)]
    for shard, call, code, shares in ((False, "ncclSend", PEER_FAILED, (0.2, 0.9)), (False, "ncclGroupEnd", PEER_FAILED, (0.6,)),
                                      (False, "cudaMalloc", IO_FAILED, (0.3, 0.8)), (False, "tensor", IO_FAILED, (0.0, 0.3, 0.99)),
                                      (True, "ncclAllGather", PEER_FAILED, (0.1, 0.9)), (True, "tensor", IO_FAILED, (0.6,))):
        for share in shares:
            nth = 1 + int(share * (calls[shard][call] - 1))
            expect_named_failure(code, call, *finetune(shard, GORACS_FAIL_CALL=f"{call} {nth} 1"), "finetune")


def main() -> None:
    seqrec, ctrpre = "configs/test_tiny.yaml", "configs/test_tiny_ctrpre.yaml"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        done = equal_runs(folder, seqrec, [(1, False), (2, True), (3, False)])
        expect_the_cpus(folder, seqrec, done)
        expect_the_cpus(folder, ctrpre, equal_runs(folder, ctrpre, [(2, False)]))
        equal_runs(folder, ctrpre, [(1, False), (2, True)], "model.dtype=bfloat16", "lora.dropout=0.1")
        failures(folder, seqrec, done)


if __name__ == "__main__":
    main()
