"""NumPy, a mini-batch as one matrix in float32: the fastest plain form."""
import numpy as np
from mnist import batch, hidden, load, say, sizes
from timing import best

x, y, tx, ty = load()
r = np.random.default_rng(1)
W = [(r.standard_normal((n, c)) / np.sqrt(n)).astype(np.float32) for n, c in zip(sizes, sizes[1:])]
B = [np.zeros(c, np.float32) for c in sizes[1:]]
T = np.eye(10, dtype=np.float32)[y]
rate = np.float32(3 if hidden == 16 else 0.5)


def forward(a):
    A = [a]
    for w, b in zip(W, B):
        A.append(1 / (1 + np.exp(-(A[-1] @ w + b))))
    return A


def epoch():
    order = r.permutation(len(x))
    for i in range(0, len(x), batch):
        q = order[i:i + batch]
        A = forward(x[q])
        d = (A[-1] - T[q]) * A[-1] * (1 - A[-1])
        for l in (2, 1, 0):
            dw, db = A[l].T @ d, d.sum(0)
            if l:
                d = (d @ W[l].T) * A[l] * (1 - A[l])
            W[l] -= rate / len(q) * dw
            B[l] -= rate / len(q) * db


say("numpy", "epoch s", best(epoch, 5 if hidden < 256 else 2))
if (hidden, batch) == (16, 10):
    say("numpy", "accuracy after 5 %", (forward(tx)[-1].argmax(1) == ty).mean() * 100)
    say("numpy", "one prediction µs", best(lambda: [forward(v) for v in tx[:2000]], 3) / 2000 * 1e6)
    say("numpy", "10,000 at once /s", 1e4 / best(lambda: forward(tx), 10))
