import CLibYAML

/// libyaml's parser, and the events that it gives.
final class EventStream {
  // libyaml's parser holds pointers into itself, so it must not move.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>
  private let source: SourceText

  init(_ source: SourceText) {
    parser = .allocate(capacity: 1)
    input = .allocate(capacity: source.bytes.count)
    _ = input.initialize(from: source.bytes)
    self.source = source
    yaml_parser_initialize(parser)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  struct Event {
    enum Kind: Equatable {
      case streamStart, streamEnd, documentStart, documentEnd
      case scalar(text: String, isPlain: Bool)
      case alias(String)
      case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    }
    var kind: Kind
    var range: SourceRange
    var anchor: String?
    var tag: String?
  }

  func next() throws(Diagnostic) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
    defer { yaml_event_delete(&event) }
    let range = SourceRange(position(event.start_mark), position(event.end_mark))
    func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
    switch event.type {
    case YAML_STREAM_START_EVENT: return Event(kind: .streamStart, range: range)
    case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, range: range)
    case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, range: range)
    case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, range: range)
    case YAML_ALIAS_EVENT: return Event(kind: .alias(text(event.data.alias.anchor) ?? ""), range: range)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = String(
        decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return Event(
        kind: .scalar(text: value, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), range: range,
        anchor: text(scalar.anchor), tag: text(scalar.tag))
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return Event(kind: .sequenceStart, range: range, anchor: text(start.anchor), tag: text(start.tag))
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return Event(kind: .mappingStart, range: range, anchor: text(start.anchor), tag: text(start.tag))
    case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, range: range)
    default: return Event(kind: .mappingEnd, range: range)
    }
  }

  private func problem() -> Diagnostic {
    let state = parser.pointee
    let problem = YAMLProblem(
      problem: state.problem.map { String(cString: $0) } ?? "this is no YAML",
      context: state.context.map { String(cString: $0) }, place: position(state.problem_mark),
      contextPlace: position(state.context_mark))
    return problem.diagnostic(in: source)
  }

  /// By the index of the code point: libyaml's own line and column put the text's end on a line that is not there.
  private func position(_ mark: yaml_mark_t) -> SourcePosition { source.position(ofScalar: Int(mark.index)) }
}
