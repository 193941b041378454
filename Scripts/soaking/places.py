"""Where a soak happens: small file systems of its own, which can be filled and locked, and the limits of its user."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

WATCHES = Path("/proc/sys/user/max_inotify_watches")
INSIDE = "CONDENSE_SOAK_NAMESPACE"


def enter_namespace():
    """Starts this script anew where it may mount and lower limits, and nobody else is touched. Returns where it cannot."""
    if os.environ.get(INSIDE) or shutil.which("unshare") is None:
        return
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True).returncode == 0:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*command, "--", sys.executable, *sys.argv])


def mounted(*arguments):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True).returncode == 0


class Disk:
    """A folder on a tmpfs of its own; an ordinary folder where none can be mounted."""

    def __init__(self, path, megabytes):
        self.path, self.megabytes = path, megabytes
        path.mkdir(parents=True)
        self.is_own = bool(os.environ.get(INSIDE)) and mounted("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", path)

    def fill(self, room):
        """Leaves so many bytes of room."""
        # Whoever writes meanwhile may need more than was just used.
        return any(
            mounted("-o", f"remount,size={(shutil.disk_usage(self.path).used + room) >> 10}k", self.path)
            for _ in range(50))

    def empty(self):
        return mounted("-o", f"remount,size={self.megabytes}m", self.path)

    def close(self):
        # What is mounted is this namespace's, and goes with it; the folder under it would be left.
        if self.is_own:
            subprocess.run(["umount", "-l", self.path], capture_output=True)


class ReadOnly:
    """A folder that nobody can write to: a mount, which binds root too."""

    def __init__(self, path):
        self.path = path
        path.mkdir(exist_ok=True)

    def __enter__(self):
        self.holds = (bool(os.environ.get(INSIDE)) and mounted("--bind", self.path, self.path)
                      and mounted("-o", "remount,bind,ro", self.path))
        return self

    def __exit__(self, *_):
        if os.environ.get(INSIDE):
            subprocess.run(["umount", "-l", self.path], capture_output=True)


class WatchLimit:
    """How many watches this user namespace has."""

    def __init__(self):
        self.before = WATCHES.read_text() if os.environ.get(INSIDE) and WATCHES.exists() else None
        if self.before is not None and not self._set(self.before):
            self.before = None

    @property
    def can_be_lowered(self):
        return self.before is not None

    def _set(self, text):
        try:
            WATCHES.write_text(text)
        except OSError:
            return False
        return True

    def lower(self, count):
        self._set(str(count))

    def restore(self):
        if self.before is not None:
            self._set(self.before)


def faketime_library():
    found = [path for folder in ("/usr/lib", "/usr/local/lib", "/usr/lib64")
             for path in Path(folder).glob("**/libfaketimeMT.so.1")]
    return found[0] if found else None
