#!/usr/bin/env python3
"""Compiles every header alone, with the flags of the sources beside it: each includes what it uses.

    headers.py BUILD_DIR

A header that a compilation sees before all else was compiled so by the build itself: that is not done again. What the precompiled headers
hide from the build, rules.py looks for.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

from marks import Marks
from project import ROOT, Closure, Commands, includes, resolve, sources


FUZZ_COMPILER = "clang++-19"  # libFuzzer's and the sanitizers' headers come with it
PLAIN = ("-O0", "-Wall", "-Wextra")


def is_fuzzed(header: pathlib.Path) -> bool:
    return header.parts[:2] == ("tests", "fuzz")


def compile_alone(header: pathlib.Path, compiler: str, flags: list[str]) -> str:
    """The compiler's complaints, empty when there are none."""
    # included, not compiled: as the main file it would be warned about for its #pragma once
    run = subprocess.run([compiler, *flags, "-fsyntax-only", "-x", "c++", "-"], cwd=ROOT, capture_output=True,
                         text=True, input=f'#include "{ROOT / header}"\n', check=False)
    return "" if run.returncode == 0 else run.stderr or f"{compiler} exited {run.returncode}"


def compiled_by_the_build(commands: Commands) -> set[pathlib.Path]:
    """What stands first in a compilation."""
    found = set()
    for source in commands.first:
        quoted, name = next(iter(includes(source)), (False, ""))
        header = resolve(source, name) if quoted else None
        if header:
            found.add(header)
    return found


def main() -> None:
    begin = time.monotonic()
    commands, closure, marks = Commands(pathlib.Path(sys.argv[1]).resolve()), Closure(), Marks("headers")
    compiler = os.environ.get("CXX", "g++")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    headers = [path for path in sources() if path.suffix == ".hpp"]
    built = compiled_by_the_build(commands)
    todo = {}
    for header in headers:
        if header in built:
            continue
        source = commands.like(header)
        if source is None:
            sys.exit("headers: compile_commands.json holds no source of ours")
        # GCC's precompiled headers save most of the time; only GCC reads them
        flags = [*commands.flags[source], *PLAIN] if is_fuzzed(header) else commands.exact[source]
        content = closure.hash(header, version, *flags)
        if not marks.has(content):
            todo[header] = (flags, content)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        runs = {header: pool.submit(compile_alone, header, FUZZ_COMPILER if is_fuzzed(header) else compiler, flags) for header, (flags, _) in todo.items()}
        for header, run in runs.items():
            complaint = run.result()
            if complaint:
                failures += 1
                print(f"{header} does not compile alone:\n" + "\n".join(complaint.splitlines()[:15]), flush=True)
            else:
                marks.add(todo[header][1])
    print(f"headers: {len(headers)}, first in a source {len(built)}, compiled alone {len(todo)}, {failures} failed, {time.monotonic() - begin:.0f} s")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
