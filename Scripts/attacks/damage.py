"""Damage in the store: every object, every record, the index."""

import hashlib
import shutil

from .workspace import CHAIN, Attack, Workspace, require, small_model


def prepared(condense):
    workspace = Workspace(condense)
    # Wide enough that a few artifacts are files of their own.
    (workspace.root / "models" / "m.safetensors").write_bytes(small_model(4, layers=3, rows=200, columns=240))
    workspace.pipeline("chain", CHAIN)
    workspace.pipeline("lossless", "[huffman]")
    expected = workspace.clean_outputs()
    workspace.built()
    return workspace, expected


def flip(path, generator):
    content = bytearray(path.read_bytes())
    content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
    path.write_bytes(content)


def truncate(path, generator):
    path.write_bytes(path.read_bytes()[:generator.randrange(path.stat().st_size)])


def empty(path, generator):
    path.write_bytes(b"")


def delete(path, generator):
    path.unlink()


DAMAGES = [flip, truncate, empty, delete]


def forget_all_but(workspace, artifact):
    """Leaves only the actions that made an artifact, so that a build has to read it to go on."""
    for key, record in workspace.query("SELECT key, artifact FROM actions"):
        if record[:32].hex() != artifact:
            workspace.query("DELETE FROM actions WHERE key = ?", key)


def rebuild(workspace, expected, what):
    """With no outputs and a damaged store, a build is right, and the store afterwards too."""
    shutil.rmtree(workspace.root / "build")
    workspace.built()
    require(workspace.outputs() == expected, f"{what}: outputs differ")


def objects(condense, generator, long):
    workspace, expected = prepared(condense)
    with workspace:
        count = 0
        require(len(workspace.objects()) >= 4, "the model is too small to have objects")
        for path in workspace.objects():
            for damage in DAMAGES:
                damage(path, generator)
                forget_all_but(workspace, path.parent.name + path.name)
                rebuild(workspace, expected, f"{damage.__name__} {path.name}")
                workspace.check_store()
                count += 1
        for path in workspace.objects():
            generator.choice([flip, truncate, empty])(path, generator)
        # Nothing in the cache says so: each is found out when it is read.
        rebuild(workspace, expected, "all objects at once")
        return f"{count} objects damaged one by one, and all at once"


def records(condense, generator, long):
    workspace, expected = prepared(condense)
    with workspace:
        count = 0
        for table, column in (("actions", "artifact"), ("artifacts", "bytes"), ("notes", "value"),
                              ("files", "record")):
            rows = workspace.query(f"SELECT {column} FROM {table}")
            require(rows, f"nothing is recorded in {table}")
            for (value,) in rows if long else generator.sample(rows, min(len(rows), 8)):
                flipped = bytearray(value)
                flipped[generator.randrange(len(flipped))] ^= 1 << generator.randrange(8)
                for damaged in (b"", bytes(len(value)), generator.randbytes(len(value)), bytes(flipped), 7, "text"):
                    workspace.query(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", damaged, value)
                    if table == "artifacts":
                        forget_all_but(workspace, hashlib.sha256(value).hexdigest())
                    rebuild(workspace, expected, f"{table}.{column} is {damaged[:20] if damaged != 7 else 7!r}")
                    count += 1
        for table, column in (("actions", "artifact"), ("notes", "value"), ("files", "record")):
            workspace.query(f"UPDATE {table} SET {column} = zeroblob(0)")
        rebuild(workspace, expected, "all records empty")
        return f"{count} records damaged one by one, and all at once"


def index(condense, generator, long):
    workspace, expected = prepared(condense)
    with workspace:
        rounds, again = 600 if long else 60, 0
        intact = workspace.index().read_bytes()
        for number in range(rounds):
            content = bytearray(intact)
            kind = number % 4
            if kind == 0:
                for _ in range(generator.choice([1, 3, 50])):
                    content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)
            elif kind == 1:
                start = generator.randrange(len(content))
                end = min(len(content), start + generator.choice([1, 100, 4096]))
                content[start:end] = generator.randbytes(end - start)
            elif kind == 2:
                del content[generator.randrange(len(content)):]
            else:
                content[generator.randrange(100)] ^= 1 << generator.randrange(8)
            workspace.index().write_bytes(content)
            if generator.random() < 0.2:
                workspace.index().with_name(workspace.index().name + "-wal").write_bytes(generator.randbytes(5000))
            rebuild(workspace, expected, f"round {number}")
            # A key that is flipped within the tree can hide others; then work is done again, and right again.
            again += workspace.built().actions["ran"] > 0
            require(workspace.outputs() == expected, f"round {number}: the second build's outputs differ")
        return f"the index damaged {rounds} times; {again} times the build after the next still ran something"


ATTACKS = [
    Attack("damaged-objects", "every object flipped, cut short, emptied, deleted", objects),
    Attack("damaged-records", "records emptied, zeroed, replaced by garbage, flipped", records),
    Attack("damaged-index", "the SQLite file flipped, overwritten, cut short", index),
]
