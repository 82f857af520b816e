#!/usr/bin/env python3
"""clang-tidy (checks of .clang-tidy) on every source of compile_commands.json and the headers it includes.

    tidy.py BUILD_DIR [FOLDER_OR_FILE...]      without names: all of them

Most of its time goes to system headers (Torch's: 12 s a file), so sources of equal flags are read as one; where that finds anything
(or two of them define the same name), halves are read, then single files, and only what is found in those counts.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import uuid

from marks import Marks
from project import ROOT, Closure, Commands

TIDY = "clang-tidy-19"
SOURCES_AT_ONCE = 30
JOBS = 2
# what only GCC knows, and -f flags that change code but not its meaning
FOREIGN = ("-fsanitize", "-fno-omit-frame-pointer", "-fno-sanitize", "-fuse-ld", "-fprofile", "-march=", "-mtune=")


def run_tidy(source: pathlib.Path, flags: list[str]) -> str:
    """clang-tidy's findings, empty when there are none."""
    run = subprocess.run([TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(source), "--", *flags, "-Wno-everything"], cwd=ROOT,
                         capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + "\n".join(line for line in run.stderr.splitlines() if "warnings generated" not in line)


def check_batch(batch: list[pathlib.Path], flags: list[str], scratch: pathlib.Path) -> dict[pathlib.Path, str]:
    """The findings of each file. Two files that define one name cannot be read together: halves then, down to single files."""
    if len(batch) == 1:
        return {batch[0]: run_tidy(ROOT / batch[0], flags)}
    together = scratch / f"{uuid.uuid4()}.cpp"
    together.write_text("".join(f'#include "{ROOT / file}"\n' for file in batch))
    if not run_tidy(together, flags):
        return {file: "" for file in batch}
    half = len(batch) // 2
    return check_batch(batch[:half], flags, scratch) | check_batch(batch[half:], flags, scratch)


def own_names(file: pathlib.Path) -> set[str]:
    """What a source defines for itself, in an unnamed namespace: formatted code begins each definition in the first column."""
    text = (ROOT / file).read_text(encoding="utf-8", errors="replace")
    regions = "\n".join(re.findall(r"^namespace \{$(.*?)^\}  // namespace$", text, re.DOTALL | re.MULTILINE))
    functions = re.findall(r"^[A-Za-z_][^\n(=;]*?\b(\w+)\(", regions, re.MULTILINE)
    types = re.findall(r"^(?:struct|class|enum class|enum|using) (\w+)", regions, re.MULTILINE)
    values = re.findall(r"^[A-Za-z_][^\n(=]*?\b(\w+)(?:\[\w*\])? *[={;]", regions, re.MULTILINE)
    return {*functions, *types, *values}


def batches(files: list[pathlib.Path]) -> list[list[pathlib.Path]]:
    """As few as the limit and equal names allow: a batch that fails for two equal names costs more than two batches."""
    found: list[tuple[list[pathlib.Path], set[str]]] = []
    for file in files:
        names = own_names(file)
        for batch, taken in found:
            if len(batch) < SOURCES_AT_ONCE and not names & taken:
                batch.append(file)
                taken |= names
                break
        else:
            found.append(([file], names))
    return [batch for batch, _ in found]


def main() -> None:
    begin = time.monotonic()
    commands, closure, marks = Commands(pathlib.Path(sys.argv[1]).resolve()), Closure(), Marks("sources")
    version = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    rules = (ROOT / ".clang-tidy").read_text()
    todo: dict[tuple[str, ...], list[pathlib.Path]] = {}
    content: dict[pathlib.Path, str] = {}
    chosen = [pathlib.Path(name) for name in sys.argv[2:]]
    for file, words in sorted(commands.flags.items()):
        if not (ROOT / file).is_file():
            continue  # of an older configuration
        if chosen and not any(file.is_relative_to(name) for name in chosen):
            continue
        flags = tuple(word for word in words if not word.startswith(FOREIGN))
        content[file] = closure.hash(file, version, rules, *flags)
        if not marks.has(content[file]):
            # a program of tests has its own main and globals: only sources of one folder go together
            todo.setdefault((str(file.parent), *flags), []).append(file)
    failures = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(max_workers=JOBS) as pool:
        runs = [pool.submit(check_batch, batch, list(key[1:]), pathlib.Path(scratch)) for key, files in todo.items() for batch in batches(files)]
        for run in concurrent.futures.as_completed(runs):
            for file, finding in run.result().items():
                if finding:
                    failures += 1
                    print("\n".join(finding.splitlines()[:40]), flush=True)
                else:
                    marks.add(content[file])
    print(f"tidy: {len(content)} sources, read {sum(map(len, todo.values()))}, {failures} with findings, {time.monotonic() - begin:.0f} s")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
