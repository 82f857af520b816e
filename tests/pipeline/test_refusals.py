#!/usr/bin/env python3
"""Inputs that were made with another template, tokenizer, model or by a newer program are refused, also where a manifest has been adapted to them."""
import ctypes
import ctypes.util
import itertools
import pathlib
import re
import shutil
import unittest

from program import CTRPRE, DONE, INPUT, SOURCE, Work

MODELS, ADAPTERS = SOURCE / "tests/golden/models", SOURCE / "tests/golden/adapters"
# each differs from the first in what its embeddings or gradients were made with
WAYS = {
    "plain": (),
    "template": ("prompt.template=alpaca_space",),
    "encoder": (f"encoder.path={MODELS / 'roberta'}",),
    "model": (f"model.path={MODELS / 'llama_mha'}", f"model.adapter={ADAPTERS / 'llama_mha'}"),
}


class Xxh128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh3_hex(text: str) -> str:
    hashed = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0").XXH3_128bits
    hashed.restype, hashed.argtypes = Xxh128, [ctypes.c_char_p, ctypes.c_size_t]
    bytes_of_text = text.encode()
    found = hashed(bytes_of_text, len(bytes_of_text))
    return f"{found.high:016x}{found.low:016x}"


def sealed_anew(manifest: str) -> str:
    """With the hash of its own text, which is its last key."""
    body = re.sub(r',\n  "xxh3_128": "[0-9a-f]+"\n\}\n$', "\n}\n", manifest)
    return body[:-len("\n}\n")] + f',\n  "xxh3_128": "{xxh3_hex(body)}"\n}}\n'


def claims(manifest: str) -> str:
    """What a manifest says of its config and inputs."""
    return re.search(r'  "config": .*?(?=  "seconds": )', manifest, re.DOTALL).group()


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.made = Work(cls("test_a_newer_schema_is_refused"), CTRPRE)
        cls.addClassCleanup(shutil.rmtree, cls.made.path, ignore_errors=True)
        cls.folders: dict[str, dict[str, pathlib.Path]] = {}
        for way, settings in WAYS.items():
            known = set(cls.made.path.iterdir())
            code, text = cls.made.run("select", 1, *settings, options=("--with-inputs",))
            assert code == DONE, text
            new = {path.name.split("-")[0]: path for path in cls.made.path.iterdir() if path not in known and (path / "MANIFEST.json").exists()}
            cls.folders[way] = cls.folders.get("plain", {}) | new

    def refused(self, way: str, stage: str, replacement: pathlib.Path, manifest: str, complaint: str) -> None:
        """`select` of this way when one of its inputs is the replacement, under the folder's name and with this manifest."""
        work = Work(self, CTRPRE)
        for kept in {"prepare", "embed", "grads"} - {stage}:
            (work.path / self.folders[way][kept].name).symlink_to(self.folders[way][kept])
        put = work.path / self.folders[way][stage].name
        shutil.copytree(replacement, put)
        (put / "MANIFEST.json").write_text(manifest)
        code, text = work.run("select", 1, *WAYS[way])
        self.assertEqual(code, INPUT, text)
        self.assertRegex(text, complaint)
        self.assertIn(put.name, text)

    def test_a_folder_of_another_way_is_refused_whatever_its_manifest_says(self) -> None:
        pairs = 0
        for way, other in itertools.permutations(WAYS, 2):
            for stage in ("embed", "grads"):
                own, foreign = self.folders[way][stage], self.folders[other][stage]
                if own == foreign:
                    continue
                with self.subTest(way=way, other=other, stage=stage):
                    says, should_say = (foreign / "MANIFEST.json").read_text(), (own / "MANIFEST.json").read_text()
                    self.assertEqual(sealed_anew(says), says)
                    self.refused(way, stage, foreign, sealed_anew(says.replace(claims(says), claims(should_say))),
                                 "(template|tokenizer|model)_sha256 is [0-9a-f]{64}, but this config's is ")
                    if way == "plain":
                        self.refused(way, stage, foreign, says, "of other work than the folder's name says")
                    pairs += 1
        self.assertGreaterEqual(pairs, 16)
        print(f"R20: {pairs} inputs of another template, tokenizer or model, each with a manifest adapted to it: all refused")

    def test_a_newer_schema_is_refused(self) -> None:
        folder = self.folders["plain"]["grads"]
        newer = (folder / "MANIFEST.json").read_text().replace('"goracs_schema": 1', '"goracs_schema": 2')
        self.refused("plain", "grads", folder, sealed_anew(newer), "written by a newer goracs")


if __name__ == "__main__":
    unittest.main()
