import CondensePipelines

/// Why an action ran, or why it did not have to: the first difference to the build before.
public indirect enum Cause: Equatable, Sendable {
  /// Nothing that goes into it has changed.
  case same
  /// Something has changed, but just this had been made before, here or by another pipeline.
  case madeBefore(Cause)
  /// There was no build of this pipeline before.
  case firstBuild
  case newStage
  /// The stage left the tensor alone before.
  case actsNow
  case newTensor
  /// The tensor's values in the model's file; or its type or shape, in words.
  case tensorChanged(model: String, from: String?, to: String?)
  case modelMoved(from: String, to: String)
  /// Another stage stands under the same id.
  case stageReplaced(from: String, to: String)
  case stageVersion(from: Int, to: Int)
  /// A program or a file that the stage's code is made of changed, came or went.
  case stageSource(name: String)
  /// Values are in canonical spelling; nil where there was or is none. The place is that of the new value.
  case parameter(name: String, from: String?, to: String?, Place? = nil)
  /// The stage is made from another one.
  case inputMoved(from: String, to: String)
  /// What the stage is made from has come out different.
  case inputChanged(stage: String, Cause)
  /// The tensor's share of a decision over the model.
  case allocation(from: [Int], to: [Int], Cause)
  /// The stage sees all tensors at once, and one of them is another.
  case modelChanged(Cause)
  /// Other tensors take part in the decision.
  case otherTensors
  /// Everything is as it was, but the result was not in the store any more.
  case resultLost
  /// The build ended before it.
  case unfinished
  /// The build before this one ended before it.
  case unfinishedBefore
}

extension Cause {
  /// One word for programs.
  public var kind: String {
    switch self {
    case .same: "same"
    case .madeBefore: "made_before"
    case .firstBuild: "first_build"
    case .newStage: "new_stage"
    case .actsNow: "acts_now"
    case .newTensor: "new_tensor"
    case .tensorChanged: "tensor"
    case .modelMoved: "model"
    case .stageReplaced: "stage"
    case .stageVersion: "stage_version"
    case .stageSource: "stage_source"
    case .modelChanged: "model_changed"
    case .parameter: "parameter"
    case .inputMoved: "from"
    case .inputChanged: "input"
    case .allocation: "allocation"
    case .otherTensors: "other_tensors"
    case .resultLost: "result_lost"
    case .unfinished: "unfinished"
    case .unfinishedBefore: "unfinished_before"
    }
  }

  /// What was and what is, where there is such a thing.
  public var change: (name: String?, from: String?, to: String?) {
    switch self {
    case .tensorChanged(_, let from, let to): (nil, from, to)
    case .modelMoved(let from, let to), .stageReplaced(let from, let to), .inputMoved(let from, let to):
      (nil, from, to)
    case .stageVersion(let from, let to): (nil, String(from), String(to))
    case .parameter(let name, let from, let to, _): (name, from, to)
    case .stageSource(let name): (name, nil, nil)
    case .inputChanged(let stage, _): (stage, nil, nil)
    case .allocation(let from, let to, _): (nil, Cause.text(from), Cause.text(to))
    default: (nil, nil, nil)
    }
  }

  /// What is behind it, where it is a consequence.
  public var because: Cause? {
    switch self {
    case .madeBefore(let cause), .inputChanged(_, let cause), .allocation(_, _, let cause), .modelChanged(let cause):
      cause
    default: nil
    }
  }

  /// Where the difference was written.
  public var place: Place? { if case .parameter(_, _, _, let place) = self { place } else { nil } }

  /// The end of the chain: what somebody did.
  public var root: Cause { because?.root ?? self }

  fileprivate static func text(_ values: [Int]) -> String {
    values.count == 1 ? String(values[0]) : "[" + values.map(String.init).joined(separator: ", ") + "]"
  }
}

extension Cause: CustomStringConvertible {
  public var description: String {
    switch self {
    case .same: return "nothing changed"
    case .madeBefore(.firstBuild): return "made before, by another pipeline or an earlier build"
    case .madeBefore(let cause): return "made before, although \(cause)"
    case .firstBuild: return "the first build of this pipeline"
    case .newStage: return "the stage is new"
    case .actsNow: return "the stage left this tensor alone before"
    case .newTensor: return "the tensor is new"
    case .tensorChanged(let model, let from, let to):
      guard let from, let to else { return "the tensor's values changed in \(model)" }
      return "the tensor was \(from), is \(to) in \(model)"
    case .modelMoved(let from, let to): return "the model was \(from), is \(to)"
    case .stageReplaced(let from, let to): return "the stage was \(from), is \(to)"
    case .stageVersion(let from, let to): return "the stage's version was \(from), is \(to)"
    case .parameter(let name, let from, let to, _):
      return "\(name) was \(from ?? "not set"), is \(to ?? "not set")"
    case .inputMoved(let from, let to): return "it was made from \(from), is made from \(to)"
    // Of a chain the end says it all.
    case .inputChanged(_, let cause) where cause.kind == kind: return "\(cause)"
    case .inputChanged(let stage, let cause): return "\(stage) came out different: \(cause)"
    case .allocation(let from, let to, let cause):
      return "its share of the decision over the model was \(Cause.text(from)), is \(Cause.text(to)): \(cause)"
    case .stageSource(let name): return "\(name), which the stage is made of, changed"
    case .modelChanged(let cause): return "the stage sees all tensors at once: \(cause)"
    case .otherTensors: return "other tensors take part in the decision"
    case .resultLost: return "its result was not in the store any more"
    case .unfinished: return "not finished"
    case .unfinishedBefore: return "the build before did not get to it"
    }
  }
}
