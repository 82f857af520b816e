#!/usr/bin/env python3
"""`show`, `diff`, `plot` and `report` on the artifacts of two small selections and of a finished run made up by hand."""
import json
import pathlib
import shutil
import tempfile
import xml.etree.ElementTree as xml

import h5py
import numpy as np

from goracs_program import SOURCE, Run

CONFIG = SOURCE / "configs" / "test_tiny.yaml"


def make_coreset(folder: pathlib.Path, name: str, *extra: str) -> pathlib.Path:
    draw = np.random.default_rng(5)
    for array, shape in (("T", (60, 5)), ("V", (21, 5)), ("g", 60)):
        np.save(folder / f"{array}.npy", np.abs(draw.normal(size=shape)))
    out = folder / name
    Run("select", "--train-embeddings", folder / "T.npy", "--valid-embeddings", folder / "V.npy", "--gradient-norms", folder / "g.npy",
        "--budget", "7", "--lambda", "0.5", "--max-exchanges", "4", "--out", out, *extra).done()
    return out


def shown_and_compared(folder: pathlib.Path) -> None:
    first = make_coreset(folder, "coreset.h5")
    second = make_coreset(folder, "again.h5")
    other = make_coreset(folder, "random.h5", "--method", "random")
    Run("show", first).done().says("provenance", "creator_version", "poo_score", "/indices", "int64", "(7)")
    same = Run("diff", first, second).done().says("equal contents")
    assert "provenance" in same.out, same  # the commands differ
    different = Run("diff", first, other)
    assert different.code == 1, different
    different.says("dataset /indices", "elements differ")
    shutil.copy(first, folder / "changed.h5")
    with h5py.File(folder / "changed.h5", "a") as file:
        file["indices"][2] += 1
        del file["trace/added"]
    changed = Run("diff", first, folder / "changed.h5")
    assert changed.code == 1, changed
    changed.says("1 of 7 elements differ, the first is [2]", "dataset /trace/added: only in the first")
    Run("diff", first, folder).fails(2, "a folder and a file")
    (folder / "foreign.h5").write_text("no HDF5", encoding="utf-8")
    Run("show", folder / "foreign.h5").fails(3, "foreign.h5")


def plotted(folder: pathlib.Path) -> None:
    for form in ("svg", "png", "tsv"):
        Run("plot", folder / "coreset.h5", "--out", folder / f"objective.{form}").done()
    root = xml.parse(folder / "objective.svg").getroot()
    assert root.tag.endswith("svg") and any("greedy" in (text.text or "") for text in root.iter() if text.tag.endswith("text"))
    assert (folder / "objective.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    lines = (folder / "objective.tsv").read_text(encoding="utf-8").splitlines()
    with h5py.File(folder / "coreset.h5") as file:
        last = [line for line in lines if line.startswith("POO\t")][-1]
        assert float(last.split("\t")[2]) == file.attrs["poo_score"], last
    Run("plot", folder / "coreset.h5", "--out", folder / "objective.gif").fails(2, ".svg, .png or .tsv")


def finished_run(folder: pathlib.Path, point: dict, auc: float) -> None:
    """What a run leaves behind, as far as a report reads it."""
    work = folder / "work"
    select, tune = work / f"select-{point['index']}", work / f"finetune-{point['index']}"
    for path in (select, tune, folder / point["run_folder"]):
        path.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "coreset.h5", select / "coreset.h5")
    with h5py.File(tune / "history.h5", "w") as file:
        file["train_loss"], file["valid_loss"], file["valid_step"] = [1.0, 0.8, 0.7], [1.1, 0.9], np.array([0, 3])
    summary = {"run": point["run"], "task": "seqrec", "selection_to_finetuning": 0.5,
               "stages": {"select": {"folder": str(select), "seconds": 2.0}, "finetune": {"folder": str(tune), "seconds": 4.0}},
               "metrics": {"HR@5": auc, "HR@5_se": 0.01, "popularity": {"HR@5": 0.5, "HR@5_se": 0.02}}}
    (folder / point["run_folder"] / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def reported(folder: pathlib.Path) -> None:
    sweep = ["--config", CONFIG, "--set", "work_dir=work", "--set", "sweep.method=itra,random", "--set", "sweep.seed=0,1"]
    points = [json.loads(line) for line in Run("sweep", *sweep, "--list", cwd=folder).done().out.splitlines()]
    Run("report", *sweep, "--sweep", cwd=folder).fails(2, "none of the 4 points")
    for point, auc in zip(points[:3], (0.61, 0.65, 0.55)):
        finished_run(folder, point, auc)
    run_folder = points[0]["run_folder"]
    Run("show", run_folder, cwd=folder).done().says("HR@5", "0.6100 +- 0.0100", "ranking by popularity")
    Run("report", run_folder, cwd=folder).done()
    page = (folder / run_folder / "report.html").read_text(encoding="utf-8")
    for word in ("One pair of runs proves nothing", "0.6100 +- 0.0100", "0.5000 +- 0.0200", "<svg", "lower bound"):
        assert word in page, word
    Run("report", *sweep, "--sweep", cwd=folder).done().says("3 of 4 points", "not finished", "0.6500 +- 0.0100")
    html = next((folder / "work" / "sweeps").glob("*/report.html")).read_text(encoding="utf-8")
    for word in ("0.6300, sd 0.0283 (2 seeds)", "One pair of runs proves nothing", "HR@5 0.5000 +- 0.0200"):
        assert word in html, word
    rows = next((folder / "work" / "sweeps").glob("*/sweep.csv")).read_text(encoding="utf-8").splitlines()
    assert len(rows) == 5 and {row.count(",") for row in rows} == {rows[0].count(",")}, rows
    Run("plot", *sweep, "--sweep", "--figure", "HR@5", "--out", "map.tsv", cwd=folder).done()
    assert (folder / "map-itra.tsv").read_text(encoding="utf-8") == "budget \\ lambda\t0.1\n16\t0.63\n"
    Run("plot", run_folder, "--out", "seconds.svg", cwd=folder).done()
    xml.parse(folder / "seconds.svg")
    Run("plot", "work/finetune-0", "--out", "loss.svg", cwd=folder).done()


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shown_and_compared(folder)
        plotted(folder)
        reported(folder)


if __name__ == "__main__":
    main()
