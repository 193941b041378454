#!/usr/bin/env python3
"""Makes pipelines/models/convnet.safetensors: two convolutions, each with batch normalisation, and a linear layer.

    python3 make_model.py

The weights are random, from a fixed seed: the sample shows what the stage does to a file, not to an accuracy.
"""

import json
import struct
from pathlib import Path

import numpy as np

generator = np.random.default_rng(7)


def weights(*shape):
    return generator.normal(0, np.prod(shape[1:]) ** -0.5, shape)


def normalisation(name, channels):
    return {
        f"{name}.weight": generator.uniform(0.5, 1.5, channels),
        f"{name}.bias": generator.normal(0, 0.1, channels),
        f"{name}.running_mean": generator.normal(0, 0.1, channels),
        f"{name}.running_var": generator.uniform(0.5, 2, channels),
    }


tensors = {
    "conv1.weight": weights(8, 1, 3, 3), **normalisation("bn1", 8),
    "conv2.weight": weights(16, 8, 3, 3), **normalisation("bn2", 16),
    "fc.weight": weights(10, 64), "fc.bias": np.zeros(10),
}
header, data = {}, b""
for name, tensor in tensors.items():
    bytes_ = tensor.astype("<f4").tobytes()
    header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
    data += bytes_
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
path = Path(__file__).parent / "pipelines" / "models" / "convnet.safetensors"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_bytes(struct.pack("<Q", len(text)) + text + data)
