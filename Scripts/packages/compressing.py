"""`swift package compress-models` in a package that depends on Condense by its path."""

import json
import os
import re
import shutil
import signal
import subprocess
import time

from attacks.workspace import require

from .place import held, other_weights, replaced

PIPELINE = "Sources/Digits/pipelines/digits.yaml"


def command(place):
    """The first call builds condense and the models; the next compiles nothing and takes 3 s at most"""
    shutil.rmtree(place.app / "build", ignore_errors=True)
    first = place.compress(place.app).expect(r"→ build/digits.condensed", r"→ build/digits-plain.safetensors")
    held(f"first call: {first.seconds:.0f} s, and {(place.app / 'build/digits.condensed').stat().st_size} bytes")
    seconds = []
    for _ in range(3):
        again = place.compress(place.app).expect(r"all cached")
        again.expect_not(r"(?i)compil|\[\d+/\d+\]|some minutes")
        seconds.append(again.seconds)
    times = ", ".join(f"{second:.1f}" for second in seconds)
    held(f"next calls: all cached, no step of a compiler, {times} s, {os.getloadavg()[0]:.1f} processes waiting")
    require(min(seconds) <= 3, f"the next calls took {times} s")
    greeting = replaced("CondenseProgram.run()", 'print("another condense")\nCondenseProgram.run()')
    with place.edited(place.clone / "Sources/condense/main.swift", greeting):
        place.compress(place.app).expect("another condense")
    place.compress(place.app).expect("all cached").expect_not("another condense")
    held("an edit of condense itself is built")


def check(place):
    """--check passes after a build, and fails with the names after an edit"""
    place.compress(place.app, "--check").expect("all up to date")
    edits = {
        "the model": (place.model, other_weights),
        "a base": (place.app / PIPELINE, replaced("bits: 5", "bits: 4")),
    }
    for what, (path, change) in edits.items():
        with place.edited(path, change):
            place.compress(place.app, "--check").expect(
                r"digits\.yaml:\d+:\d+: .*build/digits\.condensed is out of date",
                r"digits-plain\.yaml:\d+:\d+: .*build/digits-plain\.safetensors is out of date",
                "condense build --check failed", status=1)
        held(f"an edit of {what}: both outputs are named")
    with place.edited(place.app / "pipelines/digits-plain.yaml", lambda text: text + b"stages: [huffman]\n"):
        place.compress(place.app, "--check").expect(
            r"digits-plain\.safetensors is out of date", status=1).expect_not(r"digits\.condensed is out of date")
    held("an edit of a pipeline: its output is named, and no other")
    place.compress(place.app, "--check").expect("all up to date")


def daemon(place):
    """A daemon that serves the package does the work, and has done it in its history"""
    serving = subprocess.Popen(
        [place.tool, "daemon", "--workspace", place.app], env=place.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_true(lambda: place.condense(place.app, "status").status == 0, "the daemon answers")
        before = builds(place)
        place.compress(place.app).expect("all cached").expect_not("building in this process")
        require(builds(place) > before, "the daemon has not built for the plugin")
        held("its count of builds went up, and the tables are shown here")
        # Nobody waits for the watcher here: the edit is asked for at once, and whoever builds it, it is built when that ends.
        with place.edited(place.app / PIPELINE, replaced("- huffman", "- hufman")):
            place.compress(place.app).expect(r"digits\.yaml:\d+:\d+: unknown stage 'hufman'", status=1)
        held("an error that it found has its place here")
        place.compress(place.app).expect(r"all cached|0 ran")
    finally:
        serving.send_signal(signal.SIGINT)
        require(serving.wait(timeout=60) is not None, "the daemon goes on")


def watch(place):
    """--watch builds what is edited until Ctrl-C, and leaves no process"""
    arguments = [
        "swift", "package", "--scratch-path", place.folder / place.shared, "--allow-writing-to-package-directory",
        "compress-models", "--watch"]
    log = place.folder / "watch.log"
    with open(log, "w") as output:
        watching = subprocess.Popen(
            list(map(str, arguments)), cwd=place.app, env=place.environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True)
    try:
        await_true(lambda: " serving " in log.read_text(), "it says that it serves", log)
        number = int(re.search(r"pid=(\d+)", log.read_text())[1])
        output = place.app / "build/digits.condensed"
        before = output.read_bytes()
        with place.edited(place.app / PIPELINE, replaced("bits: 5", "bits: 4")):
            await_true(lambda: output.read_bytes() != before, "the edit is built", log)
        # Its own process group is what a terminal sends Ctrl-C to.
        os.killpg(watching.pid, signal.SIGINT)
        watching.wait(timeout=60)
        await_true(lambda: not is_running(number), "the daemon ends", log)
        held("an edit was built; after Ctrl-C neither SwiftPM nor the daemon runs")
    finally:
        if watching.poll() is None:
            os.killpg(watching.pid, signal.SIGINT)
            watching.wait(timeout=60)
    place.compress(place.app).expect()


def builds(place):
    """How many builds the package has seen."""
    status = json.loads(place.condense(place.app, "status", "--history", "--json").expect().output)
    return status["builds"][0]["build"] if isinstance(status, dict) else status[0]["build"]


def is_running(number):
    try:
        os.kill(number, 0)
        return True
    except ProcessLookupError:
        return False


def await_true(condition, what, log=None):
    deadline = time.monotonic() + 120
    while not condition():
        require(time.monotonic() < deadline, f"waited in vain until {what}" + (f":\n{log.read_text()}" if log else ""))
        time.sleep(0.05)


STEPS = [command, check, daemon, watch]
