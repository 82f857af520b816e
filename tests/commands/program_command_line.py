#!/usr/bin/env python3
"""The command line as users meet it: help, version, mistakes with "did you mean", exit codes, --print-config, the points of a sweep."""
import json
import pathlib
import tempfile

from goracs_program import SOURCE, Run

CONFIG = SOURCE / "configs" / "test_tiny.yaml"
VERBS = "prepare embed grads select finetune evaluate run sweep report validate plan doctor show diff plot".split()


def help_and_version() -> None:
    Run("--version").done().says("goracs ")
    Run("--version", "--verbose").done().says("LibTorch", "HDF5", "MPI")
    Run("--help").done().says(*VERBS, "75 stopped cleanly")
    Run("--help", "evaluate").done().says("NDCG@K", "DeLong", "tie", "evaluate.num_beams")
    for verb in VERBS:
        Run(verb, "--help").done().says("--config", "--set", "--dry-run", "--print-config", "--log-level", "--log-format", "--log-rank")


def mistakes() -> None:
    Run().fails(2, "no verb")
    Run("evalute").fails(2, "unknown verb 'evalute', did you mean evaluate?")
    Run("run", "--confg", CONFIG).fails(2, "unknown flag '--confg', did you mean --config?")
    Run("run", "surplus").fails(2, "unknown argument 'surplus'")
    Run("run").fails(2, "--config")
    Run("run", "--log-level", "inof").fails(2, "--log-level", "did you mean info?")
    Run("validate", "--config", "missing.yaml").fails(2, "missing.yaml")
    Run("validate", "--config", CONFIG, "--set", "select.budgt=3").fails(2, "did you mean select.budget?")
    Run("validate", "--config", CONFIG, "--set", "encoder.path=missing").fails(2, "encoder.path: no such file or folder: missing")
    Run("sweep", "--config", CONFIG, "--index", "1", "--list", cwd=SOURCE).fails(2, "--index 1, but the points are 0 to 0")
    Run("plan", "--gpu", "h100-8").fails(2, "did you mean h100-80?")
    Run("show", "missing.h5").fails(2, "missing.h5")
    Run("diff", "one.h5").fails(2, "two artifacts are needed")
    under_mpirun = Run("runn", ranks=2).fails(2, "did you mean run?")
    assert under_mpirun.err.count("did you mean") == 1, under_mpirun


def a_wrong_config(folder: pathlib.Path) -> None:
    text = CONFIG.read_text(encoding="utf-8") + "finetun:\n  epochs: 1\n"
    (folder / "wrong.yaml").write_text(text.replace("  budget: 16", "  budget: many"), encoding="utf-8")
    for ranks in (0, 2):
        run = Run("run", "--config", folder / "wrong.yaml", ranks=ranks, cwd=SOURCE)
        line = next(number for number, text_line in enumerate(text.splitlines(), 1) if "finetun:" in text_line)
        run.fails(2, f"wrong.yaml:{line}:1: finetun: unknown key", "select.budget: 'many' is no integer")
        assert run.err.count("finetun: unknown key") == 1, run


def the_resolved_config(folder: pathlib.Path) -> None:
    settings = ["--set", "select.lambda=0.25", "--set", "select.lambda=0.75"]
    first = Run("run", "--config", CONFIG, *settings, "--print-config").done().says("# --set", "# default", "test_tiny.yaml:2")
    assert "lambda: 0.75 " in first.out, first
    (folder / "resolved.yaml").write_text(first.out, encoding="utf-8")
    again = Run("validate", "--config", folder / "resolved.yaml", "--print-config").done()
    assert [line.split("#")[0] for line in again.out.splitlines()] == [line.split("#")[0] for line in first.out.splitlines()], again
    Run("validate", "--config", folder / "resolved.yaml", cwd=SOURCE).done().says("config and inputs are right")


def the_points_of_a_sweep() -> None:
    lists = ["--set", "sweep.method=itra,random", "--set", "sweep.lambda=0,0.5", "--set", "sweep.budget=8,16", "--set", "sweep.seed=3,4"]
    points = [json.loads(line) for line in Run("sweep", "--config", CONFIG, *lists, "--list").done().out.splitlines()]
    assert [point["index"] for point in points] == list(range(16))
    keys = [(p["method"], p["lambda"], p["budget"], p["seed"]) for p in points]
    assert keys == [(m, x, n, s) for m in ("itra", "random") for x in (0, 0.5) for n in (8, 16) for s in (3, 4)], keys
    assert len({point["run_folder"] for point in points}) == 16
    one = Run("sweep", "--config", CONFIG, *lists, "--index", "5", "--list").done().out.splitlines()
    assert [json.loads(line) for line in one] == [points[5]]
    named = Run("sweep", "--config", CONFIG, *lists, "--set", "run.name=mine", "--index", "5", "--list").done().out
    assert json.loads(named)["run"] == "mine-itra-0.5-8-4", named


def plans() -> None:
    Run("plan", "--gpu", "a100-80").done().says("NEVER MEASURED", "64 GPUs", "LLaMA-7B")
    Run("plan", "--config", CONFIG, cwd=SOURCE).done().says("GiB a rank", "select", "fits: ")
    Run("run", "--config", CONFIG, "--dry-run", ranks=2, cwd=SOURCE).done().says("2 ranks on this host")
    Run("plan", "--config", CONFIG, "--ranks", "100000", cwd=SOURCE).fails(2, "needs", "100000 ranks")
    Run("doctor", "--config", CONFIG, "--set", f"work_dir={tempfile.gettempdir()}", ranks=2, cwd=SOURCE).done().says(
        "rank 0: host", "rank 1: host", "GPU", "all-reduce: right", "trial save", "file locking", "time limit")


def a_gpu_that_cannot_be_had(folder: pathlib.Path) -> None:
    """Holds with and without CUDA and a GPU: no stage runs on one yet."""
    for verb in ("run", "select", "sweep", "doctor"):
        run = Run(verb, "--config", CONFIG, "--set", "run.device=cuda", "--set", f"work_dir={folder}", cwd=SOURCE).fails(2, "run.device is cuda, but ")
        assert run.err.count("run.device is cuda") == 1 and len(run.err.splitlines()) == 1, run
    on_ranks = Run("run", "--config", CONFIG, "--set", "run.device=cuda", "--set", f"work_dir={folder}", ranks=2, cwd=SOURCE)
    assert on_ranks.fails(2, "choose cpu or auto").err.count("run.device is cuda") == 1, on_ranks
    assert not any(folder.iterdir()), "something was begun"


def main() -> None:
    help_and_version()
    mistakes()
    with tempfile.TemporaryDirectory() as name:
        a_wrong_config(pathlib.Path(name))
        the_resolved_config(pathlib.Path(name))
    with tempfile.TemporaryDirectory() as name:
        a_gpu_that_cannot_be_had(pathlib.Path(name))
    the_points_of_a_sweep()
    plans()


if __name__ == "__main__":
    main()
