#!/usr/bin/env python3
"""Tests of condensed.py, with the files in Tests/Vectors:

    python3 Python/test_condensed.py

CONDENSED_MUTATIONS says how many damaged files are tried (10000), CONDENSED_SEED from which seed on.
"""

import collections
import hashlib
import json
import os
import random
import struct
import tempfile
import unittest
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

import condensed

VECTORS = Path(__file__).resolve().parent.parent / "Tests" / "Vectors"
MUTATIONS = int(os.environ.get("CONDENSED_MUTATIONS", 10_000))
SEED = int(os.environ.get("CONDENSED_SEED", 1))
# Small streams can stand for large tensors.
BYTE_LIMIT = 1 << 16


def plain(path):
    """The tensors of a safetensors file: for each its type, shape and bytes."""
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return {name: (entry["dtype"], tuple(entry["shape"]), content[start:][slice(*entry["data_offsets"])])
            for name, entry in header.items()}


def hashes_of(path):
    """What a file decodes to: for each tensor its type, shape and the digest of its bytes."""
    model = condensed.open(path)
    tensors = {}
    for name in model:
        description = model.describe(name)
        tensors[name] = {"dtype": description.dtype, "shape": list(description.shape),
                         "sha256": hashlib.sha256(model.raw(name)).hexdigest()}
    return model.metadata, tensors


class VectorTests(unittest.TestCase):
    def test_files_of_earlier_versions_decode_as_then(self):
        with ProcessPoolExecutor() as pool:
            for version in ("v1", "v2"):
                vectors = json.loads((VECTORS / version / "vectors.json").read_text())
                paths = [VECTORS / version / f"{name}.condensed" for name in vectors]
                for name, (metadata, tensors) in zip(vectors, pool.map(hashes_of, paths)):
                    with self.subTest(f"{version}/{name}"):
                        self.assertEqual(tensors, vectors[name])
                        self.assertEqual(metadata, {"description": "a test vector", "ä": '\n"\\'})

    def test_recorded_tensors_decode_to_the_same_bytes(self):
        paths = sorted((VECTORS / "v3").glob("*.condensed"))
        self.assertEqual(len(paths), 6)
        for path in paths:
            model = condensed.open(path)
            expected = plain(path.with_suffix(".safetensors"))
            self.assertEqual(set(model), set(expected))
            for name, (dtype, shape, content) in expected.items():
                with self.subTest(f"{path.stem}: {name}"):
                    self.assertEqual(model.raw(name), content)
                    description = model.describe(name)
                    self.assertEqual((description.dtype, description.shape), (dtype, shape))
                    self.assertEqual(model[name].shape, shape)

    def test_recorded_tensors_are_of_all_kinds(self):
        kinds, forms = set(), set()
        symbols = condensed._symbols

        def counting(reader, count, is_extended):
            if count:
                kinds.add(reader.content[reader.offset])
            return symbols(reader, count, is_extended)

        condensed._symbols = counting
        self.addCleanup(setattr, condensed, "_symbols", symbols)
        for path in (VECTORS / "v3").glob("*.condensed"):
            model = condensed.open(path)
            for name in model:
                model.raw(name)
                prologue = condensed._Prologue(model._reader(name))
                forms |= {("placement", prologue.placement, prologue.is_masked), ("payload", prologue.payload),
                          ("type", prologue.dtype.name)}
                if prologue.quantization is not None:
                    forms |= {("quantized", prologue.quantization.type, prologue.payload),
                              ("granularity", min(prologue.quantization.granularity, 2)),
                              ("zero points", prologue.quantization.has_zero_points)}
        self.assertEqual(kinds, set(range(8)))
        counts = collections.Counter(form[0] for form in forms)
        self.assertEqual(counts, {"placement": 8, "payload": 4, "type": 15, "quantized": 6 + 2, "granularity": 3,
                                  "zero points": 2})


