import CondenseCodecs
import CondenseStages
import CondenseTensors
import TestSupport
import Testing

@Suite("Clustering many weights")
struct ClusterKernelTests {
  /// Roughly normal, the sum of a few uniform numbers.
  private static func normal(_ count: Int, seed: UInt64) -> [Float] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in (0..<4).reduce(0) { sum, _ in sum + Float.random(in: -0.1...0.1, using: &generator) }
    }
  }

  private static func squaredError(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }
  }

  /// The error after a few of Lloyd's iterations from given centroids.
  private static func errorAfterLloyd(_ values: [Float], _ centroids: [Float]) -> Double {
    let sorted = values.sorted().map { Double($0) }
    var centroids = centroids.map { Double($0) }.sorted()
    var error = 0.0
    for _ in 0..<4 {
      var (index, next): (Int, [Double]) = (0, [])
      error = 0
      for (number, centroid) in centroids.enumerated() {
        let bound = number + 1 < centroids.count ? (centroid + centroids[number + 1]) / 2 : .infinity
        let start = index
        while index < sorted.count && sorted[index] < bound { index += 1 }
        let mean = start < index ? sorted[start..<index].reduce(0, +) / Double(index - start) : centroid
        error += sorted[start..<index].reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        next.append(mean)
      }
      centroids = next
    }
    return error
  }

  @Test("Lloyd's iterations from there gain less than a thousandth", arguments: [16, 64, 256])
  func nearlyOptimal(count: Int) throws {
    let values = Self.normal(40_000, seed: UInt64(count))
    let decoded = try EncodedTensor(values, [4, 10_000]).through(stage("cluster", ["count": .integer(count)])).values()
    let centroids = Array(Set(decoded))
    #expect(centroids.count == count)
    #expect(Self.squaredError(values, decoded) <= Self.errorAfterLloyd(values, centroids) * 1.001)
  }

  @Test("Zeros of either sign stay zeros, and cost one of the values", arguments: [16, 256])
  func zeros(count: Int) throws {
    let values = Self.normal(20_000, seed: 5).enumerated().map {
      $0.offset % 3 == 0 ? ($0.offset % 2 == 0 ? 0 : -0.0) : $0.element
    }
    let result = try EncodedTensor(values, [2, 10_000]).through(stage("cluster", ["count": .integer(count)]))
    let decoded = try result.values()
    #expect(zip(values, decoded).allSatisfy { ($0 == 0) == ($1 == 0) })
    #expect(Set(decoded).count == count)
  }

  @Test("Weights beside each other far from zero, with others far away, still get values of their own")
  func refined() throws {
    let values = Self.normal(20_000, seed: 6).enumerated().map { $0.offset % 100 == 0 ? 1e6 : 1 + $0.element * 1e-3 }
    let result = try EncodedTensor(values, [2, 10_000]).through(stage("cluster", ["count": .integer(16)]))
    let decoded = try result.values()
    #expect(Set(decoded).count == 16)
    #expect(Self.squaredError(values, decoded) <= Self.errorAfterLloyd(values, Array(Set(decoded))) * 1.001)
  }

  @Test("As many different values as asked for lose nothing, of many weights too")
  func lossless() throws {
    let values = (0..<20_000).map { index -> Float in
      let magnitude = Float(bitPattern: UInt32(0x3F00 + index % 200) << 16)
      return index % 2 == 0 ? magnitude : -magnitude
    }
    let result = try EncodedTensor(values, [2, 10_000]).through(stage("cluster", ["count": .integer(200)]))
    let decoded = try result.values()
    #expect(Set(decoded).count == 200)
    #expect(decoded == values)
  }

  @Test("The same weights in another order give the same values", arguments: [100, 20_000])
  func order(count: Int) throws {
    let values = Self.normal(count, seed: 7)
    let stage = try stage("cluster", ["bits": .integer(4)])
    let one = try EncodedTensor(values, [1, count]).through(stage).values()
    let other = try EncodedTensor(values.reversed(), [1, count]).through(stage).values()
    #expect(one == other.reversed())
  }

  @Test("The first value that is not finite is named", arguments: [0, 9_999, 19_999])
  func notFinite(place: Int) throws {
    for bad in [Float.nan, -.infinity] {
      var values = Self.normal(20_000, seed: 8)
      values[place] = bad
      values[19_999] = bad
      let error = #expect(throws: StageError.self) {
        try EncodedTensor(values, [2, 10_000]).through(stage("cluster", ["bits": .integer(8)]))
      }
      #expect(error?.elementIndex == place)
    }
  }
}
