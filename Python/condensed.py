"""Reads .condensed files, the compressed models that `condense build` makes, into numpy arrays.

    import condensed

    model = condensed.open("digits.condensed")
    model.names                   # ["fc1.weight", …], in the model's order
    model.metadata                # the source model's own
    model.describe("fc1.weight")  # Description(dtype="F32", shape=(256, 64), …), from a few bytes of the file
    model["fc1.weight"]           # a numpy array of that shape
    model.raw("fc1.weight")       # the same as bytes, as `condense unpack` writes them

One module, and numpy is all it needs: copy it beside your notebook. It follows docs/condensed-format.md and nothing
else, and is written to be read next to it. Types that numpy lacks (bfloat16 and the two float8) become float32.

Whatever is wrong with a file is a CondensedError with the place. A few bytes can stand for a large tensor, so tensors
of more than `byte_limit` bytes are refused.
"""

import builtins
import json
import math
import zlib
from typing import NamedTuple

import numpy as np

__all__ = ["CondensedError", "Description", "Model", "open"]

DEFAULT_BYTE_LIMIT = 8 << 30


class CondensedError(Exception):
    """Why a file cannot be read: what is wrong, and at which byte of the file."""

    def __init__(self, message, offset):
        super().__init__(f"{message} (at byte {offset})")
        self.message = message
        self.offset = offset


class Description(NamedTuple):
    """What a tensor is, by its stream's prologue."""

    dtype: str  # as safetensors has it: "F32"
    shape: tuple
    byte_count: int  # of the stream
    stored_count: int  # elements that the stream holds; the others are zero
    placement: str  # "dense", "gaps", "bitmap" or "modelled"
    payload: str  # "plain", "quantized", "indices" or "indices, quantized codebook"


def open(path, byte_limit=DEFAULT_BYTE_LIMIT):
    """Opens a file, which is read as a whole. Raises CondensedError, or OSError where it cannot be read."""
    with builtins.open(path, "rb") as file:
        return Model(file.read(), byte_limit)


class Model:
    """An open .condensed file: tensors are decoded as they are asked for."""

    def __init__(self, content, byte_limit=DEFAULT_BYTE_LIMIT):
        self._content = memoryview(content).cast("B")
        self._byte_limit = byte_limit
        self.metadata, self._streams = _read_header(self._content)
        self.names = list(self._streams)

    def __len__(self):
        return len(self.names)

    def __iter__(self):
        return iter(self.names)

    def __contains__(self, name):
        return name in self._streams

    def __getitem__(self, name):
        """A tensor as an array. Raises KeyError where there is none of the name, CondensedError where it is damaged."""
        dtype, shape, elements = self._elements(name)
        if dtype.widened is not None:
            elements = dtype.widened(elements)
        return elements.reshape(shape)

    def raw(self, name):
        """A tensor's elements as bytes, little-endian, in the type that `describe` names."""
        return self._elements(name)[2].tobytes()

    def describe(self, name):
        """What a tensor is. The checksum is not looked at."""
        prologue = _Prologue(self._reader(name))
        return Description(
            prologue.dtype.name, prologue.shape, len(self._streams[name]), prologue.stored_count,
            _PLACEMENTS[prologue.placement], _PAYLOADS[prologue.payload])

    def _reader(self, name):
        place = self._streams[name]
        if len(place) <= 4:
            raise CondensedError(f"the stream is only {len(place)} bytes long", place.start)
        return _Reader(self._content, place.start, place.stop - 4)

    def _elements(self, name):
        reader = self._reader(name)
        body = self._content[reader.offset:reader.end]
        if zlib.crc32(body) != int.from_bytes(self._content[reader.end:reader.end + 4], "little"):
            raise CondensedError("the checksum does not match: the stream is damaged", reader.end)
        prologue = _Prologue(reader)
        elements = _decode(prologue, reader, self._byte_limit)
        if reader.offset != reader.end:
            raise reader.error(f"{reader.end - reader.offset} bytes follow the tensor")
        return prologue.dtype, prologue.shape, elements


# The container: docs/condensed-format.md, "The container".