class ArrayTests(unittest.TestCase):
    def setUp(self):
        self.model = condensed.open(VECTORS / "v3" / "huffman.condensed")

    def test_arrays_have_numpy_types_or_float32(self):
        dtypes = {"BOOL": bool, "U8": np.uint8, "I8": np.int8, "I16": np.int16, "U16": np.uint16, "F16": np.float16,
                  "I32": np.int32, "U32": np.uint32, "F32": np.float32, "I64": np.int64, "U64": np.uint64,
                  "F64": np.float64, "BF16": np.float32, "F8_E4M3": np.float32, "F8_E5M2": np.float32}
        for name, dtype in dtypes.items():
            self.assertEqual(self.model[f"plain.{name}"].dtype, dtype)

    def test_small_floats_keep_their_values(self):
        """All bit patterns there and back, against numpy where it has the type."""
        for width, arguments in ((8, (4, 3, False)), (8, (5, 2, True)), (16, (5, 10, True))):
            bits = np.arange(1 << width, dtype="<u2" if width == 16 else "u1")
            floats = condensed._widened(bits, *arguments)
            kept = ~np.isnan(floats)
            np.testing.assert_array_equal(condensed._narrowed(floats, *arguments)[kept], bits[kept])
            if width == 16:
                np.testing.assert_array_equal(floats[kept], bits.view(np.float16).astype(np.float32)[kept])
        values = np.random.default_rng(1).normal(0, 1, 100_000).astype(np.float32) ** 7 * 1000
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(condensed._narrowed(values, 5, 10, True), values.astype("<f2").view("<u2"))

    def test_a_model_is_a_mapping(self):
        self.assertEqual(list(self.model), self.model.names)
        self.assertIn("plain.F32", self.model)
        self.assertEqual(len(self.model), len(self.model.names))
        with self.assertRaises(KeyError):
            self.model["nothing"]

    def test_a_tensor_beyond_the_limit_is_refused(self):
        model = condensed.open(VECTORS / "v3" / "pairs.condensed", byte_limit=8192)
        with self.assertRaises(condensed.CondensedError):
            model["words"]


# Damage.


def header(streams):
    """A .condensed file of streams by their names."""
    entries, end = "", 0
    for name, stream in streams:
        entries += f',"{name}":{{"dtype":"U8","shape":[{len(stream)}],"data_offsets":[{end},{end + len(stream)}]}}'
        end += len(stream)

    def encoded(checksum):
        text = '{"__metadata__":{"condensed":"1"' + checksum + "}" + entries + "}"
        text += " " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text.encode()

    return encoded(f',"condensed.crc32":"{zlib.crc32(encoded("")):08x}"') + b"".join(stream for _, stream in streams)


def streams():
    """All recorded streams that decode fast: damaged ones are as large."""
    found = []
    for path in sorted((VECTORS / "v3").glob("*.condensed")):
        model = condensed.open(path)
        for name in model:
            place = model._streams[name]
            if len(place) < 1500:
                found.append(bytes(model._content[place.start:place.stop]))
    return found


WORDS = [b"\xff\x01", b"\x80\x80\x80\x80\x10", b"\xff" * 8 + b"\x7f", b"\0\0", b"{", b"}", b"[", b"\\ud800", b"9" * 5000,
         b"NaN", b'"shape":[],', b"[0,9223372036854775807]", b'"condensed":"2",', b"[" * 3000, b"1e9", b"\xc3"]


def damaged(content, generator):
    content = bytearray(content)
    for _ in range(generator.choice([1, 1, 1, 2, 2, 3, 4])):
        place = generator.randrange(len(content) + 1)
        last = min(len(content), place + generator.randint(1, 32))
        kind = generator.randrange(9)
        if kind <= 2 and place < len(content):
            content[place] ^= 1 << generator.randrange(8)
        elif kind <= 4 and place < len(content):
            content[place] = generator.choice([0, 1, 127, 128, 255, generator.randrange(256)])
        elif kind == 5:
            del content[place:last]
        elif kind == 6:
            content[place:place] = content[place:last]
        elif kind == 7 and generator.randrange(4) == 0:
            del content[place:]
        else:
            content[place:place] = generator.choice(WORDS)
    return bytes(content)


