"""What file systems can hold: loops, huge folders, names that are no text, folders that nobody may read or write."""

import os
import stat
import subprocess
import time
from pathlib import Path

from .workspace import Attack, Skipped, Workspace, require, small_model

STAGES = "[{cluster: {bits: 3}}, huffman]"
# Far more than any of it needs, far less than a walk without an end.
MOST_SECONDS = 60


def sample(workspace):
    (workspace.root / "models" / "m.safetensors").write_bytes(small_model(31, layers=1))
    workspace.pipeline("good", STAGES)


def timed(workspace, *arguments):
    started = time.monotonic()
    result = workspace.build(*arguments, timeout=MOST_SECONDS)
    require("Fatal error" not in result.errors, f"a crash: {result.errors[-300:]}")
    return result, time.monotonic() - started


def refused(workspace, what, *expected, status=65):
    """A build that must say what is wrong, and still build what is right."""
    result, _ = timed(workspace)
    require(result.status == status, f"{what}: ended with {result.status}: {result.errors[-300:]}")
    for text in expected:
        require(text in result.errors, f"{what}: no {text!r} in {result.errors[-600:]!r}")
    require(all(line.isprintable() for line in result.errors.split("\n")), f"{what}: {result.errors!r} is not printable")
    require("good.condensed" in workspace.outputs(), f"{what}: what is right was not built")


def loops(condense, generator, long):
    with Workspace(condense) as workspace:
        sample(workspace)
        pipelines, models = workspace.root / "pipelines", workspace.root / "models"
        (pipelines / "sub").mkdir()
        (models / "sub").mkdir()
        for folder in (pipelines, models):
            (folder / "up").symlink_to("..")
            (folder / "sub" / "here").symlink_to(".")
            (folder / "sub" / "back").symlink_to("../sub")
            for number in range(8):
                (folder / "sub" / f"again{number}").symlink_to("..")
        workspace.pipeline("every", STAGES, model="**/*.safetensors", output="every-${model}")
        result, seconds = timed(workspace)
        require(result.status == 0, f"links in circles end with {result.status}: {result.errors[-300:]}")
        require(set(workspace.outputs()) == {"good.condensed", "every-m.condensed"}, f"it built {workspace.outputs()}")
        (pipelines / "self.yaml").symlink_to("self.yaml")
        refused(workspace, "a link to itself", "self.yaml", "Too many levels of symbolic links")
        (pipelines / "self.yaml").unlink()
        (pipelines / "nothing.yaml").symlink_to("nowhere")
        refused(workspace, "a link to nothing", "nothing.yaml", "No such file or directory")
        (pipelines / "nothing.yaml").unlink()
        os.mkfifo(pipelines / "pipe.yaml")
        refused(workspace, "a pipe", "pipe.yaml")
        return f"links in circles in {seconds:.2f} s; a link to itself, one to nothing and a pipe told"


def crowd(condense, generator, long):
    with Workspace(condense) as workspace:
        sample(workspace)
        crowd = workspace.root / "pipelines" / "crowd"
        crowd.mkdir()
        for number in range(100_000):
            os.close(os.open(crowd / f"{number}.txt", os.O_CREAT | os.O_WRONLY))
        workspace.pipeline("every", STAGES, model="../pipelines/crowd/*.safetensors", output="every-${model}")
        refused(workspace, "a crowd without a model", "no model matches")
        (crowd / "n.safetensors").write_bytes(small_model(32, layers=1))
        result, seconds = timed(workspace)
        require(result.status == 0, f"100,000 files end with {result.status}: {result.errors[-300:]}")
        require("every-n.condensed" in workspace.outputs(), "the model among 100,000 files was not found")
        unchanged, again = timed(workspace)
        require(unchanged.actions["ran"] == 0, "it ran again")
        return f"a folder of 100,000 files: {seconds:.2f} s, and {again:.2f} s with nothing changed"


