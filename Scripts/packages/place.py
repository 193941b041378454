"""A clone of the repository, packages that depend on it, and a store, all in one folder."""

import contextlib
import os
import re
import subprocess
import time

from attacks.workspace import require


def held(sentence):
    print("   " + sentence, flush=True)


class Result:
    def __init__(self, arguments, process, seconds):
        self.command = " ".join(map(str, arguments))
        self.status, self.output, self.seconds = process.returncode, process.stdout, seconds

    def expect(self, *patterns, status=0):
        """Requires the status (None for any that tells of a failure), and a match in the output of each of the patterns."""
        require(self.status == status if status is not None else self.status != 0, f"{self.command} ended with {self.status}:\n{self.output}")
        for pattern in patterns:
            require(re.search(pattern, self.output), f"{self.command} does not say '{pattern}':\n{self.output}")
        return self

    def expect_not(self, pattern):
        require(not re.search(pattern, self.output), f"{self.command} says '{pattern}':\n{self.output}")
        return self


class Place:
    # What every package of this script that depends on a path shares: one build of condense.
    shared = "build"

    def __init__(self, repository, folder):
        self.folder = folder
        self.clone = folder / "condense"
        self.app = self.clone / "Examples" / "DigitsApp"
        self.monorepo = self.clone / "Examples" / "Monorepo"
        self.model = self.clone / "pipelines" / "models" / "digits-mlp.safetensors"
        self.environment = dict(os.environ, CONDENSE_CACHE_DIR=str(folder / "store"))
        folder.mkdir(parents=True, exist_ok=True)
        if self.clone.exists():
            # What is the same keeps its date, so that it need not be compiled again.
            self.git("fetch", "-q", repository, "HEAD")
            self.git("reset", "-q", "--hard", "FETCH_HEAD")
            self.git("clean", "-qfd")
        else:
            subprocess.run(["git", "clone", "-q", str(repository), str(self.clone)], check=True)

    def git(self, *arguments, folder=None):
        subprocess.run(["git", "-C", str(folder or self.clone), *map(str, arguments)], check=True)

    def run(self, arguments, folder, environment=None):
        started = time.monotonic()
        process = subprocess.run(
            list(map(str, arguments)), cwd=folder, env=dict(self.environment, **(environment or {})),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return Result(arguments, process, time.monotonic() - started)

    def swift(self, package, verb, *arguments, scratch=None, environment=None):
        return self.run(
            ["swift", verb, "--scratch-path", self.folder / (scratch or self.shared), *arguments], package, environment)

    def compress(self, package, *arguments, scratch=None, environment=None):
        """`swift package compress-models`."""
        return self.swift(
            package, "package", "--allow-writing-to-package-directory", "compress-models", *arguments,
            scratch=scratch, environment=environment)

    def condense(self, folder, *arguments, environment=None):
        """The `condense` that compress-models built."""
        return self.run([self.tool, *arguments], folder, environment)

    @property
    def tool(self):
        tool = self.folder / self.shared / "release" / "condense"
        require(tool.exists(), f"there is no '{tool}'; the step 'command' makes it")
        return tool

    @contextlib.contextmanager
    def edited(self, path, change):
        """Has a file changed for a while; its content is bytes."""
        before = path.read_bytes()
        after = change(before)
        require(after != before, f"the edit of {path} is none")
        path.write_bytes(after)
        try:
            yield
        finally:
            path.write_bytes(before)


def replaced(old, new):
    """The edit that puts one text in another's place."""
    return lambda content: content.replace(old.encode(), new.encode())


def other_weights(content):
    """The edit that changes some weights of a model."""
    return content[:-4096] + bytes(4096)
