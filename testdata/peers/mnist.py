"""MNIST as NumPy arrays, and the two command-line arguments that all peers take."""
import gzip, os, sys
import numpy as np

hidden = int(sys.argv[1]) if len(sys.argv) > 1 else 16
batch = int(sys.argv[2]) if len(sys.argv) > 2 else 10
sizes = [784, hidden, hidden, 10]


def read(name, skip):
    with gzip.open(os.path.join(os.environ["MNIST_DIR"], name)) as f:
        return np.frombuffer(f.read(), np.uint8, offset=skip)


def load():
    x = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32) / 255
    tx = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype(np.float32) / 255
    return x, read("train-labels-idx1-ubyte.gz", 8), tx, read("t10k-labels-idx1-ubyte.gz", 8)


def say(peer, figure, value):
    print(f"{peer:12} width={hidden:<5} batch={batch:<5} {figure:22} {value:.6g}", flush=True)
