"""Everybody else who talks to the daemon: listeners, builds from the command line, and junk."""

import multiprocessing
import os
import random
import selectors
import signal
import socket
import struct
import subprocess
import threading
import time

PROCESSES = multiprocessing.get_context("fork")


class Counts:
    """Numbers and complaints of another process."""

    def __init__(self, *names):
        self.values = {name: PROCESSES.Value("q", 0) for name in names}
        self.complaints = PROCESSES.SimpleQueue()
        self.stop, self.pause, self.is_paused = PROCESSES.Event(), PROCESSES.Event(), PROCESSES.Event()

    def add(self, name, count=1):
        with self.values[name].get_lock():
            self.values[name].value += count

    def __getitem__(self, name):
        return self.values[name].value


class Helper:
    """A process that runs `body(counts, port)` again and again; paused, it holds no connection."""

    def __init__(self, body, daemon, seed, *names):
        self.counts = Counts(*names)
        self.process = PROCESSES.Process(target=self._run, args=(body, daemon, seed), daemon=True)
        self.process.start()

    def _run(self, body, daemon, seed):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        counts, parent = self.counts, os.getppid()
        while not counts.stop.is_set() and os.getppid() == parent:
            if counts.pause.is_set():
                counts.is_paused.set()
                time.sleep(0.05)
                continue
            counts.is_paused.clear()
            address = daemon.record.get("address")
            if address is None:
                time.sleep(0.05)
                continue
            body(counts, int(address.rpartition(":")[2]), seed)

    def hold(self):
        self.counts.pause.set()
        self.counts.is_paused.wait(timeout=60)

    def go_on(self):
        self.counts.pause.clear()

    def end(self):
        self.counts.stop.set()
        self.process.join(timeout=10)
        if self.process.is_alive():
            self.process.kill()


def connected(port, receive=None):
    connection = socket.socket()
    if receive:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    # Reset when closed, so that a thousand a second do not use up the ports.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.settimeout(2)
    try:
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        return None
    return connection


# MARK: Junk


def request(port, method, path, *headers, body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def junk_kinds(port, generator):
    """What to send, how many requests that is, and what is awaited: a refusal, some answer, or nothing."""
    def get(path):
        return request(port, "GET", path)

    def post(*headers, body=b"{}"):
        return request(port, "POST", "/api/builds", f"Content-Length: {len(body)}", *headers, body=body)

    wrong = "Authorization: Bearer " + "".join(generator.choices("0123456789abcdef", k=64))
    return [
        (get("/healthz") * 20, 20, "answer"),
        (get("/healthz") * 5 + get(generator.choice(["/api/status", "/metrics", "/api/builds", "/api/openapi.json"])), 6, "answer"),
        (generator.randbytes(generator.randrange(1, 2000)), 1, None),
        (get("/api/status")[:generator.randrange(1, 40)], 1, None),
        (request(port, "GET", "/", "X: " + "x" * 100_000), 1, "refusal"),
        (request(port, "GET", "/healthz", *(f"X{number}: y" for number in range(300))), 1, "refusal"),
        (post(wrong), 1, "refusal"), (post(), 1, "refusal"), (post("Authorization: Basic eDp5"), 1, "refusal"),
        (request(port, "POST", "/api/builds/1/cancel", wrong, "Content-Length: 0"), 1, "refusal"),
        (request(port, "POST", "/api/builds", wrong, "Content-Length: 99999999999", body=b"x" * 10_000), 1, "refusal"),
        (request(port, "POST", "/api/builds", wrong, "Content-Length: -1"), 1, "refusal"),
        (request(port, "POST", "/api/builds", wrong, "Transfer-Encoding: chunked", body=b"ffffffffffffffff\r\n"), 1, "refusal"),
        (request(port, "POST", "/api/builds", wrong, "Content-Length: 2", "Content-Length: 3", body=b"{}"), 1, "refusal"),
        (b"GET /healthz HTTP/1.1\r\nHost: example.com\r\n\r\n", 1, "refusal"),
        (request(port, "GET", "/api/status", "Origin: http://example.com"), 1, "refusal"),
        (get("/../../etc/passwd"), 1, "refusal"), (get("/api/pipelines/%2e%2e%2f%00"), 1, "refusal"),
        (get("/" + "a" * 20_000), 1, "refusal"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, "refusal"), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 1, None),
        (request(port, "BREW", "/pot"), 1, "refusal"),
    ]


def junk_thread(counts, port, generator, rate, until):
    slow, started, sent = [], time.monotonic(), 0
    kinds = junk_kinds(port, generator)
    while time.monotonic() < until and not counts.pause.is_set() and not counts.stop.is_set():
        ahead = sent / rate - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(min(ahead, 0.1))
        elif ahead < -1:
            # What could not be sent in time is not sent later.
            started, sent = time.monotonic(), 0
        connection = connected(port)
        if connection is None:
            counts.add("refused connections")
            time.sleep(0.02)
            continue
        if generator.random() < 0.02 and len(slow) < 20:
            slow.append((connection, time.monotonic() + 8))
            counts.add("slow heads")
        else:
            data, number, awaited = generator.choice(kinds)
            try:
                connection.sendall(data)
                if awaited and generator.random() < 0.5:
                    answer = connection.recv(4096)
                    if awaited == "refusal" and answer[9:10] == b"2":
                        counts.complaints.put(f"{data[:200]!r} was answered with {answer[:60]!r}")
            except OSError:
                pass
            connection.close()
            sent += number
            counts.add("junk requests", number)
        still = []
        for connection, end in slow:
            try:
                if time.monotonic() > end:
                    raise OSError
                if generator.random() < 0.05:
                    connection.send(generator.choice(b"GET / \r\nX:").to_bytes(1, "big"))
                still.append((connection, end))
            except OSError:
                connection.close()
        slow = still
    for connection, _ in slow:
        connection.close()


