"""Models larger than they should be allowed to cost."""

import json
import os
import shutil
import struct

from .workspace import Attack, Skipped, Workspace, require, weights


def in_child(body):
    """Runs `body` in a process of its own: what a child peaks at counts from what its parent ever had."""
    child = os.fork()
    if child == 0:
        body()
        os._exit(0)
    require(os.waitpid(child, 0)[1] == 0, "the model could not be written")


def sharded_model(folder, shards, tensors_per_shard, rows, columns):
    """Writes shards tensor by tensor; every tensor differs from the others in a few numbers."""
    places = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        size = 4 * rows * columns
        header = {}
        for tensor in range(tensors_per_shard):
            key = f"block{shard}.{tensor}.weight"
            places[key] = name
            header[key] = {"dtype": "F32", "shape": [rows, columns],
                           "data_offsets": [tensor * size, (tensor + 1) * size]}
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / name, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for tensor in range(tensors_per_shard):
                values = weights(1, rows * columns)
                for place in range(16):
                    values[place] = 0.001 * (shard * tensors_per_shard + tensor + place + 1)
                file.write(values.tobytes())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def peak_bytes(workspace, *arguments):
    """Builds, and tells the most memory that the process had at a time."""
    process = workspace.start(*arguments)
    # The report of a large model is more than a pipe holds.
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    require(process.returncode == 0, f"the build failed: {errors[-300:]}")
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime, json.loads(output)


def memory(condense, generator, long):
    shards, bound = (16, 1.5e9) if long else (4, 1.0e9)
    with Workspace(condense) as workspace:
        free = shutil.disk_usage(workspace.root).free
        if free < 3 * shards * 256 << 20:
            raise Skipped(f"only {free >> 20} MiB of disk are free")
        in_child(lambda: sharded_model(workspace.root / "models", shards, 2, 4096, 8192))
        workspace.pipeline("chain", "[{prune: {sparsity: 0.9}}, {cluster: {bits: 5}}, huffman]",
                           model="model.safetensors.index.json")
        peak, _, document = peak_bytes(workspace, "--jobs", "2")
        gigabytes = shards * 256 / 1024
        require(peak < bound, f"{gigabytes} GB took {peak / 1e9:.2f} GB of memory")
        return (f"{gigabytes:.0f} GB in {shards} shards, tensors of 128 MiB, 2 jobs: at most {peak / 1e9:.2f} GB "
                f"of memory, ratio {document['pipelines'][0]['metrics']['ratio']:.1f}")


def many_tensors(condense, generator, long):
    sizes = (25_000, 50_000, 100_000) if long else (2_500, 5_000, 10_000)
    figures = []
    for count in sizes:
        with Workspace(condense) as workspace:
            in_child(lambda: sharded_model(workspace.root / "models", 1, count, 16, 16))
            workspace.pipeline("chain", "[{prune: {sparsity: 0.9}}, {cluster: {bits: 4}}, huffman]",
                               model="model.safetensors.index.json")
            peak, seconds, _ = peak_bytes(workspace)
            space = sum(path.stat().st_size for path in workspace.store.rglob("*") if path.is_file())
            files = sum(1 for path in workspace.store.rglob("*") if path.is_file())
            require(files < 50, f"{count} tiny tensors made {files} files")
            figures.append((seconds, space, peak))
    for smaller, larger in zip(figures, figures[1:]):
        # Twice the tensors; a cost that grows with the square would be four times. Times of small models are noise.
        require(not long or larger[0] < 2.8 * smaller[0], f"CPU time grows from {smaller[0]:.1f} to {larger[0]:.1f} s")
        require(larger[1] < 2.3 * smaller[1], f"the store grows from {smaller[1]} to {larger[1]} bytes")
        require(larger[2] < 2.5 * smaller[2], f"memory grows from {smaller[2]} to {larger[2]} bytes")
    return "tensors of 1 KiB, CPU / store / memory: " + ", ".join(
        f"{count}: {seconds:.1f} s / {space / 1e6:.0f} MB / {peak / 1e6:.0f} MB"
        for count, (seconds, space, peak) in zip(sizes, figures))


ATTACKS = [
    Attack("large-model", "a checkpoint larger than the memory that it may take", memory),
    Attack("many-tensors", "tens of thousands of tiny tensors", many_tensors),
]
