"""Turns a Python function into a stage of Condense.

    #!/usr/bin/env python3
    from condense_stage import stage
    import numpy as np

    @stage(version=1, summary="Rounds weights to a step.",
           parameters={"step": {"type": "number", "minimum": 0.001, "maximum": 1, "default": 0.1}},
           metrics={"moved": "The largest change of a weight."})
    def snap(weights, step):
        snapped = np.round(weights / step) * step
        return snapped, {"moved": float(np.max(np.abs(snapped - weights), initial=0))}

    snap.main()

Save it as `condense-stage-snap`, make it executable, put this file beside it, and name the folder in `condense.yaml`:
`plugins: [stages/]`. Then `snap` is a stage like any other: `condense plugins check snap`.

One module, and numpy is all it needs. It speaks version 1 of the protocol in docs/stage-plugins.md: one process serves
many tensors, what is printed goes to the log, an exception is the stage's error. Arrays come in the tensor's own type;
bfloat16, which numpy lacks, comes as float32. What is returned is cast back to the tensor's type.

The same input must give the same result every time: seed random generators from nothing but parameters. Import this
module before numpy, so that matrix products run on one thread: sums are then in one order, and workers do not fight.
"""

import json
import os
import struct
import sys
import threading
import time
import traceback

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402

__all__ = ["stage", "progress", "log", "read_tensors", "write_tensors"]

PROTOCOL = 1

_DTYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
    "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2",
}


def stage(name=None, *, version, summary, scope="tensor", lossless=False, parameters=None, required=(), metrics=None,
          dtypes=None, min_rank=None, files=(), environment=(), examples=()):
    """Makes a stage of a function.

    The function gets the tensor as an array and the parameters by name, and returns an array of the same shape, or that
    and a dictionary of metrics. With scope "model" it gets and returns a dictionary of arrays by tensor name; with scope
    "evaluation" it gets that and returns metrics only.

    parameters   name -> JSON Schema: type integer, number, boolean or string (with enum, or "format": "path")
    metrics      name -> one sentence, or {"summary": …, "total": "mean" | "sum" | "min" | "max"}
    dtypes       what it acts on, as safetensors names it; floating-point types unless told
    min_rank     the fewest dimensions; 2 unless told
    files, environment   what else decides the result: paths relative to the plugin's folder, names of variables
    """
    def make(function):
        return Stage(function, {
            "protocol": PROTOCOL, "name": name or function.__name__.replace("_", "-"), "version": version,
            "scope": scope, "summary": summary, "lossless": lossless,
            "parameters": {"type": "object", "properties": dict(parameters or {}), "required": list(required),
                           "additionalProperties": False},
            "metrics": [{"name": key, **(value if isinstance(value, dict) else {"summary": value})}
                        for key, value in (metrics or {}).items()],
            "accepts": {"dtypes": list(dtypes or ["F32", "F16", "BF16", "F64"]),
                        "minRank": 2 if min_rank is None else min_rank},
            "files": list(files), "environment": list(environment), "examples": list(examples),
        })
    return make


class Stage:
    """A function with its description. Called, it is the function."""

    def __init__(self, function, description):
        self.function = function
        self.description = description
        self._measure = self._allocate = None

    def __call__(self, *arguments, **parameters):
        return self.function(*arguments, **parameters)

    def measure(self, function):
        """Decorates what sums one tensor up, as anything that JSON can hold. Then the stage decides over the model."""
        self._measure = function
        self.description["decides"] = True
        return function

    def allocate(self, function):
        """Decorates what gets all measurements, and returns whole numbers for each: the function's `allocation`."""
        self._allocate = function
        return function

    def main(self, arguments=None):
        """Does what the command line says: describe, or run."""
        arguments = sys.argv[1:] if arguments is None else arguments
        if arguments == ["describe"]:
            print(json.dumps(self.description, allow_nan=False))
        elif arguments == ["run"]:
            _serve(self)
        else:
            sys.exit(f"usage: {sys.argv[0]} describe|run")

    def _answer(self, request):
        """The members of the result for a request."""
        parameters = request["parameters"]
        action = request["action"]
        if action == "allocate":
            return {"allocations": [_whole_numbers(one) for one in self._allocate(request["measurements"], **parameters)]}
        arrays, dtypes = read_tensors(request["input"])
        if action == "measure":
            return {"measurement": self._measure(arrays["tensor"], **parameters)}
        if action == "evaluate":
            return {"metrics": _numbers(self.function(arrays, **parameters))}
        if "allocation" in request:
            parameters = {**parameters, "allocation": request["allocation"]}
        result = self.function(arrays["tensor"] if action == "apply" else arrays, **parameters)
        result, metrics = result if isinstance(result, tuple) else (result, {})
        if action == "apply":
            result = {"tensor": result}
        for name, array in arrays.items():
            if np.shape(result[name]) != array.shape:
                raise ValueError(f"{name}: the shape became {np.shape(result[name])}, it was {array.shape}")
        write_tensors(os.path.join(request["output"], "out.safetensors"),
                      {name: result[name] for name in arrays}, dtypes)
        return {"tensors": "out.safetensors", "metrics": _numbers(metrics)}


