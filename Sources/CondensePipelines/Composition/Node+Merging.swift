extension Node {
  /// This value over another: mappings merge key by key, deeply; everything else replaces what is below.
  ///
  /// The keys of the one below come first, in their order; new keys follow.
  func merged(over base: Node) -> Node {
    guard let pairs = mapping, let below = base.mapping else { return self }
    var merged = below
    let places = Dictionary(below.enumerated().map { ($0.element.key.value, $0.offset) }) { first, _ in first }
    for pair in pairs {
      if let index = places[pair.key.value] {
        merged[index] = Pair(key: pair.key, value: pair.value.merged(over: merged[index].value))
      } else {
        merged.append(pair)
      }
    }
    return Node(.mapping(merged), at: place)
  }

  /// The mapping without some keys.
  func without(_ keys: Set<String>) -> Node {
    guard let pairs = mapping, pairs.contains(where: { keys.contains($0.key.value) }) else { return self }
    return Node(.mapping(pairs.filter { !keys.contains($0.key.value) }), at: place)
  }
}
