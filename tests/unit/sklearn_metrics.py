"""Our classification metrics against scikit-learn's on random samples with ties, zeros and ones.

    sklearn_metrics.py PRINT_METRICS
"""
import subprocess
import sys

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

TOLERANCE = 1e-12  # both sum in double, in another order


def cases(rng):
    for classes in (2, 3, 5):
        for n in (classes * 2, 31, 33, 1000):
            for levels in (4, 1000, 0):
                labels = np.r_[np.arange(classes), np.arange(classes), rng.integers(0, classes, n)][:n]
                p = rng.random((n, classes)) + 0.5 * np.eye(classes)[labels]
                p /= p.sum(1, keepdims=True)
                if levels and classes == 2:
                    p[:, 1] = np.round(p[:, 1] * levels) / levels
                    p[:, 0] = 1 - p[:, 1]
                elif levels == 4:  # few distinct rows: ties, zeros and ones that still sum to one
                    p = rng.multinomial(levels, p) / levels
                yield labels, p


def expected(labels, p):
    classes = p.shape[1]
    if classes == 2:
        area, loss = roc_auc_score(labels, p[:, 1]), log_loss(labels, p[:, 1], labels=[0, 1])
    else:
        area, loss = roc_auc_score(labels, p, multi_class="ovr"), log_loss(labels, p, labels=range(classes))
    return area, accuracy_score(labels, p.argmax(1)), loss


def main():
    samples = list(cases(np.random.default_rng(7)))
    text = "".join(f"{p.shape[1]} {len(l)}\n" + "".join(f"{a} " + " ".join(map(repr, map(float, row))) + "\n" for a, row in zip(l, p)) for l, p in samples)
    lines = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == len(samples) > 0
    worst = 0.0
    for line, (labels, p) in zip(lines, samples):
        difference = np.abs(np.array(line.split(), float) - expected(labels, p))
        assert (difference <= TOLERANCE).all(), (p.shape, line, expected(labels, p))
        worst = max(worst, difference.max())
    print(f"{len(samples)} cases, largest difference {worst:.1e}")


if __name__ == "__main__":
    main()
