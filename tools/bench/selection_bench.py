"""Selection against POT's compiled network simplex, full scans and itself on two ranks; one JSON object a line.

    selection_bench.py BENCH_SELECTION GORACS [--threads 2] [--samples 20] [--only transport,greedy,prune,ranks,large,program,relaxed] [--folder FOLDER]

Synthetic clusters, d = 768, M = 5000, lambda 0.5, k = 30, 100 exchanges. POT gets the same costs in double and an iteration cap that it does not
reach; it and our solver work in turn on the same exchange, so that a busy machine slows both. Ratios are sums over sums. POT's side of the
refinement is its mean time for a solve times the solves made (`peer_solves_timed` of them were run). Memory is the peak over what the
process has after reading its flags, summed over ranks.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import ot

COLUMNS, DIMENSION, EXCHANGES, SEED = 5000, 768, 100, 1
MIDDLE, LARGE = 15000, 140000
ITERATIONS = 10_000_000
RANKS = ["--bind-to", "none", "--oversubscribe"]


def row(name, ours, peer, peer_name, unit="s", **more):
    ratio = round(peer / ours, 2) if peer is not None and ours else None
    rounded = {key: round(value, 6) if isinstance(value, float) else value for key, value in more.items()}
    print(json.dumps(dict(name=name, ours=round(ours, 6), peer=None if peer is None else round(peer, 6), peer_name=peer_name, unit=unit, ratio=ratio,
                          **rounded)), flush=True)


class Server:
    """bench_selection serve: a line in, a JSON object out."""

    def __init__(self, options, folder, budget):
        self.process = subprocess.Popen([options.program, "serve", folder, str(budget), str(EXCHANGES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=dict(os.environ, OMP_NUM_THREADS=str(options.threads)))
        self.built = json.loads(self.process.stdout.readline())

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def data(options, rows):
    folder = os.path.join(options.folder, f"clusters_{rows}")
    if not os.path.exists(os.path.join(folder, "norms.npy")):
        os.makedirs(folder, exist_ok=True)
        subprocess.run([options.program, "generate", str(rows), str(COLUMNS), str(DIMENSION), str(SEED), folder], check=True)
    return folder


def pot(cost, coreset):
    sub = np.ascontiguousarray(cost[coreset], dtype=np.float64)
    supply, demand = np.full(len(coreset), 1 / len(coreset)), np.full(COLUMNS, 1 / COLUMNS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the iteration cap
        start = time.perf_counter()
        value = ot.emd2(supply, demand, sub, numItermax=ITERATIONS)
        return time.perf_counter() - start, float(value)


def transport(options):
    name = f"POT {ot.__version__}, network simplex from scratch, one thread"
    for budget in (1000, 1024):
        server = Server(options, data(options, MIDDLE), budget)
        path = os.path.join(options.folder, "cost.npy")
        server.ask("costs", path)
        cost = np.load(path, mmap_mode="r")
        server.ask("greedy")
        refined = server.ask("refine")
        coreset = list(refined["coreset"])
        ours, peers, worst = [], [], 0.0
        for _ in range(min(3, options.samples)):
            own = server.ask("cold")
            seconds, value = pot(cost, coreset)
            ours.append(own["seconds"])
            peers.append(seconds)
            worst = max(worst, abs(own["value"] - value))
        row(f"transport_cold_n{budget}", sum(ours) / len(ours), sum(peers) / len(peers), name, threads=options.threads, objective_difference=worst)

        pairs = refined["pairs"]
        sampled = set(np.linspace(0, len(pairs) - 1, min(options.samples, len(pairs))).astype(int).tolist())
        ours, peers = [], []
        for k, (removed, added, _) in enumerate(pairs):
            own = server.ask("exchange", k)
            coreset[coreset.index(removed)] = added
            if k in sampled:
                seconds, value = pot(cost, coreset)
                ours.append(own["seconds"])
                peers.append(seconds)
                worst = max(worst, abs(own["value"] - value))
        row(f"transport_exchange_n{budget}", sum(ours) / len(ours), sum(peers) / len(peers), name, exchanges_timed=len(ours), median=float(np.median(ours)),
            threads=options.threads)
        row(f"objective_n{budget}", max(worst, 1e-17), 1e-9, "largest difference from POT's values; peer: what is allowed", unit="1")

        again = server.ask("refine")
        row(f"refine_100_n{budget}", again["seconds"], again["solves"] * sum(peers) / len(peers), f"the same loop with POT ({ot.__version__}) alone",
            solves=again["solves"], exchanges=len(pairs), peer_solves_timed=len(peers), start=again["first"], end=again["value"], threads=options.threads)
        server.close()


def greedy(options):
    server = Server(options, data(options, MIDDLE), 1000)
    found = server.ask("greedy")
    row("greedy_15000_n1000", found["lazy"], found["scan"], "full scan by the same kernel on the same threads", equal=found["equal"], threads=options.threads)
    server.close()


def prune(options):
    server = Server(options, data(options, MIDDLE), 1000)
    server.ask("greedy")
    server.ask("refine")
    found = server.ask("prune")
    row("pruning_pass_15000_n1000", found["lazy"], found["full"], "full scan by the same kernel on the same threads", equal=found["equal"],
        threads=options.threads)
    server.close()


def once(options, folder, budget, ranks, threads):
    output = subprocess.run(["mpirun", "-n", str(ranks), *RANKS, options.program, "once", folder, str(budget), str(EXCHANGES)], check=True,
                            capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS=str(threads))).stdout
    return json.loads(output.splitlines()[-1])


def ranks(options):
    folder, budget = data(options, MIDDLE), 1000
    one, two = once(options, folder, budget, 1, 1), once(options, folder, budget, 2, 1)
    for phase in ("distances", "greedy", "refine"):
        row(f"two_ranks_{phase}", two[phase], one[phase], "one rank, one thread each", equal=one["value"] == two["value"])
    row("bytes_per_exchange", two["bytes_per_exchange"], None, "sent by rank 0 of two", unit="bytes")
    for ranks_used, run in ((1, one), (2, two)):
        allowed = 1.15 * run["cost_bytes"] + (32 << 20)
        row(f"memory_costs_{ranks_used}_ranks", run["peak_bytes_costs"] / run["cost_bytes"], allowed / run["cost_bytes"], "allowed: 1.15 + 32 MiB", unit="4NM")
        allowed += ranks_used * run["coreset_bytes_per_rank"]
        row(f"memory_select_{ranks_used}_ranks", run["peak_bytes"] / run["cost_bytes"], allowed / run["cost_bytes"],
            "allowed: 1.15 + 32 MiB + the coreset's rows per rank", unit="4NM")


def large(options):
    run = once(options, data(options, LARGE), 1024, 1, options.threads)
    row("greedy_refine_140000_n1024", run["greedy"] + run["refine"], 20.0, "target", greedy=run["greedy"], refine=run["refine"], distances=run["distances"],
        threads=options.threads)
    row("memory_140000", run["peak_bytes"] / 2**30, 4.0, "target", unit="GiB")


def program(options):
    """The whole program on arrays, peak memory by the kernel's account."""
    for rows, budget, limit in ((MIDDLE, 1000, 15.0), (LARGE, 1024, 90.0)):
        folder = data(options, rows)
        command = [options.goracs, "select", "--train-embeddings", f"{folder}/train.npy", "--valid-embeddings", f"{folder}/valid.npy", "--gradient-norms",
                   f"{folder}/norms.npy", "--budget", str(budget), "--lambda", "0.5", "--max-exchanges", str(EXCHANGES), "--exchange-candidates", "30",
                   "--out", os.path.join(options.folder, "coreset.h5")]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ, OMP_NUM_THREADS=str(options.threads)))
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status != 0:
            sys.exit(f"{' '.join(command)}: status {status}")
        row(f"goracs_select_{rows}", seconds, limit, "target", cpu_seconds=usage.ru_utime + usage.ru_stime, peak_gib=usage.ru_maxrss / 2**20,
            threads=options.threads)


def relaxed(options):
    """The certified gap of `select.method: relaxed` after so many seconds behind greedy."""
    program = os.path.join(os.path.dirname(options.program), "bench_relaxed")
    for rows, budget, seconds, limit in ((MIDDLE, 1000, 20, 1.5), (LARGE, 1024, 60, 3.0)):
        folder = data(options, rows)
        output = subprocess.run([program, f"{folder}/train.npy", f"{folder}/valid.npy", f"{folder}/norms.npy", "0.5", str(seconds), str(budget)], check=True,
                                capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS=str(options.threads))).stdout
        found = json.loads(output.splitlines()[-1])
        row(f"relaxed_{rows}_n{budget}", found["ours"], limit, "target", unit="%", gap_of_greedy=found["peer"], seconds=found["seconds"],
            before_exchanges=found["gap_before_exchanges"], seconds_before_exchanges=found["seconds_before_exchanges"],
            stop_reason=found["stop_reason"], threads=options.threads)


PARTS = dict(transport=transport, greedy=greedy, prune=prune, ranks=ranks, large=large, program=program, relaxed=relaxed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("goracs")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = options.folder or temporary
        for part in options.only.split(","):
            PARTS[part](options)


if __name__ == "__main__":
    main()
