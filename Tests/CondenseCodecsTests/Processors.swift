import CProcessor

/// Does the same with what this processor can do, and as on one that can do only what all can.
func onEveryProcessor(_ body: () throws -> Void) rethrows {
  try body()
  cprocessor_act_narrow(1)
  defer { cprocessor_act_narrow(0) }
  try body()
}
