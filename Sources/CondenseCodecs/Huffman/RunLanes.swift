import CCoders

/// How many runs go side by side.
enum RunLanes {
  /// Where a look-up gives as many symbols as fit.
  case varying
  /// Where it gives a fixed number: all runs have to be of the length that the loops take them for.
  case fixed
}

// Whole blocks give more runs than four, so that the processor waits less for each.
extension RunCursor {
  /// Decodes as far as is safe: a few runs at a time as far as all of those go, which are a block's unless more go
  /// `together`, then each.
  ///
  /// - Parameter loop: decodes so many rounds of so many runs.
  @inline(__always)
  static func advance(
    _ cursors: inout [RunCursor], _ table: some SymbolLookUp, together: RunLanes?,
    _ loop: (UnsafeMutablePointer<ccoders_huffman_place>, Int, Int32) -> Void
  ) {
    switch together {
    case .varying: advance(&cursors, lanes: ccoders_huffman_varying_lanes, table, loop)
    case .fixed:
      for (index, cursor) in cursors.enumerated() {
        let start = cursors[0].lanePlace.target + index * ccoders_huffman_run * table.mostBytes
        precondition(cursor.lanePlace.target == start, "runs lie elsewhere")
      }
      advance(&cursors, lanes: ccoders_huffman_fixed_lanes, table, loop)
    case nil: advance(&cursors, lanes: ccoders_huffman_block_lanes, table, loop)
    }
    advance(&cursors, table)
  }

  private static func advance(
    _ cursors: inout [RunCursor], lanes: Int, _ table: some SymbolLookUp,
    _ loop: (UnsafeMutablePointer<ccoders_huffman_place>, Int, Int32) -> Void
  ) {
    for first in stride(from: 0, through: cursors.count - lanes, by: lanes) {
      var places = cursors[first..<first + lanes].map(\.lanePlace)
      while true {
        let rounds = cursors[first..<first + lanes].reduce(Int.max) { min($0, $1.rounds(table)) }
        guard rounds > 0 else { break }
        places.withUnsafeMutableBufferPointer { places in
          guard let base = places.baseAddress else { return }
          loop(base, rounds, Int32(lanes))
        }
        for lane in 0..<lanes { cursors[first + lane].lanePlace = places[lane] }
      }
    }
  }
}
