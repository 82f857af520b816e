"""Preparation and tokenising against Python's own and Hugging Face's `tokenizers`, on the same files; one JSON object a line.

    data_bench.py BENCH_DATA --models FOLDER --ratings FOLDER [--external FOLDER] [--threads 2] [--only tokenise,prepare] [--games FOLDER]

`tokenise`: 10,000 SeqRec prompts of MovieLens-100k, one thread on either side, a fresh tokenizer each time, best of three; the sums of all ids are compared.
`prepare`: a synthetic Amazon Games data set of full size (made in a temporary folder, or in --games and kept there) to train.json, valid.json and
test.json; the files are compared. Needs `tokenizers` (tools/setup.sh --oracle).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

REPEATS = 3


def ours(program, *words):
    environment = dict(os.environ, OMP_WAIT_POLICY="passive", OMP_NUM_THREADS="1")
    return json.loads(subprocess.run([program, *words], check=True, capture_output=True, text=True, env=environment).stdout)


def row(name, own, peer, peer_name, **more):
    print(json.dumps(dict(name=name, ours=round(own, 4), peer=round(peer, 4), peer_name=peer_name, unit="s", ratio=round(peer / own, 2), **more)), flush=True)


def tokenise(options, folder):
    os.environ.update(TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")
    import tokenizers
    path = os.path.join(folder, "prompts.json")
    subprocess.run([options.program, "prompts", options.ratings, path], check=True)
    with open(path, encoding="utf-8") as file:
        texts = json.load(file)
    folders = {"smollm2": os.path.join(options.models, "smollm2-135m-instruct"), "minilm": os.path.join(options.models, "all-minilm-l6-v2")}
    if options.external:
        folders["llama_fast"] = os.path.join(options.external, "llama_fast")
    for name, model in folders.items():
        own = ours(options.program, "tokenise", model, path)
        best, best_cpu, total = float("inf"), float("inf"), 0
        for _ in range(REPEATS):
            peer = tokenizers.Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
            peer.no_padding()
            peer.no_truncation()
            start, start_cpu = time.perf_counter(), time.process_time()
            encodings = peer.encode_batch(texts)
            best, best_cpu = min(best, time.perf_counter() - start), min(best_cpu, time.process_time() - start_cpu)
            total = sum(sum(encoding.ids) for encoding in encodings)
        row(f"tokenise_{len(texts)}_prompts_{name}", own["seconds"], best, f"tokenizers {tokenizers.__version__}, one thread", tokens=own["tokens"],
            ratio_of_cpu_seconds=round(best_cpu / own["cpu_seconds"], 2), equal=own["sum"] == total)


def prepare(options, folder):
    games = options.games or os.path.join(folder, "games")
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data_games.py")
    if not os.path.exists(os.path.join(games, "id2name.txt")):
        subprocess.run([sys.executable, script, "write", games], check=True)
    own_out, peer_out = os.path.join(folder, "ours"), os.path.join(folder, "peer")
    own = min((ours(options.program, "prepare", games, own_out, str(options.threads)) for _ in range(REPEATS)), key=lambda run: run["seconds"])
    peer = float(subprocess.run([sys.executable, script, "prepare", games, peer_out], check=True, capture_output=True, text=True).stdout)
    equal = True
    for name in ("train.json", "valid.json", "test.json"):
        with open(os.path.join(own_out, name), encoding="utf-8") as a, open(os.path.join(peer_out, name), encoding="utf-8") as b:
            equal = equal and json.load(a) == json.load(b)
    row("prepare_full_size_games", own["seconds"], peer, "the same rules in Python", samples=own["samples"], threads=options.threads, equal=equal)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--models", required=True, help="folder with smollm2-135m-instruct and all-minilm-l6-v2")
    parser.add_argument("--ratings", required=True, help="folder of ml-100k")
    parser.add_argument("--external", help="folder with llama_fast/tokenizer.json")
    parser.add_argument("--games", help="keep the synthetic files here")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="tokenise,prepare")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only.split(","):
            {"tokenise": tokenise, "prepare": prepare}[name](options, folder)


if __name__ == "__main__":
    main()
