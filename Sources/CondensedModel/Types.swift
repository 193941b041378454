import CondenseCodecs
import CondenseTensors

// The types that a model's functions take and give, so that an app imports this module alone.

public typealias Bytes = CondenseTensors.Bytes
public typealias DType = CondenseTensors.DType
public typealias Shape = CondenseTensors.Shape
public typealias Tensor = CondenseTensors.Tensor
public typealias Granularity = CondenseCodecs.Granularity
public typealias QuantizedType = CondenseCodecs.QuantizedType
