/// Equally spaced numbers with whole-number codes: `value = (code − zeroPoint) × scale`.
struct IntegerGrid {
  var scale: Float
  var zeroPoint: Int32
  var codes: ClosedRange<Int32>

  /// - Parameters:
  ///   - range: zero and the numbers between which all values lie.
  ///   - limit: what no code may decode to more than.
  init(_ range: ClosedRange<Float>, settings: QuantizeParameters, limit: Float) {
    if settings.isSymmetric {
      let steps: Int32 = settings.type == .int4 ? 7 : 127
      scale = Scale.of(largest: max(-range.lowerBound, range.upperBound), steps: Float(steps), limit: limit)
      zeroPoint = settings.type.symmetricZeroPoint
      codes = zeroPoint - steps...zeroPoint + steps
      return
    }
    codes =
      switch settings.type {
      case .int4: -8...7
      case .uint8: 0...255
      default: -128...127
      }
    let (low, high) = (range.lowerBound, range.upperBound)
    let steps = Float(codes.upperBound - codes.lowerBound)
    scale = Scale.guarded(high / steps - low / steps, steps: 1, limit: limit)
    if scale < .leastNormalMagnitude { scale = Scale.roundedUp((Double(high) - Double(low)) / Double(steps)) }
    let offset = Scale.rounded(max(-steps, min(0, low / scale)))
    zeroPoint = max(codes.lowerBound, min(codes.upperBound, codes.lowerBound - Int32(offset)))
    scale = Scale.guarded(scale, steps: furthest, limit: limit)
  }

  private var furthest: Float { Float(max(codes.upperBound - zeroPoint, zeroPoint - codes.lowerBound)) }

  /// Moves the zero point so that there are `least` steps on each side of zero that has values, however small those
  /// are: else a value that must not become zero would have to change its sign.
  mutating func makeRoom(for least: Int32, _ range: ClosedRange<Float>, limit: Float) {
    let (below, above) = (zeroPoint - codes.lowerBound, codes.upperBound - zeroPoint)
    guard min(below, above) < least else { return }
    let least = min(least, (below + above) / 2)
    if range.lowerBound < 0 && below < least {
      zeroPoint = codes.lowerBound + least
    } else if range.upperBound > 0 && above < least {
      zeroPoint = codes.upperBound - least
    } else {
      return
    }
    let needed = max(
      Double(range.upperBound) / Double(codes.upperBound - zeroPoint),
      -Double(range.lowerBound) / Double(zeroPoint - codes.lowerBound))
    scale = Scale.guarded(max(scale, Scale.roundedUp(needed)), steps: furthest, limit: limit)
  }
}
