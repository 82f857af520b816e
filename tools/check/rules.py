#!/usr/bin/env python3
"""The rules of the layout that need no compiler: layers, include cycles, forms of includes, where MPI, HDF5 and Torch may appear, names
that clang-tidy cannot see, and nothing of one developer's machine in the repository.

    rules.py        prints one line for each breach, exits 1 if there is any
"""
import pathlib
import re
import subprocess
import sys

from project import ROOT, Closure, includes, resolve, sources

# A folder may include itself and these: all to its left; folders in one step do not include each other.
LEFT_OF_STEP = {"base", "kernels", "comm", "artifact"}
MAY_INCLUDE = {
    "base": set(),
    "kernels": {"base"},
    "comm": {"base", "kernels"},
    "artifact": {"base", "kernels", "comm"},
    "data": LEFT_OF_STEP,
    "model": LEFT_OF_STEP,
    "itra": LEFT_OF_STEP,
    "train": LEFT_OF_STEP | {"data", "model"},
    "eval": LEFT_OF_STEP | {"data", "model"},
    "stages": LEFT_OF_STEP | {"data", "model", "itra", "train", "eval"},
    "commands": LEFT_OF_STEP | {"data", "model", "itra", "train", "eval", "stages"},
    "main": LEFT_OF_STEP | {"data", "model", "itra", "train", "eval", "stages", "commands"},
}
TORCH = re.compile(r"^(torch|ATen|c10)/")
TORCH_FOLDERS = {"model", "train", "eval", "stages"}
WITHOUT_HDF5 = {"base", "kernels", "comm", "data", "model", "itra", "train", "eval"}
DECLARED = re.compile(r"^\s*(?:virtual |static |inline |constexpr |\[\[nodiscard\]\] )*[\w:<>,&* ]+[&* ](get|set)_[a-z0-9_]+\s*\(", re.MULTILINE)
# written with classes of one letter, so that this file does not match itself
MACHINE = re.compile(r"(^|[^a-zA-Z0-9_.])/([w]ork|[f]arm|[r]oot|[h]ome)/|\.\./[s]hared|[i]ndex-url|deb +https?:|[p]ypi\.org|[f]iles\.pythonhosted")
# Headers of the precompiled list (GORACS_PRECOMPILED_HEADERS) and of what they bring along: what is used of each, and the headers or
# folders that give it.
PRECOMPILED_NAMES = {
    r"std::(?:ranges::)?(?:sort|stable_sort|copy|copy_n|fill|fill_n|transform|find|find_if|all_of|any_of|none_of|count|count_if|min_element|max_element"
    r"|lower_bound|upper_bound|nth_element|partial_sort|reverse|unique|equal|max|min|clamp)\b": {"algorithm"},
    r"std::array\b": {"array"},
    r"std::(?:sqrt|isnan|isfinite|isinf|exp|log|log2|pow|floor|ceil|nearbyint|nextafter|cbrt|ldexp)\b": {"cmath"},
    r"std::u?int(?:8|16|32|64)_t\b": {"cstdint"},
    r"std::mem(?:cpy|cmp|set|move)\b": {"cstring"},
    r"std::filesystem\b": {"filesystem"},
    r"std::[io]?fstream\b": {"fstream"},
    r"std::(?:function|hash|greater|less|plus)\b": {"functional"},
    r"std::numeric_limits\b": {"limits"},
    r"std::(?:multi)?map\b": {"map"},
    r"std::(?:unique_ptr|shared_ptr|make_unique|make_shared|weak_ptr)\b": {"memory"},
    r"std::(?:iota|accumulate|gcd|lcm|partial_sum|inner_product|reduce)\b": {"numeric"},
    r"std::(?:optional|nullopt)\b": {"optional"},
    r"std::(?:multi)?set\b": {"set"},
    r"std::span\b": {"span"},
    r"std::[io]?stringstream\b": {"sstream"},
    r"std::(?:string|to_string|getline)\b": {"string"},
    r"std::string_view\b": {"string_view", "string"},
    r"std::tuple\b": {"tuple"},
    r"std::unordered_map\b": {"unordered_map"},
    r"std::unordered_set\b": {"unordered_set"},
    r"std::(?:move|pair|exchange|swap|forward)\b": {"utility", "algorithm", "map", "memory", "vector", "string", "functional", "optional"},
    r"std::variant\b": {"variant"},
    r"std::vector\b": {"vector"},
    r"\bfmt::": {"fmt/format.h", "fmt/core.h", "fmt/ranges.h", "fmt/color.h", "fmt/args.h", "fmt/chrono.h"},
    r"\bnlohmann::": {"nlohmann/json.hpp", "nlohmann/json_fwd.hpp"},
    r"\b(?:at|torch|c10)::": {"torch/", "ATen/", "c10/"},
    r"^TEST(?:_F|_P)?\(": {"gtest/gtest.h", "gmock/gmock.h"},
}
COMMENT = re.compile(r"//[^\n]*")
NAMELESS = {"utils", "util", "common", "core", "helpers", "misc"}
LONGEST_FILE = 600
LONGEST_STAGE = 150


def layer_of(path: pathlib.Path) -> str | None:
    if path.parts[0] == "kernels":
        return "kernels"
    if path.parts[0] == "src":
        return path.parts[1] if len(path.parts) > 2 else "main"
    return None  # tests and tools may use everything


