import CondenseStore
import CondenseTensors
import Foundation
import TestSupport

/// What happens to the files beside what ``RandomWorkspace`` says of them.
enum DiskEdit {
  case none
  case touch(String)
  /// Two files in each other's place, by renames.
  case swap(String, String)
  case deleteOutput
  case damageOutput
  case loseArtifacts
  case loseEverything
  case forgetRecords
}

extension RandomWorkspace {
  /// Edits something; returns what it was, in words, and what else is to be done on disk.
  mutating func edit() -> (name: String, disk: DiskEdit) {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<30: return (editPipeline(), .none)
    case 30..<38:
      let name = random.pick(bases.keys.sorted())
      guard var base = bases[name] else { return ("nothing", .none) }
      let what = editStages(of: &base)
      bases[name] = base
      return ("\(what) of \(name)", .none)
    case 38..<60: return (editModel(), .none)
    case 60..<64: return (rename(), .none)
    case 64..<67:
      addPipeline()
      return ("another pipeline", .none)
    case 67..<70:
      if pipelines.count > 3 { pipelines[random.pick(pipelines.keys.sorted())] = nil }
      return ("a pipeline less", .none)
    case 70..<75: return ("a touched file", .touch(random.pick(files.keys.sorted())))
    case 75..<78:
      let (a, b) = ("models/m0.safetensors", "models/m1.safetensors")
      guard let m0 = models["m0"], let m1 = models["m1"] else { return ("nothing", .none) }
      (models["m0"], models["m1"]) = (m1, m0)
      return ("models in each other's place", .swap(a, b))
    case 78..<84: return ("an output deleted", .deleteOutput)
    case 84..<90: return ("an output damaged", .damageOutput)
    case 90..<95: return ("artifacts lost", .loseArtifacts)
    case 95..<96: return ("all artifacts lost", .loseEverything)
    case 96..<98: return ("the workspace's state lost", .forgetRecords)
    default: return ("nothing", .none)
    }
  }

  private mutating func editPipeline() -> String {
    let name = random.pick(pipelines.keys.sorted())
    guard var pipeline = pipelines[name] else { return "nothing" }
    defer { pipelines[name] = pipeline }
    switch Int.random(in: 0..<16, using: &random) {
    case 0..<8: return "\(editStages(of: &pipeline)) of \(name)"
    case 8:
      pipeline.source = source()
      return "the model of \(name)"
    case 9:
      pipeline.base = pipeline.base == nil ? random.pick(bases.keys.sorted()) : nil
      return "the base of \(name)"
    case 10, 11:
      pipeline.bits = random.pick([[], [1], [1, 2], [2, 3], [3, 1], [1, 2, 3]])
      return "the matrix of \(name)"
    case 12:
      pipeline.format = pipeline.format == "condensed" ? "safetensors" : "condensed"
      return "the format of \(name)"
    case 13:
      pipeline.outputSuffix = random.pick(["", "-x", "-y"])
      return "the outputs of \(name)"
    case 14:
      pipeline.checks = random.pick([nil, "ratio: {min: 0.01}", "ratio: {min: 1000}"])
      return "the checks of \(name)"
    default:
      pipeline.comment += 1
      return "a comment in \(name)"
    }
  }

  private mutating func editStages(of pipeline: inout RandomPipeline) -> String {
    let index = Int.random(in: 0..<pipeline.stages.count, using: &random)
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5:
      pipeline.stages[index].settings = RandomPipeline.settings(
        pipeline.stages[index].kind, hasBits: !pipeline.bits.isEmpty, &random)
      return "the parameters of \(pipeline.stages[index].id)"
    case 5, 6:
      if pipeline.stages.count < 6 { addStage(to: &pipeline) }
      return "a stage more"
    case 7:
      guard pipeline.stages.count > 1 else { return "nothing" }
      let gone = pipeline.stages.remove(at: index)
      for other in pipeline.stages.indices where pipeline.stages[other].from == gone.id {
        pipeline.stages[other].from = gone.from
      }
      return "a stage less"
    case 8:
      let before = pipeline.stages[..<index].filter { $0.kind < min(3, max(1, pipeline.stages[index].kind)) }
      pipeline.stages[index].from = random.chance(30) || before.isEmpty ? nil : random.pick(Array(before)).id
      return "the from of \(pipeline.stages[index].id)"
    default:
      let id = newName("s")
      for other in pipeline.stages.indices where pipeline.stages[other].from == pipeline.stages[index].id {
        pipeline.stages[other].from = id
      }
      pipeline.stages[index].id = id
      return "the id of \(id)"
    }
  }

  private mutating func editModel() -> String {
    let name = random.pick(models.keys.sorted())
    guard var model = models[name] else { return "nothing" }
    defer { models[name] = model }
    let index = Int.random(in: 0..<model.tensors.count, using: &random)
    let tensor = model.tensors[index].name
    // What is broken does not stay so: it hides what else could go wrong.
    for other in model.tensors.indices { model.tensors[other].isBroken = false }
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<5:
      model.tensors[index].seed = UInt64.random(in: 0..<40, using: &random)
      return "the values of \(tensor) in \(name)"
    case 5, 6:
      model.tensors[index] = RandomModel.entry(tensor, &random)
      return "the kind of \(tensor) in \(name)"
    case 7:
      if model.tensors.count < 5 { model.tensors.append(RandomModel.entry("t\(model.tensors.count + 3)", &random)) }
      if Set(model.tensors.map(\.name)).count < model.tensors.count { model.tensors.removeLast() }
      return "a tensor more in \(name)"
    case 8:
      if model.tensors.count > 1 { model.tensors.remove(at: index) }
      return "a tensor less in \(name)"
    case 9:
      model.tensors.shuffle(using: &random)
      return "the order in \(name)"
    case 10:
      model.envelope["note"] = String(Int.random(in: 0..<3, using: &random))
      return "the metadata of \(name)"
    default:
      model.tensors[index].isBroken = true
      return "\(tensor) broken in \(name)"
    }
  }

  /// Another name for a pipeline or a model, mostly also where it is named.
  private mutating func rename() -> String {
    let old = random.pick(pipelines.keys.sorted())
    let new = newName("p")
    pipelines[new] = pipelines.removeValue(forKey: old)
    guard random.chance(80) else { return "\(old) is \(new), and others do not know" }
    for (name, pipeline) in pipelines {
      if case .pipeline(old, let stage) = pipeline.source { pipelines[name]?.source = .pipeline(new, stage: stage) }
    }
    return "\(old) is \(new)"
  }
}
