"""Writes the golden files of safetensors_test.go, independently of the library: the
networks are PyTorch's own, the format is written by hand from its specification
(https://github.com/huggingface/safetensors, section Format), and the outputs in
safetensors.json are what PyTorch computes in float64 from the parameters in the file.

    /usr/bin/python3 safetensors.py        (Debian: python3-torch)

torch_f32.safetensors    as safetensors.torch.save_file writes it: float32, sorted by name
numpy_f64.safetensors    as safetensors.numpy.save_file writes it: float64, no metadata
named_f64.safetensors    with functions named, and all the freedom that the format leaves:
                         data not in the header's order, white space, no padding, escapes
torch_f16.safetensors    as safetensors.torch.save_file writes it: float16, a module's names
torch_bf16.safetensors   bfloat16, with model.10, which sorts before model.2 as text
"""
import json
import os
import struct
from collections import OrderedDict

import torch
from torch.nn import Linear, ReLU, Sequential, Sigmoid, Tanh

HERE = os.path.dirname(os.path.abspath(__file__))


def write(name, header, data):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header + data)


def offsets(state, order):
    """The header's entries in the order of state, and the data in the given order."""
    entries, data = {name: {} for name in state}, b""
    for name in order:
        dtype = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}[state[name].dtype]
        array = (state[name].view(torch.int16) if dtype == "BF16" else state[name]).numpy()
        raw = array.astype(array.dtype.newbyteorder("<")).tobytes("C")
        entries[name] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    return entries, data


def plain(name, state, metadata):
    entries, data = offsets(state, sorted(state))
    header = {"__metadata__": metadata} if metadata else {}
    header.update({key: entries[key] for key in sorted(entries)})
    text = json.dumps(header, separators=(",", ":")).encode()
    write(name, text + b" " * (-len(text) % 8), data)


def expect(name, net, inputs):
    x = torch.tensor(inputs, dtype=torch.float64)
    return {"file": name, "inputs": inputs, "outputs": net.double()(x).tolist()}


torch.manual_seed(13002)
torch.set_grad_enabled(False)
inputs = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.5], [0.25, -3.0, 7.5], [1e-3, 100.0, -100.0]]
expected = []

net = Sequential(Linear(3, 4), Sigmoid(), Linear(4, 2), Sigmoid())
plain("torch_f32.safetensors", net.state_dict(), {"format": "pt"})
expected.append(expect("torch_f32.safetensors", net, inputs))

net = Sequential(Linear(3, 5), Sigmoid(), Linear(5, 4), Sigmoid(), Linear(4, 2), Sigmoid()).double()
plain("numpy_f64.safetensors", net.state_dict(), None)
expected.append(expect("numpy_f64.safetensors", net, inputs))

net = Sequential(Linear(3, 4), Tanh(), Linear(4, 3), ReLU(), Linear(3, 2), Sigmoid()).double()
entries, data = offsets(net.state_dict(), ["4.bias", "0.weight", "2.bias", "4.weight", "0.bias", "2.weight"])
entries["__metadata__"] = {"made by": "PyTorch", "activations": "tanh,relu,sigmoid", "ключ": "значение"}
text = json.dumps(entries, indent=1).replace('"2.bias"', '"\\u0032.bias"').encode()
write("named_f64.safetensors", text, data)
expected.append(expect("named_f64.safetensors", net, inputs))

net = Sequential(OrderedDict(fc1=Linear(3, 4), s1=Sigmoid(), fc2=Linear(4, 4), s2=Sigmoid(), out=Linear(4, 2), s3=Sigmoid())).half()
plain("torch_f16.safetensors", net.state_dict(), {"format": "pt"})
expected.append(expect("torch_f16.safetensors", net, inputs))

layers = [module for i in range(6) for module in (Linear(3, 3), Sigmoid())]
net = Sequential(OrderedDict(model=Sequential(*layers))).bfloat16()
plain("torch_bf16.safetensors", net.state_dict(), {"format": "pt"})
expected.append(expect("torch_bf16.safetensors", net, inputs))

with open(os.path.join(HERE, "safetensors.json"), "w") as f:
    json.dump(expected, f, indent=1)
    f.write("\n")
