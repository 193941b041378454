import Benchmarking

/// One line of the table.
struct CodecRow: Codable {
  var job: String
  var stream: String
  /// Of symbols, which are bytes; of float32 where they are expanded; of the stream for checksums. In units of 10^9.
  var gigabytesPerSecond: Double
  /// memcpy's time over the job's, for the same bytes.
  var memcpyRatio: Double
  /// Percent of the size over the order-0 entropy.
  var overEntropy: Double?
  /// What the job is compared with, and its time over the job's.
  var reference: String?
  var referenceRatio: Double?
  /// The least ``referenceRatio`` to reach; where there is no reference, the least ``memcpyRatio``.
  var target: Double?

  var isMet: Bool? {
    guard let target else { return nil }
    return (reference == "memcpy" ? memcpyRatio : referenceRatio).map { $0 >= target }
  }

  static let header = ["job", "stream", "GB/s", "memcpy", "over entropy", "against", "ratio", "target", "met"]

  var cells: [String] {
    [
      job, stream, Table.number(gigabytesPerSecond, 2), Table.number(memcpyRatio, 2),
      overEntropy.map { Table.number($0, 2) + " %" } ?? "–", reference ?? "–",
      (reference == "memcpy" ? memcpyRatio : referenceRatio).map { Table.number($0, 2) } ?? "–",
      target.map { Table.number($0, 2) } ?? "–", isMet.map { $0 ? "yes" : "no" } ?? "–",
    ]
  }
}
