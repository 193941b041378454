import CondenseCodecs
import CondenseStages
import CondenseStore
import CondenseTensors

/// How the numbers that a stage reported stand in the store, by name: a count, then names and values.
enum StageMetricsCoding {
  static func encode(_ metrics: [String: Double]) -> Bytes {
    var writer = ByteWriter()
    write(metrics, to: &writer)
    return writer.finish()
  }

  /// Nil where it is nothing that ``encode(_:)`` made.
  static func decode(_ bytes: Bytes) -> [String: Double]? {
    var reader = ByteReader(bytes)
    guard let metrics = try? read(from: &reader), reader.remaining == 0 else { return nil }
    return metrics
  }

  static func write(_ metrics: [String: Double], to writer: inout ByteWriter) {
    writer.list(metrics.sorted { $0.key < $1.key }) { writer, metric in
      writer.text(metric.key)
      writer.double(metric.value)
    }
  }

  static func read(from reader: inout ByteReader) throws(DecodingError) -> [String: Double] {
    let pairs = try reader.list { (reader) throws(DecodingError) in (try reader.text(), try reader.double()) }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }
}

/// What a stage made of all tensors at once, as an artifact: which tensors, and the numbers that it reported.
struct TransformedList: Equatable {
  var tensors: [Artifact]
  var metrics: [String: Double]

  func encoded() -> Bytes {
    var writer = ByteWriter()
    writer.list(tensors) { writer, tensor in
      writer.append(tensor.digest.bytes)
      writer.number(tensor.byteCount)
    }
    StageMetricsCoding.write(metrics, to: &writer)
    return writer.finish()
  }
}

extension TransformedList {
  /// Nil where it is nothing that ``encoded()`` made.
  init?(encoded: Bytes) {
    var reader = ByteReader(encoded)
    do {
      tensors = try reader.list { (reader) throws(DecodingError) in
        guard let digest = Digest(bytes: try reader.take(Digest.byteCount).array) else {
          throw reader.error("no digest")
        }
        return Artifact(digest: digest, byteCount: try reader.number("a size"))
      }
      metrics = try StageMetricsCoding.read(from: &reader)
    } catch {
      return nil
    }
    guard reader.remaining == 0 else { return nil }
  }
}
