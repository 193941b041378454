import CondenseTensors

/// An object's members, read with errors that say which object and which member.
struct Fields {
  private let json: JSONElement
  private let what: String

  /// - Throws: ``PluginFailure`` where it is no object, or has members that are not known.
  init(_ json: JSONElement, of what: String, known: [String]) throws(PluginFailure) {
    guard let members = json.members else { throw PluginFailure("\(what) is \(json.kind), not an object") }
    if let other = members.first(where: { !known.contains($0.name) && !$0.name.hasPrefix("x-") }) {
      throw PluginFailure(
        "\(what) has the unknown field \(JSONText.shown(other.name)); known are \(known.joined(separator: ", "))"
      )
    }
    self.json = json
    self.what = what
  }

  func string(_ name: String) throws(PluginFailure) -> String {
    guard let text = try optionalString(name) else { throw PluginFailure("\(what) has no \(name)") }
    return text
  }

  func optionalString(_ name: String) throws(PluginFailure) -> String? {
    guard let value = json[name] else { return nil }
    guard let text = value.string else { throw wrong(name, value, "a text") }
    return text
  }

  func bool(_ name: String) throws(PluginFailure) -> Bool? {
    guard let value = json[name] else { return nil }
    guard let flag = value.bool else { throw wrong(name, value, "true or false") }
    return flag
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(PluginFailure) -> Int {
    guard let value = json[name] else { throw PluginFailure("\(what) has no \(name)") }
    guard let number = value.integer, range.contains(number) else {
      throw wrong(name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// Empty where it is not there.
  func array(_ name: String) throws(PluginFailure) -> [JSONElement] {
    guard let value = json[name] else { return [] }
    guard let items = value.array else { throw wrong(name, value, "an array") }
    guard items.count <= 1000 else { throw PluginFailure("\(name) of \(what) has more than 1000 items") }
    return items
  }

  func strings(_ name: String) throws(PluginFailure) -> [String] {
    let items = try array(name)
    let texts = items.compactMap(\.string)
    guard texts.count == items.count else { throw PluginFailure("\(name) of \(what) holds something that is no text") }
    return texts
  }

  private func wrong(_ name: String, _ value: JSONElement, _ expected: String) -> PluginFailure {
    PluginFailure("\(name) of \(what) is \(value.kind), not \(expected)")
  }
}
