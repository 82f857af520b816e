#!/usr/bin/env python3
"""Compiles one kernel with nvcc and keeps what ptxas says of its resources; prints the table of all kernels.

    kernel.py compile REPORT NVCC ARGUMENT...   runs nvcc; fails when a kernel spills registers, even if nvcc itself does not
    kernel.py table REPORT...                   registers, spills and shared memory of each kernel and architecture
"""
import pathlib
import re
import subprocess
import sys

ENTRY = re.compile(r"Compiling entry function '(\S+)' for '(\w+)'")
SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")
ALWAYS_SAID = re.compile(r"ptxas info|^ *\d+ bytes stack frame")  # what -v asks for
# a name in the unnamed namespace: the length of the kernel's name comes after that of the file's
NAME = re.compile(r"_GLOBAL__N__[0-9a-f]{8}_(\d+)_(\w+)")


def short_name(mangled: str) -> str:
    match = NAME.search(mangled)
    if not match:
        return mangled
    file_length = int(match.group(1))
    rest = match.group(2)[file_length:]  # _HASHlengthNAMEtypes
    found = re.match(r"_[0-9a-f]{8}(\d+)(.*)", rest)
    return found.group(2)[:int(found.group(1))] + template_of(found.group(2)[int(found.group(1)):]) if found else mangled


def template_of(rest: str) -> str:
    """The mangled template arguments, which tell instances apart."""
    match = re.match(r"I(\w+?)EE?v", rest)
    return f"<{match.group(1)}>" if match else ""


def kernels(report: str) -> list[dict]:
    found = []
    for line in report.splitlines():
        if match := ENTRY.search(line):
            found.append({"name": short_name(match.group(1)), "arch": match.group(2), "registers": 0, "stack": 0, "spills": 0, "shared": 0})
        elif match := SPILLS.search(line):
            if found:
                found[-1] |= {"stack": int(match.group(1)), "spills": int(match.group(2)) + int(match.group(3))}
        elif match := USED.search(line):
            found[-1]["registers"] = int(match.group(1))
            if shared := SHARED.search(line):
                found[-1]["shared"] = int(shared.group(1))
    return found


def compile_kernel(report: pathlib.Path, command: list[str]) -> None:
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.writelines(line + "\n" for line in run.stderr.splitlines() if not ALWAYS_SAID.search(line))
    if run.returncode != 0:
        sys.exit(run.returncode)
    report.write_text(run.stderr, encoding="utf-8")
    spilling = [f"{one['name']} ({one['arch']}): {one['spills']} bytes" for one in kernels(run.stderr) if one["spills"]]
    if spilling:
        report.unlink()
        sys.exit("registers are spilled: " + ", ".join(spilling))


def table(reports: list[str]) -> None:
    print(f"{'file':20} {'kernel':34} {'target':7} {'registers':>9} {'spills':>7} {'stack':>6} {'shared':>7}")
    for path in map(pathlib.Path, reports):
        for one in kernels(path.read_text(encoding="utf-8")):
            print(f"{path.stem:20} {one['name']:34} {one['arch']:7} {one['registers']:9} {one['spills']:7} {one['stack']:6} {one['shared']:7}")


def main() -> None:
    if len(sys.argv) > 3 and sys.argv[1] == "compile":
        compile_kernel(pathlib.Path(sys.argv[2]), sys.argv[3:])
    elif len(sys.argv) > 2 and sys.argv[1] == "table":
        table(sys.argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
