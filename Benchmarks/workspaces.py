"""Workspaces of many small pipelines, programs that are timed, and ninja to compare with."""

import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import time

TENSORS = 10
SHAPE = (16, 16)


def write_model(path, seed, changed=None, tensors=TENSORS):
    """A safetensors file; `changed` is a tensor that gets other values."""
    header, data = {}, b""
    for index in range(tensors):
        generator = random.Random(f"{seed} {index} {'changed' if index == changed else ''}")
        values = [generator.gauss(0, 0.05) for _ in range(SHAPE[0] * SHAPE[1])]
        blob = struct.pack(f"<{len(values)}f", *values)
        header[f"layer{index}.weight"] = {
            "dtype": "F32", "shape": list(SHAPE), "data_offsets": [len(data), len(data) + len(blob)]}
        data += blob
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def write_pipeline(folder, index, sparsity=0.5):
    with open(f"{folder}/pipelines/p{index:05}.yaml", "w") as file:
        file.write(
            f"model: ../models/m{index:05}.safetensors\n"
            f"stages:\n  - prune: {{sparsity: {sparsity}}}\n  - cluster: {{bits: 4}}\n  - quantize\n  - huffman\n"
            f"outputs: [../build/p{index:05}.condensed]\n")


def make_workspace(folder, count):
    for name in ["pipelines", "models", ".git"]:
        os.makedirs(f"{folder}/{name}")
    for index in range(count):
        write_model(f"{folder}/models/m{index:05}.safetensors", index)
        write_pipeline(folder, index)


def run(command, folder, environment):
    """Seconds, peak memory in MB, standard output."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    output = process.stdout.read()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{output}{errors}")
    return seconds, usage.ru_maxrss / 1000, output


def make_ninja(folder, count, environment):
    """A folder of `count` edges that are built; false where ninja is not installed."""
    if shutil.which("ninja") is None:
        return False
    os.makedirs(folder)
    lines = ["rule copy", "  command = cp $in $out"]
    for index in range(count):
        open(f"{folder}/in{index}", "w").close()
        lines.append(f"build out{index}: copy in{index}")
    with open(f"{folder}/build.ninja", "w") as file:
        file.write("\n".join(lines) + "\n")
    run(["ninja"], folder, environment)
    return True


def ninja_noop(folder, count, rounds, environment):
    """Seconds that ninja takes to see that nothing of `count` edges is to do; None where it is not installed."""
    if not make_ninja(folder, count, environment):
        return None
    return statistics.median(run(["ninja"], folder, environment)[0] for _ in range(rounds))
