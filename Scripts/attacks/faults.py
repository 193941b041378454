"""Builds with a fault at a chosen call that changes a file: see faults.c."""

import atexit
import shutil
import subprocess
import tempfile
from pathlib import Path

from .workspace import Failure, Skipped

_library = None


def library():
    """The faults as a library to preload, compiled once."""
    global _library
    if _library is None:
        compiler = next((name for name in ("cc", "gcc", "clang") if shutil.which(name)), None)
        if compiler is None:
            raise Skipped("there is no C compiler")
        folder = Path(tempfile.mkdtemp(prefix="condense-faults-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _library = folder / "faults.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", _library, Path(__file__).with_name("faults.c"),
                        "-ldl"], check=True)
    return str(_library)


def calls(workspace, *arguments):
    """How many calls that change files a build makes."""
    count = workspace.root / "fault-count"
    workspace.built(*arguments, LD_PRELOAD=library(), FAULT_COUNT=str(count))
    number = int(count.read_text())
    count.unlink()
    if number < 20:
        raise Failure(f"only {number} calls were counted: the faults do not reach the program")
    return number


def build(workspace, at, action, *arguments):
    return workspace.build(*arguments, LD_PRELOAD=library(), FAULT_AT=str(at), FAULT_ACTION=action)
