extension Change {
  private static let matrices: Set = ["a", "b", "c"]
  private static let base = "model: ../model.safetensors\nstages:\n  - cluster:\n      bits: 3\n  - huffman\n"
  private static let extending = all(
    model { _ in }, write(base, to: "pipelines/base.yaml"),
    write("extends: base.yaml\noutputs: ['../build/${name}.condensed']\n"))
  private static let matrix = all(
    model { _ in },
    write(pipeline(["prune: {sparsity: 0.5}", "cluster: {bits: '${bits}'}"], more: "matrix: {bits: [3, 4]}\n")))
  private static let pattern = all(
    model { $0.file = "models/x.safetensors" },
    model {
      $0.file = "models/y.safetensors"
      $0.change("a")
    }, write(pipeline(["cluster: {bits: 3}"], model: "../models/*.safetensors")))
  private static let chained = all(
    model { _ in },
    write(
      pipeline(["prune: {sparsity: 0.5}", "cluster: {bits: 3}", "quantize", "huffman"]), to: "pipelines/up.yaml"),
    write(pipeline(["quantize", "huffman"], model: "{pipeline: up, stage: cluster}")))

  /// Pipelines of several files, and files of several builds.
  static let compositions = [
    Change(
      name: "a parameter in a base", before: [extending],
      edit: replacing("bits: 3", "bits: 4", in: "pipelines/base.yaml"),
      ran: ["cluster": matrices, "huffman": matrices], why: ["*": "parameter: bits was 3, is 4"],
      place: "pipelines/base.yaml:4:13"),
    Change(
      name: "a parameter in a base's base",
      before: [
        all(
          extending, write("extends: base.yaml\n", to: "pipelines/middle.yaml"),
          replacing("base.yaml", "middle.yaml"))
      ], edit: replacing("bits: 3", "bits: 4", in: "pipelines/base.yaml"),
      ran: ["cluster": matrices, "huffman": matrices], why: ["*": "parameter: bits was 3, is 4"],
      place: "pipelines/base.yaml:4:13"),
    Change(
      name: "a comment in a base", before: [extending],
      edit: replacing("stages:", "# x\nstages:", in: "pipelines/base.yaml"),
      ran: [:], outputs: [.unchanged]),
    Change(
      name: "another base", before: [all(extending, write(base.replacing("3", with: "4"), to: "pipelines/other.yaml"))],
      edit: replacing("base.yaml", "other.yaml"), ran: ["cluster": matrices, "huffman": matrices],
      why: ["*": "parameter: bits was 3, is 4"], place: "pipelines/other.yaml:4:13"),
    Change(
      name: "stages that stand above the base's", before: [extending],
      edit: replacing("outputs", "stages: [{cluster: {bits: 4}}, huffman]\noutputs"),
      ran: ["cluster": matrices, "huffman": matrices], why: ["*": "parameter: bits was 3, is 4"],
      place: "pipelines/p.yaml:2:27"),
    Change(
      name: "the workspace's defaults",
      before: [
        all(
          model { _ in }, write("defaults:\n  stages:\n    - cluster: {bits: 3}\n", to: "condense.yaml"),
          write("model: ../model.safetensors\noutputs: ['../build/${name}.condensed']\n"))
      ], edit: replacing("bits: 3", "bits: 4", in: "condense.yaml"), ran: ["cluster": matrices],
      why: ["*": "parameter: bits was 3, is 4"], place: "condense.yaml:3:23"),
    Change(
      name: "a value that is added to a matrix", pipeline: "p[bits=5]", before: [matrix],
      edit: replacing("[3, 4]", "[3, 4, 5]"), ran: ["cluster": matrices],
      why: ["*": "first_build: the first build of this pipeline"], reused: ["made_before"], outputs: [.missing]),
    Change(
      name: "a value that is gone from a matrix", pipeline: "p[bits=4]", before: [matrix],
      edit: replacing("[3, 4]", "[4]"), ran: [:], outputs: [.unchanged]),
    Change(
      name: "an axis that is added to a matrix", pipeline: "p[bits=4,share=0.5]", before: [matrix],
      edit: all(
        replacing("bits: [3, 4]", "bits: [3, 4], share: [0.5]"),
        replacing("sparsity: 0.5", "sparsity: '${share}'")
      ), ran: [:], reused: ["made_before"], outputs: [.missing]),
    Change(
      name: "a stage under a matrix", pipeline: "p[bits=4]", before: [matrix],
      edit: replacing("bits: '${bits}'", "bits: '${bits}', scope: channel"), ran: ["cluster": matrices],
      ranElsewhere: 3,
      why: ["*": "parameter: scope was not set, is \"channel\""], place: "pipelines/p.yaml:4:39"),
    Change(
      name: "a model that comes to match", pipeline: "p[z]", before: [pattern],
      edit: model {
        $0.file = "models/z.safetensors"
        $0.change("b")
      }, ran: ["cluster": ["b"]], why: ["*": "first_build: the first build of this pipeline"], reused: ["made_before"],
      outputs: [.missing]),
    Change(
      name: "a model that does not match any more", pipeline: "p[x]", before: [pattern],
      edit: { try $0.remove("models/y.safetensors") }, ran: [:], outputs: [.unchanged]),
    Change(
      name: "one of the models that match", pipeline: "p[y]", before: [pattern],
      edit: model {
        $0.file = "models/y.safetensors"
        $0.matrices[0].seed = 200
      }, ran: ["cluster": ["a"]], why: ["*": "tensor: the tensor's values changed in models/y.safetensors"]),
    Change(
      name: "a stage of the pipeline that is the model", before: [chained],
      edit: replacing("sparsity: 0.5", "sparsity: 0.25", in: "pipelines/up.yaml"),
      ran: ["up/prune": matrices, "up/cluster": matrices, "quantize": matrices, "huffman": matrices],
      why: ["*": "parameter: sparsity was 0.5, is 0.25"], place: "pipelines/up.yaml:3:23"),
    Change(
      name: "a stage behind the one that is the model", before: [chained],
      edit: replacing("- quantize", "- quantize: {dtype: int4}", in: "pipelines/up.yaml"), ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "the other pipeline's stage that is the model", before: [chained],
      edit: replacing("stage: cluster", "stage: prune"), ran: ["quantize": matrices, "huffman": matrices],
      why: ["*": "from: it was made from up/cluster, is made from up/prune"]),
    Change(
      name: "another name of the pipeline that is the model", before: [chained],
      edit: all(
        { try $0.move("pipelines/up.yaml", to: "pipelines/over.yaml") }, replacing("pipeline: up", "pipeline: over")),
      ran: [:], reused: ["same", "made_before"], outputs: [.unchanged]),
    Change(
      name: "a tensor of the model that the other pipeline has", before: [chained], edit: model { $0.change("b") },
      ran: ["up/prune": ["b"], "up/cluster": ["b"], "quantize": ["b"], "huffman": ["b"]],
      why: ["*": "tensor: the tensor's values changed in model.safetensors"]),
    Change(
      name: "the end of a failure of the pipeline that is the model",
      before: [
        chained, all(replacing("bits: 3", "bits: 4", in: "pipelines/up.yaml"), model { $0.scales["a"] = .infinity }),
      ],
      edit: model { _ in }, ran: ["up/cluster": ["a"], "quantize": ["a"], "huffman": ["a"]],
      why: ["*": "parameter: bits was 3, is 4"], reused: ["same", "made_before"], place: "pipelines/up.yaml:4:21"),
  ]
}
