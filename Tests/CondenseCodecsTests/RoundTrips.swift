import CondenseCodecs
import CondenseTensors
import Testing

/// Checks that a tensor comes back as it went in from every layout, and that coding it twice gives the same bytes.
func expectRoundTrips(of tensor: EncodedTensor, _ coding: EntropyCoding, _ note: String) throws {
  for layout in StreamLayout.allCases {
    let stream = try TensorCoder.encode(tensor, layout: layout, coding: coding)
    #expect(try TensorCoder.decode(stream) == tensor, "\(note), \(coding), \(layout), \(tensor.dtype) \(tensor.shape)")
    #expect(try TensorCoder.encode(tensor, layout: layout, coding: coding) == stream, "\(note)")
  }
}
