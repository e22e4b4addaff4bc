"""Computes golden.json with NumPy, independently of the library: forward, backward and
three SGD steps of small networks. Written out layer by layer, in the book's column form
(a' = σ(W·a + b), one example a column), so that a mistake in the library's row form
does not repeat itself here.

    python3 golden.py > golden.json        (Debian: python3-numpy)
"""
import json
import numpy as np

rng = np.random.default_rng(13002)

ACTIVATION = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "linear": (lambda z: z, np.ones_like),
    "softmax": (lambda z: np.exp(z) / np.exp(z).sum(0), None),
}


def case(name, sizes, activations, cost, m, rate, momentum, decay, zeros):
    W = [rng.standard_normal((c, n)) / np.sqrt(n) for n, c in zip(sizes, sizes[1:])]
    b = [rng.standard_normal((c, 1)) / 2 for c in sizes[1:]]
    X = rng.random((sizes[0], m)) * (rng.random((sizes[0], m)) >= zeros)
    if activations[-1] == "linear":
        T = 3 * rng.standard_normal((sizes[-1], m))
    elif activations[-1] == "softmax":
        T = rng.dirichlet(np.ones(sizes[-1]), m).T
    else:
        T = np.eye(sizes[-1])[:, rng.integers(0, sizes[-1], m)] if sizes[-1] > 1 else rng.integers(0, 2, (1, m)) * 1.0
    out = {
        "name": name, "sizes": sizes, "activations": activations, "cost": cost, "rate": rate,
        "momentum": momentum, "decay": decay,
        "inputs": X.T.tolist(), "targets": T.T.tolist(),
        # the library keeps weights inputs × neurons
        "weights": [w.T.tolist() for w in W], "biases": [v[:, 0].tolist() for v in b],
        "steps": [],
    }
    V, v = [0 * w for w in W], [0 * x for x in b]
    for _ in range(3):
        A, Z = [X], []
        for w, x, f in zip(W, b, activations):
            Z.append(w @ A[-1] + x)
            A.append(ACTIVATION[f][0](Z[-1]))
        a = A[-1]
        if cost == "quadratic":
            C = ((a - T) ** 2).sum() / 2 / m
            D = (a - T) * ACTIVATION[activations[-1]][1](Z[-1])
        elif activations[-1] == "softmax":
            C = -(T * np.log(a)).sum() / m
            D = a - T
        else:
            C = -(T * np.log(a) + (1 - T) * np.log(1 - a)).sum() / m
            D = a - T
        deltas = [D]
        for l in range(len(W) - 1, 0, -1):
            D = (W[l].T @ D) * ACTIVATION[activations[l - 1]][1](Z[l - 1])
            deltas.insert(0, D)
        for l in range(len(W)):
            V[l] = momentum * V[l] - rate / m * deltas[l] @ A[l].T
            v[l] = momentum * v[l] - rate / m * deltas[l].sum(1, keepdims=True)
            W[l] = W[l] - rate * decay * W[l] + V[l]
            b[l] = b[l] + v[l]
        out["steps"].append({
            "cost": C, "activations": [x.T.tolist() for x in A[1:]], "deltas": [d.T.tolist() for d in deltas],
            "weights": [w.T.tolist() for w in W], "biases": [x[:, 0].tolist() for x in b],
        })
    return out


S, H, R, L, M = "sigmoid", "tanh", "relu", "linear", "softmax"
print(json.dumps([
    case("the article's layers in small, plain SGD", [12, 5, 5, 3], [S, S, S], "quadratic", 4, 3.0, 0, 0, 0.6),
    case("cross-entropy", [12, 5, 5, 3], [S, S, S], "crossentropy", 4, 0.5, 0, 0, 0.6),
    case("momentum and decay", [9, 6, 3], [S, S], "crossentropy", 5, 0.3, 0.9, 0.01, 0.3),
    case("tanh layers", [7, 6, 5, 2], [H, H, H], "quadratic", 3, 0.2, 0.5, 0, 0),
    case("relu below a sigmoid", [7, 9, 3], [R, S], "crossentropy", 6, 0.1, 0, 0.1, 0.2),
    case("relu to the end", [7, 9, 3], [R, R], "quadratic", 6, 0.1, 0, 0, 0.2),
    case("one output, one layer", [4, 1], [S], "quadratic", 2, 1.0, 0, 0, 0),
    case("linear above a tanh", [3, 5, 2], [H, L], "quadratic", 4, 0.1, 0.5, 0.01, 0.2),
    case("linear layers, one output", [3, 4, 1], [L, L], "quadratic", 3, 0.1, 0, 0, 0),
    case("softmax above sigmoids", [9, 6, 4], [S, M], "crossentropy", 5, 0.5, 0.9, 0.01, 0.3),
    case("softmax alone", [5, 3], [M], "crossentropy", 4, 0.5, 0, 0, 0),
], separators=(",", ":")))
