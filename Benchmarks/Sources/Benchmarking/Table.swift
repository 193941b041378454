import Foundation

/// Rows as a Markdown table with aligned columns, or as JSON.
public enum Table {
  public static func markdown(_ rows: [Row]) -> String {
    let header = ["kernel", "weights", "GB/s", "ratio", "target", "met", "peer"]
    let cells = rows.map { row in
      [
        row.kernel, row.weights, number(row.gigabytesPerSecond, 1), number(row.ratio, 2),
        row.target.map { number($0, 2) } ?? "–", row.isMet.map { $0 ? "yes" : "no" } ?? "–",
        row.peer.map { "\($0) \(row.peerRatio.map { number($0, 3) } ?? "")" } ?? "–",
      ]
    }
    return markdown(header: header, cells: cells)
  }

  /// A Markdown table with aligned columns.
  public static func markdown(header: [String], cells: [[String]]) -> String {
    let widths = header.indices.map { column in ([header] + cells).map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      "| "
        + zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: " | ")
        + " |"
    }
    let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
    return ([line(header), rule] + cells.map(line)).joined(separator: "\n")
  }

  public static func json(_ rows: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return String(decoding: try encoder.encode(rows), as: UTF8.self)
  }

  public static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}
