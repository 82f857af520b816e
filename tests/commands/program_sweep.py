#!/usr/bin/env python3
"""A sweep on two ranks: every point's run, shared stages once, a table; started again it does nothing; one point by its index."""
import collections
import csv
import json
import pathlib
import tempfile

from goracs_program import SOURCE, Run


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name) / "work"
        arguments = ["sweep", "--config", "configs/test_tiny.yaml", "--set", f"work_dir={work}", "--set", "finetune.epochs=1",
                     "--set", "sweep.method=greedy,random", "--set", "sweep.seed=0,1"]

        one = Run(*arguments, "--index", "2", ranks=2, cwd=SOURCE).done()
        points = [json.loads(line) for line in Run(*arguments, "--list", cwd=SOURCE).done().out.splitlines()]
        finished = [pathlib.Path(point["run_folder"], "summary.json").exists() for point in points]
        assert finished == [False, False, True, False], (finished, str(one))

        Run(*arguments, ranks=2, cwd=SOURCE).done().says("greedy", "random")
        folders = collections.Counter(path.name.rsplit("-", 1)[0] for path in work.iterdir() if (path / "MANIFEST.json").exists())
        # seeds are of finetuning and of random coresets
        assert folders == {"prepare": 1, "embed": 1, "grads": 1, "select": 3, "finetune": 4, "evaluate": 4}, folders
        with next((work / "sweeps").glob("*/sweep.csv")).open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [(row["method"], row["seed"]) for row in rows] == [("greedy", "0"), ("greedy", "1"), ("random", "0"), ("random", "1")]
        assert all(row["HR@5"] and float(row["gap"]) >= 0 for row in rows), rows
        for point in points:
            assert "One pair of runs proves nothing" in pathlib.Path(point["run_folder"], "report.html").read_text(encoding="utf-8")

        times = {path: path.stat().st_mtime_ns for path in work.glob("*/MANIFEST.json")}
        again = Run(*arguments, cwd=SOURCE).done()
        assert again.err.count("nothing to do, every stage was finished before") == len(points), again
        assert times == {path: path.stat().st_mtime_ns for path in work.glob("*/MANIFEST.json")}


if __name__ == "__main__":
    main()
