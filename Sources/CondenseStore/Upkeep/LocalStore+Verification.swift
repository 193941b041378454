import CondenseFiles

extension LocalStore {
  /// Opens a store to look for what is wrong with it: it is left as it is until then.
  public convenience init(verifying folder: String) throws(StoreError) {
    try self.init(folder: folder, removesAbandoned: false)
  }

  /// Reads everything there is, and tells what is damaged, missing, or none of the store's.
  ///
  /// Builds may go on meanwhile; nothing is evicted.
  ///
  /// - Parameter drops: whether what is found is removed; it is made again when it is needed.
  public func verify(drops: Bool) throws(StoreError) -> VerificationReport {
    do {
      let lock = try FileLock.waiting(upkeepLockPath)
      defer { withExtendedLifetime(lock) {} }
      var verification = Verification(self, drops: drops)
      try verification.run()
      return verification.report
    } catch let error as StoreError {
      throw error
    } catch let error as FileError {
      throw StoreError(error)
    } catch {
      throw StoreError("the store: \(error)")
    }
  }
}
