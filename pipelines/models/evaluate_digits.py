#!/usr/bin/env python3
"""Prints the accuracy of safetensors files on the 599 held-out digits of train_digits.py.

    .venv/bin/python pipelines/models/evaluate_digits.py pipelines/models/digits-mlp.safetensors unpacked.safetensors
"""

import json
import struct
import sys

import numpy

from train_digits import digits


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(data[slice(*entry["data_offsets"])], dtype="<f4").reshape(entry["shape"])
        for name, entry in header.items()
    }


def accuracy(tensors):
    _, images, _, labels = digits()
    values = images
    for number in (1, 2, 3):
        values = values @ tensors[f"fc{number}.weight"].T + tensors[f"fc{number}.bias"]
        if number < 3:
            values = numpy.maximum(values, 0)
    return numpy.mean(values.argmax(axis=1) == labels)


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(f"{accuracy(read_safetensors(path)):.2%}  {path}")