_output = None


def _say(message):
    _output.write(json.dumps(message, allow_nan=False) + "\n")
    _output.flush()


def progress(share):
    """Tells how much is done, from 0 to 1."""
    if _output is not None:
        _say({"type": "progress", "share": float(share)})


def log(text):
    """Shows a line to whoever watches the build."""
    if _output is None:
        print(text, file=sys.stderr)
    else:
        _say({"type": "log", "text": str(text)})


def _serve(stage):
    global _output
    # The protocol has the standard output to itself; what is printed goes to the log.
    _output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _leave_with(os.getppid())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            # Before it is sent: a result that JSON cannot hold is an error.
            reply = {"type": "result", "id": request["id"], **stage._answer(request)}
            json.dumps(reply, allow_nan=False)
        except Exception as error:  # The next tensor may be another matter.
            traceback.print_exc()
            sys.stderr.flush()
            reply = {"type": "error", "id": request["id"], "message": f"{type(error).__name__}: {error}"}
        _say(reply)


def _leave_with(parent):
    """Ends the process when condense is gone, however that ended."""
    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()


def _numbers(metrics):
    return {name: float(value) for name, value in metrics.items()}


def _whole_numbers(allocation):
    return [int(value) for value in np.atleast_1d(allocation)]


def read_tensors(path):
    """The arrays of a safetensors file by name, and their types as the file has them."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    arrays, dtypes = {}, {}
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        dtype = entry["dtype"]
        if dtype not in _DTYPES:
            raise ValueError(f"{dtype} is no type of numpy's")
        first, end = entry["data_offsets"]
        # A copy, which can be changed and is aligned.
        array = np.frombuffer(content[start + first:start + end], dtype=_DTYPES[dtype]).reshape(entry["shape"]).copy()
        arrays[name] = _from_bfloat16(array) if dtype == "BF16" else array
        dtypes[name] = dtype
    return arrays, dtypes


def write_tensors(path, arrays, dtypes):
    """Writes arrays to a safetensors file, each cast to its type."""
    header, parts, offset = {}, [], 0
    for name, array in arrays.items():
        dtype = dtypes[name]
        array = np.asarray(array)
        with np.errstate(over="ignore"):
            cast = _to_bfloat16(array) if dtype == "BF16" else array.astype(_DTYPES[dtype])
        parts.append(np.ascontiguousarray(cast).tobytes())
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [offset, offset + len(parts[-1])]}
        offset += len(parts[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for part in parts:
            file.write(part)


def _from_bfloat16(bits):
    return (bits.reshape(-1).astype(np.uint32) << 16).view(np.float32).reshape(bits.shape)


def _to_bfloat16(array):
    """Rounded to nearest, ties to even; not-a-numbers stay what they are."""
    bits = np.ascontiguousarray(array, dtype=np.float32).reshape(-1).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    # What is not finite must not be rounded into something else.
    special = (bits & 0x7F800000) == 0x7F800000
    quiet = np.where((bits & 0x007FFFFF) != 0, 0x40, 0).astype(np.uint32)
    return np.where(special, (bits >> 16) | quiet, rounded).astype("<u2").reshape(np.shape(array))
