extension Change {
  private static let matrices: Set = ["a", "b", "c"]
  private static let everything: Set = ["a", "b", "c", "bias"]

  /// What somebody wrote for a stage.
  static let parameters = [
    Change(
      name: "a parameter of the first stage", before: [start], edit: replacing("sparsity: 0.5", "sparsity: 0.25"),
      ran: ["prune": matrices, "cluster": matrices, "quantize": matrices, "huffman": matrices],
      why: ["*": "parameter: sparsity was 0.5, is 0.25"], place: "pipelines/p.yaml:3:23"),
    Change(
      name: "a parameter of the second stage", before: [start], edit: replacing("bits: 3", "bits: 4"),
      ran: ["cluster": matrices, "quantize": matrices, "huffman": matrices],
      why: ["*": "parameter: bits was 3, is 4"], place: "pipelines/p.yaml:4:21"),
    Change(
      name: "a parameter of the third stage", before: [start], edit: replacing("dtype: int8", "dtype: int4"),
      ran: ["quantize": matrices, "huffman": matrices],
      why: ["*": "parameter: dtype was \"int8\", is \"int4\""], place: "pipelines/p.yaml:5:23"),
    Change(
      name: "a parameter of the last stage", before: [start], edit: replacing("layout: auto", "layout: dense"),
      ran: ["huffman": everything],
      why: ["*": "parameter: layout was \"auto\", is \"dense\""], place: "pipelines/p.yaml:6:23"),
    Change(
      name: "a parameter that was not set", before: [start],
      edit: replacing("bits: 3}", "bits: 3, scope: channel}"),
      ran: ["cluster": matrices, "quantize": matrices, "huffman": matrices],
      why: ["*": "parameter: scope was not set, is \"channel\""], place: "pipelines/p.yaml:4:31"),
    Change(
      name: "a parameter that is not set any more", before: [starting("cluster: {bits: 3, scope: channel}", "huffman")],
      edit: replacing(", scope: channel", ""), ran: ["cluster": matrices, "huffman": matrices],
      why: ["*": "parameter: scope was \"channel\", is not set"]),
    Change(
      name: "a default that is left out", before: [start], edit: replacing(": {dtype: int8}", ""), ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "a parameter in another spelling", before: [start], edit: replacing("0.5", "50%"), ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "a parameter that was something before", before: [start, replacing("bits: 3", "bits: 4")],
      edit: replacing("bits: 4", "bits: 3"), ran: [:], reused: ["same", "made_before"]),
    Change(
      name: "a parameter that makes no difference to the result",
      before: [starting("prune: {threshold: 1e-5}", "huffman")],
      edit: replacing("1e-5", "2e-5"), ran: ["prune": matrices],
      why: ["*": "parameter: threshold was 1e-05, is 2e-05"], place: "pipelines/p.yaml:3:24", outputs: [.unchanged]),
    Change(
      name: "an override for one tensor", before: [start],
      edit: replacing("sparsity: 0.5", "sparsity: 0.5, overrides: [{match: b, sparsity: 0.25}]"),
      ran: ["prune": ["b"], "cluster": ["b"], "quantize": ["b"], "huffman": ["b"]],
      why: ["*": "parameter: sparsity was 0.5, is 0.25"], place: "pipelines/p.yaml:3:61"),
    Change(
      name: "an override's parameter", before: [starting("cluster: {bits: 3, overrides: [{match: 'b*', bits: 4}]}")],
      edit: replacing("bits: 4", "bits: 2"), ran: ["cluster": ["b"]],
      why: ["*": "parameter: bits was 4, is 2"], place: "pipelines/p.yaml:3:56"),
    Change(
      name: "an override's pattern", before: [starting("cluster: {bits: 3, overrides: [{match: b, bits: 4}]}")],
      edit: replacing("match: b", "match: '[bc]'"), ran: ["cluster": ["c"]],
      why: ["*": "parameter: bits was 3, is 4"], place: "pipelines/p.yaml:3:58"),
    Change(
      name: "an override that is gone", before: [starting("cluster: {bits: 3, overrides: [{match: b, bits: 4}]}")],
      edit: replacing(", overrides: [{match: b, bits: 4}]", ""), ran: ["cluster": ["b"]],
      why: ["*": "parameter: bits was 4, is 3"], place: "pipelines/p.yaml:3:21"),
    Change(
      name: "the share of a decision over the model", before: [starting("prune: {sparsity: 0.5, scope: model}")],
      edit: replacing("0.5", "0.25"),
      ran: ["prune measure": matrices, "prune allocate": [""], "prune": matrices],
      why: ["*": "parameter: sparsity was 0.5, is 0.25"], place: "pipelines/p.yaml:3:23"),
    Change(
      name: "an override's share of a decision of its own",
      before: [starting("prune: {sparsity: 0.5, scope: model, overrides: [{match: '[bc]', sparsity: 0.75}]}")],
      edit: replacing("0.75", "0.25"),
      ran: ["prune measure": ["b", "c"], "prune allocate": [""], "prune": ["b", "c"]],
      why: ["*": "parameter: sparsity was 0.75, is 0.25"], place: "pipelines/p.yaml:3:80"),
  ]
}
