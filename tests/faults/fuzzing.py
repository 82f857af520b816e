#!/usr/bin/env python3
"""R12: runs one libFuzzer target on a copy of its seeds until it has run for --wanted seconds, and counts its executions as one JSON object.

    fuzzing.py TARGET SEEDS --wanted SECONDS [--results FILE] [--seconds N]
"""
import pathlib
import re
import shutil
import subprocess
import tempfile

from campaign import Piece, arguments

LIMITS = ["-max_len=16384", "-timeout=5", "-rss_limit_mb=1024"]  # as tests/fuzz/run_fuzz.sh


def fuzz(target: pathlib.Path, seeds: pathlib.Path, seconds: int) -> int:
    with tempfile.TemporaryDirectory() as corpus:
        shutil.copytree(seeds, corpus, dirs_exist_ok=True)
        run = subprocess.run([str(target), f"-max_total_time={seconds}", "-print_final_stats=1", *LIMITS, corpus], capture_output=True, text=True, cwd=corpus)
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", run.stderr)
    assert run.returncode == 0 and executions, f"{target.name} failed:\n{run.stderr[-800:]}"
    return int(executions.group(1))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("seeds", type=pathlib.Path)
    parser.add_argument("--wanted", type=int, required=True)
    options = parser.parse_args()
    piece, executions = Piece(options, promise="R12", what=options.target.name.removeprefix("fuzz_")), 0
    seconds = int(min(options.seconds, options.wanted - piece.before.get("seconds_fuzzed", 0)))
    if seconds > 0:
        with piece.attempt():
            executions = fuzz(options.target.resolve(), options.seeds, seconds)
    piece.end(executions=executions, seconds_fuzzed=max(seconds, 0))


if __name__ == "__main__":
    main()
