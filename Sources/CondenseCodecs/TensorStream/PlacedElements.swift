import CondenseTensors

/// One way to place a tensor's elements in a stream, with what it would take; nothing is laid out yet.
struct PlacedElements {
  var placement: Placement
  /// How many elements are written.
  var count: Int
  /// Lays the elements out.
  var elements: () -> Bytes
  /// How each byte plane of them is written.
  var plans: [SymbolStream.Plan]
  /// Gaps or a bitmap, or coded positions; empty for a dense placement.
  var positions = Bytes()
  /// How gaps or a bitmap are written.
  var positionsPlan: SymbolStream.Plan?
  /// What counts of coded positions when placements are compared.
  var positionsWeight = 0

  /// About how many bytes it takes.
  var cost: Int { plans.reduce(positionsPlan?.byteCount ?? positions.count) { $0 + $1.byteCount } }
  var weight: Int { plans.reduce(positionsPlan?.weight ?? positionsWeight) { $0 + $1.weight } }
}

extension StreamWriter {
  /// The smallest placement that the layout allows.
  func place(_ grid: ElementGrid) -> PlacedElements {
    // Counted once: zeros are all alike, so frequencies with and without them differ in one symbol.
    let frequencies = Frequencies.planes(of: grid.survivors, width: grid.width)
    let zeroCount = grid.zero == nil ? 0 : grid.width == 1 ? frequencies[0][Int(grid.zero?[0] ?? 0)] : grid.zeroCount
    let candidates =
      grid.mask.map { masked(grid, $0, frequencies, zeroCount) } ?? unmasked(grid, frequencies, zeroCount)
    // The first of the smallest, so that the choice is the same everywhere.
    return candidates.dropFirst().reduce(candidates[0]) { $1.weight < $0.weight ? $1 : $0 }
  }

  /// A mask can be told from all elements only where no survivor looks like zero.
  private func masked(
    _ grid: ElementGrid, _ mask: Bytes, _ frequencies: [[Int]], _ zeroCount: Int
  ) -> [PlacedElements] {
    var candidates: [PlacedElements] = []
    let count = grid.survivors.count / grid.width
    let allowsDense = grid.zero != nil && zeroCount == 0
    if allowsDense && layout != .sparse {
      let all = adding(grid.elementCount - count, zerosOf: grid, to: frequencies)
      candidates.append(
        PlacedElements(placement: .dense, count: grid.elementCount, elements: { grid.allElements }, plans: plans(all)))
    }
    if layout != .dense || !allowsDense {
      candidates += sparse(grid, mask, count: count, frequencies) { grid.survivors }
    }
    return candidates
  }

  private func unmasked(_ grid: ElementGrid, _ frequencies: [[Int]], _ zeroCount: Int) -> [PlacedElements] {
    var candidates: [PlacedElements] = []
    let count = grid.elementCount - zeroCount
    // Without a mask of its own, a tensor with hardly any zero gains nothing.
    let isWorthIt = layout == .sparse || layout == .auto && count < grid.elementCount - grid.elementCount / 16
    if layout != .sparse || grid.zero == nil {
      candidates.append(
        PlacedElements(
          placement: .dense, count: grid.elementCount, elements: { grid.survivors }, plans: plans(frequencies)))
    }
    if isWorthIt, let mask = grid.nonzeroMask {
      let without = adding(-zeroCount, zerosOf: grid, to: frequencies)
      candidates += sparse(grid, mask, count: count, without) { grid.kept(mask) }
    }
    return candidates
  }

  private func sparse(
    _ grid: ElementGrid, _ mask: Bytes, count: Int, _ frequencies: [[Int]], _ elements: @escaping () -> Bytes
  ) -> [PlacedElements] {
    let gaps = GapList.gaps(of: mask, survivorCount: count, elementCount: grid.elementCount)
    let plans = plans(frequencies)
    var candidates = [(Placement.gaps, gaps), (.bitmap, mask)].map { placement, positions in
      PlacedElements(
        placement: placement, count: count, elements: elements, plans: plans, positions: positions,
        positionsPlan: SymbolStream.plan(Frequencies.bytes(positions), coding))
    }
    if let handicap = coding.modelled, count > 0, count < grid.elementCount {
      let others = candidates.compactMap { $0.positionsPlan?.weight }.min() ?? 0
      if let positions = modelled(mask, count, handicap, against: others) {
        candidates.append(
          PlacedElements(
            placement: .modelled, count: count, elements: elements, plans: plans, positions: positions,
            positionsWeight: SymbolCoding.weight(positions.count + 3, handicap)))
      }
    }
    return candidates
  }

  /// As many positions show whether contexts help: coding takes a hundred times as long as the other ways.
  private static let probe = 1 << 20

  private func modelled(_ mask: Bytes, _ count: Int, _ handicap: Int, against others: Int) -> Bytes? {
    var model = PositionModel(tensor.shape)
    if model.elementCount > 4 * StreamWriter.probe {
      let share = Double(StreamWriter.probe) / Double(model.elementCount)
      model.elementCount = StreamWriter.probe
      let start = mask[0..<StreamWriter.probe / 8]
      let tried = model.encoded(start, survivorCount: Bitmap.popcount(start, in: 0..<StreamWriter.probe))
      guard SymbolCoding.weight(tried.count, handicap) < Int(Double(others) * share) else { return nil }
    }
    return PositionModel(tensor.shape).encoded(mask, survivorCount: count)
  }

  private func plans(_ frequencies: [[Int]]) -> [SymbolStream.Plan] {
    frequencies.map { SymbolStream.plan($0, coding) }
  }

  /// Frequencies with `count` more zeros, or fewer.
  private func adding(_ count: Int, zerosOf grid: ElementGrid, to frequencies: [[Int]]) -> [[Int]] {
    var changed = frequencies
    for (plane, byte) in (grid.zero ?? []).enumerated() { changed[plane][Int(byte)] += count }
    return changed
  }
}
