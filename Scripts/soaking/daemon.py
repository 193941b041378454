"""The daemon under soak: started, asked, measured and ended, and never allowed to end by itself."""

import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter

from attacks.workspace import Failure, require

# What an ending daemon is given. It promises five seconds; the rest is for a machine that does other things too.
MOST_SECONDS_TO_END = 8
PATIENCE = 90


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Daemon:
    def __init__(self, condense, root, environment, log):
        self.condense, self.root, self.environment, self.log = condense, root, environment, log
        self.process = None
        self.slowest_end = 0.0
        self.lives = 0
        self.is_faked = False

    @property
    def record(self):
        try:
            return json.loads((self.root / ".condense/daemon/record.json").read_text())
        except (OSError, ValueError):
            return {}

    def start(self, **more):
        """Starts a life, and waits until it answers."""
        self.lives += 1
        self.is_faked = "LD_PRELOAD" in more
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.condense, "daemon", "--workspace", self.root], cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env={**self.environment, **more}, preexec_fn=die_with_parent)
        deadline = time.monotonic() + PATIENCE
        while self.record.get("pid") != self.process.pid:
            self.check()
            require(time.monotonic() < deadline, f"the daemon was not ready within {PATIENCE} s\n{self.tail()}")
            time.sleep(0.05)
        self.status()

    def check(self):
        """Ends the soak if the daemon has ended."""
        if self.process.poll() is not None:
            raise Failure(f"the daemon ended by itself, with {self.process.returncode}\n{self.tail()}")

    def tail(self, lines=40):
        return "the log's end:\n" + "\n".join(self.log.read_text(errors="replace").split("\n")[-lines:])

    def ask(self, path):
        """A document of the API, over the Unix socket."""
        self.check()
        connection = UnixConnection(self.record.get("socket", ""))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.check()
            raise Failure(f"the daemon does not answer for {path}: {error!r}\n{self.tail()}") from None
        finally:
            connection.close()
        require(answer.status == 200, f"{path} is answered with {answer.status}: {body[:300]}")
        return json.loads(body)

    def status(self):
        return self.ask("/api/status")

    def send(self, number):
        self.check()
        os.kill(self.process.pid, number)

    def end(self):
        """SIGTERM: it must end well, and soon."""
        started = time.monotonic()
        self.send(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"SIGTERM did not end the daemon within {PATIENCE} s\n{self.tail()}") from None
        seconds = time.monotonic() - started
        self.slowest_end = max(self.slowest_end, seconds)
        require(code == 0, f"after SIGTERM the daemon ended with {code}\n{self.tail()}")
        require(seconds < MOST_SECONDS_TO_END, f"SIGTERM took {seconds:.1f} s to end the daemon\n{self.tail()}")

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait()

    def idle(self, still=0.5):
        """Waits until it has had nothing to do for a while."""
        deadline, since = time.monotonic() + PATIENCE, None
        while since is None or time.monotonic() < since + still:
            status = self.status()
            if status["daemon"]["queue_depth"] == 0 and status.get("building") is None:
                since = since or time.monotonic()
            else:
                since = None
            require(time.monotonic() < deadline, f"the daemon was not idle within {PATIENCE} s: {status['daemon']}")
            time.sleep(0.1)
        return status

    # What it holds.

    def descriptors(self):
        """How many of each kind."""
        kinds = Counter()
        for name in os.listdir(f"/proc/{self.process.pid}/fd"):
            try:
                target = os.readlink(f"/proc/{self.process.pid}/fd/{name}")
            except OSError:
                continue
            kinds[target.partition(":[")[0] if target.startswith(("socket:", "pipe:")) else os.path.basename(target)] += 1
        return kinds

    def memory(self):
        """Threads, and megabytes."""
        fields = dict(line.split(":", 1) for line in open(f"/proc/{self.process.pid}/status"))
        return int(fields["Threads"]), int(fields["VmRSS"].split()[0]) / 1024

    def at_rest(self):
        """Descriptors, threads and megabytes once connections are closed and nothing has moved for two seconds."""
        deadline, before, since = time.monotonic() + 60, None, time.monotonic()
        while time.monotonic() < min(deadline, since + 2):
            now = self.descriptors()
            if now != before:
                before, since = now, time.monotonic()
            time.sleep(0.1)
        return before, *self.memory()
