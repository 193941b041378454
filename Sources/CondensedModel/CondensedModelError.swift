/// Why a compressed model cannot be used, and where.
public struct CondensedModelError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Code: Hashable, Sendable {
    /// The system does not let the file be read.
    case unreadable
    /// The file is no `.condensed` file, or one of another version.
    case notCondensed
    /// The file or a tensor is not as it was written.
    case damaged
    /// There is no tensor of the name.
    case noTensor
    /// The tensor has no such form: it is not quantized, for example, or holds no floating-point numbers.
    case noSuchForm
    /// The memory that was provided has another size than the tensor takes.
    case wrongSize
    /// The tensor takes more memory than the model's `byteLimit`.
    case tooLarge
    /// The task was cancelled.
    case cancelled
  }

  public var code: Code
  public var message: String
  /// The file, where the model came from one.
  public var path: String?
  public var tensor: String?
  /// Where in the file, where that is known.
  public var offset: Int?

  public init(_ code: Code, _ message: String, path: String? = nil, tensor: String? = nil, offset: Int? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.tensor = tensor
    self.offset = offset
  }

  /// For example `model.condensed: tensor 'fc1.weight': the checksum does not match (at byte 4711)`.
  public var description: String {
    var text = path.map { "\($0): " } ?? ""
    if let tensor { text += "tensor '\(tensor)': " }
    text += message
    if let offset { text += " (at byte \(offset))" }
    return text
  }
}
