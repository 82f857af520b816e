#!/usr/bin/env python3
"""R12: runs one libFuzzer target on a copy of its seeds until it has run for --wanted seconds, and counts its executions as one JSON object.

    fuzzing.py TARGET SEEDS --wanted SECONDS [--results FILE] [--seconds N]
"""
import base64
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from campaign import Piece, arguments

LIMITS = ["-max_len=16384", "-timeout=5", "-rss_limit_mb=1024"]
# short stacks of allocations and few freed blocks kept: else most of the time and memory of small inputs goes there
SANITIZER = {"ASAN_OPTIONS": "malloc_context_size=2:quarantine_size_mb=16"}


class Fuzzing:
    """One run of a target, and what it found."""

    def __init__(self, target: pathlib.Path, seeds: pathlib.Path, seconds: int):
        with tempfile.TemporaryDirectory() as name:
            folder, begin = pathlib.Path(name), time.monotonic()
            shutil.copytree(seeds, folder / "corpus")
            run = subprocess.run([str(target), f"-max_total_time={seconds}", "-print_final_stats=1", *LIMITS, "corpus"], capture_output=True, text=True,
                                 errors="replace", cwd=folder, env=SANITIZER | os.environ)
            found = [f"{path.name}: {base64.b64encode(path.read_bytes()).decode()}" for path in folder.iterdir() if path.is_file()]
        executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", run.stderr)
        self.executions, self.seconds = int(executions.group(1)) if executions else 0, round(time.monotonic() - begin)
        self.failure = "" if run.returncode == 0 and executions else "\n".join([f"{target.name} failed", *found, run.stderr[-8000:]])


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("seeds", type=pathlib.Path)
    parser.add_argument("--wanted", type=int, required=True)
    options = parser.parse_args()
    piece = Piece(options, promise="R12", what=options.target.name.removeprefix("fuzz_"))
    seconds = int(min(options.seconds, options.wanted - piece.before.get("seconds_fuzzed", 0)))
    if seconds <= 0:
        return
    fuzzing = Fuzzing(options.target.resolve(), options.seeds, seconds)
    with piece.attempt():
        assert not fuzzing.failure, fuzzing.failure
    piece.end(executions=fuzzing.executions, seconds_fuzzed=fuzzing.seconds)


if __name__ == "__main__":
    main()
