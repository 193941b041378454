import Testing

@testable import CondenseHTTP

@Suite("The ring of events") struct EventRingTests {
  private static func ring(_ events: [String], capacity: Int = 3, bytes: Int = 1000) -> EventRing {
    var ring = EventRing(capacity: capacity, bytes: bytes)
    for event in events { ring.append(Array(event.utf8)) }
    return ring
  }

  @Test("It gives what comes behind a number, as long as it has it")
  func slices() {
    let ring = Self.ring(["1", "2", "3", "4", "5"])
    #expect(ring.newest == 5)
    #expect(ring.slice(after: 0, limit: 100) == .lost)
    #expect(ring.slice(after: 1, limit: 100) == .lost)
    #expect(ring.slice(after: 2, limit: 100) == .events(Array("345".utf8), upTo: 5))
    #expect(ring.slice(after: 4, limit: 100) == .events(Array("5".utf8), upTo: 5))
    #expect(ring.slice(after: 5, limit: 100) == .nothing)
    #expect(ring.holds(after: 2) && ring.holds(after: 5) && !ring.holds(after: 1) && !ring.holds(after: 6))
    #expect(Self.ring([]).slice(after: 0, limit: 1) == .nothing)
    #expect(Self.ring([]).holds(after: 0))
  }

  @Test("A slice has at least one event, and else no more than its limit")
  func limits() {
    let ring = Self.ring(["12345", "67890", "x"])
    #expect(ring.slice(after: 0, limit: 1) == .events(Array("12345".utf8), upTo: 1))
    #expect(ring.slice(after: 0, limit: 10) == .events(Array("1234567890".utf8), upTo: 2))
  }

  @Test("Large events push out more, and the newest stays however large it is")
  func bytes() {
    var ring = Self.ring(["12345", "67890"], bytes: 10)
    #expect(ring.slice(after: 0, limit: 100) == .events(Array("1234567890".utf8), upTo: 2))
    ring.append(Array("x".utf8))
    #expect(ring.slice(after: 0, limit: 100) == .lost)
    #expect(ring.slice(after: 1, limit: 100) == .events(Array("67890x".utf8), upTo: 3))
    ring.append([UInt8](repeating: 1, count: 50))
    #expect(ring.slice(after: 2, limit: 100) == .lost)
    #expect(ring.slice(after: 3, limit: 1) == .events([UInt8](repeating: 1, count: 50), upTo: 4))
    ring.append(Array("y".utf8))
    #expect(ring.slice(after: 4, limit: 100) == .events(Array("y".utf8), upTo: 5))
  }
}
