"""Builds at the same time."""

import json
import shutil
import signal
import subprocess
import time

from .workspace import Attack, Failure, Workspace, require, small_model


def together(condense, generator, long):
    with Workspace(condense) as workspace:
        for number in range(5):
            (workspace.root / "models" / f"m{number}.safetensors").write_bytes(small_model(20 + number))
        for number in range(50):
            # Pipelines of a model share their first stages, some all of them but the last.
            workspace.pipeline(
                f"p{number}",
                f"[{{prune: {{sparsity: 0.{5 + number // 5 % 2}}}}}, {{cluster: {{bits: {2 + number // 10}}}}}, huffman]",
                model=f"m{number % 5}.safetensors")
        expected = workspace.clean_outputs()
        started = time.monotonic()
        total = workspace.built().actions["total"]
        seconds = time.monotonic() - started
        most = 0
        rounds = 100 if long else 20
        for number in range(rounds):
            for folder in ("build", "store"):
                shutil.rmtree(workspace.root / folder)
            victim = generator.choice([None, 0, 1]) if number else None
            builds = [workspace.start() for _ in range(2)]
            if victim is not None:
                time.sleep(generator.uniform(0, 1.5 * seconds))
                builds[victim].kill()
            ran = 0
            for place, process in enumerate(builds):
                try:
                    output, errors = process.communicate(timeout=300)
                except subprocess.TimeoutExpired:
                    raise Failure(f"round {number}: a build waits for something that is gone") from None
                if place == victim and process.returncode == -signal.SIGKILL:
                    continue
                require(process.returncode == 0, f"round {number}: {process.returncode}: {errors[-300:]}")
                ran += json.loads(output)["actions"]["ran"]
            if victim is None:
                most = max(most, ran)
                require(ran <= 2 * total, f"round {number}: {ran} actions ran for {total}")
            workspace.built()
            require(workspace.outputs() == expected, f"round {number}: outputs differ")
            workspace.check_store()
            workspace.check_no_leftovers()
        return f"{rounds} rounds of two builds of 50 pipelines, one killed in most; at most {most} runs of {total} actions"



ATTACKS = [Attack("builds-together", "two builds of the same pipelines, one killed", together)]
