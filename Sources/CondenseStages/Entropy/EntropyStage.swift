import CondenseCodecs

/// Packs every tensor losslessly with whichever entropy coder is the smallest for the time that it takes to decode.
public struct EntropyStage: Stage {
  public init() {}

  public var description: StageDescription {
    StageDescription(
      name: "entropy", version: 2,
      summary:
        "Packs every tensor losslessly, closer to its entropy than huffman, and slower to decode where that pays.",
      isLossless: true, parameters: EntropyParameters.descriptions, examples: EntropyStage.examples)
  }

  public func configure(_ parameters: StageParameters) throws(ParameterError) -> any ConfiguredStage {
    let settings = try EntropyParameters(parameters)
    return LosslessPacking(
      name: "entropy", parameters: settings.canonical, layout: settings.layout, coding: settings.coding)
  }
}
