import CProcessor

/// Does the same with what this processor can do, without what few can, and as on one that can do only what all can.
public func onEveryProcessor(_ body: () throws -> Void) rethrows {
  try body()
  defer { cprocessor_act(Int32(cprocessor_itself)) }
  if cprocessor_gathers() != 0 {
    cprocessor_act(Int32(cprocessor_without_gathers))
    try body()
  }
  cprocessor_act(Int32(cprocessor_plain))
  precondition(cprocessor_is_wide() == 0, "nothing would be tested twice")
  try body()
}
