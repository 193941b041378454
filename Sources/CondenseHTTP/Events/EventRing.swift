/// The last events of a feed, the newest at the end: as many as fit into a count and a size.
struct EventRing {
  /// What of the ring comes behind a place.
  enum Slice: Hashable {
    /// Events up to a place, as they go over the wire, and that place.
    case events([UInt8], upTo: Int)
    case nothing
    /// The ring has lost events since.
    case lost
  }

  private let capacity: Int
  private let capacityBytes: Int
  private var frames: [[UInt8]?]
  private var bytes = 0
  /// Events so far; the newest has this number.
  private(set) var newest = 0
  private var oldest = 1

  init(capacity: Int, bytes: Int) {
    self.capacity = max(1, capacity)
    capacityBytes = bytes
    frames = Array(repeating: nil, count: self.capacity)
  }

  /// Keeps the newest event even where it alone is too large.
  mutating func append(_ frame: [UInt8]) {
    newest += 1
    bytes += frame.count
    while oldest < newest, newest - oldest >= capacity || bytes > capacityBytes {
      bytes -= frames[oldest % capacity]?.count ?? 0
      frames[oldest % capacity] = nil
      oldest += 1
    }
    frames[newest % capacity] = frame
  }

  func holds(after number: Int) -> Bool { number <= newest && number + 1 >= oldest }

  /// The events that come after a number, as many as fit into `limit` bytes but at least one.
  func slice(after number: Int, limit: Int) -> Slice {
    guard number < newest else { return .nothing }
    guard holds(after: number) else { return .lost }
    var slice: [UInt8] = []
    var last = number
    while last < newest, let frame = frames[(last + 1) % capacity] {
      if !slice.isEmpty, slice.count + frame.count > limit { break }
      slice += frame
      last += 1
    }
    return .events(slice, upTo: last)
  }
}
