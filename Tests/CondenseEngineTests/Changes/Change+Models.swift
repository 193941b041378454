import CondenseTensors

extension Change {
  private static let matrices: Set = ["a", "b", "c"]
  private static func chain(_ tensors: Set<String>) -> [String: Set<String>] {
    ["prune": tensors, "cluster": tensors, "quantize": tensors, "huffman": tensors]
  }

  /// What a model is.
  static let models = [
    Change(
      name: "a model that is touched", before: [start],
      edit: { try $0.setModificationTime(of: "model.safetensors", secondsFromNow: 60) }, ran: [:], outputs: [.unchanged]
    ),
    Change(
      name: "a model that is written again as it was", before: [start], edit: model { _ in }, ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "one tensor's values", before: [start], edit: model { $0.change("c") }, ran: chain(["c"]),
      why: ["*": "tensor: the tensor's values changed in model.safetensors"]),
    Change(
      name: "a tensor's type", before: [start], edit: model { $0.dtypes["b"] = .f16 }, ran: chain(["b"]),
      why: ["*": "tensor: the tensor was F32 [6, 8], is F16 [6, 8] in model.safetensors"]),
    Change(
      name: "a tensor's shape", before: [start], edit: model { $0.shapes["b"] = [8, 6] }, ran: chain(["b"]),
      why: ["*": "tensor: the tensor was F32 [6, 8], is F32 [8, 6] in model.safetensors"]),
    Change(name: "only the metadata", before: [start], edit: model { $0.envelope["note"] = "new" }, ran: [:]),
    Change(
      name: "a new tensor", before: [start], edit: model { $0.matrices.append(("d", 4)) }, ran: chain(["d"]),
      why: ["*": "new_tensor: the tensor is new"]),
    Change(name: "a tensor that is gone", before: [start], edit: model { $0.matrices.remove(at: 1) }, ran: [:]),
    Change(
      name: "a tensor of another name", before: [start], edit: model { $0.matrices[1].name = "z" }, ran: [:],
      reused: ["same", "made_before"]),
    Change(
      name: "a tensor that has become another one's twin", before: [start], edit: model { $0.matrices[2].seed = 1 },
      ran: [:], reused: ["same", "made_before"]),
    Change(
      name: "another model file", before: [start],
      edit: all(
        model {
          $0.file = "other.safetensors"
          $0.change("a")
        }, replacing("model.safetensors", "other.safetensors")), ran: chain(["a"]),
      why: ["*": "model: the model was model.safetensors, is other.safetensors"]),
    Change(
      name: "a copy of the model", before: [start],
      edit: all(model { $0.file = "other.safetensors" }, replacing("model.safetensors", "other.safetensors")), ran: [:],
      outputs: [.unchanged]),
    Change(
      name: "one tensor of a model that is decided over", before: [starting("prune: {sparsity: 0.5, scope: model}")],
      edit: model { $0.scales["c"] = 100 },
      ran: ["prune measure": ["c"], "prune allocate": [""], "prune": matrices],
      why: ["*": "tensor: the tensor's values changed in model.safetensors"]),
    Change(
      name: "a tensor that is gone from a model that is decided over",
      before: [starting("prune: {sparsity: 0.5, scope: model}")], edit: model { $0.matrices.remove(at: 2) },
      ran: ["prune allocate": [""], "prune": ["a", "b"]],
      why: ["*": "other_tensors: other tensors take part in the decision"]),
    Change(
      name: "a tensor with what made the build before fail",
      before: [start, model { $0.scales["c"] = .infinity }], edit: model { $0.change("c") }, ran: chain(["c"]),
      why: ["*": "tensor: the tensor's values changed in model.safetensors"]),
    Change(
      name: "the end of a failure, after which what was changed before it is done",
      before: [
        starting("prune: {sparsity: 0.5}", "cluster: {bits: 3}", "huffman"),
        all(model { $0.scales["a"] = .infinity }, replacing("bits: 3", "bits: 4")),
      ], edit: model { _ in }, ran: ["cluster": ["a"], "huffman": ["a"]],
      why: ["*": "parameter: bits was 3, is 4"], reused: ["same", "made_before"],
      place: "pipelines/p.yaml:4:21"),
  ]
}
