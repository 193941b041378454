"""One store under many processes: that build, that are killed, that evict."""

import json
import random
import shutil
import signal
import subprocess
import threading
import time

from .workspace import Attack, Failure, Workspace, require, small_model


def pipelines(workspace, count):
    """Pipelines that share their first stages with others of the same model."""
    for number in range(5):
        (workspace.root / "models" / f"m{number}.safetensors").write_bytes(small_model(40 + number, layers=2))
    for number in range(count):
        workspace.pipeline(
            f"p{number}",
            f"[{{prune: {{sparsity: 0.{50 + number // 10}}}}}, {{cluster: {{bits: {2 + number // 5 % 2}}}}}, huffman]",
            model=f"m{number % 5}.safetensors")


def finished(process, what):
    try:
        return process.communicate(timeout=600)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure(f"{what}: a build waits for something that is gone") from None


def each_action_once(condense, generator, long):
    count = 200 if long else 40
    with Workspace(condense) as origin:
        pipelines(origin, count)
        started = time.monotonic()
        expected = origin.clean_outputs()
        seconds = time.monotonic() - started
        halves = []
        try:
            for number in range(8):
                # Each begins at another place, so any two have some pipelines in common and none the same ones.
                half = Workspace(condense, store=origin.root / "store")
                halves.append(half)
                shutil.copytree(origin.root / "models", half.root / "models", dirs_exist_ok=True)
                for place in range(count // 2):
                    name = f"p{(number * count // 8 + place) % count}.yaml"
                    shutil.copy(origin.root / "pipelines" / name, half.root / "pipelines" / name)
            total = origin.built().actions["total"]
            rounds, kills = 10 if long else 3, 0
            for number in range(rounds):
                for folder in [origin.store, *(half.root / name for half in halves for name in ("build", ".condense"))]:
                    shutil.rmtree(folder, ignore_errors=True)
                # The store itself counts what is run to its end, also by those that do not live to tell.
                subprocess.run(origin.command("cache", "stats"), cwd=origin.root, env=origin.environment(),
                               capture_output=True, check=True)
                origin.query("CREATE TABLE runs (key BLOB)")
                origin.query("CREATE TRIGGER run AFTER INSERT ON actions BEGIN INSERT INTO runs VALUES (new.key); END")
                victims = generator.sample(range(8), 3) if number else []
                builds = [half.start("--jobs", "2") for half in halves]
                for victim in victims:
                    time.sleep(generator.uniform(0, seconds / 3))
                    builds[victim].kill()
                ran = 0
                for place, process in enumerate(builds):
                    output, errors = finished(process, f"round {number}")
                    if place in victims and process.returncode == -signal.SIGKILL:
                        kills += 1
                        continue
                    require(process.returncode == 0, f"round {number}: {process.returncode}: {errors[-300:]}")
                    ran += json.loads(output)["actions"]["ran"]
                    for name, content in halves[place].outputs().items():
                        require(expected[name] == content, f"round {number}: {name} differs")
                twice = origin.query("SELECT count(*) FROM (SELECT 1 FROM runs GROUP BY key HAVING count(*) > 1)")[0][0]
                require(twice == 0, f"round {number}: {twice} actions ran more than once")
                runs = origin.query("SELECT count(*) FROM runs")[0][0]
                require(runs <= total, f"round {number}: {runs} runs of {total} actions")
                if not victims:
                    require(ran == runs == total, f"round {number}: {ran} actions reported, {runs} kept, of {total}")
                for half in halves:
                    half.built()
                    require(all(expected[name] == content for name, content in half.outputs().items()),
                            f"round {number}: outputs differ after all")
                    half.check_no_leftovers()
                twice = origin.query("SELECT count(*) FROM (SELECT 1 FROM runs GROUP BY key HAVING count(*) > 1)")[0][0]
                require(twice == 0, f"round {number}: {twice} actions ran again afterwards")
                origin.check_store()
            return f"{rounds} rounds of 8 builds of halves of {count} pipelines, {kills} killed: each of {total} actions ran once"
        finally:
            for half in halves:
                half.__exit__()


def evicted_under_builds(condense, generator, long):
    with Workspace(condense) as workspace:
        pipelines(workspace, 10)
        expected = workspace.clean_outputs()
        rounds, evicted, evictions = 200 if long else 20, 0, 0
        for number in range(rounds):
            shutil.rmtree(workspace.root / "build", ignore_errors=True)
            shutil.rmtree(workspace.root / ".condense", ignore_errors=True)
            stop = threading.Event()
            problems = []

            def evict(seed):
                nonlocal evicted, evictions
                choices = random.Random(seed)
                while not stop.is_set():
                    # Nothing is a root, and now and then everything is so old that not even running builds hold it:
                    # what a build was promised is gone then, and made again.
                    workspace.query("DELETE FROM roots")
                    if choices.random() < 0.3:
                        for table in ("actions", "artifacts", "objects"):
                            workspace.query(f"UPDATE {table} SET used = 0")
                    done = subprocess.run(workspace.command("cache", "gc", "--limit", "0", "--json"), cwd=workspace.root,
                                          env=workspace.environment(), capture_output=True, text=True)
                    if done.returncode != 0:
                        problems.append(done.stderr[-300:])
                        return
                    evicted += json.loads(done.stdout)["artifacts"]
                    evictions += 1
                    stop.wait(choices.choice([0, 0.05, 0.2]))

            thread = threading.Thread(target=evict, args=(generator.random(),))
            thread.start()
            try:
                builds = [workspace.start() for _ in range(2)]
                for process in builds:
                    _, errors = finished(process, f"round {number}")
                    require(process.returncode == 0, f"round {number}: {process.returncode}: {errors[-300:]}")
            finally:
                stop.set()
                thread.join()
            require(not problems, f"round {number}: an eviction failed: {problems[:1]}")
            require(workspace.outputs() == expected, f"round {number}: outputs differ")
            workspace.check_store()
            workspace.check_no_leftovers()
        verified = subprocess.run(workspace.command("cache", "verify"), cwd=workspace.root, env=workspace.environment(),
                                  capture_output=True, text=True)
        require(verified.returncode == 0, f"the store afterwards: {verified.stdout[-300:]}")
        return f"{rounds} rounds of 2 builds under {evictions} evictions of {evicted} artifacts"


ATTACKS = [
    Attack("shared-store", "8 builds of overlapping halves over one store, 3 of them killed", each_action_once),
    Attack("evicted-store", "everything evicted again and again while builds run", evicted_under_builds),
]
