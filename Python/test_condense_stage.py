#!/usr/bin/env python3
"""Tests of condense_stage.py: plugins made with it, run as condense runs them.

    python3 Python/test_condense_stage.py
"""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

import condense_stage
import numpy as np

HERE = Path(__file__).resolve().parent


class Plugin:
    """A running plugin, whose body is given."""

    def __init__(self, folder, body):
        self.path = Path(folder) / "plugin.py"
        self.path.write_text("from condense_stage import stage, progress, log\nimport numpy as np\n"
                             + textwrap.dedent(body))
        self.environment = {**os.environ, "PYTHONPATH": str(HERE)}
        self.process = subprocess.Popen([sys.executable, self.path, "run"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, text=True)

    def describe(self):
        return json.loads(subprocess.check_output([sys.executable, self.path, "describe"], env=self.environment))

    def ask(self, **request):
        """The replies to a request, the last of them its result."""
        self.process.stdin.write(json.dumps({"id": 7, "parameters": {}, **request}) + "\n")
        self.process.stdin.flush()
        replies = []
        while not replies or replies[-1]["type"] not in ("result", "error"):
            replies.append(json.loads(self.process.stdout.readline()))
        return replies

    def end(self):
        log = self.process.communicate()[1]
        return self.process.returncode, log


class StageTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.input = os.path.join(self.folder.name, "in.safetensors")

    def write(self, arrays, dtypes):
        condense_stage.write_tensors(self.input, arrays, dtypes)

    def read(self, name="out.safetensors"):
        return condense_stage.read_tensors(os.path.join(self.folder.name, name))

    def test_a_function_becomes_a_plugin(self):
        plugin = Plugin(self.folder.name, """
            @stage(version=3, summary="Scales.", parameters={"by": {"type": "number", "default": 2}},
                   metrics={"sum": "The sum."})
            def scale_all(weights, by):
                progress(0.5)
                print("to the log")
                log("seen")
                return weights * by, {"sum": np.sum(weights)}

            scale_all.main()
            """)
        description = plugin.describe()
        self.assertEqual((description["name"], description["version"], description["protocol"]), ("scale-all", 3, 1))
        self.assertEqual(description["metrics"], [{"name": "sum", "summary": "The sum."}])
        for factor in (2, 3):
            self.write({"tensor": np.array([[1, 2], [3, 4]])}, {"tensor": "F32"})
            replies = plugin.ask(action="apply", parameters={"by": factor}, input=self.input, output=self.folder.name)
            self.assertEqual(replies, [
                {"type": "progress", "share": 0.5}, {"type": "log", "text": "seen"},
                {"type": "result", "id": 7, "tensors": "out.safetensors", "metrics": {"sum": 10}}])
            arrays, dtypes = self.read()
            self.assertEqual(dtypes, {"tensor": "F32"})
            np.testing.assert_array_equal(arrays["tensor"], np.array([[1, 2], [3, 4]]) * factor)
        self.assertEqual(plugin.end(), (0, "to the log\nto the log\n"))

    def test_an_exception_is_an_error_and_the_plugin_goes_on(self):
        plugin = Plugin(self.folder.name, """
            @stage(version=1, summary="Fails.", metrics={"m": ""})
            def fails(weights, how):
                if how == "raises": raise ValueError("too flat")
                if how == "shape": return weights[0]
                return weights, {"m": float("nan")}

            fails.main()
            """)
        self.write({"tensor": np.ones((2, 2))}, {"tensor": "F32"})
        for how, message in [("raises", "ValueError: too flat"), ("shape", "the shape became (2,), it was (2, 2)"),
                             ("nan", "not JSON compliant")]:
            reply, = plugin.ask(action="apply", parameters={"how": how}, input=self.input, output=self.folder.name)
            self.assertEqual(reply["type"], "error")
            self.assertIn(message, reply["message"])
        code, log = plugin.end()
        self.assertEqual(code, 0)
        self.assertIn("Traceback", log)

    def test_a_decision_over_the_model(self):
        plugin = Plugin(self.folder.name, """
            @stage(version=1, summary="Decides.")
            def decides(weights, allocation):
                return np.full_like(weights, allocation[0])

            @decides.measure
            def measure(weights): return {"size": weights.size}

            @decides.allocate
            def allocate(measurements): return [one["size"] * 2 for one in measurements]

            decides.main()
            """)
        self.assertTrue(plugin.describe()["decides"])
        self.write({"tensor": np.ones((2, 2))}, {"tensor": "F16"})
        reply, = plugin.ask(action="measure", input=self.input, output=self.folder.name)
        self.assertEqual(reply["measurement"], {"size": 4})
        reply, = plugin.ask(action="allocate", measurements=[{"size": 4}, {"size": 1}], output=self.folder.name)
        self.assertEqual(reply["allocations"], [[8], [2]])
        plugin.ask(action="apply", allocation=[8], input=self.input, output=self.folder.name)
        np.testing.assert_array_equal(self.read()[0]["tensor"], np.full((2, 2), 8, np.float16))
        plugin.end()

    def test_a_model_and_an_evaluation(self):
        plugin = Plugin(self.folder.name, """
            @stage(version=1, summary="Swaps.", scope="model", min_rank=0)
            def swaps(model):
                return {"a b": model["a b"] * 2, "c": model["c"]}

            @stage(version=1, summary="Counts.", scope="evaluation", metrics={"count": ""})
            def counts(model):
                return {"count": len(model)}

            import sys
            swaps._answer, old = (lambda request: counts._answer(request) if request["action"] == "evaluate"
                                  else old(request)), swaps._answer
            swaps.main()
            """)
        self.write({"a b": np.ones(3), "c": np.array(5)}, {"a b": "F32", "c": "I64"})
        plugin.ask(action="transform", input=self.input, output=self.folder.name)
        arrays, dtypes = self.read()
        self.assertEqual(dtypes, {"a b": "F32", "c": "I64"})
        np.testing.assert_array_equal(arrays["a b"], [2, 2, 2])
        reply, = plugin.ask(action="evaluate", input=self.input, output=self.folder.name)
        self.assertEqual(reply, {"type": "result", "id": 7, "metrics": {"count": 2}})
        plugin.end()

    def test_all_types_come_back(self):
        for dtype, numpy_type in condense_stage._DTYPES.items():
            for shape in [(), (0,), (3,), (2, 0), (2, 3, 2)]:
                values = (np.arange(np.prod(shape, dtype=int)) % 2).reshape(shape)
                self.write({"tensor": values}, {"tensor": dtype})
                arrays, dtypes = condense_stage.read_tensors(self.input)
                self.assertEqual(dtypes, {"tensor": dtype})
                self.assertEqual(arrays["tensor"].dtype, np.dtype("<f4" if dtype == "BF16" else numpy_type))
                np.testing.assert_array_equal(arrays["tensor"], values)

    def test_bfloat16_rounds_to_nearest_even(self):
        cases = {0x3F800000: 0x3F80, 0x3F808000: 0x3F80, 0x3F818000: 0x3F82, 0x3F808001: 0x3F81, 0x7F7FFFFF: 0x7F80,
                 0x7F800000: 0x7F80, 0xFF800001: 0xFFC0, 0x80000000: 0x8000, 0x00000001: 0x0000}
        values = np.array(list(cases), dtype=np.uint32).view(np.float32)
        self.assertEqual(condense_stage._to_bfloat16(values).tolist(), list(cases.values()))


if __name__ == "__main__":
    unittest.main()