def read(content):
    """All of a file's tensors, or None for those that are refused; anything but CondensedError is not caught."""
    model = condensed.Model(content, byte_limit=BYTE_LIMIT)
    result = {}
    for name in model:
        try:
            result[name] = (model.describe(name).dtype, model[name].shape, model.raw(name))
        except condensed.CondensedError as error:
            assert 0 <= error.offset <= len(content), error
            result[name] = None
    return result


def try_damage(seeds):
    """Tries a damaged file for each seed; how many were refused, and what went wrong."""
    recorded, refused, mistakes = streams(), 0, []
    for seed in seeds:
        generator = random.Random(seed)
        some = [(f"t{index}", generator.choice(recorded)) for index in range(2)]
        whole = header(some)
        try:
            if seed % 2:
                # Under checksums that are right, so that what is behind them is tried.
                body = damaged(some[0][1][:-4], generator)
                some[0] = ("t0", body + struct.pack("<I", zlib.crc32(body)))
                refused += None in read(header(some)).values()
            else:
                content = damaged(whole, generator)
                tensors = read(content)
                # What the header says may be said in other words, as with another space.
                if content == whole or tensors == read(whole):
                    continue
                refused += None in tensors.values()
                if None not in tensors.values():
                    mistakes.append(f"seed {seed}: damage was not noticed")
        except condensed.CondensedError as error:
            refused += 1
            if not 0 <= error.offset <= len(whole) + 100_000:
                mistakes.append(f"seed {seed}: {error}")
        except Exception as error:
            mistakes.append(f"seed {seed}: {type(error).__name__}: {error}")
    return refused, mistakes


class DamageTests(unittest.TestCase):
    def test_damaged_files_are_refused(self):
        seeds = range(SEED * 10_000_000, SEED * 10_000_000 + MUTATIONS)
        with ProcessPoolExecutor() as pool:
            outcomes = list(pool.map(try_damage, [seeds[start:start + 250] for start in range(0, MUTATIONS, 250)]))
        self.assertEqual([mistake for _, mistakes in outcomes for mistake in mistakes], [])
        self.assertGreater(sum(refused for refused, _ in outcomes), MUTATIONS * 2 // 3)

    def test_the_place_of_damage_is_told(self):
        content = bytearray((VECTORS / "v3" / "rans.condensed").read_bytes())
        content[-1] ^= 1
        model = condensed.Model(content)
        with self.assertRaises(condensed.CondensedError) as caught:
            model[model.names[-1]]
        self.assertEqual(caught.exception.offset, len(content) - 4)

    def test_other_files_are_said_to_be_none(self):
        for content, message in ((b"", "too short"), (b"\xff" * 8, "claims"), (b"\x02\0\0\0\0\0\0\0{}", "safetensors"),
                                 (b"\x02\0\0\0\0\0\0\0[]", "begin"),
                                 ((VECTORS / "v3" / "rans.safetensors").read_bytes(), "safetensors")):
            with self.subTest(message), self.assertRaisesRegex(condensed.CondensedError, message):
                condensed.Model(content)

    def test_later_versions_are_refused_by_name(self):
        content = (VECTORS / "v3" / "rans.condensed").read_bytes().replace(b'"condensed":"1"', b'"condensed":"2"')
        with self.assertRaisesRegex(condensed.CondensedError, "version '2'"):
            condensed.Model(content)

    def test_a_file_is_opened_by_its_path(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(OSError):
                condensed.open(Path(folder) / "missing.condensed")


if __name__ == "__main__":
    unittest.main()
