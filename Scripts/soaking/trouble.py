"""What happens to a daemon besides edits: signals, full and read-only disks, clocks, limits."""

import os
import shutil
import signal
import subprocess
import time

from attacks.workspace import Failure, require

from .garden import CONFIGURATION
from .places import ReadOnly, WatchLimit, faketime_library


class Unavailable(Exception):
    """It cannot be done on this machine."""


def queue_length():
    with open("/proc/sys/fs/inotify/max_queued_events") as file:
        return int(file.read())


class Trouble:
    """Each method is one trouble; after it the daemon must still be there, or again. `edit()` does a few edits."""

    def __init__(self, daemon, garden, edits, disks, generator, scratch):
        self.daemon, self.garden, self.edits, self.disks = daemon, garden, edits, disks
        self.generator, self.root, self.scratch = generator, garden.root, scratch
        self.limit = WatchLimit()
        self.number = 0
        self.kinds = {
            "killed": self.kill, "ended by SIGTERM": self.end, "SIGHUP": self.hang_up, "stopped, queue full": self.overflow,
            "store's disk full": lambda: self.full("store"), "workspace's disk full": lambda: self.full("workspace"),
            "outputs read-only": lambda: self.read_only("build"), "state read-only": lambda: self.read_only(".condense"),
            "watches ran out": self.watches, "started without watches": self.start_without_watches,
            "clock jumped": self.clock, "started twice": self.twice, "configuration broken": self.configuration,
            "store deleted": self.store,
        }

    def edit(self, seconds=1.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.edits.once()
            self.daemon.check()
            time.sleep(self.generator.uniform(0, 0.2))

    def restart(self, **more):
        self.daemon.end()
        self.daemon.start(**more)

    def kill(self):
        for _ in range(self.generator.randint(1, 3)):
            self.edit(self.generator.uniform(0, 0.5))
            self.daemon.kill()
            self.edits.once()
            self.daemon.start()

    def end(self):
        # The first edit's build is under way, or it is not.
        self.edit(self.generator.uniform(0, 0.5))
        self.daemon.end()
        self.edits.once()
        self.daemon.start()

    def hang_up(self):
        self.daemon.send(signal.SIGHUP)
        self.edit(0.3)
        self.daemon.send(signal.SIGHUP)

    def overflow(self):
        """More events than the kernel keeps, new folders and pipelines among them, while the daemon cannot take them."""
        self.daemon.send(signal.SIGSTOP)
        try:
            self.number += 1
            crowd = self.root / f"pipelines/crowd{self.number}"
            crowd.mkdir()
            for number in range(2000):
                os.close(os.open(self.root / f"pipelines/crowd-{number}.txt", os.O_CREAT | os.O_WRONLY))
            # Two events each.
            one, two = self.root / "pipelines/crowd-0.txt", self.root / "pipelines/crowd-one.txt"
            for _ in range(min(40_000, queue_length()) // 2):
                os.rename(one, two)
                one, two = two, one
            slot = self.garden.slot()
            (self.root / slot.file).unlink(missing_ok=True)
            slot.folder, slot.file = f"pipelines/{crowd.name}", f"pipelines/{crowd.name}/{slot.name}.yaml"
            self.garden.plant(slot)
            for path in (self.root / "pipelines").glob("crowd-*.txt"):
                path.unlink()
            for _ in range(3):
                self.edits.once()
        finally:
            self.daemon.send(signal.SIGCONT)

    def full(self, which):
        disk = self.disks[which]
        if not disk.is_own:
            raise Unavailable("needs a tmpfs to fill")
        require(disk.fill(self.generator.choice([0, 16 << 10, 200 << 10])), "the disk cannot be made smaller")
        try:
            self.edit(2.5)
        finally:
            disk.empty()
        # A file that is half a file is a file that somebody mends.
        self.edits.run("mended", self.edits.mend)
        self.edits.run("parameter edited", self.edits.parameter)

    def read_only(self, name):
        with ReadOnly(self.root / name) as lock:
            if not lock.holds:
                raise Unavailable("needs a mount that is read-only")
            self.edit(2)
        self.edits.run("parameter edited", self.edits.parameter)

    def _new_folders(self):
        for _ in range(3):
            slot = self.garden.slot()
            self.number += 1
            (self.root / slot.file).unlink(missing_ok=True)
            slot.folder = f"pipelines/new{self.number}"
            slot.file = f"{slot.folder}/{slot.name}.yaml"
            self.garden.plant(slot)

    def watches(self):
        """None is left for new folders. It scans from then on, until it is started anew."""
        if not self.limit.can_be_lowered:
            raise Unavailable("needs a user namespace whose limits can be lowered")
        self.limit.lower(5)
        try:
            self._new_folders()
            self.edit(1)
        finally:
            self.limit.restore()

    def start_without_watches(self):
        if not self.limit.can_be_lowered:
            raise Unavailable("needs a user namespace whose limits can be lowered")
        self.limit.lower(5)
        try:
            self.restart()
            self.daemon.idle()
            told = self.daemon.status()["daemon"]
            require("scanning" in told["watching"] and "max_user_watches" in told.get("degraded", ""),
                    f"five watches are left, and it tells {told['watching']}, {told.get('degraded')}")
            self.edit(2)
        finally:
            self.limit.restore()

    def clock(self):
        """The clock an hour back, a year ahead, and right again, while it runs. What the clock of files says stays."""
        library = faketime_library()
        if library is None:
            raise Unavailable("needs faketime (Debian's faketime)")
        offset = self.scratch / "clock"
        offset.write_text("+0\n")
        self.restart(LD_PRELOAD=str(library), FAKETIME_TIMESTAMP_FILE=str(offset), FAKETIME_CACHE_DURATION="1",
                     FAKETIME_DONT_FAKE_MONOTONIC="1", NO_FAKE_STAT="1",
                     # Names that do not exist: shared with nobody. Without them the library sets some in the
                     # environment as the program starts, which then looks for its arguments in the wrong place.
                     FAKETIME_SHARED="/none /none")
        for text in ("-1h", "+400d", "+0"):
            offset.write_text(text + "\n")
            self.edit(1.2)
        self.restart()

    def twice(self):
        second = subprocess.run([self.daemon.condense, "daemon", "--workspace", self.root], capture_output=True, text=True,
                                env=self.daemon.environment, timeout=60)
        require(second.returncode == 1 and str(self.daemon.process.pid) in second.stderr,
                f"a second daemon ended with {second.returncode}: {second.stderr[-300:]}")

    def configuration(self):
        path = self.root / "condense.yaml"
        path.write_text("pipelines: {no: [list\n")
        self.edit(1)
        deadline = time.monotonic() + 60
        while not self.daemon.status()["problems"]:
            if path.read_text().startswith("cache"):
                path.write_text("pipelines: {no: [list\n")
            if time.monotonic() > deadline:
                raise Failure("a condense.yaml that cannot be read is not told by status within 60 s")
            time.sleep(0.1)
        path.write_text(CONFIGURATION)

    def store(self):
        shutil.rmtree(self.daemon.environment["CONDENSE_CACHE_DIR"] + "/v1", ignore_errors=True)
        self.edit(0.5)
        self.edits.run("parameter edited", self.edits.parameter)
