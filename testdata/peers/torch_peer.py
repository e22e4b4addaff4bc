"""PyTorch on the CPU, tensors in memory, nn.Sequential and SGD."""
import os
import numpy as np
import torch
from mnist import batch, hidden, load, say, sizes
from timing import best

torch.set_num_threads(int(os.environ.get("THREADS", "1")))
torch.manual_seed(1)
x, y, tx, ty = load()
x, tx = torch.from_numpy(x), torch.from_numpy(tx)
T = torch.eye(10)[torch.from_numpy(y.astype(np.int64))]
layers = []
for n, c in zip(sizes, sizes[1:]):
    layers += [torch.nn.Linear(n, c), torch.nn.Sigmoid()]
net = torch.nn.Sequential(*layers)
optimizer = torch.optim.SGD(net.parameters(), lr=3.0 if hidden == 16 else 0.5)


def epoch():
    order = torch.randperm(len(x))
    for i in range(0, len(x), batch):
        q = order[i:i + batch]
        cost = 0.5 * ((net(x[q]) - T[q]) ** 2).sum() / len(q)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()


say("torch", "epoch s", best(epoch, 3 if hidden < 256 else 2))
if (hidden, batch) == (16, 10):
    with torch.inference_mode():
        say("torch", "accuracy after 3 %", (net(tx).argmax(1).numpy() == ty).mean() * 100)
        say("torch", "one prediction µs", best(lambda: [net(v) for v in tx[:2000]], 3) / 2000 * 1e6)
        say("torch", "10,000 at once /s", 1e4 / best(lambda: net(tx), 10))
