/// Parameters to try a stage with, found from its description.
struct StageSettings {
  private let stage: any Stage
  private let given: StageParameters

  init(_ stage: any Stage, given: StageParameters) {
    self.stage = stage
    self.given = given
  }

  private var open: [ParameterDescription] { stage.description.parameters.filter { given[$0.name] == nil } }

  /// The stage set up with as little as possible: nothing but what is given, else with one parameter, two, or all that
  /// have no default.
  ///
  /// - Throws: ``StageConformance/Problem`` with why it cannot be.
  func base() throws(StageConformance.Problem) -> any ConfiguredStage {
    do { return try stage.configure(try setting()) } catch {
      throw StageConformance.Problem("\(error)")
    }
  }

  /// The parameters of ``base()``.
  private func setting() throws(ParameterError) -> StageParameters {
    let failure: ParameterError
    do throws(ParameterError) {
      _ = try stage.configure(given)
      return given
    } catch {
      failure = error
    }
    let samples = open.compactMap { parameter in parameter.type.samples.first.map { (parameter.name, $0) } }
    for first in samples.indices {
      for second in first..<samples.count {
        let pair = given.merging([samples[first], samples[second]].map { ($0.0, $0.1) }) { one, _ in one }
        if (try? stage.configure(pair)) != nil { return pair }
      }
    }
    let withoutDefault = open.filter { $0.defaultValue == nil }.map(\.name)
    let all = given.merging(samples.filter { withoutDefault.contains($0.0) }.map { ($0.0, $0.1) }) { one, _ in one }
    guard (try? stage.configure(all)) != nil else { throw failure }
    return all
  }

  /// The base setting with each parameter in turn at its bounds, and all of its words.
  func bounds() -> [(name: String, setting: StageParameters)] {
    guard let base = try? setting() else { return [] }
    return open.flatMap { parameter in
      parameter.type.samples.prefix(8).map { value in
        ("\(parameter.name): \(value.canonical)", base.merging([parameter.name: value]) { _, new in new })
      }
    }
  }
}

extension ParameterType {
  /// Values to try, an ordinary one first. None of texts and paths, of which nobody else knows what they may be.
  var samples: [ParameterValue] {
    switch self {
    case .integer(let range):
      let ordinary = min(max(range.lowerBound, 4), range.upperBound)
      // What has no bound of its own is not tried at the type's.
      let bounds = [range.lowerBound, range.upperBound].filter { abs(Double($0)) < 1e12 }
      return ([ordinary] + bounds).map { .integer($0) }
    case .number(let range):
      let isBounded = range.upperBound < .greatestFiniteMagnitude && range.lowerBound > -.greatestFiniteMagnitude
      let ordinary =
        isBounded ? (range.lowerBound + range.upperBound) / 2 : min(max(range.lowerBound, 1), range.upperBound)
      let bounds = [range.lowerBound, range.upperBound].filter { abs($0) < .greatestFiniteMagnitude }
      return ([ordinary] + bounds).map { .number($0) }
    case .boolean: return [.bool(true), .bool(false)]
    case .word(let words): return words.map { .string($0) }
    case .text, .path: return []
    case .list(let element, let count):
      return element.samples.map { sample in ParameterValue.list(Array(repeating: sample, count: count)) }
    case .choice(let choices):
      return choices.flatMap { choice -> [ParameterValue] in
        choice.type.samples.prefix(2).map { sample in ParameterValue.map([choice.key: sample]) }
      }
    case .either(let types): return types.flatMap { type -> [ParameterValue] in Array(type.samples.prefix(3)) }
    }
  }
}
