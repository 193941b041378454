/// The parameter `rate_distortion` of the stages that have it.
enum RateDistortionParameter {
  static let name = "rate_distortion"

  static let description = ParameterDescription(
    name, .number(0...Double.greatestFiniteMagnitude), default: .integer(0),
    "What a bit may cost: squared error, in units of the weights' mean square; 0 counts no bits. See docs/rate-distortion.md."
  )

  /// 0 where it is not given.
  static func value(_ parameters: StageParameters) throws(ParameterError) -> Double {
    guard let value = parameters[name] else { return 0 }
    guard let lambda = value.double, lambda >= 0, lambda.isFinite else {
      throw ParameterError(name, "expected a number from 0, such as 0.01")
    }
    return lambda
  }
}
