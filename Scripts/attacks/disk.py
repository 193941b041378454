"""A full disk: simulated at every call that needs space, and a small tmpfs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import faults
from .workspace import CHAIN, Attack, Skipped, Workspace, require, small_model


def check_refusal(result, what):
    require(result.status == 1, f"{what}: ended with {result.status}: {result.errors[-300:]}")
    require("disk is full" in result.errors, f"{what}: the message does not name the disk: {result.errors[-300:]}")


def full_at_call(condense, generator, long):
    with Workspace(condense) as workspace:
        model = workspace.root / "models" / "m.safetensors"
        workspace.pipeline("chain", CHAIN)
        workspace.pipeline("lossless", "[huffman]")
        model.write_bytes(small_model(1))
        workspace.built()
        old = workspace.outputs()
        shutil.copytree(workspace.root / "build", workspace.root / "old")
        model.write_bytes(small_model(2))
        expected = workspace.clean_outputs()
        store = workspace.root / "old-store"
        shutil.copytree(workspace.store, store)

        def reset():
            shutil.rmtree(workspace.store)
            shutil.copytree(store, workspace.store)
            shutil.rmtree(workspace.root / "build")
            shutil.copytree(workspace.root / "old", workspace.root / "build")

        count = faults.calls(workspace, "--jobs", "1")
        points = range(1, count + 1) if long else sorted(generator.sample(range(1, count + 1), min(60, count)))
        refused = 0
        for point in points:
            reset()
            result = faults.build(workspace, point, "full", "--jobs", "1")
            what = f"full from call {point} of {count}"
            if result.status == 0:
                # Only what saves work may be lost without a word: then the outputs are all there.
                require(workspace.outputs() == expected, f"{what}: success, and outputs that differ")
            else:
                check_refusal(result, what)
                refused += 1
            for name, content in workspace.outputs().items():
                require(content in (old.get(name), expected.get(name)), f"{what}: {name} is neither old nor new")
            workspace.built()
            require(workspace.outputs() == expected, f"{what}: the build with room again differs")
            workspace.check_no_leftovers()
        return f"full from {len(points)} of {count} calls on: {refused} builds refused, all resumed"


def small_tmpfs(condense, generator, long):
    if os.geteuid() != 0:
        raise Skipped("mounting a tmpfs needs root")
    mount = Path(tempfile.mkdtemp(prefix="condense-tmpfs-"))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", mount], capture_output=True).returncode:
        mount.rmdir()
        raise Skipped("a tmpfs cannot be mounted here")
    try:
        return on_tmpfs(condense, generator, long, mount)
    finally:
        subprocess.run(["umount", "-l", mount])
        mount.rmdir()


def on_tmpfs(condense, generator, long, mount):
    model = small_model(3, layers=6, rows=100, columns=100)
    refused = finished = 0
    for place in ("store", "workspace"):
        with Workspace(condense) as elsewhere:
            root = mount / "workspace" if place == "workspace" else elsewhere.root
            store = mount / "store" if place == "store" else elsewhere.root / "store"
            workspace = Workspace(condense, store=store, root=root)
            (root / "models" / "m.safetensors").write_bytes(model)
            workspace.pipeline("chain", CHAIN)
            workspace.pipeline("lossless", "[huffman]")
            expected = workspace.clean_outputs()
            for _ in range(60 if long else 12):
                for folder in (root / "build", store, root / ".condense"):
                    shutil.rmtree(folder, ignore_errors=True)
                used = shutil.disk_usage(mount).used
                room = used + generator.randrange(0, 3 << 20, 4096)
                subprocess.run(["mount", "-o", f"remount,size={room}", mount], check=True)
                result = workspace.build()
                subprocess.run(["mount", "-o", "remount,size=64m", mount], check=True)
                if result.status == 0:
                    finished += 1
                else:
                    check_refusal(result, f"{place} with {room - used} bytes of room")
                    refused += 1
                for name, content in workspace.outputs().items():
                    require(content == expected[name], f"{place}: {name} is half an output")
                workspace.built()
                require(workspace.outputs() == expected, f"{place}: the build with room again differs")
            shutil.rmtree(mount / place, ignore_errors=True)
    require(refused > 0 and finished > 0, f"{refused} refused, {finished} finished: the sizes do not straddle")
    return f"{refused + finished} builds on a tmpfs: {refused} refused and resumed, {finished} had room"


ATTACKS = [
    Attack("disk-full-calls", "the disk full from a call on", full_at_call),
    Attack("disk-full-tmpfs", "a tmpfs of some size under the store or the workspace", small_tmpfs),
]
