/// For how many seconds a test waits for what must come, before it fails rather than hang.
///
/// No test that passes waits so long; it is far more than a machine takes that does everything else at once.
public let longestWait = 900
