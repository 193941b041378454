"""Models that change: while they are read, and behind the build's back."""

import os
import threading

from .workspace import CHAIN, Attack, Workspace, require, small_model


def while_read(condense, generator, long):
    with Workspace(condense) as workspace:
        model = workspace.root / "models" / "m.safetensors"
        workspace.pipeline("chain", CHAIN)
        workspace.pipeline("lossless", "[huffman]")
        versions = [small_model(seed, layers=12, rows=100, columns=100) for seed in (5, 6)]
        expected = []
        for version in versions:
            model.write_bytes(version)
            expected.append(workspace.clean_outputs())
        stop = threading.Event()
        writes = 0

        def write():
            nonlocal writes
            while not stop.is_set():
                version = versions[generator.randrange(2)]
                before = os.stat(model)
                kind = generator.choice(["in place", "in place", "replaced", "poked", "cut short"])
                if kind == "in place":
                    # In place, in pieces, and the modification time put back.
                    with open(model, "r+b") as file:
                        for start in range(0, len(version), 300_000):
                            file.seek(start)
                            file.write(version[start:start + 300_000])
                            file.flush()
                        file.truncate()
                    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
                elif kind == "cut short":
                    with open(model, "r+b") as file:
                        file.truncate(generator.randrange(len(version)))
                        stop.wait(0.005)
                        file.write(version)
                elif kind == "replaced":
                    model.with_name("new").write_bytes(version)
                    os.replace(model.with_name("new"), model)
                else:
                    with open(model, "r+b") as file:
                        file.seek(generator.randrange(len(version)))
                        file.write(b"\1")
                writes += 1
                stop.wait(generator.choice([0, 0.02, 0.1]))

        thread = threading.Thread(target=write)
        thread.start()
        builds = 200 if long else 25
        statuses = {}
        try:
            for _ in range(builds):
                result = workspace.build()
                # The model may be half a file when it is opened (65), or never hold still (1); a crash is neither.
                require(result.status in (0, 1, 65), f"a build ended with {result.status}: {result.errors[-300:]}")
                statuses[result.status] = statuses.get(result.status, 0) + 1
        finally:
            stop.set()
            thread.join()
        # Whatever was stored meanwhile was stored under what it is.
        for version, outputs in zip(versions, expected):
            model.write_bytes(version)
            workspace.built()
            require(workspace.outputs() == outputs, "after the writing, the store gives another result than a clean build")
        workspace.check_store()
        return f"{builds} builds under {writes} writes ({statuses}), then both versions right"


def put_back(condense, generator, long):
    with Workspace(condense) as workspace:
        model = workspace.root / "models" / "m.safetensors"
        workspace.pipeline("lossless", "[huffman]")
        model.write_bytes(small_model(7))
        versions = [small_model(seed) for seed in (8, 9)]
        expected = []
        for version in versions:
            model.write_bytes(version)
            expected.append(workspace.clean_outputs())
        rounds = 1000 if long else 60
        for number in range(rounds):
            before = os.stat(model)
            with open(model, "r+b") as file:
                file.write(versions[number % 2])
            os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
            after = os.stat(model)
            require((before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns), "the attack itself failed")
            workspace.built()
            require(workspace.outputs() == expected[number % 2], f"round {number}: a stale output")
        return f"{rounds} edits of the same size with the time put back, each followed at once by a build"


ATTACKS = [
    Attack("changing-model", "a model rewritten, truncated, replaced while it is read", while_read),
    Attack("times-put-back", "same size, same modification time, other content", put_back),
]
