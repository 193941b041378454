"""Models that change: while they are read, and behind the build's back."""

import os
import shutil
import threading

from .workspace import CHAIN, Attack, Skipped, Workspace, require, small_model


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


class Edited:
    """A workspace of a pipeline, its base and its model, each in two versions of one size, and what each mix makes."""

    def __init__(self, workspace, generator):
        self.workspace, self.generator = workspace, generator
        self.files = {
            workspace.root / "pipelines" / "p.yaml": [
                b"extends: base.yaml\noutputs: [../build/p.condensed]\nstages: [{cluster: {bits: %d}}, huffman]\n" % bits
                for bits in (2, 3)],
            workspace.root / "pipelines" / "q.yaml": [b"extends: base.yaml\noutputs: [../build/q.condensed]\n"],
            workspace.root / "pipelines" / "base.yaml": [
                b"model: ../models/m.safetensors\nstages: [{prune: {sparsity: 0.%d}}, huffman]\n" % share
                for share in (5, 6)],
            workspace.root / "models" / "m.safetensors": [small_model(seed, layers=1) for seed in (41, 42)],
        }
        self.versions = {path: 0 for path in self.files}
        self.known = {}
        for path, versions in self.files.items():
            path.write_bytes(versions[0])

    def expected(self):
        versions = tuple(self.versions.values())
        if versions not in self.known:
            self.known[versions] = self.workspace.clean_outputs()
        return self.known[versions]

    def edit(self):
        """One file, in one of the ways that editors have; returns what was done."""
        outputs = sorted((self.workspace.root / "build").iterdir())
        path = self.generator.choice([path for path, versions in self.files.items() if len(versions) > 1] + outputs[:1])
        way = self.generator.choice(["in place", "replaced", "time put back"])
        if path in outputs:
            content = bytearray(path.read_bytes())
            content[self.generator.randrange(len(content))] ^= 1
        else:
            self.versions[path] ^= 1
            content = self.files[path][self.versions[path]]
        before = os.stat(path)
        if way == "replaced":
            path.with_name("new").write_bytes(content)
            os.replace(path.with_name("new"), path)
        else:
            with open(path, "r+b") as file:
                file.write(content)
        if way == "time put back":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return f"{path.name} {way}"


def edited_at_once(condense, generator, long):
    with Workspace(condense) as workspace:
        edited = Edited(workspace, generator)
        workspace.built()
        rounds = 1000 if long else 100
        for number in range(rounds):
            what = edited.edit()
            workspace.built()
            require(workspace.outputs() == edited.expected(), f"round {number}: a stale output after {what}")
            again = workspace.built()
            require(again.actions["ran"] == 0, f"round {number}: ran again after {what}")
            require(workspace.outputs() == edited.expected(), f"round {number}: other outputs with nothing changed after {what}")
        return f"{rounds} edits of pipeline, base, model and output, each followed at once by a build and one with nothing to do"


def clocks(condense, generator, long):
    if shutil.which("faketime") is None:
        raise Skipped("there is no faketime (Debian's faketime)")
    with Workspace(condense) as workspace:
        edited = Edited(workspace, generator)
        offsets = [None, "-1h", "+1y", "-1h", "+1y", None]
        workspace.built()
        rounds = 20 if long else 3
        builds = 0
        for number in range(rounds * len(offsets)):
            offset = offsets[number % len(offsets)]
            # Files' own times are the system's, as on a server with another clock, or the program's.
            own = generator.choice(["0", "1"])
            workspace.prefix = ["faketime", "-f", offset] if offset else []
            for step in range(2):
                what = edited.edit() if step == 0 else "nothing"
                for _ in range(2):
                    result = workspace.built(NO_FAKE_STAT=own)
                    builds += 1
                    require(workspace.outputs() == edited.expected(), f"clock {offset}: a stale output after {what}")
                require(result.actions["ran"] == 0, f"clock {offset}: ran again after {what}")
        workspace.prefix = []
        workspace.built()
        require(workspace.outputs() == edited.expected(), "a stale output with the clock put right")
        return f"{builds} builds with the clock right, an hour back and a year forward in turn"


ATTACKS = [
    Attack("edited-at-once", "an edit, a build at once, and one with nothing to do", edited_at_once),
    Attack("other-clocks", "the clock an hour back, then a year forward", clocks),
    Attack("changing-model", "a model rewritten, truncated, replaced while it is read", while_read),
    Attack("times-put-back", "same size, same modification time, other content", put_back),
]
