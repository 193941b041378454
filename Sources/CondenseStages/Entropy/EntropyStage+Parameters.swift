import CondenseCodecs

/// What `entropy` is asked to do.
struct EntropyParameters: Equatable {
  var layout: StreamLayout
  var coding: EntropyCoding

  static let descriptions: [ParameterDescription] = [
    ParameterDescription(
      "coder", .word(EntropyCoding.Coder.allCases.map(\.rawValue)), default: .string(EntropyCoding().coder.rawValue),
      "Huffman codes, asymmetric numeral systems (rans), adaptive range coding from contexts, or the best for each part."
    ),
    ParameterDescription(
      "prefer", .word(EntropyCoding.Preference.allCases.map(\.rawValue)),
      default: .string(EntropyCoding().preference.rawValue),
      "What auto weighs: size only, or also how much longer a smaller part takes to decode."),
    ParameterDescription(
      "layout", .word(StreamLayout.allCases.map(\.rawValue)), default: .string(StreamLayout.auto.rawValue),
      "Whether zeros are coded in their places (dense), left out (sparse), or whichever is smaller."),
  ]

  init(_ parameters: StageParameters) throws(ParameterError) {
    layout = try EntropyParameters.word("layout", parameters, default: .auto)
    coding = EntropyCoding(
      coder: try EntropyParameters.word("coder", parameters, default: EntropyCoding().coder),
      preference: try EntropyParameters.word("prefer", parameters, default: EntropyCoding().preference))
  }

  private static func word<Word: RawRepresentable<String> & CaseIterable>(
    _ key: String, _ parameters: StageParameters, default word: Word
  ) throws(ParameterError) -> Word {
    guard let value = parameters[key] else { return word }
    guard let word = value.string.flatMap(Word.init(rawValue:)) else {
      throw ParameterError(key, "expected " + Word.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return word
  }

  /// A preference has an effect only where there is a choice.
  var canonical: StageParameters {
    var parameters: StageParameters = [
      "coder": .string(coding.coder.rawValue), "layout": .string(layout.rawValue),
    ]
    if coding.coder == .auto { parameters["prefer"] = .string(coding.preference.rawValue) }
    return parameters
  }
}
