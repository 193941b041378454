"""kill -9: at every call that changes a file, and at random moments."""

import shutil
import signal
import time

from . import faults
from .workspace import CHAIN, Attack, Workspace, require, small_model


def prepared(condense):
    workspace = Workspace(condense)
    (workspace.root / "models" / "m.safetensors").write_bytes(small_model(1))
    workspace.pipeline("chain", CHAIN)
    workspace.pipeline("lossless", "[huffman]")
    return workspace


def check_after(workspace, expected, total, what):
    """What a kill left is right as far as it goes, and the next build does the rest and nothing twice."""
    for name, content in workspace.outputs().items():
        require(expected.get(name) == content, f"{what}: build/{name} is not a whole output")
    recorded = len(workspace.recorded_actions())
    actions = workspace.built().actions
    require(workspace.outputs() == expected, f"{what}: the next build's outputs differ")
    require(actions["ran"] == total - recorded,
            f"{what}: {recorded} of {total} actions were recorded, and the next build ran {actions['ran']}")
    workspace.check_no_leftovers()
    workspace.check_store()


def kill_points(condense, generator, long):
    with prepared(condense) as workspace:
        expected = workspace.clean_outputs()
        count = faults.calls(workspace, "--jobs", "1")
        total = workspace.built().actions["total"]
        points = range(1, count + 1) if long else sorted(generator.sample(range(1, count + 1), min(40, count)))
        kills = 0
        for point in points:
            for action in ("kill", "kill-after"):
                for folder in ("build", "store", ".condense"):
                    shutil.rmtree(workspace.root / folder, ignore_errors=True)
                jobs = generator.choice(["1", "2"])
                result = faults.build(workspace, point, action, "--jobs", jobs)
                # With two jobs the calls come in another order, and a few fewer may be made.
                require(result.status in (-signal.SIGKILL, 0), f"call {point}: ended with {result.status}")
                kills += result.status != 0
                check_after(workspace, expected, total, f"{action} at call {point} of {count}, {jobs} jobs")
        return f"{kills} kills at {len(points)} of {count} calls, before and after each"


def kill_moments(condense, generator, long):
    with Workspace(condense) as workspace:
        (workspace.root / "models" / "m.safetensors").write_bytes(small_model(2, layers=40, rows=200, columns=200))
        workspace.pipeline("chain", CHAIN)
        workspace.pipeline("lossless", "[huffman]")
        expected = workspace.clean_outputs()
        started = time.monotonic()
        total = workspace.built().actions["total"]
        seconds = time.monotonic() - started
        rounds, kills = 200 if long else 50, 0
        for number in range(rounds):
            for folder in ("build", "store"):
                shutil.rmtree(workspace.root / folder, ignore_errors=True)
            # Several builds in a row die before one may finish.
            for _ in range(generator.randint(1, 3)):
                process = workspace.start()
                time.sleep(generator.uniform(0, seconds))
                process.kill()
                process.communicate()
                kills += process.returncode == -signal.SIGKILL
            check_after(workspace, expected, total, f"round {number}")
        return f"{kills} kills in {rounds} rounds, and no finished action ran again"


ATTACKS = [
    Attack("kill-points", "kill -9 before and after calls that change files", kill_points),
    Attack("kill-moments", "kill -9 at random moments", kill_moments),
]
