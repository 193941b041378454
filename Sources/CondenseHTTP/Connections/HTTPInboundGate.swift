import NIOCore

/// Stands before the decoder and counts, for what the decoder itself does not bound: blank lines, chunk extensions, and
/// bytes after a message that it will not read on from.
final class HTTPInboundGate: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let connection: HTTPConnection

  init(_ connection: HTTPConnection) { self.connection = connection }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard connection.admits(unwrapInboundIn(data).readableBytes) else { return }
    context.fireChannelRead(data)
  }
}
