import CHuffman

// Whole blocks give more runs than four, so that the processor waits less for each.
extension RunCursor {
  /// Decodes as far as is safe, a few runs at a time.
  ///
  /// - Parameter loop: decodes so many rounds of just so many runs.
  static func advance(
    _ cursors: inout [RunCursor], lanes: Int, _ table: some SymbolLookUp,
    _ loop: (UnsafeMutablePointer<chuffman_place>, Int) -> Void
  ) {
    for first in stride(from: 0, through: cursors.count - lanes, by: lanes) {
      var places = cursors[first..<first + lanes].map(\.lanePlace)
      while true {
        let rounds = cursors[first..<first + lanes].reduce(Int.max) { min($0, $1.rounds(table)) }
        guard rounds > 0 else { break }
        places.withUnsafeMutableBufferPointer { places in
          guard let base = places.baseAddress else { return }
          loop(base, rounds)
        }
        for lane in 0..<lanes { cursors[first + lane].lanePlace = places[lane] }
      }
    }
  }

  /// The same where a look-up gives a fixed number of symbols: all runs are of the length that the loops take them for.
  static func advance(
    _ cursors: inout [RunCursor], stride bytes: Int, _ table: some SymbolLookUp,
    _ loop: (UnsafeMutablePointer<chuffman_place>, Int) -> Void
  ) {
    for (index, cursor) in cursors.enumerated() {
      precondition(cursor.lanePlace.target == cursors[0].lanePlace.target + index * bytes, "runs lie elsewhere")
    }
    advance(&cursors, lanes: chuffman_fixed_lanes, table, loop)
  }
}
