"""Our transport's values against POT's on 200 random instances: ties, duplicates, n | M, coprime, n > M, one row.

    pot_transport.py PRINT_TRANSPORT
"""
import subprocess
import sys

import numpy as np
import ot

INSTANCES = 200
TOLERANCE = 1e-12  # both values are sums of double; ours is rounded once
SIZES = ((1, 7), (5, 1), (4, 12), (5, 12), (12, 5), (16, 16), (13, 40), (20, 60), (30, 31), (64, 48))


def costs(rng, n, m, kind):
    cost = rng.random((n + 1, m), dtype=np.float32)  # 24 bits: multiples of 2^-24
    if kind > 0:
        cost = np.floor(cost * 64) / np.float32(64)
    if kind > 1:  # duplicate rows and columns
        cost[1::3] = cost[:-1:3][: len(cost[1::3])]
        cost[:, 1::2] = cost[:, : m - 1 : 2][:, : cost[:, 1::2].shape[1]]
    return cost.astype(np.float32)


def main():
    rng = np.random.default_rng(11)
    problems = [costs(rng, *SIZES[k % len(SIZES)], (k // len(SIZES)) % 3) for k in range(INSTANCES)]
    text = "".join(f"{len(c) - 1} {c.shape[1]}\n" + " ".join(np.format_float_positional(x, unique=True) for x in c.ravel()) + "\n" for c in problems)
    lines = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == INSTANCES
    worst = 0.0
    for line, cost in zip(lines, problems):
        n, m = len(cost) - 1, cost.shape[1]
        for value, rows in zip(map(float, line.split()), (range(n), [n, *range(1, n)])):
            expected = ot.emd2(np.full(n, 1 / n), np.full(m, 1 / m), cost[list(rows)].astype(np.float64), numItermax=10**7)
            assert abs(value - expected) <= TOLERANCE, (n, m, value, expected)
            worst = max(worst, abs(value - expected))
    print(f"{2 * INSTANCES} transports, largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
