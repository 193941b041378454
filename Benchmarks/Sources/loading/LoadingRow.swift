import Benchmarking

/// One line of the table: a job with the compressed file, and with the plain one.
struct LoadingRow: Codable, Sendable {
  var job: String
  var model: String
  var cache: String
  /// Seconds on the wall, medians.
  var condensed: Double
  var plain: Double

  /// How often loading the compressed file fits into the time of the plain one: above 1 it is the faster.
  var ratio: Double { plain / condensed }

  static let header = ["job", "model", "page cache", "condensed ms", "plain ms", "ratio"]

  var cells: [String] {
    [job, model, cache, Table.number(condensed * 1e3, 2), Table.number(plain * 1e3, 2), Table.number(ratio, 2)]
  }
}
