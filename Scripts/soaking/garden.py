"""The workspace that is soaked: pipelines of all shapes over models that they share, and the texts that they are made of."""

import os

from attacks.workspace import small_model

# A shape's text, by the slot's values. `up` leads from the pipeline's folder to the workspace.
SHAPES = {
    "chain": "model: {up}models/{model}\nstages:\n  - prune: {{sparsity: 0.{share}}}\n  - cluster: {{bits: {bits}}}\n"
             "  - quantize: {{dtype: int8}}\n  - huffman\noutputs: [{up}build/{name}.condensed]\n",
    "lossless": "model: {up}models/{model}\nstages:\n  - prune: {{sparsity: 0.{share}, scope: model}}\n  - huffman\n"
                "outputs: [{up}build/{name}.condensed]\n",
    "branches": "model: {up}models/{model}\nstages:\n  - prune: {{sparsity: 0.{share}}}\n"
                "  - cluster: {{id: few, bits: {bits}}}\n  - huffman: {{id: small}}\n"
                "  - quantize: {{id: rounded, from: prune, dtype: int8}}\n  - huffman: {{id: exact}}\noutputs:\n"
                "  - {{path: {up}build/{name}-small.condensed, from: small}}\n"
                "  - {{path: {up}build/{name}-exact.condensed, from: exact}}\n",
    "based": "extends: {up}bases/base{base}.yaml\nmatrix: {{share: [0.{share}]}}\n"
             "outputs: [{up}build/{name}.condensed]\n",
    "matrix": "model: {up}models/{model}\nmatrix: {{bits: [2, 3, {more}]}}\nstages:\n"
              "  - prune: {{sparsity: 0.{share}}}\n  - cluster: {{bits: \"${{bits}}\"}}\n  - huffman\n"
              "outputs: ['{up}build/{name}-${{bits}}.condensed']\n",
    "pattern": "model: {up}models/zoo/**/*.safetensors\nstages: [{{cluster: {{bits: {bits}}}}}, huffman]\n"
               "outputs: ['{up}build/{name}-${{model}}.condensed']\n",
    "link": "model: {up}models/current.safetensors\nstages: [{{prune: {{sparsity: 0.{share}}}}}, entropy]\n"
            "outputs: [{up}build/{name}.condensed]\n",
    "through a link": "model: {up}models/picked/*.safetensors\nstages: [{{cluster: {{bits: {bits}}}}}, huffman]\n"
                      "outputs: ['{up}build/{name}-${{model}}.condensed']\n",
    "of another": "model: {{pipeline: {other}, stage: prune}}\nstages: [{{quantize: {{dtype: int8}}}}, huffman]\n"
                  "outputs: [{up}build/{name}.condensed]\n",
    "checked": "model: {up}models/{model}\nstages: [{{prune: {{sparsity: 0.{share}}}}}, huffman]\n"
               "outputs: [{up}build/{name}.condensed]\nchecks: {{density: {{max: 45%}}}}\n",
}

BASES = [
    "model: ../models/m0.safetensors\nstages:\n  - prune: {{sparsity: \"${{share}}\"}}\n  - cluster: {{bits: {bits}}}\n"
    "  - huffman\n",
    "extends: base0.yaml\nmodel: ../models/m1.safetensors\n# {bits}\n",
]

# So little that the store has to make room while the daemon uses it.
CONFIGURATION = "cache: {limit: 100 MB}\njobs: 2\n"
MODELS = [f"m{number}.safetensors" for number in range(5)]
VARIANTS = 8


class Slot:
    """A pipeline, wherever its file is now and whatever is in it."""

    def __init__(self, number, generator):
        self.name = f"p{number:02}"
        self.shape = list(SHAPES)[number % len(SHAPES)]
        self.folder = "pipelines" if number % 4 else f"pipelines/group{number % 3}"
        self.file = f"{self.folder}/{self.name}.yaml"
        self.model = generator.choice(MODELS)
        self.share, self.bits = generator.randrange(60, 90), generator.randrange(2, 6)
        # The pipeline of the first shape, which has a pruning.
        self.other = "p00"
        self.base = number // len(SHAPES) % len(BASES)

    def vary(self, generator):
        """Another parameter, of a late stage as of an early one."""
        if generator.random() < 0.5:
            self.share = generator.randrange(6000, 9000)
        else:
            self.bits = self.bits % 5 + 1

    def text(self, file=None):
        up = "../" * (file or self.file).count("/")
        return SHAPES[self.shape].format(up=up, more=4 + self.bits % 3, **vars(self))


class Garden:
    """The files of the workspace. What is on the disk is the truth: the slots only know what they wrote last."""

    def __init__(self, root, generator, pipelines=30):
        self.root, self.generator = root, generator
        self.models = [small_model(900 + number, layers=3) for number in range(VARIANTS)]
        for folder in (".git", "bases", "build", "models/zoo/deep", "models/zoo-a", "models/zoo-b"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self.slots = [Slot(number, generator) for number in range(pipelines)]
        for path in self.model_paths():
            path.write_bytes(generator.choice(self.models))
        os.symlink("m0.safetensors", root / "models/current.safetensors")
        os.symlink("zoo-a", root / "models/picked")
        for number, text in enumerate(BASES):
            (root / f"bases/base{number}.yaml").write_text(text.format(bits=3))
        (root / "condense.yaml").write_text(CONFIGURATION)
        for slot in self.slots:
            path = root / slot.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(slot.text())

    def model_paths(self):
        names = MODELS + ["zoo/z0.safetensors", "zoo/deep/z1.safetensors", "zoo-a/one.safetensors",
                          "zoo-b/one.safetensors", "zoo-b/two.safetensors"]
        return [self.root / "models" / name for name in names]

    def slot(self):
        return self.generator.choice(self.slots)

    def plant(self, slot):
        """Writes the slot's text where its file is to be, whatever was there."""
        path = self.root / slot.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(slot.text())
