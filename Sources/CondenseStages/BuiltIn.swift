extension StageRegistry {
  /// The stages that every `condense` has.
  public static var builtIn: StageRegistry {
    StageRegistry([
      PruneStage(),
      ClusterStage(),
      QuantizeStage(),
      HuffmanStage(),
      EntropyStage(),
    ])
  }
}