def check_includes(path: pathlib.Path) -> list[str]:
    layer, found = layer_of(path), []
    for quoted, name in includes(path):
        if ".." in pathlib.PurePosixPath(name).parts:
            found.append(f'{path}: "{name}": includes start at src/ or at the root, never with ..')
            continue
        if TORCH.match(name) and layer and layer not in TORCH_FOLDERS:
            found.append(f"{path}: Torch header <{name}> outside model, train, eval and stages")
        if name == "mpi.h" and layer and layer != "comm":
            found.append(f"{path}: mpi.h outside src/comm")
        if name.startswith("hdf5") and layer in WITHOUT_HDF5:
            found.append(f"{path}: <{name}> in {layer}, which knows no HDF5: the C API is wrapped in artifact")
        if not quoted:
            continue
        target = resolve(path, name)
        if target is None:
            if layer:
                found.append(f'{path}: "{name}" is no file of ours; system headers go in < >')
            continue
        other = layer_of(target)
        if layer and other is None:
            found.append(f'{path}: "{name}": the program may not include tests or tools')
        elif layer and other != layer and other not in MAY_INCLUDE.get(layer, set()):
            found.append(f'{path}: {layer} may not include {other} ("{name}")')
        if other and name != str(target.relative_to("src") if target.parts[0] == "src" else target):
            found.append(f'{path}: "{name}": write the whole path, "{target.relative_to("src") if target.parts[0] == "src" else target}"')
    if layer and layer not in MAY_INCLUDE:
        found.append(f"{path}: folder {layer} has no place in the order of layers")
    return found


def check_cycles(paths: list[pathlib.Path]) -> list[str]:
    closure, state, found = Closure(), {}, []

    def visit(path: pathlib.Path, trail: list[pathlib.Path]) -> None:
        state[path] = "open"
        for target in closure.direct(path):
            if state.get(target) == "open":
                cycle = trail[trail.index(target):] if target in trail else [target]
                found.append("include cycle: " + " -> ".join(map(str, [*cycle, target])))
            elif target not in state:
                visit(target, [*trail, target])
        state[path] = "done"

    for path in paths:
        if path not in state:
            visit(path, [path])
    return found


def check_text(path: pathlib.Path) -> list[str]:
    text, found = (ROOT / path).read_text(encoding="utf-8", errors="replace"), []
    lines = text.count("\n")
    if path.suffix == ".hpp" and "#pragma once" not in text:
        found.append(f"{path}: no #pragma once")
    if layer_of(path):
        for match in DECLARED.finditer(text) if path.suffix == ".hpp" else ():
            found.append(f"{path}:{text.count(chr(10), 0, match.start(1)) + 1}: no {match.group(1)}_ prefix: name what is returned or done")
        if lines > LONGEST_FILE:
            found.append(f"{path}: {lines} lines, probably two things (limit {LONGEST_FILE})")
        if layer_of(path) == "stages" and path.suffix == ".cpp" and lines > LONGEST_STAGE:
            found.append(f"{path}: {lines} lines; a stage reads as open, compute, seal (limit {LONGEST_STAGE})")
    if NAMELESS & {part.removesuffix(path.suffix) for part in path.parts}:
        found.append(f"{path}: utils, common, core, helpers are no names")
    return found


def check_precompiled(path: pathlib.Path, closure: Closure) -> list[str]:
    """What the precompiled headers would hide: a file that uses a name of theirs and includes its header neither itself nor by ours."""
    text = COMMENT.sub("", (ROOT / path).read_text(encoding="utf-8", errors="replace"))
    included = {name for file in closure.files(path) for quoted, name in includes(file) if not quoted}
    found = []
    for pattern, headers in PRECOMPILED_NAMES.items():
        match = re.search(pattern, text, re.MULTILINE)
        if match and not any(name in headers or name.split("/")[0] + "/" in headers for name in included):
            found.append(f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match.group()} without <{sorted(headers)[0]}>")
    return found


def check_precompiled_list() -> list[str]:
    text = (ROOT / "tools/cmake/GoracsLayers.cmake").read_text(encoding="utf-8")
    listed = re.search(r"set\(GORACS_PRECOMPILED_HEADERS([^)]*)\)", text)
    known = set().union(*PRECOMPILED_NAMES.values())
    return [f"tools/check/rules.py: no names of <{name}>, which is precompiled" for name in re.findall(r"<(.*?)>", listed[1]) if name not in known]


def check_kernels() -> list[str]:
    """A kernel is three files of one name; the .cu may come with the CUDA build."""
    folder = ROOT / "kernels"
    return [f"kernels/{path.name}: no {path.stem}.hpp with its contract" for path in sorted(folder.glob("*.c*"))
            if path.suffix in (".cpp", ".cu") and not path.with_suffix(".hpp").exists()]


def check_machine() -> list[str]:
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode != 0:
        return []  # an unpacked archive
    found = []
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if name.startswith("tests/golden/") or not path.is_file() or path.stat().st_size > 1_000_000:
            continue
        text = path.read_bytes()
        if b"\0" in text[:1000]:
            continue
        for number, line in enumerate(text.decode("utf-8", errors="replace").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{name}:{number}: a path of one machine or an address of a registry: {line.strip()[:100]}")
    return found


def main() -> None:
    paths, closure = sources(), Closure()
    found = [line for path in paths for line in (*check_includes(path), *check_text(path), *check_precompiled(path, closure))]
    found += check_precompiled_list() + check_cycles(paths) + check_kernels() + check_machine()
    print(*found, sep="\n", end="\n" if found else "")
    print(f"rules: {len(paths)} files, {len(found)} breaches")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
