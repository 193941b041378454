"""A workspace with a store of its own in a temporary folder, and what attacks need to build it and look into it."""

import array
import hashlib
import json
import os
import random
import shutil
import sqlite3
import struct
import subprocess
import tempfile
from pathlib import Path


class Failure(Exception):
    """A promise did not hold."""


class Skipped(Exception):
    """The attack cannot be made on this machine."""


class Attack:
    def __init__(self, name, summary, body):
        self.name, self.summary, self.run = name, summary, body


def require(condition, message):
    if not condition:
        raise Failure(message)


class Result:
    def __init__(self, process):
        self.status, self.output, self.errors = process.returncode, process.stdout, process.stderr

    @property
    def actions(self):
        return json.loads(self.output)["actions"]


class Workspace:
    """The layout that all attacks share: models in `models/`, pipelines over them, outputs in `build/`."""

    def __init__(self, condense, store=None, root=None):
        self.condense = condense
        self._own = root is None
        # What runs the program: another user, another clock.
        self.prefix = []
        self.root = Path(root or tempfile.mkdtemp(prefix="condense-attack-"))
        self.store = Path(store) if store else self.root / "store"
        for folder in ("models", "pipelines", ".git"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._own:
            shutil.rmtree(self.root, ignore_errors=True)

    def pipeline(self, name, stages, model="m.safetensors", output=None):
        (self.root / "pipelines" / f"{name}.yaml").write_text(
            f"model: ../models/{model}\nstages: {stages}\noutputs: ['../build/{output or name}.condensed']\n")

    def command(self, *arguments):
        return [*self.prefix, str(self.condense), *arguments]

    def environment(self, **more):
        return {**os.environ, "CONDENSE_CACHE_DIR": str(self.store), "NO_COLOR": "1", **more}

    def start(self, *arguments, **environment):
        """Starts a build and leaves it running."""
        return subprocess.Popen(self.command("build", "--json", *arguments), cwd=self.root, text=True,
                                env=self.environment(**environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def build(self, *arguments, timeout=600, **environment):
        """Builds; a crash or a hang breaks a promise whatever is attacked."""
        process = subprocess.Popen(self.command("build", "--json", *arguments), cwd=self.root, text=True,
                                   env=self.environment(**environment), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        try:
            process.stdout, process.stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failure(f"a build did not end within {timeout} s") from None
        return Result(process)

    def built(self, *arguments, **environment):
        """Builds, and holds the build to success."""
        result = self.build(*arguments, **environment)
        require(result.status == 0, f"a build failed with {result.status}: {result.errors.strip()[:300]} … {result.errors.strip()[-300:]}")
        return result

    def outputs(self):
        """Every file in `build/`, hidden ones too, with its digest."""
        folder = self.root / "build"
        return {path.name: digest(path) for path in sorted(folder.iterdir())} if folder.exists() else {}

    def clean_outputs(self):
        """The outputs of the same pipelines and models, built with an empty store elsewhere."""
        with Workspace(self.condense) as clean:
            for folder in ("models", "pipelines"):
                shutil.copytree(self.root / folder, clean.root / folder, dirs_exist_ok=True)
            clean.built()
            return clean.outputs()

    def check_no_leftovers(self):
        """Nothing half-written is left in the workspace or the store once a build that had something to do has ended."""
        next((self.root / "build").iterdir()).unlink()
        self.built()
        for folder in (*self.root.glob(".condense/v*/staging"), *self.store.glob("v*/staging")):
            left = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
            require(not left, f"left over in {folder}: {left[:3]}")

    # The store, as it is documented: objects named by their SHA-256, and an SQLite index.

    def objects(self):
        return sorted(path for path in self.store.glob("v*/objects/*/*"))

    def index(self):
        """The database that counts: after damage there are later ones with a number."""
        found = [path for path in self.store.glob("v*/index*.sqlite")]
        return max(found, key=lambda path: int(path.stem.partition("-")[2] or 0), default=None)

    def query(self, sql, *arguments):
        if self.index() is None:
            return []
        connection = sqlite3.connect(self.index(), timeout=60)
        try:
            with connection:
                return connection.execute(sql, arguments).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise
        finally:
            connection.close()

    def recorded_actions(self):
        return {row[0] for row in self.query("SELECT key FROM actions")}

    def check_store(self):
        """Every artifact is what its name says."""
        for path in self.objects():
            require(digest(path) == path.parent.name + path.name, f"{path} is not what its name says")
        for name, content in self.query("SELECT digest, bytes FROM artifacts"):
            require(hashlib.sha256(content).digest() == name, f"artifact {name.hex()} is not what its name says")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


_blocks = {}


def weights(seed, count):
    """`count` bell-shaped float32 numbers, the same for the same seed."""
    if seed not in _blocks:
        generator = random.Random(seed)
        _blocks[seed] = array.array("f", (generator.gauss(0, 0.05) for _ in range(1 << 14)))
    block = _blocks[seed]
    values = array.array("f", bytes(4 * count))
    for start in range(0, count, len(block)):
        values[start:start + len(block)] = block[:min(len(block), count - start)]
    return values


def model_bytes(tensors):
    """A safetensors file of (name, shape, float32 values)."""
    header, end = {}, 0
    for name, shape, values in tensors:
        size = 4 * len(values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for _, _, values in tensors)


def small_model(seed, layers=4, rows=40, columns=60):
    """A few layers with biases: some artifacts small enough for the index, some files of their own."""
    tensors = []
    for layer in range(layers):
        width = columns * (8 if layer == 0 else 1)
        tensors.append((f"layer{layer}.weight", [rows, width], weights(seed * 100 + layer, rows * width)))
        tensors.append((f"layer{layer}.bias", [rows], weights(seed * 100 + 50 + layer, rows)))
    return model_bytes(tensors)


CHAIN = "[{prune: {sparsity: 0.8, scope: model}}, {cluster: {bits: 4}}, {quantize: {dtype: int8}}, huffman]"