def junk(counts, port, seed, rate=1000, threads=3):
    """About `rate` requests a second, for two seconds."""
    until = time.monotonic() + 2
    workers = [threading.Thread(target=junk_thread, args=(counts, port, random.Random(f"{seed} {number} {until}"),
                                                          rate / threads, until)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


# MARK: Listeners


class Listener:
    """A client of the event stream: reads all, a little, or nothing."""

    def __init__(self, number):
        self.habit = ("never", "slowly", "all")[number % 3]
        self.returns = number % 2 == 0
        self.connection, self.buffer, self.last = None, b"", None
        self.next_read = self.until = 0.0

    def open(self, port):
        self.connection = connected(port, receive=4096)
        if self.connection is None:
            return False
        since = [f"Last-Event-ID: {self.last}"] if self.last and self.returns else []
        self.buffer = b""
        # Whether the next id follows the last one is known only within a stream, or where it goes on.
        self.seen = None
        self.until = time.monotonic() + random.uniform(15, 40)
        try:
            self.connection.sendall(request(port, "GET", "/api/events", *since))
        except OSError:
            self.close()
            return False
        self.connection.setblocking(False)
        return True

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def read(self, counts):
        """Takes what is there; false at the end."""
        try:
            data = self.connection.recv(512 if self.habit == "slowly" else 65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self.buffer += data
        # Chunk sizes stand between lines too; an id is told by how it begins.
        *lines, self.buffer = self.buffer.split(b"\n")
        for line in lines:
            if line.startswith(b"id: "):
                self._note(line[4:].decode(errors="replace").strip(), counts)
        return True

    def _note(self, event, counts):
        counts.add("events heard")
        prefix, _, number = event.rpartition("-")
        if self.seen and self.seen[0] == prefix and int(number) not in (self.seen[1], self.seen[1] + 1):
            counts.complaints.put(f"event {event} came after {self.seen[1]}")
        self.seen, self.last = (prefix, int(number)), event


def listen(counts, port, seed, clients=100):
    """`clients` streams, until the daemon goes or there is a pause."""
    with selectors.DefaultSelector() as selector:
        listeners = [Listener(number) for number in range(clients)]
        for listener in listeners:
            if not listener.open(port):
                continue
            counts.add("streams")
            if listener.habit != "never":
                selector.register(listener.connection, selectors.EVENT_READ, listener)
        open_again, started = [], time.monotonic()
        gone = 0
        while not counts.pause.is_set() and not counts.stop.is_set() and time.monotonic() < started + 60 and gone < 20:
            for key, _ in selector.select(timeout=0.1):
                listener = key.data
                if listener.habit == "slowly" and time.monotonic() < listener.next_read:
                    continue
                listener.next_read = time.monotonic() + 0.5
                if not listener.read(counts):
                    selector.unregister(listener.connection)
                    listener.close()
            # The slow ones leave data unread, which select would tell of at once.
            time.sleep(0.02)
            for listener in listeners:
                if listener.connection is not None and time.monotonic() > listener.until:
                    if listener.habit != "never":
                        selector.unregister(listener.connection)
                    listener.close()
                if listener.connection is None:
                    if listener.open(port):
                        counts.add("streams")
                        gone = 0
                        if listener.habit != "never":
                            selector.register(listener.connection, selectors.EVENT_READ, listener)
                    else:
                        gone += 1
                        break
        for listener in listeners:
            listener.close()


# MARK: Builds from the command line


class Builders(threading.Thread):
    """Runs `condense build`, interrupts some, and holds them to the exit codes that there are."""

    def __init__(self, condense, root, environment, generator):
        super().__init__(daemon=True)
        self.condense, self.root, self.environment, self.generator = condense, root, environment, generator
        self.counts = {"builds by clients": 0, "builds interrupted": 0, "asked for status": 0}
        self.complaints = []
        self.stop, self.pause, self.is_paused = threading.Event(), threading.Event(), threading.Event()

    def run(self):
        while not self.stop.is_set():
            if self.pause.is_set():
                self.is_paused.set()
                time.sleep(0.05)
                continue
            self.is_paused.clear()
            self.once()
            self.stop.wait(self.generator.uniform(0.2, 2))

    def once(self):
        wish = self.generator.choice([["build"], ["build", "-k"], ["build", "--json", "-k"],
                                      ["build", "pipelines/p01.yaml"], ["status", "--json"]])
        interrupts = wish[0] == "build" and self.generator.random() < 0.35
        process = subprocess.Popen([self.condense, *wish], cwd=self.root, env=self.environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if interrupts:
            time.sleep(self.generator.uniform(0, 0.4))
            process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=180)
        except subprocess.TimeoutExpired:
            process.kill()
            self.complaints.append(f"{' '.join(wish)} hung for 180 s")
            return
        self.counts["asked for status" if wish[0] == "status" else "builds by clients"] += 1
        self.counts["builds interrupted"] += interrupts
        allowed = (0, 1, 64, 65, 66) + ((-signal.SIGINT, 130) if interrupts else ())
        if process.returncode not in allowed or "Fatal error" in errors:
            self.complaints.append(f"{' '.join(wish)} ended with {process.returncode}: {errors[-600:]}")

    def hold(self):
        self.pause.set()
        self.is_paused.wait(timeout=240)

    def go_on(self):
        self.pause.clear()
        self.is_paused.clear()
