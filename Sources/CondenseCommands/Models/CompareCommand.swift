import ArgumentParser
import CondenseReports
import CondenseEngine
import CondenseModels
import CondenseTensors

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two models tensor by tensor: sizes, greatest error, SQNR, cosine.",
    discussion: "The first model is the one that errors are measured against; either may be compressed.")

  @Argument(help: "The reference.", completion: .file())
  var reference: String

  @Argument(help: "The model to compare with it.", completion: .file())
  var other: String

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let formats = Toolbox.current.formats
    let comparison = try CommandFailure.reporting {
      try ModelComparison(reference: formats.open(reference), other: formats.open(other))
    }
    let console = Console()
    console.result(json ? try JSONOutput.text(ComparisonDocument(comparison)) : text(comparison))
  }

  private func text(_ comparison: ModelComparison) -> String {
    var table = TextTable([.left, .left, .right, .right, .right, .right])
    table.add("tensor", "shape", "max error", "SQNR", "cosine", "density")
    for tensor in comparison.tensors {
      switch tensor.result {
      case .compared(let metrics):
        table.add(
          tensor.name, tensor.shape, Figures.number(metrics.maxError), Figures.decibels(metrics.sqnr),
          Figures.number(metrics.cosine), Figures.share(metrics.density))
      case .differs(let how):
        table.add(tensor.name, tensor.shape, how)
      }
    }
    let total = comparison.total
    table.add(
      "all", "", Figures.number(total.maxError), Figures.decibels(total.sqnr), Figures.number(total.cosine),
      Figures.share(total.density))
    let ratio = Double(comparison.referenceBytes) / Double(max(1, comparison.otherBytes))
    return
      (table.lines() + [
        "",
        "\(Figures.bytes(comparison.referenceBytes)) → \(Figures.bytes(comparison.otherBytes)), \(Figures.ratio(ratio))",
      ]).joined(separator: "\n")
  }
}

/// Two models side by side.
struct ModelComparison {
  struct Tensor {
    var name: String
    var shape: String
    var result: Result
  }

  enum Result {
    case compared(TensorMetrics)
    case differs(String)
  }

  var referenceBytes: Int
  var otherBytes: Int
  var tensors: [Tensor] = []
  /// Over the floating tensors that are in both.
  var total = TensorMetrics()

  init(reference: any OpenModel, other: any OpenModel) throws {
    referenceBytes = reference.byteCount
    otherBytes = other.byteCount
    let places = Dictionary(
      other.tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    for (index, tensor) in reference.tensors.enumerated() {
      let shape = "\(tensor.dtype.rawValue) \(tensor.shape)"
      guard let place = places[tensor.name] else {
        tensors.append(Tensor(name: tensor.name, shape: shape, result: .differs("only in the first")))
        continue
      }
      let counterpart = other.tensors[place]
      guard counterpart.shape == tensor.shape, counterpart.dtype == tensor.dtype else {
        let found = "\(counterpart.dtype.rawValue) \(counterpart.shape) in the second"
        tensors.append(Tensor(name: tensor.name, shape: shape, result: .differs(found)))
        continue
      }
      let metrics = TensorMetrics(
        source: try reference.read(index).expanded(), result: try other.read(place).expanded())
      if metrics.isFloatingPoint { total += metrics }
      tensors.append(Tensor(name: tensor.name, shape: shape, result: .compared(metrics)))
    }
    let known = Set(reference.tensors.map(\.name))
    for tensor in other.tensors where !known.contains(tensor.name) {
      tensors.append(
        Tensor(
          name: tensor.name, shape: "\(tensor.dtype.rawValue) \(tensor.shape)",
          result: .differs("only in the second")))
    }
  }
}

/// What `condense compare --json` prints.
struct ComparisonDocument: Encodable {
  var referenceBytes: Int
  var otherBytes: Int
  var ratio: Double
  var tensors: [Tensor]
  var total: Metrics

  struct Tensor: Encodable {
    var name: String
    var shape: String
    var metrics: Nullable<Metrics>
    /// Why there is nothing to compare.
    var difference: Nullable<String>
  }

  struct Metrics: Encodable {
    var maxError: Nullable<Double>
    var sqnr: Nullable<Double>
    var cosine: Double
    var density: Double

    init(_ metrics: TensorMetrics) {
      maxError = Nullable(JSONOutput.finite(metrics.maxError))
      sqnr = Nullable(JSONOutput.finite(metrics.sqnr))
      cosine = metrics.cosine
      density = metrics.density
    }
  }

  init(_ comparison: ModelComparison) {
    referenceBytes = comparison.referenceBytes
    otherBytes = comparison.otherBytes
    ratio = Double(referenceBytes) / Double(max(1, otherBytes))
    total = Metrics(comparison.total)
    tensors = comparison.tensors.map { tensor in
      switch tensor.result {
      case .compared(let metrics):
        Tensor(name: tensor.name, shape: tensor.shape, metrics: Nullable(Metrics(metrics)), difference: Nullable(nil))
      case .differs(let how):
        Tensor(name: tensor.name, shape: tensor.shape, metrics: Nullable(nil), difference: Nullable(how))
      }
    }
  }
}
