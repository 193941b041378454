"""The same bytes, however they are made."""

import shutil

from .workspace import CHAIN, Attack, Workspace, require, small_model


def sameness(condense, generator, long):
    with Workspace(condense) as workspace:
        (workspace.root / "models" / "m.safetensors").write_bytes(small_model(30, layers=10))
        workspace.pipeline("chain", CHAIN)
        workspace.pipeline("fewer", "[{prune: {sparsity: 0.8, scope: model}}, {cluster: {bits: 3}}, huffman]")
        workspace.pipeline("lossless", "[huffman]")
        expected = workspace.clean_outputs()
        ways = 0
        for _ in range(10 if long else 2):
            for jobs in ("1", "2", "8"):
                for warmth in ("cold", "half-warm", "warm"):
                    if warmth == "cold":
                        shutil.rmtree(workspace.store, ignore_errors=True)
                    elif warmth == "half-warm":
                        keys = sorted(workspace.recorded_actions())
                        for key in generator.sample(keys, len(keys) // 2):
                            workspace.query("DELETE FROM actions WHERE key = ?", key)
                    shutil.rmtree(workspace.root / "build", ignore_errors=True)
                    workspace.built("--jobs", jobs)
                    require(workspace.outputs() == expected, f"{jobs} jobs, {warmth} store: outputs differ")
                    ways += 1
        return f"{ways} builds with 1, 2, 8 jobs and a cold, half-warm, warm store"


ATTACKS = [Attack("same-bytes", "jobs and warmth of the store change nothing", sameness)]
