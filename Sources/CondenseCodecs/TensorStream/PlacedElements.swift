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
    let candidates =
      if let mask = grid.mask {
        masked(grid, mask)
      } else {
        unmasked(grid, layout != .dense && grid.looksSparse ? grid.withoutZeros : nil)
      }
    // The first of the smallest, so that the choice is the same everywhere.
    return candidates.dropFirst().reduce(candidates[0]) { $1.weight < $0.weight ? $1 : $0 }
  }

  /// A mask can be told from all elements only where no survivor looks like zero.
  private func masked(_ grid: ElementGrid, _ mask: Bytes) -> [PlacedElements] {
    var candidates: [PlacedElements] = []
    let frequencies = Frequencies.planes(of: grid.survivors, width: grid.width)
    let count = grid.survivors.count / grid.width
    let allowsDense = grid.zero != nil && zeroCount(grid, frequencies) == 0
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

  /// - Parameter sparse: the elements that are not zero, where they have been picked already.
  private func unmasked(_ grid: ElementGrid, _ sparse: ElementGrid?) -> [PlacedElements] {
    // Zeros are all alike, so frequencies with and without them differ in one symbol: they are counted one way, over
    // as few elements as there are at hand.
    let counted = Frequencies.planes(of: (sparse ?? grid).survivors, width: grid.width)
    let zeroCount = sparse.map { grid.elementCount - $0.survivors.count / $0.width } ?? zeroCount(grid, counted)
    let all = sparse == nil ? counted : adding(zeroCount, zerosOf: grid, to: counted)
    var candidates: [PlacedElements] = []
    let count = grid.elementCount - zeroCount
    // Without a mask of its own, a tensor with hardly any zero gains nothing.
    let isWorthIt = layout == .sparse || layout == .auto && count < grid.elementCount - grid.elementCount / 16
    if layout != .sparse || grid.zero == nil {
      candidates.append(
        PlacedElements(placement: .dense, count: grid.elementCount, elements: { grid.survivors }, plans: plans(all)))
    }
    if isWorthIt, let mask = sparse?.mask ?? grid.nonzeroMask {
      let without = adding(-zeroCount, zerosOf: grid, to: all)
      candidates += self.sparse(grid, mask, count: count, without) { sparse?.survivors ?? grid.kept(mask) }
    }
    return candidates
  }

  /// How many of the elements that were counted look like zero.
  private func zeroCount(_ grid: ElementGrid, _ frequencies: [[Int]]) -> Int {
    guard let zero = grid.zero else { return 0 }
    return grid.width == 1 ? frequencies[0][Int(zero[0])] : grid.zeroCount
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

  private func modelled(_ mask: Bytes, _ count: Int, _ handicap: Int, against others: Int) -> Bytes? {
    var model = PositionModel(tensor.shape)
    // Whole bytes of the mask.
    let probe = (coding.positionProbe + 7) / 8 * 8
    if model.elementCount > 4 * probe {
      let share = Double(probe) / Double(model.elementCount)
      model.elementCount = probe
      let start = mask[0..<probe / 8]
      let tried = model.encoded(start, survivorCount: Bitmap.popcount(start, in: 0..<probe))
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
