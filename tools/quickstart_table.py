#!/usr/bin/env python3
"""The table at the end of tools/quickstart.sh: per task the bare model, a random coreset and ITRA's, and what the numbers can say.

    quickstart_table.py TASK...

Reads work/demo_TASK/runs/TASK-ROW/summary.json for the stage folders and seconds, metrics.json for the metrics and coreset.h5 for the
objective and its certificate.
"""
import json
import pathlib
import sys

import h5py

ROWS = {"base": "base model", "random": "random coreset", "itra": "ITRA coreset"}
METRICS = {"seqrec": ["HR@5", "HR@10", "NDCG@5", "NDCG@10"], "ctrpre": ["AUC", "logloss"]}
STAGES = ["prepare", "embed", "grads", "select", "finetune", "evaluate"]
ABSENT = "-"


class Run:
    """One row: what a finished `goracs run` left behind."""

    def __init__(self, task: str, row: str) -> None:
        self.row = row
        work = pathlib.Path(f"work/demo_{task}")
        summary = json.loads((work / "runs" / f"{task}-{row}" / "summary.json").read_text(encoding="utf-8"))
        self.stages = summary["stages"]
        self.ratio = summary.get("selection_to_finetuning")
        self.metrics = json.loads((self._folder(work, "evaluate") / "metrics.json").read_text(encoding="utf-8"))
        self.poo_score = self.gap = None
        if row != "base":  # the bare model saw no coreset, whatever was selected on the way
            with h5py.File(self._folder(work, "select") / "coreset.h5") as coreset:
                self.poo_score, self.gap = float(coreset.attrs["poo_score"]), float(coreset.attrs["gap"])

    def _folder(self, work: pathlib.Path, stage: str) -> pathlib.Path:
        return work / pathlib.Path(self.stages[stage]["folder"]).name

    def cells(self, task: str) -> list[str]:
        metrics = [f"{self.metrics[name]:.4f} +- {self.metrics[name + '_se']:.4f}" for name in METRICS[task]]
        shown = [stage for stage in STAGES if self.row != "base" or stage not in ("grads", "select", "finetune")]
        seconds = [f"{self.stages[stage]['seconds']:.0f}" if stage in self.stages and stage in shown else ABSENT for stage in STAGES]
        return [ROWS[self.row], *metrics, ABSENT if self.poo_score is None else f"{self.poo_score:.5f}",
                ABSENT if self.gap is None else f"{100 * self.gap:.2f} %", *seconds,
                ABSENT if self.ratio is None or self.row == "base" else f"{self.ratio:.2f}"]


def print_columns(head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    for row in (head, *rows):
        print("  ".join(cell.ljust(width) if k == 0 else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths))))


def print_task(task: str) -> None:
    runs = [Run(task, row) for row in ROWS]
    print(f"\n{task} on MovieLens-100k")
    print_columns(["", *METRICS[task], "POO", "gap", *(f"{stage} s" for stage in STAGES), "select/tune"], [run.cells(task) for run in runs])
    popularity = runs[-1].metrics.get("popularity")
    if popularity:
        print("ranking by popularity in the pool: " + ", ".join(f"{name} {popularity[name]:.4f}" for name in METRICS[task] if name in popularity))


def main() -> None:
    for task in sys.argv[1:]:
        print_task(task)
    print("""
How to read this
  +-   the standard error of the metric on these test samples; differences within about two of them are noise.
  POO  the objective (lower is better); gap: how far it can be, at most, from the best coreset of this size. It is certified.
  s    seconds of each stage; stages that runs share were computed once and show the same figure. select/tune: selection (embed,
       grads and select) over finetuning.
  One pair of runs proves nothing: which rows are chosen moves the metrics more than the methods differ here, and a lower POO is
  not known to tune a better model. Compare several seeds (`goracs sweep`) before believing a difference.""")


if __name__ == "__main__":
    main()
