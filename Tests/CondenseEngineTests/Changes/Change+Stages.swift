import CondenseStages

extension Change {
  private static let matrices: Set = ["a", "b", "c"]

  /// Which stages there are, and what they are made from.
  static let stages = [
    Change(
      name: "a new stage between others", before: [starting("prune: {sparsity: 0.5}", "cluster: {bits: 3}", "huffman")],
      edit: replacing("  - huffman", "  - quantize\n  - huffman"), ran: ["quantize": matrices, "huffman": matrices],
      why: [
        "quantize": "new_stage: the stage is new",
        "huffman": "from: it was made from cluster, is made from quantize",
      ]),
    Change(
      name: "a new stage at the front", before: [starting("cluster: {bits: 3}", "huffman")],
      edit: replacing("  - cluster", "  - prune: {sparsity: 0.5}\n  - cluster"),
      ran: ["prune": matrices, "cluster": matrices, "huffman": matrices],
      why: [
        "prune": "new_stage: the stage is new", "cluster": "from: it was made from model, is made from prune",
        "huffman": "from: it was made from model, is made from prune",
      ]),
    Change(
      name: "a new stage at the end", before: [starting("prune: {sparsity: 0.5}", "cluster: {bits: 3}")],
      edit: replacing("outputs", "  - huffman\noutputs"), ran: ["huffman": ["a", "b", "c", "bias"]],
      why: ["*": "new_stage: the stage is new"]),
    Change(
      name: "a stage that is gone", before: [start], edit: replacing("  - quantize: {dtype: int8}\n", ""),
      ran: ["huffman": matrices], why: ["*": "from: it was made from quantize, is made from cluster"]),
    Change(
      name: "the last stage that is gone", before: [starting("prune: {sparsity: 0.5}", "huffman")],
      edit: replacing("  - huffman\n", ""), ran: [:]),
    Change(
      name: "the order of stages",
      before: [
        starting("prune: {id: x, sparsity: 0.75}", "prune: {id: y, sparsity: 0.25, pattern: channel}", "huffman")
      ],
      edit: write(
        pipeline(["prune: {id: y, sparsity: 0.25, pattern: channel}", "prune: {id: x, sparsity: 0.75}", "huffman"])),
      ran: ["y": matrices, "x": matrices, "huffman": matrices],
      why: [
        "y": "from: it was made from x, is made from model", "x": "from: it was made from model, is made from y",
        "huffman": "from: it was made from y, is made from x",
      ]),
    Change(
      name: "another stage under an id", before: [starting("prune: {sparsity: 0.5}", "huffman: {id: coded}")],
      edit: replacing("huffman", "entropy"), ran: ["coded": ["a", "b", "c", "bias"]],
      why: ["*": "stage: the stage was huffman, is entropy"]),
    Change(
      name: "another id for a stage", before: [start], edit: replacing("{bits: 3}", "{bits: 3, id: few}"), ran: [:],
      reused: ["same", "made_before"], outputs: [.unchanged]),
    Change(
      name: "a from that moved",
      before: [
        all(
          starting("prune: {sparsity: 0.5}", "cluster: {bits: 3}", "huffman: {from: prune}"),
          replacing("outputs: [", "outputs: [{path: ../build/q.condensed, from: cluster}, "))
      ],
      edit: replacing("from: prune", "from: cluster"), ran: ["huffman": matrices],
      why: ["*": "from: it was made from prune, is made from cluster"], outputs: [.unchanged, .newContent]),
    Change(
      name: "a from that moved to the model",
      before: [
        all(
          starting("prune: {sparsity: 0.5}", "quantize: {from: prune}", "huffman"),
          replacing("outputs: [", "outputs: [{path: ../build/q.condensed, from: prune}, "))
      ],
      edit: replacing("{from: prune}", "{from: model}"), ran: ["quantize": matrices, "huffman": matrices],
      why: ["*": "from: it was made from prune, is made from model"], outputs: [.unchanged, .newContent]),
    Change(
      name: "a tensor that a stage leaves alone now", before: [start],
      edit: replacing("bits: 3}", "bits: 3, skip: b}"), ran: ["quantize": ["b"], "huffman": ["b"]],
      why: ["*": "from: it was made from cluster, is made from prune"]),
    Change(
      name: "a tensor that every stage before leaves alone now", before: [starting("cluster: {bits: 3}", "huffman")],
      edit: replacing("bits: 3}", "bits: 3, skip: b}"), ran: ["huffman": ["b"]],
      why: ["*": "from: it was made from cluster, is made from model"]),
    Change(
      name: "a tensor that a stage acts on now", before: [starting("cluster: {bits: 3, only: a}", "huffman")],
      edit: replacing("only: a", "only: [a, b]"), ran: ["cluster": ["b"], "huffman": ["b"]],
      why: [
        "cluster": "acts_now: the stage left this tensor alone before",
        "huffman": "from: it was made from model, is made from cluster",
      ]),
    Change(
      name: "a tensor that goes to another decision over the model",
      before: [starting("prune: {sparsity: 0.5, scope: model, overrides: [{match: c, sparsity: 0.25}]}")],
      edit: replacing("match: c", "match: '[bc]'"),
      ran: ["prune measure": ["b"], "prune allocate": [""], "prune": matrices],
      why: ["*": "parameter: sparsity was 0.5, is 0.25"], place: "pipelines/p.yaml:3:80"),
    Change(
      name: "a tensor that takes no part in the decision over the model any more",
      before: [starting("prune: {sparsity: 0.5, scope: model}")],
      edit: replacing("scope: model", "scope: model, skip: b"),
      ran: ["prune allocate": [""], "prune": ["a", "c"]],
      why: ["*": "other_tensors: other tensors take part in the decision"]),
    Change(
      name: "a second output, made from another stage",
      before: [starting("prune: {sparsity: 0.5}", "cluster: {bits: 3}", "huffman: {id: small, from: prune}")],
      edit: replacing("outputs: [", "outputs: [{path: ../build/q.condensed, from: cluster}, "),
      ran: ["cluster": matrices], why: ["*": "new_stage: the stage is new"], outputs: [.missing, .unchanged]),
    Change(
      name: "a stage's version",
      before: [all({ $0.stages = StageRegistry([VersionedStage(version: 1)]) }, starting("double"))],
      edit: { $0.stages = StageRegistry([VersionedStage(version: 2)]) }, ran: ["double": matrices],
      why: ["*": "stage_version: the stage's version was 1, is 2"]),
    Change(
      name: "a stage that failed in the first build, and does not any more",
      before: [all({ $0.stages = StageRegistry([VersionedStage(version: 1, isBroken: true)]) }, starting("double"))],
      edit: { $0.stages = StageRegistry([VersionedStage(version: 1)]) }, ran: ["double": matrices],
      why: ["*": "unfinished_before: the build before did not get to it"], outputs: [.missing]),
  ]
}
