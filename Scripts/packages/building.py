"""`swift build` and `swift test` of a package whose target has the build-tool plugin."""

import contextlib
import shutil

from attacks.workspace import require

from .place import held, other_weights, replaced

SMALL = """extends: ../../../bases/small.yaml
outputs: [../../../build/small.condensed]
"""
BASE = """model: ../../../pipelines/models/digits-mlp.safetensors
stages: [{prune: {sparsity: 0.9}}, {cluster: {bits: 2}}, huffman]
"""


def resources(place):
    """swift build puts each pipeline's output into Bundle.module, and makes anew what an edit touches, and no more"""
    pipelines = place.app / "Sources/Digits/pipelines"
    digits, small = (resource(place, name) for name in ("digits", "small"))
    # The second build of a new build folder still links the tool again.
    plans(place, set())
    plans(place, set())
    require(digits.read_bytes() == (place.app / "build/digits.condensed").read_bytes(),
            "the resource is not what compress-models made")
    compresses(place, set())
    held("the resource is what compress-models made; a build with nothing changed reruns nothing")
    base, other = place.app / "bases/small.yaml", place.app / "other.safetensors"
    with added(pipelines / "small.yaml", SMALL), added(base, BASE), added(other, ""):
        shutil.copyfile(place.model, other)
        plans(place, {"small"})
        require(small.exists() and digits.exists(), "the second pipeline's output is not beside the first's")
        compresses(place, set())
        with place.edited(pipelines / "digits.yaml", replaced("bits: 5", "bits: 4")):
            compresses(place, {"digits"})
        compresses(place, {"digits"})
        with place.edited(base, replaced("bits: 2", "bits: 3")):
            compresses(place, {"small"})
        compresses(place, {"small"})
        with place.edited(place.model, other_weights):
            before = small.read_bytes()
            compresses(place, {"digits", "small"})
            require(small.read_bytes() != before, "another model makes the same file")
        compresses(place, {"digits", "small"})
        held("an edit of a pipeline, of a base, of a model reruns those that it touches")

        # The plan of the build does not know of this model: files came and went nowhere in the target.
        with place.edited(base, replaced("../../../pipelines/models/digits-mlp", "../other")):
            compresses(place, {"small"})
            before = small.read_bytes()
            with place.edited(other, other_weights):
                compresses(place, {"small"})
                require(small.read_bytes() != before, "an edit of a model that an edit named is not seen")
            held("so does one of a model that the pipeline named only after the build was planned")
            with added(place.app / "Sources/Digits/Another.swift", "// A new plan.\n"):
                plans(place, {"small"})
                compresses(place, set())
            held("which the next plan knows of")
        with place.edited(pipelines / "small.yaml", replaced("outputs:", "stages: [hufman]\noutputs:")):
            place.swift(place.app, "build").expect(
                r"(?m)^Sources/Digits/pipelines/small\.yaml:2:10: error: unknown stage 'hufman'", status=1)
        with place.edited(place.model, lambda content: b"x" * 64):
            place.swift(place.app, "build").expect(r"(?m)^[\w/]+\.yaml:\d+:\d+: error: the model cannot be read", status=1)
        held("an error of a pipeline stops the build with file:line:column")
    plans(place, set())


def test(place):
    """The app's own test loads the resource with CondensedModel, and gets what condense unpack gives"""
    place.compress(place.app).expect()
    place.swift(place.app, "test").expect(r"3 tests.* passed")
    unpacked = place.folder / "unpacked.safetensors"
    place.condense(place.app, "unpack", resource(place, "digits"), "-o", unpacked).expect()
    require(unpacked.read_bytes() == (place.app / "build/digits-plain.safetensors").read_bytes(),
            "condense unpack gives something else than the test compared with")
    held("the tensors are equal, and the file that the test compares with is condense unpack's, byte for byte")
    (place.app / "build/digits-plain.safetensors").unlink()
    place.swift(place.app, "test").expect("digits-plain.safetensors", status=1)
    held("the test fails where that file is missing")
    place.compress(place.app).expect()


def resource(place, name):
    return place.folder / place.shared / "debug" / "DigitsApp_Digits.resources" / f"{name}.condensed"


def compresses(place, names):
    """Requires that `swift build` runs the steps of these pipelines, and no others."""
    made, build = steps(place)
    require(made == names, f"swift build makes {made or 'nothing'}:\n{build.output}")


def plans(place, names):
    """Requires that `swift build` runs these steps; where files came or went, SwiftPM links the tool anew, and runs all."""
    made, build = steps(place)
    require(names <= made, f"swift build makes {made or 'nothing'}:\n{build.output}")


def steps(place):
    build = place.swift(place.app, "build").expect()
    return {name for name in ("digits", "small") if f"Compressing {name}.condensed" in build.output}, build


@contextlib.contextmanager
def added(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink()


STEPS = [resources, test]
