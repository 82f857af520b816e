"""The project's C++ files, what each includes, and how each is compiled."""
import hashlib
import json
import pathlib
import re
import shlex

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUFFIXES = {".hpp", ".cpp", ".cu", ".cuh", ".h"}
DEVICE_CODE = {"kernels/device.hpp", "kernels/device_status.hpp"}  # what includes one of them wants CUDA's headers
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def sources() -> list[pathlib.Path]:
    """All C++ files of ours, as paths relative to the root."""
    found = [path for top in ("src", "kernels", "tests", "tools") for path in (ROOT / top).rglob("*") if path.suffix in SUFFIXES]
    return sorted(path.relative_to(ROOT) for path in found)


def includes(path: pathlib.Path) -> list[tuple[bool, str]]:
    """(quoted?, name) of each #include, in order."""
    text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
    return [(mark == '"', name) for mark, name in INCLUDE.findall(text)]


def resolve(path: pathlib.Path, name: str) -> pathlib.Path | None:
    """The file of ours that `path` means by "name": src/name, ./name (kernels/...), tests/name, or one beside it."""
    for folder in (pathlib.Path("src"), pathlib.Path("."), pathlib.Path("tests"), path.parent):
        if (ROOT / folder / name).is_file():
            return folder / name
    return None


class Closure:
    """Contents of a file and of all of ours that it includes, as one hash."""

    def __init__(self) -> None:
        self._direct: dict[pathlib.Path, list[pathlib.Path]] = {}

    def direct(self, path: pathlib.Path) -> list[pathlib.Path]:
        if path not in self._direct:
            self._direct[path] = [found for quoted, name in includes(path) if quoted and (found := resolve(path, name))]
        return self._direct[path]

    def files(self, path: pathlib.Path) -> set[pathlib.Path]:
        seen, todo = set(), [path]
        while todo:
            file = todo.pop()
            if file not in seen:
                seen.add(file)
                todo += self.direct(file)
        return seen

    def hash(self, path: pathlib.Path, *more: str) -> str:
        digest = hashlib.sha256("\0".join(more).encode())
        for file in sorted(self.files(path)):
            digest.update(f"\0{file}\0".encode() + (ROOT / file).read_bytes())
        return digest.hexdigest()


UNITY_SOURCE = re.compile(r'^#include "(.*)"$', re.MULTILINE)
COMPILER = re.compile(r"(.*-)?(g|c|clang)\+\+(-[\d.]+)?")


class Commands:
    """Compiler and flags from compile_commands.json, without outputs and precompiled headers (whose format is GCC's own)."""

    def __init__(self, build: pathlib.Path) -> None:
        self.flags: dict[pathlib.Path, list[str]] = {}
        self.exact: dict[pathlib.Path, list[str]] = {}  # as the build has them: with them GCC takes its precompiled headers
        self.first: set[pathlib.Path] = set()  # sources before which a compilation sees nothing of ours
        entries = json.loads((build / "compile_commands.json").read_text())
        # a source that a test compiles once more has the flags of its own library, which come last
        for entry in sorted(entries, key=lambda entry: not self._is_of_test(entry)):
            file = pathlib.Path(entry["file"])
            files = [pathlib.Path(name) for name in UNITY_SOURCE.findall(file.read_text())] if file.name.startswith("unity_") else [file]
            files = [file.relative_to(ROOT) for file in files if file.is_relative_to(ROOT) and not file.is_relative_to(build) and file.suffix == ".cpp"]
            words = entry.get("arguments") or shlex.split(entry["command"])
            self.first.update(files[:1])
            self.flags.update((file, self._kept(words)) for file in files)
            self.exact.update((file, self._exact(words)) for file in files)

    @staticmethod
    def _is_of_test(entry: dict) -> bool:
        words = entry.get("arguments") or shlex.split(entry["command"])
        return words[words.index("-o") + 1].startswith("tests/")

    @staticmethod
    def _kept(words: list[str]) -> list[str]:
        kept, rest = [], iter(words)
        for word in rest:
            if word in ("-o", "-c", "-include", "-MF", "-MT"):
                next(rest)
            elif word in ("-isystem", "-idirafter", "-I", "-D"):
                kept += [word, next(rest)]
            elif word.startswith(("-I", "-D", "-std=", "-fopenmp", "-m", "-f")):
                kept.append(word)
        return kept

    @staticmethod
    def _exact(words: list[str]) -> list[str]:
        compiler = next(place for place, word in enumerate(words) if COMPILER.fullmatch(pathlib.Path(word).name))
        kept, rest = [], iter(words[compiler + 1:-1])  # the last is the source
        for word in rest:
            if word in ("-o", "-MF", "-MT"):
                next(rest)
            elif word not in ("-c", "-MD"):
                kept.append(word)
        return kept

    def like(self, header: pathlib.Path) -> pathlib.Path | None:
        """A source beside the header, else of the source that comes nearest (a folder may have headers only). What tests share
        is included by tests of any layer: the one that sees the most folders."""
        by_name = sorted(self.flags.items())
        if header.parts[:2] == ("tests", "kernels") or (header.parts[0] == "kernels" and DEVICE_CODE & {str(header), *(name for _, name in includes(header))}):
            # CUDA C++: as the emulator's tests see it
            return next((file for file, flags in by_name if "-DGORACS_CUDA_EMULATOR" in flags), None)
        if header.parts[:2] == ("tests", "support"):
            return max((file for file, _ in by_name if file.parts[0] == "tests"), key=lambda file: len(self.flags[file]), default=None)
        beside = [file for file, _ in by_name if file.parent == header.parent]
        if beside:
            return max(beside, key=lambda file: len(self.flags[file]))
        return min(self.flags, key=lambda file: (file.parts[0] != header.parts[0], file), default=None)
