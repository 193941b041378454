/// Why a request is not served.
public struct HTTPRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  /// 400 to 599.
  public var status: Int
  /// A sentence for who sent the request.
  public var message: String

  public init(status: Int, message: String) {
    self.status = status
    self.message = message
  }

  public static func badRequest(_ message: String) -> HTTPRefusal { HTTPRefusal(status: 400, message: message) }

  public var description: String { "\(status): \(message)" }

  public var response: HTTPResponse {
    var response = HTTPResponse.error(status, message)
    if status == 401 { response.headers.append(("WWW-Authenticate", "Bearer")) }
    return response
  }
}
