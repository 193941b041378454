#!/usr/bin/env python3
"""Trains digits-mlp.safetensors, the model of the sample pipelines.

A multilayer perceptron (64-256-128-10, ReLU) on scikit-learn's digits: 1,797 images of 8 x 8 pixels, of which a
stratified third is held out. Run it with any Python that has scikit-learn:

    python3 -m venv .venv && .venv/bin/pip install scikit-learn
    .venv/bin/python pipelines/models/train_digits.py
"""

import json
import pathlib
import struct

import numpy
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

SEED = 7


def digits():
    """Training and test images in 0...1, and their labels; the same split every time."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(
        (images / 16).astype(numpy.float32), labels, test_size=1 / 3, random_state=SEED, stratify=labels)


def train():
    train_images, _, train_labels, _ = digits()
    # Weight decay pulls what is not needed towards zero, which makes room for pruning.
    model = MLPClassifier(hidden_layer_sizes=(256, 128), alpha=0.3, max_iter=600, tol=1e-5, random_state=SEED)
    model.fit(train_images, train_labels)
    tensors = {}
    for number, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_), start=1):
        tensors[f"fc{number}.weight"] = numpy.ascontiguousarray(weight.T, dtype=numpy.float32)
        tensors[f"fc{number}.bias"] = bias.astype(numpy.float32)
    return tensors


def write_safetensors(path, tensors, metadata):
    """The format: an 8-byte length, a JSON header, the tensors' bytes."""
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(t.tobytes() for t in tensors.values()))


if __name__ == "__main__":
    target = pathlib.Path(__file__).with_name("digits-mlp.safetensors")
    write_safetensors(target, train(), {"format": "pt", "description": "MLP 64-256-128-10 on scikit-learn's digits"})
    print(f"wrote {target}")