def _read_header(content):
    """The metadata, and where each tensor's stream is."""
    if len(content) < 8:
        raise CondensedError(f"the file is too short for a header: {len(content)} bytes", 0)
    length = int.from_bytes(content[:8], "little")
    if length > min(100_000_000, len(content) - 8):
        raise CondensedError(f"the header claims {length} bytes", 0)
    start = 8 + length
    header = _read_json(bytes(content[8:start]))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise CondensedError("__metadata__ does not hold strings", 8)
    entries = []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise CondensedError(f"{name[:60]!r} is no tensor", 8)
        numbers = [entry["shape"], entry["data_offsets"]]
        if not all(isinstance(list_, list) and all(type(n) is int and 0 <= n < 1 << 63 for n in list_)
                   for list_ in numbers):
            raise CondensedError(f"tensor {name[:60]!r} has no shape and place", 8)
        if len(entry["data_offsets"]) != 2:
            raise CondensedError(f"tensor {name[:60]!r} has no place", 8)
        entries.append((name, entry["dtype"], entry["shape"], *entry["data_offsets"]))
    # In the order of their data, which they fill exactly.
    entries.sort(key=lambda entry: entry[3:])
    filled = 0
    for name, _, _, first, last in entries:
        if first != filled or last < first:
            raise CondensedError(f"the data of tensor {name[:60]!r} does not follow the one before", 8)
        filled = last
    if filled != len(content) - start:
        raise CondensedError("the tensors do not fill the file", start)
    _check_header(metadata, entries)
    for name, dtype, shape, first, last in entries:
        if dtype != "U8" or shape != [last - first]:
            raise CondensedError(f"tensor {name[:60]!r} is no stream", 8)
    source = {key[len("source."):]: value for key, value in metadata.items() if key.startswith("source.")}
    return source, {name: range(start + first, start + last) for name, _, _, first, last in entries}


