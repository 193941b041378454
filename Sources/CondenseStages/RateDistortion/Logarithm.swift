/// log2 from additions, multiplications and divisions alone: a library's last bits differ between machines.
enum Logarithm {
  /// log2 of a positive, finite number, to about 12 decimal places.
  static func base2(_ value: Double) -> Double {
    var significand = value.significand
    var exponent = Double(value.exponent)
    if significand > 1.414_213_562_373_095_1 {
      significand /= 2
      exponent += 1
    }
    // ln x = 2 artanh((x − 1) / (x + 1)), whose argument is at most 0.172 here.
    let t = (significand - 1) / (significand + 1)
    let square = t * t
    var series = 1.0 / 15
    series = series * square + 1.0 / 13
    series = series * square + 1.0 / 11
    series = series * square + 1.0 / 9
    series = series * square + 1.0 / 7
    series = series * square + 1.0 / 5
    series = series * square + 1.0 / 3
    series = series * square + 1
    return exponent + t * series * (2 / ln2)
  }

  static let ln2 = 0.693_147_180_559_945_3

  /// The bits that an ideal code spends on symbols of these counts, log2(total / count) each; infinite for a count of 0.
  static func idealRates(_ counts: [Int]) -> [Double] {
    let total = counts.reduce(0, +)
    guard total > 0 else { return counts.map { _ in .infinity } }
    let all = base2(Double(total))
    return counts.map { $0 == 0 ? .infinity : all - base2(Double($0)) }
  }
}
