#!/usr/bin/env python3
"""R12: runs one libFuzzer target for some seconds on a copy of its seeds and prints its executions as one JSON object.

    fuzzing.py TARGET SEEDS SECONDS
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def main() -> None:
    target, seeds, seconds = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    with tempfile.TemporaryDirectory() as corpus:
        shutil.copytree(seeds, corpus, dirs_exist_ok=True)
        run = subprocess.run([str(target), f"-max_total_time={seconds}", "-print_final_stats=1", corpus], capture_output=True, text=True, cwd=corpus)
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", run.stderr)
    if run.returncode != 0 or not executions:
        sys.exit(f"{target.name} failed:\n{run.stderr[-4000:]}")
    print(json.dumps({"promise": "R12", "what": target.name.removeprefix("fuzz_"), "seconds": seconds, "executions": int(executions.group(1))}))


if __name__ == "__main__":
    main()
