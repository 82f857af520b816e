#!/usr/bin/env python3
"""Made tests/data/artifacts: sealed folders of schema 1 as they are on users' disks, whole and damaged. Not to be run again for schema 1: what it
wrote then is what later versions must go on reading.

    make_artifacts.py BUILD_TESTS_FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

TARGET = pathlib.Path(__file__).with_name("artifacts")


def case(name: str, sealed: pathlib.Path, change, error: list[str], without: tuple[str, ...] = ()) -> None:
    folder = TARGET / name
    shutil.copytree(sealed, folder / "folder", ignore=shutil.ignore_patterns(*without))
    change(folder / "folder")
    (folder / "case.json").write_text(json.dumps({"error": error}) + "\n")


def replace_in(name: str, before: bytes, after: bytes):
    def change(folder: pathlib.Path) -> None:
        data = (folder / name).read_bytes()
        assert before in data
        (folder / name).write_bytes(data.replace(before, after, 1))
    return change


def cut(name: str, keep: int):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:keep])


def main() -> None:
    programs = pathlib.Path(sys.argv[1])
    shutil.rmtree(TARGET, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([programs / "artifact_work", work], check=True, capture_output=True)
        sealed = next(pathlib.Path(work).glob("grads-*"))
        manifest, h5, notes = "MANIFEST.json", "gradient_norms.h5", "notes/a.txt"
        case("schema_1", sealed, lambda folder: None, [])
        # the large file is left out where the manifest alone is refused
        case("newer_schema", sealed, replace_in(manifest, b'"goracs_schema": 1', b'"goracs_schema": 2'), [manifest, "newer goracs", "schema 2"], (h5,))
        case("foreign", sealed, replace_in(manifest, b'"creator": "goracs"', b'"creator": "maker"'), [manifest, "not a manifest of goracs"], (h5,))
        case("edited", sealed, replace_in(manifest, b'"seconds": 1.5', b'"seconds": 1.6'), [manifest, "damaged"], (h5,))
        case("cut_manifest", sealed, cut(manifest, 700), [manifest], (h5,))
        case("unsealed", sealed, lambda folder: (folder / manifest).unlink(), ["no manifest"], (h5,))
        case("missing_file", sealed, lambda folder: (folder / h5).unlink(), [h5])
        case("flipped", sealed, replace_in(notes, b"after 2", b"after 3"), [notes, "damaged", "XXH3-128"])
        case("cut_hdf5", sealed, cut(h5, 2048), [h5, "2048 bytes"])


if __name__ == "__main__":
    main()