def _read_json(encoded):
    def unique(pairs):
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ValueError("a name is there twice")
        return members

    def refuse(text):
        raise ValueError(f"{text[:60]} is no whole number")

    try:
        text = encoded.decode()
        header = json.loads(text, object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise CondensedError(f"the header is no JSON: {error.msg}", 8 + len(text[:error.pos].encode())) from None
    except (ValueError, RecursionError) as error:
        raise CondensedError(f"the header is no JSON: {error}", 8) from None
    if not isinstance(header, dict) or not text.startswith("{"):
        raise CondensedError("the header does not begin with '{'", 8)
    return header


def _check_header(metadata, entries):
    """Checks the version, and the checksum of the header as it would be written without it."""
    version = metadata.get("condensed")
    if version is None:
        raise CondensedError("this is a safetensors file, but not a .condensed one", 8)
    if version != "1":
        raise CondensedError(f"the file has version {version[:60]!r} of the format; this reader reads 1", 8)
    rest = {key: value for key, value in metadata.items() if key != "condensed.crc32"}
    try:
        parts = [f"{_quoted(key)}:{_quoted(rest[key])}" for key in sorted(rest, key=str.encode)]
        members = ['"__metadata__":{' + ",".join(parts) + "}"] + [
            f'{_quoted(name)}:{{"dtype":{_quoted(str(dtype))},"shape":[{",".join(map(str, shape))}],'
            f'"data_offsets":[{first},{last}]}}'
            for name, dtype, shape, first, last in entries]
        encoded = ("{" + ",".join(members) + "}").encode()
    except UnicodeEncodeError:
        raise CondensedError("half of a surrogate pair in a string", 8) from None
    encoded += b" " * (-len(encoded) % 8)
    checksum = zlib.crc32(len(encoded).to_bytes(8, "little") + encoded)
    if metadata.get("condensed.crc32") != f"{checksum:08x}":
        raise CondensedError("the header's checksum does not match: the file is damaged", 8)


_ESCAPES = {**{code: f"\\u{code:04x}" for code in range(32)},
            ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


def _quoted(text):
    return '"' + text.translate(_ESCAPES) + '"'


class _Reader:
    """Takes values from the front of bytes that may be anything."""

    def __init__(self, content, offset, end):
        self.content = content
        self.offset = offset
        self.end = end

    def error(self, message):
        return CondensedError(message, self.offset)

    def take(self, count):
        if count > self.end - self.offset:
            raise self.error(f"the stream ends early: {count} bytes expected")
        self.offset += count
        return self.content[self.offset - count:self.offset]

    def byte(self):
        return self.take(1)[0]

    def number(self, what, limit=(1 << 63) - 1):
        value, shift = 0, 0
        while True:
            digit = self.byte()
            if shift >= 63 or shift > 0 and digit == 0:
                raise self.error(f"{what} is no number")
            value |= (digit & 127) << shift
            if digit < 128:
                break
            shift += 7
        if value > limit:
            raise self.error(f"{what} is {value}, beyond {limit}")
        return value


class _Bits:
    """Reads bits, the first in a byte's highest."""

    def __init__(self, reader):
        self.reader = reader
        self.current = 0
        self.left = 0

    def bit(self):
        if self.left == 0:
            self.current = self.reader.byte()
            self.left = 8
        self.left -= 1
        return self.current >> self.left & 1

    def bits(self, count):
        value = 0
        for _ in range(count):
            value = value << 1 | self.bit()
        return value

    def finish(self):
        if self.current & (1 << self.left) - 1:
            raise self.reader.error("the padding is not zero")


# Types. The small floating-point ones go by integers, so that not a bit of any NaN depends on the machine.


def _widened(bits, exponent_bits, mantissa_bits, has_infinity):
    """Small floats as float32."""
    bits = bits.astype(np.uint32)
    sign = bits >> (exponent_bits + mantissa_bits) << 31
    magnitude = bits & ((1 << exponent_bits + mantissa_bits) - 1)
    # In the exponent's place of a float32 and times a power of two, subnormals come out exactly as well.
    scale = np.float32(2.0 ** (128 - (1 << exponent_bits - 1)))
    values = ((magnitude << (23 - mantissa_bits)).view(np.float32) * scale).view(np.uint32)
    if has_infinity:
        special = magnitude >> mantissa_bits == (1 << exponent_bits) - 1
        pattern = 0x7F800000 | (magnitude & ((1 << mantissa_bits) - 1)) << (23 - mantissa_bits)
    else:
        special = magnitude == (1 << exponent_bits + mantissa_bits) - 1
        pattern = np.uint32(0x7FC00000)
    return (sign | np.where(special, pattern, values)).astype(np.uint32).view(np.float32)


def _narrowed(values, exponent_bits, mantissa_bits, has_infinity):
    """float32 as small floats, rounded to nearest even; beyond the largest, infinity, or NaN where there is none."""
    pattern = values.view(np.uint32)
    sign = pattern >> 31 << (exponent_bits + mantissa_bits)
    magnitude = pattern & 0x7FFFFFFF
    highest = (1 << exponent_bits + mantissa_bits) - 1
    infinity = (1 << exponent_bits) - 1 << mantissa_bits
    bias, shift = (1 << exponent_bits - 1) - 1, 23 - mantissa_bits
    # Adding a power of two whose last place is the smallest step makes the hardware round.
    magic = np.array([127 - bias + 1 + shift << 23], np.uint32)
    with np.errstate(all="ignore"):
        small = (magnitude.view(np.float32) + magic.view(np.float32)).view(np.uint32) - magic
        rebased = magnitude - np.uint32(127 - bias << 23)
        usual = rebased + np.uint32((1 << shift - 1) - 1) + (rebased >> shift & 1) >> shift
    result = np.minimum(np.where(magnitude < 127 - bias + 1 << 23, small, usual), infinity if has_infinity else highest)
    if has_infinity:
        nan = infinity | magnitude >> shift & (1 << mantissa_bits) - 1 | 1 << mantissa_bits - 1
    else:
        nan = np.uint32(highest)
    result = np.where(magnitude > 0x7F800000, nan, result)
    return (sign | result).astype("<u2" if exponent_bits + mantissa_bits == 15 else "u1")


def _bfloat16(values):
    pattern = values.view(np.uint32)
    rounded = pattern + np.uint32(0x7FFF) + (pattern >> 16 & 1) >> 16
    return np.where(np.isnan(values), pattern >> 16 | 0x40, rounded).astype("<u2")


class _DType(NamedTuple):
    name: str
    stored: str  # numpy's name of the type, or of integers as wide where it has none
    narrowed: object = None  # from float32; None where elements are no floating-point numbers
    widened: object = None  # what an array is made of where numpy lacks the type

    @property
    def width(self):
        return np.dtype(self.stored).itemsize


_DTYPES = [
    _DType("BOOL", "?"), _DType("U8", "u1"), _DType("I8", "i1"),
    _DType("F8_E5M2", "u1", lambda x: _narrowed(x, 5, 2, True), lambda x: _widened(x, 5, 2, True)),
    _DType("F8_E4M3", "u1", lambda x: _narrowed(x, 4, 3, False), lambda x: _widened(x, 4, 3, False)),
    _DType("I16", "<i2"), _DType("U16", "<u2"),
    _DType("F16", "<f2", lambda x: _narrowed(x, 5, 10, True).view("<f2")),
    _DType("BF16", "<u2", _bfloat16, lambda x: (x.astype(np.uint32) << 16).view(np.float32)),
    _DType("I32", "<i4"), _DType("U32", "<u4"), _DType("F32", "<f4", lambda x: x.astype("<f4", copy=False)),
    _DType("I64", "<i8"), _DType("U64", "<u8"), _DType("F64", "<f8", lambda x: x.astype("<f8")),
]

_INT8, _UINT8, _INT4, _FLOAT16, _BFLOAT16, _FLOAT8 = range(6)
_DENSE, _GAPS, _BITMAP, _MODELLED = range(4)
_PLAIN, _QUANTIZED, _INDICES, _QUANTIZED_INDICES = range(4)
_PLACEMENTS = ["dense", "gaps", "bitmap", "modelled"]
_PAYLOADS = ["plain", "quantized", "indices", "indices, quantized codebook"]


# Streams: "A stream", "Prologue".


class _Quantization(NamedTuple):
    type: int
    has_zero_points: bool
    granularity: int  # 0 for one scale, 1 for one each channel, n + 2 for one each run of n elements

    @staticmethod
    def read(reader):
        byte = reader.byte()
        if byte & 127 > _FLOAT8:
            raise reader.error(f"unknown quantized type {byte & 127}")
        granularity = reader.number("the granularity", (1 << 62) + 2)
        if granularity == 2:
            raise reader.error("groups of no elements")
        return _Quantization(byte & 127, byte >= 128, granularity)

    @property
    def is_scaled(self):
        return self.type not in (_FLOAT16, _BFLOAT16)

    @property
    def code_width(self):
        return 1 if self.is_scaled else 2


class _Prologue:
    def __init__(self, reader):
        version = reader.byte()
        if version != 1:
            raise reader.error(f"the stream's format is {version}; this reader reads 1")
        dtype = reader.byte()
        if dtype >= len(_DTYPES):
            raise reader.error(f"unknown dtype {dtype}")
        self.dtype = _DTYPES[dtype]
        self.shape = tuple(reader.number("a dimension") for _ in range(reader.number("the rank", 64)))
        # A dimension of zero does not hide an overflow in the others.
        if math.prod(dimension or 1 for dimension in self.shape) >= 1 << 63:
            raise reader.error("the number of elements overflows 64 bits")
        self.count = math.prod(self.shape)
        flags = reader.byte()
        self.placement = flags & 3
        self.is_masked = bool(flags & 4)
        self.payload = flags >> 4 & 3
        self.is_extended = bool(flags & 64)
        if flags >= 128 or self.placement == _MODELLED and not self.is_extended:
            raise reader.error(f"unknown flags {flags}")
        self.quantization = None
        if self.payload == _QUANTIZED:
            self.quantization = _Quantization.read(reader)
        elif self.payload in (_INDICES, _QUANTIZED_INDICES):
            self.codebook_size = reader.number("the codebook's size", 256)
            self.codebook_channels = reader.number("the codebook's channels")
            fits = self.codebook_channels == 1 or self.codebook_channels == self.channels and (
                self.count > 0 or self.codebook_size == 0)
            if not fits:
                raise reader.error(f"{self.codebook_channels} codebooks for a tensor of shape {self.shape}")
            if self.payload == _QUANTIZED_INDICES:
                self.quantization = _Quantization.read(reader)
        self.stored_count = self.count
        self.gap_count = 0
        if self.placement != _DENSE:
            self.stored_count = reader.number("the number of elements", self.count)
        if self.placement == _GAPS:
            self.gap_count = reader.number("the number of gaps", self.count)

    @property
    def channels(self):
        return self.shape[0] if self.shape else 1

    @property
    def channel_size(self):
        return self.count // self.channels if self.channels else 0


# Parts: "Parts", "Values".


def _decode(prologue, reader, byte_limit):
    """A tensor's elements, flat, in its type's `stored`."""
    if prologue.count * prologue.dtype.width > byte_limit:
        raise reader.error(f"a tensor of shape {prologue.shape} is larger than the limit of {byte_limit} bytes")
    parts = _Parts(prologue, reader, byte_limit)
    stored = prologue.dtype.stored
    if prologue.payload == _PLAIN:
        elements, mask = parts.grid(prologue.dtype.width, zero=0)
        values = elements.view(stored)
    elif prologue.payload == _QUANTIZED:
        quantization = prologue.quantization
        part_count = _part_count(quantization, prologue)
        scales, zero_points = parts.scales(quantization, part_count)
        codes, mask = parts.grid(quantization.code_width, _zero_code(quantization, zero_points))
        spread = _spread(quantization, prologue)
        values = _dequantized(quantization, codes, scales, zero_points, spread)
        values = _in_type(prologue.dtype, values, reader)
    else:
        codebook = parts.codebook()
        size = prologue.codebook_size
        shifts = prologue.is_masked and size <= 255
        indices, mask = parts.grid(1, 0 if shifts else None)
        indices = indices.astype(np.intp)
        if shifts:
            indices -= 1
        kept = indices if mask is None else indices[mask]
        if len(kept) and not 0 <= kept.min() <= kept.max() < size:
            raise reader.error(f"an index is beyond a codebook of {size}")
        values = np.zeros(prologue.count, stored)
        if prologue.codebook_channels > 1:
            indices += np.arange(prologue.count) // prologue.channel_size * size
            kept = indices if mask is None else indices[mask]
        values[slice(None) if mask is None else mask] = codebook[kept]
        return values
    if mask is not None:
        values = np.where(mask, values, np.zeros(1, stored))
    return values


def _in_type(dtype, values, reader):
    if dtype.narrowed is None:
        raise reader.error(f"{dtype.name} holds no floating-point numbers")
    return dtype.narrowed(values)


def _part_count(quantization, prologue):
    """How many scales a quantization of the elements has."""
    if not quantization.is_scaled:
        return 0
    if quantization.granularity == 0:
        return 1
    if prologue.count == 0:
        return 0
    if quantization.granularity == 1:
        return prologue.channels
    return prologue.channels * -(-prologue.channel_size // (quantization.granularity - 2))


def _spread(quantization, prologue):
    """For each element which scale is its own; None where there is one, or none."""
    if quantization.granularity == 0 or not quantization.is_scaled or prologue.count == 0:
        return None
    position = np.arange(prologue.count)
    if quantization.granularity == 1:
        return position // prologue.channel_size
    size = quantization.granularity - 2
    groups = -(-prologue.channel_size // size)
    return position // prologue.channel_size * groups + position % prologue.channel_size // size


def _zero_code(quantization, zero_points):
    """The code of zero, where it is the same everywhere."""
    if not quantization.is_scaled:
        return 0
    if zero_points is None:
        return 128 if quantization.type == _UINT8 else 0
    if len(zero_points) == 0 or (zero_points != zero_points[0]).any():
        return None
    return int(zero_points[0]) & 255


def _dequantized(quantization, codes, scales, zero_points, spread):
    """What codes stand for, as float32."""
    if quantization.type == _FLOAT16:
        return _widened(codes, 5, 10, True)
    if quantization.type == _BFLOAT16:
        return (codes.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(all="ignore"):
        if spread is None:
            scales = scales[:1] if len(codes) else scales[:0]
        else:
            scales = scales[spread]
        if quantization.type == _FLOAT8:
            return _widened(codes, 4, 3, False) * scales
        if zero_points is None:
            zeros = 128 if quantization.type == _UINT8 else 0
        else:
            zeros = (zero_points[:1] if len(codes) else zero_points[:0]) if spread is None else zero_points[spread]
        signed = codes.view(np.uint8 if quantization.type == _UINT8 else np.int8).astype(np.int32)
        return (signed - zeros).astype(np.float32) * scales


class _Parts:
    """Reads the coded parts, in the order in which they stand."""

    def __init__(self, prologue, reader, byte_limit):
        self.prologue = prologue
        self.reader = reader
        self.byte_limit = byte_limit

    def symbols(self, count):
        return _symbols(self.reader, count, self.prologue.is_extended)

    def planes(self, count, width):
        """Elements of so many bytes from their byte planes, as unsigned integers."""
        if count * width > self.byte_limit:
            raise self.reader.error(f"{count} elements of {width} bytes are beyond the limit of {self.byte_limit} bytes")
        elements = np.empty((count, width), np.uint8)
        for index in range(width):
            elements[:, index] = self.symbols(count)
        return elements.reshape(-1).view(f"<u{width}")

    def scales(self, quantization, count):
        scales = self.planes(count, 4).view("<f4").astype(np.float32, copy=False)
        zero_points = None
        if quantization.has_zero_points:
            zero_points = self.planes(count, 2).view("<i2").astype(np.int32)
        return scales, zero_points

    def codebook(self):
        """All channels' entries, one channel after the other, in the tensor's type."""
        prologue = self.prologue
        count = prologue.codebook_size * prologue.codebook_channels
        quantization = prologue.quantization
        if quantization is None:
            return self.planes(count, prologue.dtype.width).view(prologue.dtype.stored)
        each_channel = quantization.granularity == 1
        part_count = (prologue.codebook_channels if each_channel else 1) if quantization.is_scaled else 0
        scales, zero_points = self.scales(quantization, part_count)
        codes = self.planes(count, quantization.code_width)
        spread = np.arange(count) // max(1, prologue.codebook_size) if each_channel else None
        values = _dequantized(quantization, codes, scales, zero_points, spread)
        return _in_type(prologue.dtype, values, self.reader)

    def grid(self, width, zero):
        """All elements, and the mask of a tensor that has one; `zero` is what stands for zero among the elements."""
        prologue, reader = self.prologue, self.reader
        places = self.places()
        elements = self.planes(prologue.stored_count, width)
        if (places is not None) != prologue.is_masked and zero is None:
            raise reader.error("nothing stands for zero")
        if places is None:
            return elements, elements != zero if prologue.is_masked else None
        everything = np.full(prologue.count, zero or 0, f"<u{width}")
        everything[places] = elements
        return everything, places if prologue.is_masked else None

    def places(self):
        """A mask of the elements that are there; None for all of them."""
        prologue, reader = self.prologue, self.reader
        if prologue.placement == _DENSE:
            return None
        places = np.zeros(prologue.count, bool)
        if prologue.placement == _GAPS:
            gaps = self.symbols(prologue.gap_count)
            ends = gaps != 255
            positions = np.cumsum(gaps + ends.astype(np.int64))[ends] - 1
            if len(gaps) and not ends[-1] or len(positions) and positions[-1] >= prologue.count:
                raise reader.error("the gaps lead past the elements")
            places[positions] = True
        elif prologue.placement == _BITMAP:
            bits = np.unpackbits(self.symbols(-(-prologue.count // 8)), bitorder="little")
            if bits[prologue.count:].any():
                raise reader.error("the bitmap's padding is not zero")
            places[:] = bits[:prologue.count]
        else:
            coded = reader.take(reader.number("the positions' length"))
            _check_range_coded(reader, prologue.count, coded)
            _modelled_places(prologue, coded, places, reader)
        if np.count_nonzero(places) != prologue.stored_count:
            raise reader.error(f"the positions do not hold {prologue.stored_count} of {prologue.count} elements")
        return places


# Symbol streams: "Symbol streams".

_BLOCK = 1 << 18


def _symbols(reader, count, is_extended):
    """`count` symbols, as an array of bytes."""
    if count == 0:
        return np.empty(0, np.uint8)
    kind = reader.byte()
    if kind > 7 or kind in (3, 4, 6, 7) and not is_extended:
        raise reader.error("an unknown kind of symbols")
    if kind == 0:
        return np.frombuffer(reader.take(count), np.uint8)
    if kind == 1:
        return np.full(count, reader.byte(), np.uint8)
    if kind == 4:
        bit_count = reader.byte()
        coded = reader.take(reader.number("a number of bytes"))
        if not 1 <= bit_count <= 8:
            raise reader.error(f"symbols of {bit_count} bits")
        _check_range_coded(reader, count, coded)
        return _modelled_symbols(count, bit_count, coded, reader)
    if kind in (2, 6, 3):
        return _coded(reader, count, kind)
    first = reader.byte()
    pairs = _coded(reader, -(-count // 2), kind)
    symbols = np.empty((len(pairs), 2), np.uint8)
    symbols[:, 0] = pairs & 15
    symbols[:, 1] = pairs >> 4
    return (symbols.reshape(-1) + np.uint8(first))[:count]


def _coded(reader, count, kind):
    """Symbols, or pairs, from blocks."""
    if kind in (2, 5):
        lengths = _lengths(reader)
        if kind == 5 and max(lengths) > 11:
            raise reader.error("a pair's word of more than 11 bits")
        table = _word_table(lengths, reader)
        # A word takes a bit at least.
        least = count // 8
        block = lambda size: _huffman_block(reader, size, table)
    else:
        bits, shares = _shares(reader)
        if kind == 7 and bits != 14:
            raise reader.error(f"pairs with 2^{bits} slots")
        slots = _slots(shares)
        wide = kind != 3
        # A symbol can take next to nothing, but a block takes its states.
        least = count // _BLOCK * (64 if wide else 32)
        block = lambda size: _state_block(reader, size, bits, slots, wide)
    if least > reader.end - reader.offset:
        raise reader.error(f"{count} symbols cannot be in what is left")
    return np.concatenate([block(min(_BLOCK, count - start)) for start in range(0, count, _BLOCK)])


def _lengths(reader):
    first, last = reader.byte(), reader.byte()
    if first > last:
        raise reader.error("a code's symbols are no range")
    lengths, previous, bits = [0] * 256, 5, _Bits(reader)
    for symbol in range(first, last + 1):
        length = previous
        if bits.bit():
            if not bits.bit():
                length += 1
            elif not bits.bit():
                length -= 1
            elif not bits.bit():
                continue
            else:
                length = bits.bits(4)
        if not 1 <= length <= 15:
            raise reader.error(f"a code word of {length} bits")
        lengths[symbol] = previous = length
    bits.finish()
    return lengths


def _word_table(lengths, reader):
    """For each 15 bits that may come next the symbol and the length of its word."""
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(used) < 2 or sum(1 << 15 - length for length, _ in used) != 1 << 15:
        raise reader.error("the lengths make no complete code")
    # Canonical words, one after the other, fill the table from its start.
    spans = [1 << 15 - length for length, _ in used]
    symbols = np.repeat(np.array([symbol for _, symbol in used], np.uint8), spans)
    return symbols, np.repeat(np.array([length for length, _ in used], np.uint8), spans)


def _huffman_block(reader, count, table):
    run = -(-count // 4)
    counts = [run, run, run, count - 3 * run] if count >= 1024 else [count]
    sizes = [reader.number("a run's length") for _ in counts]
    return np.concatenate([_huffman_run(reader, run, size, table) for run, size in zip(counts, sizes)])


def _huffman_run(reader, count, size, table):
    start = reader.offset
    coded = reader.take(size)
    if size > count * 15 // 8 + 1:
        raise CondensedError("a run of symbols is shorter than its bits", start)
    # The 15 bits at each bit of the run, and how long the word there would be; then from word to word.
    padded = np.frombuffer(bytes(coded) + b"\0\0\0", np.uint8).astype(np.uint32)
    bytes3 = padded[:-2] << 16 | padded[1:-1] << 8 | padded[2:]
    windows = (bytes3[:, None] >> np.arange(9, 1, -1, dtype=np.uint32) & 0x7FFF).astype(np.uint16).reshape(-1)
    steps = table[1][windows].tobytes()
    places, place, end = [], 0, 8 * size
    for _ in range(count):
        if place >= end:
            raise CondensedError("a run of symbols is longer than its bits", start)
        places.append(place)
        place += steps[place]
    if not end - 8 < place <= end or place < end and coded[-1] & (1 << end - place) - 1:
        raise CondensedError("a run of symbols is longer or shorter than its bits", start)
    return table[0][windows[places]]


def _shares(reader):
    bits = reader.byte()
    if not 1 <= bits <= 15:
        raise reader.error(f"2^{bits} slots")
    lengths = _lengths(reader)
    rests = _Bits(reader)
    shares = [1 << length - 1 | rests.bits(length - 1) if length else 0 for length in lengths]
    rests.finish()
    if sum(shares) != 1 << bits or sum(map(bool, shares)) < 2:
        raise reader.error(f"the shares do not fill 2^{bits} slots")
    return bits, shares


def _slots(shares):
    """For each slot its symbol, the symbol's share, and how many of the share's slots come before."""
    symbols, sizes, places = bytearray(), [], []
    for symbol, share in enumerate(shares):
        symbols += bytes([symbol]) * share
        sizes += [share] * share
        places += range(share)
    return bytes(symbols), sizes, places


def _state_block(reader, count, bits, slots, wide):
    """A block of asymmetric numeral systems: a state takes a word after every symbol, or after two of wide ones."""
    symbols, sizes, places = slots
    start = reader.offset
    word_count = reader.number("a number of words", _BLOCK)
    states = np.frombuffer(reader.take(64 if wide else 32), "<u8" if wide else "<u4").tolist()
    words = np.frombuffer(reader.take(word_count * (4 if wide else 2)), "<u4" if wide else "<u2").tolist()
    lowest, shift, each = (1 << 32, 32, 2) if wide else (1 << 16, 16, 1)
    mask = (1 << bits) - 1
    mistake = CondensedError("a block of symbols is longer or shorter than its words", start)
    if min(states) < lowest:
        raise mistake
    decoded, turn = bytearray(), 0
    words.reverse()
    for first in range(0, count, each):
        state = states[turn]
        for _ in range(min(each, count - first)):
            slot = state & mask
            decoded.append(symbols[slot])
            state = sizes[slot] * (state >> bits) + places[slot]
        if state < lowest:
            if not words:
                raise mistake
            state = state << shift | words.pop()
        states[turn] = state
        turn = turn + 1 & 7
    if words or any(state != lowest for state in states):
        raise mistake
    return np.frombuffer(decoded, np.uint8)


# Range coding: "Range coding".


def _check_range_coded(reader, count, coded):
    # A probability is at most 4,095 in 4,096: so a few bytes cannot ask for much time.
    if count >> 15 > len(coded) + 8:
        raise reader.error(f"{count} positions or symbols cannot be in {len(coded)} bytes")


_KNOTS = [1, 2, 3, 6, 10, 16, 27, 45, 73, 120, 194, 310, 488, 747, 1101, 1546, 2048, 2549, 2994, 3348, 3607, 3785, 3901,
          3975, 4022, 4050, 4068, 4079, 4085, 4089, 4092, 4093, 4094]


def _squash(x):
    knot, weight = (x >> 7) + 16, x & 127
    return max(1, _KNOTS[knot] * (128 - weight) + _KNOTS[min(32, knot + 1)] * weight + 64 >> 7)


_SQUASH = [_squash(x) for x in range(-2047, 2048)]


def _stretch_table():
    table, x = [], -2047
    for probability in range(4096):
        while x < 2047 and _SQUASH[x + 2047] < probability:
            x += 1
        table.append(x)
    return table


_STRETCH = _stretch_table()
_RATES = [131072 // (2 * count + 3) for count in range(256)]


class _RangeDecoder:
    """Bits from a mixer of several contexts."""

    def __init__(self, coded, input_count, context_count, probability=1 << 15):
        self.coded = bytes(coded)
        self.next = 4
        self.code = int.from_bytes((self.coded[:4] + b"\0\0\0\0")[:4], "big")
        self.range = (1 << 32) - 1
        self.weights = [81920 // input_count] * input_count
        self.probabilities = [probability] * context_count
        self.counts = [0] * context_count

    def bit(self, contexts):
        probabilities, weights, counts = self.probabilities, self.weights, self.counts
        stretched = [_STRETCH[probabilities[context] >> 4] for context in contexts]
        total = 0
        for value, weight in zip(stretched, weights):
            total += value * weight
        total >>= 16
        chance = 4095 if total > 2047 else 1 if total < -2047 else _SQUASH[total + 2047]
        bound = (self.range >> 12) * chance
        if self.code < bound:
            bit, target, error = 1, 65535, 4 * (4096 - chance)
            self.range = bound
        else:
            bit, target, error = 0, 0, -4 * chance
            self.code -= bound
            self.range -= bound
        while self.range < 1 << 24:
            self.range <<= 8
            self.code = self.code << 8 | (self.coded[self.next] if self.next < len(self.coded) else 0)
            self.next += 1
        for index, context in enumerate(contexts):
            weight = weights[index] + (stretched[index] * error + 8192 >> 14)
            weights[index] = min(max(weight, -1 << 20), 1 << 20)
            probability, count = probabilities[context], counts[context]
            probabilities[context] = probability + ((target - probability) * _RATES[count] >> 16)
            if count < 255:
                counts[context] = count + 1
        return bit

    def finish(self, reader):
        if self.next < len(self.coded):
            raise reader.error("bytes follow what is range-coded")


def _modelled_symbols(count, bit_count, coded, reader):
    nodes, kept = 1 << bit_count, min(bit_count, 4)
    decoder = _RangeDecoder(coded, 2, nodes + (nodes << kept))
    symbols, previous = bytearray(count), 0
    for index in range(count):
        node = 1
        for _ in range(bit_count):
            node = node << 1 | decoder.bit((node, nodes + (node << kept) + previous))
        symbols[index] = node & nodes - 1
        previous = symbols[index] >> bit_count - kept
    decoder.finish(reader)
    return np.frombuffer(symbols, np.uint8)


def _level(number, most):
    level = 0
    while number >= 1 and level < most:
        number = number * 3 // 4 - 1
        level += 1
    return level


_OWN_LEVELS = [_level(number, 15) for number in range(1025)]
_NEIGHBOUR_LEVELS = [_level(number, 23) for number in range(6 * 1024 + 1)]


def _modelled_places(prologue, coded, places, reader):
    """Marks the elements that are not zero."""
    count = prologue.count
    if count == 0:
        return _RangeDecoder(coded, 5, 0).finish(reader) if len(coded) else None
    columns = prologue.channel_size if len(prologue.shape) >= 2 and prologue.channel_size <= 65536 else 1
    # Contexts of all inputs in one list, one input's after the other's.
    history, activity = columns, columns + 64
    row, neighbours = activity + 256, activity + 256 + 16
    probability = min(max(65536 * prologue.stored_count // count, 32), 65503)
    decoder = _RangeDecoder(coded, 5, neighbours + 24 * 16, probability)
    # Two columns of no activity on either side.
    activities, recent, found = [0] * (columns + 4), 0, []
    for start in range(0, count, columns):
        row_activity = 0
        for column in range(columns):
            own = activities[column + 2]
            around = (2 * own + activities[column] + activities[column + 1] + activities[column + 3]
                      + activities[column + 4])
            level = min(row_activity >> 11, 15)
            bit = decoder.bit((column, history + recent, activity + 16 * _OWN_LEVELS[own] + level, row + level,
                               neighbours + 16 * _NEIGHBOUR_LEVELS[around] + level))
            if bit:
                found.append(start + column)
            activities[column + 2] = own + 64 * bit - (own >> 4)
            row_activity += 1024 * bit - (row_activity >> 5)
            recent = (recent << 1 | bit) & 63
    decoder.finish(reader)
    places[found] = True
