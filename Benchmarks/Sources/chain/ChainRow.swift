import Benchmarking

/// One line of the table: something that should be small.
struct ChainRow: Codable, Sendable {
  var job: String
  var input: String
  var value: Double
  var unit: String
  /// The most that it should be, in the same unit.
  var bound: Double?

  var isMet: Bool? { bound.map { value <= $0 } }

  static let header = ["job", "input", "value", "unit", "bound", "met"]

  var cells: [String] {
    let digits = unit == "s CPU" ? 3 : unit == "MB" ? 1 : 2
    return [
      job, input, Table.number(value, digits), unit, bound.map { Table.number($0, digits) } ?? "–",
      isMet.map { $0 ? "yes" : "no" } ?? "–",
    ]
  }
}
