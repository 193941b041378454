#if canImport(FoundationEssentials)
  public import struct FoundationEssentials.URL
#else
  public import struct Foundation.URL
#endif

extension CondensedModel {
  /// Opens a file.
  ///
  /// - Throws: ``CondensedModelError`` where the URL is no file's, or that cannot be read or is no intact `.condensed`
  ///   file.
  public init(contentsOf url: URL, access: Access = .mapped) throws(CondensedModelError) {
    guard url.isFileURL else { throw CondensedModelError(.unreadable, "'\(url.absoluteString)' is no file") }
    try self.init(path: url.path, access: access)
  }
}