def names(condense, generator, long):
    with Workspace(condense) as workspace:
        sample(workspace)
        folder = os.fsencode(workspace.root / "pipelines")
        text = (workspace.root / "pipelines" / "good.yaml").read_bytes()
        cases = [(b"\xff\xfe.yaml", "the name is not UTF-8"), (b"a\nb.yaml", "the name has control characters"),
                 (b"\x1b[31m.yml", "the name has control characters"), (b"x\x7f.yaml", "the name has control characters")]
        for name, expected in cases:
            path = folder + b"/" + name
            with open(path, "wb") as file:
                file.write(text.replace(b"good.cond", b"other.cond"))
            refused(workspace, repr(name), expected)
            os.unlink(path)
            os.mkdir(path[:-5])
            with open(path[:-5] + b"/inner.yaml", "wb") as file:
                file.write(text.replace(b"../", b"../../").replace(b"good.cond", b"inner.cond"))
            refused(workspace, f"a folder {name[:-5]!r}", expected)
            os.unlink(path[:-5] + b"/inner.yaml")
            os.rmdir(path[:-5])
        # Nobody looks for those.
        for name in (b"\xff.txt", b"a\nb.txt", b".\xff.yaml"):
            with open(folder + b"/" + name, "wb"):
                pass
        result, _ = timed(workspace)
        require(result.status == 0, f"names of other files end with {result.status}: {result.errors[-300:]}")
        # Whatever is text is a name.
        (workspace.root / "pipelines" / "größe 模型 '\"{}.yaml").write_bytes(text.replace(b"good.cond", b"text.cond"))
        result, _ = timed(workspace)
        require(result.status == 0, f"a name of many scripts ends with {result.status}: {result.errors[-300:]}")
        model = os.fsencode(workspace.root / "models") + b"/\xff.safetensors"
        with open(model, "wb") as file:
            file.write(small_model(33, layers=1))
        workspace.pipeline("every", STAGES, model="*.safetensors", output="every-${model}")
        refused(workspace, "a model whose name is not UTF-8", "is not UTF-8")
        return f"{2 * len(cases) + 1} names that are no text or hold control characters told, others left alone"


def permissions(condense, generator, long):
    with Workspace(condense) as workspace:
        sample(workspace)
        if os.geteuid() == 0:
            # Root may do everything, so somebody else is to try.
            workspace.prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            workspace.root.chmod(0o755)
            for folder in ("store", "build", ".condense"):
                (workspace.root / folder).mkdir()
            for path in [workspace.root, *workspace.root.rglob("*")]:
                os.chown(path, 65534, 65534)
            try:
                reached = subprocess.run([*workspace.prefix, str(condense), "stages"], capture_output=True, cwd="/")
            except FileNotFoundError:
                raise Skipped("there is no setpriv to be somebody else than root with") from None
            if reached.returncode != 0:
                raise Skipped("somebody else than root cannot run this condense")
        workspace.built()
        locked = workspace.root / "pipelines" / "locked"
        locked.mkdir()
        locked.chmod(0)
        refused(workspace, "a folder that cannot be read", "cannot list the folder: Permission denied", "locked")
        locked.chmod(0o755)
        locked.rmdir()
        secret = workspace.root / "pipelines" / "secret.yaml"
        secret.write_text("")
        secret.chmod(0)
        if os.geteuid() == 0:
            os.chown(secret, 0, 0)
        refused(workspace, "a file that cannot be read", "secret.yaml", "Permission denied")
        secret.unlink()
        return read_only(workspace)


def read_only(workspace):
    workspace.built()
    expected = workspace.outputs()
    folders = [workspace.root, *(path for path in workspace.root.rglob("*") if path.is_dir())]
    for path in folders:
        if "store" not in path.parts:
            path.chmod(stat.S_IRUSR | stat.S_IXUSR | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
    try:
        unchanged, _ = timed(workspace)
        require(unchanged.status == 0, f"nothing to do, read-only: {unchanged.status}: {unchanged.errors[-300:]}")
        # The file itself may be written to.
        pipeline = workspace.root / "pipelines" / "good.yaml"
        text = pipeline.read_text()
        pipeline.write_text(text.replace("bits: 3", "bits: 2"))
        result, _ = timed(workspace)
        require(result.status == 1, f"read-only: ended with {result.status}: {result.errors[-300:]}")
        require("Permission denied" in result.errors or "Read-only" in result.errors, f"read-only: {result.errors[-300:]}")
        require(workspace.outputs() == expected, "read-only: an output changed")
    finally:
        for path in folders:
            path.chmod(0o755)
    workspace.built()
    require(workspace.outputs() != expected, "the build after it made nothing new")
    return "a folder and a file that cannot be read, a workspace that cannot be written to: told, and built when they can be"


ATTACKS = [
    Attack("links-in-circles", "symbolic links in circles, to themselves and to nothing", loops),
    Attack("crowded-folder", "a folder of 100,000 files", crowd),
    Attack("odd-names", "names that are not UTF-8, or hold line breaks and escapes", names),
    Attack("no-permission", "folders that cannot be read, a workspace that cannot be written to", permissions),
]
