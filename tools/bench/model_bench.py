"""Embedding and the first logits after start against sentence-transformers and transformers, on the same files, texts and threads; one JSON object a
line.

    model_bench.py BENCH_MODEL --models FOLDER --ratings FOLDER [--threads 2] [--texts 2000] [--only embed,first]

`embed`: SeqRec prompts of MovieLens-100k by all-MiniLM-L6-v2, float32; sentence-transformers' `encode` with batches of 32; the best of two on each side,
in turn. `first`: a whole process from its start to the logits behind a prompt, SmolLM2 in float32; the best of three in turn. The values are compared.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import h5py
import numpy as np

from tune_bench import Seconds, ratings, seqrec, timed

FIRST = """
import sys, torch, transformers
torch.set_num_threads(int(sys.argv[3]))
model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
ids = transformers.AutoTokenizer.from_pretrained(sys.argv[1])(sys.argv[2], return_tensors="pt")
with torch.no_grad():
    best = model(**ids).logits[0, -1].topk(10)
for i, x in zip(best.indices.tolist(), best.values.tolist()):
    print(i, x)
"""


def row(name, ours, peer, peer_name, **more):
    print(json.dumps(dict(name=name, ours=round(ours, 4), peer=round(peer, 4), peer_name=peer_name, unit="s", ratio=round(peer / ours, 3), **more)), flush=True)


def embed(options, prompts, folder):
    import sentence_transformers
    import torch
    torch.set_num_threads(options.threads)
    encoder = os.path.join(options.models, "all-minilm-l6-v2")
    texts, out = os.path.join(folder, "texts.json"), os.path.join(folder, "embeddings.h5")
    with open(texts, "w", encoding="utf-8") as file:
        json.dump(prompts, file)
    peer = sentence_transformers.SentenceTransformer(encoder, device="cpu")
    peer.max_seq_length = 512
    ours_runs, peer_runs = [], []
    for _ in range(2):
        run = subprocess.run([options.program, "embed", encoder, texts, out, str(options.threads)], check=True, capture_output=True, text=True)
        ours_runs.append(Seconds(*map(float, run.stdout.split())))
        seconds, expected = timed(lambda: peer.encode(prompts, batch_size=32, convert_to_numpy=True, normalize_embeddings=True, show_progress_bar=False))
        peer_runs.append(seconds)
    with h5py.File(out) as file:
        found = file["embeddings"][:]
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    ours, peers = ([min(column) for column in zip(*runs)] for runs in (ours_runs, peer_runs))
    row(f"embed_{len(prompts)}_prompts", ours[0], peers[0], f"sentence-transformers {sentence_transformers.__version__} encode, batch 32",
        ratio_of_cpu_seconds=round(peers[1] / ours[1], 3), max_abs_difference=float(np.abs(found - expected).max()))


def first(options, prompts, _):
    model = os.path.join(options.models, "smollm2-135m-instruct")
    commands = {"ours": [options.program, "first"], "peer": [sys.executable, "-c", FIRST]}
    best, shown = {"ours": float("inf"), "peer": float("inf")}, {}
    for _ in range(3):
        for side, command in commands.items():
            begin = time.perf_counter()
            run = subprocess.run([*command, model, prompts[0], str(options.threads)], check=True, capture_output=True, text=True)
            best[side] = min(best[side], time.perf_counter() - begin)
            shown[side] = np.array([line.split() for line in run.stdout.splitlines()], dtype=float)
    same = bool((shown["ours"][:, 0] == shown["peer"][:, 0]).all())
    row("first_logits_after_start", best["ours"], best["peer"], "python: import transformers, load, one forward", same_ten_tokens=same,
        max_abs_difference=float(np.abs(shown["ours"][:, 1] - shown["peer"][:, 1]).max()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--models", required=True, help="folder with smollm2-135m-instruct and all-minilm-l6-v2")
    parser.add_argument("--ratings", required=True, help="folder of ml-100k")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--only", default="embed,first")
    options = parser.parse_args()
    prompts = ["".join(seqrec(*sample)) for sample in ratings(options.ratings)][:options.texts]
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only.split(","):
            {"embed": embed, "first": first}[name](options, prompts, folder)


if __name__ == "__main__":
    main()
