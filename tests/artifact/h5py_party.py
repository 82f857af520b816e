#!/usr/bin/env python3
"""h5py as an independent party: it reads what we write, we read what it writes, and a second statement of the content hash agrees.

    h5py_party.py BUILD_TESTS_FOLDER
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

PROVENANCE = """creator creator_version file_time git_commit git_dirty goracs_schema stage command config_yaml config_sha256 seed world_size hosts
slurm_job inputs template_sha256 tokenizer_sha256 tokenizer_kind tokenizer_probe_ids model_sha256 library_versions content_sha256""".split()
NUMBERS = {"goracs_schema", "seed", "world_size"}
EXIT_BAD_INPUT = 3


def is_time(name: str) -> bool:
    return name == "seconds" or name.startswith("seconds_")


def led(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return f"{len(raw)}:".encode() + raw


def element(dtype: np.dtype) -> str:
    return "text" if h5py.check_string_dtype(dtype) else f"{dtype.kind}{dtype.itemsize}"


def content_sha256(path: pathlib.Path) -> str:
    """As src/artifact/content_hash.hpp says, stated once more."""
    digest = hashlib.sha256()

    def attributes(name: str, of: h5py.HLObject) -> None:
        for key in sorted(of.attrs):
            if is_time(key) or key == "long_name" or (name == "/" and key in PROVENANCE):
                continue
            value, kind = of.attrs[key], of.attrs.get_id(key).dtype
            digest.update(f"attribute {name} {key} {element(kind)}\n".encode())
            digest.update(led(value) if element(kind) == "text" else np.asarray(value, kind.newbyteorder("<")).tobytes())

    def group(name: str, of: h5py.Group) -> None:
        attributes(name, of)
        for key in sorted(of):
            path = name.rstrip("/") + "/" + key
            if isinstance(of[key], h5py.Group):
                group(path, of[key])
            elif not is_time(key):
                dataset = of[key]
                digest.update(f"dataset {path} {element(dataset.dtype)} ({','.join(map(str, dataset.shape))})\n".encode())
                if element(dataset.dtype) == "text":
                    for text in dataset[()].ravel():
                        digest.update(led(text))
                else:
                    digest.update(np.ascontiguousarray(dataset[()]).astype(dataset.dtype.newbyteorder("<")).tobytes())
                attributes(path, dataset)

    with h5py.File(path, "r") as file:
        group("/", file)
    return digest.hexdigest()


def check_what_we_write(programs: pathlib.Path, folder: pathlib.Path) -> None:
    subprocess.run([programs / "artifact_work", folder / "work"], check=True, capture_output=True)
    sealed = next((folder / "work").glob("grads-*"))
    manifest = json.loads((sealed / "MANIFEST.json").read_text())
    with h5py.File(sealed / "gradient_norms.h5") as file:
        assert sorted(file.attrs) == sorted(PROVENANCE), set(file.attrs) ^ set(PROVENANCE)
        for name in PROVENANCE:
            kind = h5py.check_string_dtype(file.attrs.get_id(name).dtype)
            if name in NUMBERS:
                assert file.attrs.get_id(name).dtype == np.int64, name
            else:
                assert kind and kind.length is None and kind.encoding == "utf-8", f"{name}: {kind}, expected variable-length UTF-8"
        assert file["gradient_norm"].dtype == np.dtype("<f8") and file["gradient_norm"].shape == (3,)
        assert list(file["gradient_norm"]) == [0.5, 1.5, 2.5]
        assert file["loss"].attrs["units"] == "nat per token" and file["loss"].attrs["long_name"]
        assert file.attrs["content_sha256"] == content_sha256(sealed / "gradient_norms.h5")
        assert file.attrs["goracs_schema"] == manifest["goracs_schema"] == 1
    contents = {name: entry["content_sha256"] for name, entry in manifest["files"].items()}
    assert contents["gradient_norms.h5"] == content_sha256(sealed / "gradient_norms.h5")
    assert contents["notes/a.txt"] == hashlib.sha256((sealed / "notes/a.txt").read_bytes()).hexdigest()
    whole = hashlib.sha256("".join(f"{name}\n{contents[name]}\n" for name in sorted(contents)).encode()).hexdigest()
    assert manifest["content_sha256"] == whole
    for name, entry in manifest["files"].items():
        assert entry["bytes"] == (sealed / name).stat().st_size
    print("h5py reads what we write: attributes, types, values, content hashes")


DATA = {
    "train": np.arange(12, dtype=np.float32).reshape(4, 3) / 7,
    "deep/er/rows": np.array([5, -1, 1 << 40], dtype=np.int64),
    "label": np.array([[1, -1]], dtype=np.int32),
    "loss": np.array([0.1, np.inf, -0.0]),
    "none": np.zeros((0, 3)),
    "scalar": np.float64(2.5),
    "tiny": np.array([1, 255], dtype=np.uint8),
    "half": np.array([0.5, 1.5], dtype=np.float16),
}
TITLES = ["Amélie", "", "Ghost in the Shell 攻殻機動隊", "a,b"]


def write_variant(path: pathlib.Path, names: list[str], order: str = "<", **how) -> None:
    """The same contents in another form of file."""
    with h5py.File(path, "w", **({"libver": "latest"} if how.pop("latest", False) else {})) as file:
        if how.pop("provenance", False):
            file.attrs["command"], file.attrs["seconds_total"] = "goracs embed", 3.5
            file["seconds"] = [1.0, 2.0]
        for name in names:
            if name == "titles":
                file.create_dataset(name, data=TITLES, dtype=h5py.string_dtype())
                continue
            data = DATA[name]
            simple = {} if np.ndim(data) == 0 or np.size(data) == 0 else how
            file.create_dataset(name, data=np.asarray(data).astype(np.asarray(data).dtype.newbyteorder(order)), **simple)
        file["train"].attrs["units"] = "m"
        file.attrs["gap"] = 0.25


def check_what_h5py_writes(programs: pathlib.Path, folder: pathlib.Path) -> None:
    names = ["titles", *DATA]
    variants = {
        "plain": ({}, names), "reversed": ({}, names[::-1]), "packed": ({"chunks": True, "compression": "gzip", "shuffle": True}, names),
        "big_endian": ({"order": ">"}, names), "latest": ({"latest": True}, names), "with_provenance": ({"provenance": True}, names),
    }
    for variant, (how, order) in variants.items():
        write_variant(folder / f"{variant}.h5", order, **how)
    printed = subprocess.run([programs / "print_h5", *(folder / f"{variant}.h5" for variant in variants)], check=True, capture_output=True, text=True)
    read = dict(zip(variants, map(json.loads, printed.stdout.splitlines())))
    expected = content_sha256(folder / "plain.h5")
    for variant in variants:
        assert read[variant]["content_sha256"] == expected == content_sha256(folder / f"{variant}.h5"), variant
        datasets = read[variant]["datasets"]
        assert datasets["/titles"]["values"] == TITLES, variant
        for name, data in DATA.items():
            found = datasets["/" + name]
            assert found["shape"] == list(np.shape(data)), (variant, name, found)
            if np.all(np.isfinite(data)):
                assert np.array_equal(np.array(found["values"], np.float64).reshape(np.shape(data)), np.asarray(data, np.float64)), (variant, name)
        assert datasets["/train"]["element"] == "float32" and datasets["/label"]["element"] == "int32", variant
    print(f"we read what h5py writes: {len(variants)} forms of one content, one hash")


def check_what_is_no_artifact(programs: pathlib.Path, folder: pathlib.Path) -> None:
    """Files of other kinds are refused with their name, never read wrongly."""
    (folder / "text.h5").write_text("no HDF5\n")
    (folder / "empty.h5").write_bytes(b"")
    write_variant(folder / "whole.h5", ["train"])
    (folder / "cut.h5").write_bytes((folder / "whole.h5").read_bytes()[:-100])
    with h5py.File(folder / "compound.h5", "w") as file:
        file["table"] = np.zeros(2, dtype=[("a", "i4"), ("b", "f8")])
    for name in ("text.h5", "empty.h5", "cut.h5", "compound.h5", "missing.h5"):
        ended = subprocess.run([programs / "print_h5", folder / name], capture_output=True, text=True, check=False)
        assert ended.returncode == EXIT_BAD_INPUT and name in ended.stderr, f"{name}: exit {ended.returncode}: {ended.stderr}"
    print("5 files that are no artifacts: exit 3, named")


def main() -> None:
    programs = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="goracs-h5py-") as folder:
        check_what_we_write(programs, pathlib.Path(folder))
        check_what_h5py_writes(programs, pathlib.Path(folder))
        check_what_is_no_artifact(programs, pathlib.Path(folder))


if __name__ == "__main__":
    main()
