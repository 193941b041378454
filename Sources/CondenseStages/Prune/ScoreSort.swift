/// Sorts magnitudes in three counting passes, the lower bits first.
enum ScoreSort {
  static func ascending(_ scores: UnsafeBufferPointer<UInt32>) -> [UInt32] {
    var from = scores.map { $0 & MagnitudeLanes.signless }
    // Counting passes have a fixed cost of their own.
    guard scores.count > 1 << 9 else { return from.sorted() }
    var to = [UInt32](repeating: 0, count: from.count)
    for shift in [0, 11, 22] as [UInt32] {
      var places = [Int](repeating: 0, count: 1 << 11)
      for score in from { places[Int(score >> shift & 0x7FF)] += 1 }
      var next = 0
      for bin in places.indices { (places[bin], next) = (next, next + places[bin]) }
      from.withUnsafeBufferPointer { from in
        to.withUnsafeMutableBufferPointer { to in
          places.withUnsafeMutableBufferPointer { places in
            for score in from {
              let bin = Int(score >> shift & 0x7FF)
              to[places[bin]] = score
              places[bin] += 1
            }
          }
        }
      }
      swap(&from, &to)
    }
    return from
  }
}
