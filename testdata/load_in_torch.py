"""Loads a safetensors file into PyTorch and prints what the network answers to the inputs
on stdin, in float64 and in float32. The file is read by the format's specification, since
the package safetensors may not be there.

    load_in_torch.py FILE SIZES ACTIVATIONS    e.g. digits.safetensors 784,16,16,10 sigmoid,sigmoid,sigmoid

Ends with status 77 where there is no PyTorch.
"""
import json
import struct
import sys

try:
    import numpy
    import torch
except ImportError as e:
    print(e)
    sys.exit(77)


def load_file(name):
    with open(name, "rb") as f:
        file = f.read()
    (length,) = struct.unpack("<Q", file[:8])
    text, data = file[8 : 8 + length], file[8 + length :]
    assert text[:1] == b"{" and length % 8 == 0, "header must begin with { and end at a multiple of 8"

    def unique(pairs):
        assert len(dict(pairs)) == len(pairs), "duplicate keys"
        return dict(pairs)

    header = json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    metadata = header.pop("__metadata__")
    assert all(type(v) is str for v in metadata.values()), metadata
    end, state = 0, {}
    for key, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        assert set(entry) == {"dtype", "shape", "data_offsets"} and entry["dtype"] == "F64", entry
        begin, stop = entry["data_offsets"]
        assert begin == end and stop - begin == 8 * numpy.prod(entry["shape"]), entry
        end = stop
        array = numpy.frombuffer(data[begin:stop], "<f8").reshape(entry["shape"])
        state[key] = torch.from_numpy(array.copy())
    assert end == len(data), "bytes of no tensor"
    return state, metadata


state, metadata = load_file(sys.argv[1])
sizes = [int(s) for s in sys.argv[2].split(",")]
assert metadata == {"format": "pt", "activations": sys.argv[3]}, metadata
functions = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
layers = []
for inputs, neurons, name in zip(sizes, sizes[1:], sys.argv[3].split(",")):
    layers += [torch.nn.Linear(inputs, neurons), functions[name]()]
rows = json.load(sys.stdin)
answers = {}
for name, dtype in {"float64": torch.float64, "float32": torch.float32}.items():
    net = torch.nn.Sequential(*layers).to(dtype)
    net.load_state_dict(state, strict=True)
    with torch.no_grad():
        answers[name] = net(torch.tensor(rows, dtype=dtype)).tolist()
print(json.dumps(answers))
