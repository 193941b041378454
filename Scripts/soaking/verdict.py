"""Whether the daemon's outputs and words are those of a clean build of what is on the disk now."""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from attacks.workspace import Failure, digest, require

PATIENCE = 90


class Reference:
    """Builds copies of the workspace, with a store that the daemon does not know."""

    def __init__(self, condense, root, environment):
        self.condense, self.root, self.environment = condense, root, environment
        self.folder = Path(tempfile.mkdtemp(prefix="condense-soak-reference-"))

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def expected(self, fresh=False):
        """The digests of all outputs that can be built, by name, and the pipelines that are wrong, by name."""
        copy, store = self.folder / "workspace", self.folder / "store"
        shutil.rmtree(copy, ignore_errors=True)
        if fresh:
            shutil.rmtree(store, ignore_errors=True)
        copy.mkdir()
        for name in (".git", "models", "bases", "pipelines", "condense.yaml"):
            if (self.root / name).is_dir():
                shutil.copytree(self.root / name, copy / name, symlinks=True)
            elif (self.root / name).exists():
                shutil.copy2(self.root / name, copy / name)
        process = subprocess.run(
            [self.condense, "build", "--no-daemon", "--keep-going", "--json"], cwd=copy, text=True, capture_output=True,
            env={**self.environment, "CONDENSE_CACHE_DIR": str(store)}, timeout=600)
        require(process.returncode in (0, 1, 65),
                f"the clean build ended with {process.returncode}: {process.stderr[-600:]}")
        pipelines = json.loads(process.stdout)["pipelines"]
        outputs = {Path(output["path"]).name for pipeline in pipelines if pipeline["status"] != "failed"
                   for output in pipeline["outputs"]}
        return ({name: digest(copy / "build" / name) for name in sorted(outputs)},
                {pipeline["name"]: pipeline["status"] == "failed" for pipeline in pipelines})


def differences(root, status, outputs, wrong):
    """What is not as it should be, in words."""
    found = []
    for name, content in outputs.items():
        path = root / "build" / name
        if not path.exists():
            found.append(f"build/{name} is missing")
        elif digest(path) != content:
            found.append(f"build/{name} is not what a clean build makes")
    served = {pipeline["name"]: pipeline["status"] in ("failed", "invalid") for pipeline in status["pipelines"]}
    for name in sorted(served.keys() | wrong.keys()):
        if served.get(name) != wrong.get(name):
            words = {None: "not there", True: "wrong", False: "well"}
            found.append(f"pipeline {name} is {words[served.get(name)]} to the daemon, {words[wrong.get(name)]} to a build")
    if status["problems"]:
        found.append(f"the workspace is told to have problems: {status['problems'][:2]}")
    return found


def check(daemon, reference, fresh=False):
    """Waits for the daemon to be through; returns how long it took beyond the clean build, and what was compared."""
    outputs, wrong = reference.expected(fresh)
    started = time.monotonic()
    while True:
        status = daemon.idle(still=0)
        found = differences(daemon.root, status, outputs, wrong)
        if not found:
            return time.monotonic() - started, len(outputs), sum(wrong.values())
        if time.monotonic() > started + PATIENCE:
            raise Failure(f"after {PATIENCE} s of rest, {len(found)} things differ from a clean build:\n  "
                          + "\n  ".join(found[:12]) + f"\n{json.dumps(status['daemon'])}")
        time.sleep(0.1)
