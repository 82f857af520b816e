#!/usr/bin/env python3
"""A GGUF file (llama architecture, byte-level BPE tokenizer) as a Hugging Face LLaMA folder.

    gguf_to_hf.py MODEL.gguf OUT

Weights are dequantised to float32: Q4_1 values (4 bits x half-precision scale + half-precision minimum) fit no smaller type exactly.
"""
import json
import pathlib
import sys
import time

import numpy as np
from gguf import GGUFReader, dequantize

from safetensors_file import write_safetensors

TOP = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight", "output.weight": "lm_head.weight"}
BLOCK = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj"}
SPECIAL_TOKEN = 3  # GGUF's token type "control"


class Metadata:
    def __init__(self, reader: GGUFReader):
        self.fields = reader.fields

    def __call__(self, key: str, default=None):
        if key in self.fields:
            return self.fields[key].contents()
        if default is None:
            sys.exit(f"gguf_to_hf: the file has no metadata '{key}'")
        return default


def rotary_halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """GGUF stores the rows of q and k interleaved per head; Hugging Face wants the two rotary halves one after the other."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, half, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def hugging_face_name(name: str) -> str:
    parts = name.split(".")
    return f"model.layers.{parts[1]}.{BLOCK[parts[2]]}.{parts[3]}" if parts[0] == "blk" else TOP[name]


def read_weights(reader: GGUFReader, heads: int, kv_heads: int) -> dict[str, np.ndarray]:
    weights = {}
    for tensor in reader.tensors:
        shape = [int(d) for d in tensor.shape][::-1]  # GGUF counts the fastest dimension first
        weight = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32).reshape(shape)
        if ".attn_q." in tensor.name:
            weight = rotary_halves(weight, heads)
        elif ".attn_k." in tensor.name:
            weight = rotary_halves(weight, kv_heads)
        weights[hugging_face_name(tensor.name)] = np.ascontiguousarray(weight)
    return weights


def config_of(meta: Metadata, weights: dict[str, np.ndarray], vocabulary: int) -> dict:
    epsilon = float(f"{meta('llama.attention.layer_norm_rms_epsilon'):.6g}")  # a float32 of the file: 1e-5, not 9.99999974e-06
    return {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": meta("llama.embedding_length"),
            "num_hidden_layers": meta("llama.block_count"), "intermediate_size": meta("llama.feed_forward_length"),
            "num_attention_heads": meta("llama.attention.head_count"), "num_key_value_heads": meta("llama.attention.head_count_kv"),
            "hidden_act": "silu", "max_position_embeddings": meta("llama.context_length"), "rms_norm_eps": epsilon,
            "rope_theta": meta("llama.rope.freq_base", 10000.0), "vocab_size": vocabulary,
            "tie_word_embeddings": "lm_head.weight" not in weights, "attention_bias": False, "mlp_bias": False,
            "bos_token_id": meta("tokenizer.ggml.bos_token_id"), "eos_token_id": meta("tokenizer.ggml.eos_token_id"),
            "pad_token_id": meta("tokenizer.ggml.padding_token_id"), "torch_dtype": "float32"}


def check_weights(config: dict, weights: dict[str, np.ndarray]) -> None:
    """Every tensor that the configuration asks for is there in its shape, none besides, and all values are finite."""
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    kv = hidden // config["num_attention_heads"] * config["num_key_value_heads"]
    layer = {"input_layernorm": (hidden,), "post_attention_layernorm": (hidden,), "self_attn.q_proj": (hidden, hidden),
             "self_attn.k_proj": (kv, hidden), "self_attn.v_proj": (kv, hidden), "self_attn.o_proj": (hidden, hidden),
             "mlp.gate_proj": (inner, hidden), "mlp.up_proj": (inner, hidden), "mlp.down_proj": (hidden, inner)}
    expected = {f"model.layers.{i}.{name}.weight": shape for i in range(config["num_hidden_layers"]) for name, shape in layer.items()}
    expected |= {"model.embed_tokens.weight": (vocabulary, hidden), "model.norm.weight": (hidden,)}
    if not config["tie_word_embeddings"]:
        expected["lm_head.weight"] = (vocabulary, hidden)
    found = {name: weight.shape for name, weight in weights.items()}
    if found != expected:
        sys.exit(f"gguf_to_hf: tensors other than the configuration says: {sorted(set(found.items()) ^ set(expected.items()))[:6]}")
    broken = [name for name, weight in weights.items() if not np.isfinite(weight).all()]
    if broken:
        sys.exit(f"gguf_to_hf: values that are not finite in {broken[:6]}")


def tokenizer_of(meta: Metadata, tokens: list[str]) -> dict:
    if meta("tokenizer.ggml.model") != "gpt2" or meta("tokenizer.ggml.pre") != "smollm":
        sys.exit("gguf_to_hf: only byte-level BPE with the pre-tokenizer 'smollm' is known")
    special = [i for i, kind in enumerate(meta("tokenizer.ggml.token_type")) if kind == SPECIAL_TOKEN]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                              "special": True} for i in special],
            "normalizer": None,
            # "smollm": every digit alone, then GPT-2's split
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
            "post_processor": None, "decoder": byte_level | {"add_prefix_space": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                      "fuse_unk": False, "byte_fallback": False, "vocab": {token: i for i, token in enumerate(tokens)},
                      "merges": [merge.split(" ") for merge in meta("tokenizer.ggml.merges")]}}


def special_tokens(meta: Metadata, tokens: list[str]) -> dict:
    names = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
    return {name: tokens[meta(f"tokenizer.ggml.{key}_token_id")] for name, key in names.items()}


def write_json(path: pathlib.Path, value: dict, indent: int | None = 1) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), encoding="utf-8")


def main() -> None:
    start = time.monotonic()
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    reader = GGUFReader(sys.argv[1])
    meta = Metadata(reader)
    tokens = meta("tokenizer.ggml.tokens")
    weights = read_weights(reader, meta("llama.attention.head_count"), meta("llama.attention.head_count_kv"))
    config = config_of(meta, weights, len(tokens))
    check_weights(config, weights)

    write_safetensors(out / "model.safetensors", weights)
    special = special_tokens(meta, tokens)
    write_json(out / "config.json", config)
    write_json(out / "generation_config.json", {key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")})
    write_json(out / "tokenizer.json", tokenizer_of(meta, tokens), indent=None)
    write_json(out / "special_tokens_map.json", special)
    write_json(out / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **special, "add_prefix_space": False,
                                               "model_max_length": config["max_position_embeddings"], "clean_up_tokenization_spaces": False,
                                               "chat_template": meta("tokenizer.chat_template", "")})
    print(f"{len(weights)} tensors, {sum(w.size for w in weights.values())} numbers, {len(tokens)} tokens, {time.monotonic() - start:.1f} s")


if __name__ == "__main__":
    main()
