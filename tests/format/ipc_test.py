# SPDX-License-Identifier: Apache-2.0
"""Arrow's own form: what pyarrow wrote is read and written again, and is the same to pyarrow.

ipc_test.py PROGRAM: convert.c's, in a Python that has pyarrow.
"""
import datetime
import decimal
import os
import random
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc

from tap import done, point

PROGRAM = sys.argv[1]
FILES = 40
TEXTS = ["", "x", "日本", "a text that is longer than a view holds in place", "\0", '"']


def scalars(chance):
    """Types, each with a maker of its values."""
    whole = [(pa.int8(), 7), (pa.int16(), 15), (pa.int32(), 31), (pa.int64(), 63)]
    found = [(t, lambda b=b: chance.randint(-2 ** b, 2 ** b - 1)) for t, b in whole]
    found += [(t, lambda b=b: chance.randint(0, 2 ** b - 1)) for t, b in
              [(pa.uint8(), 8), (pa.uint16(), 16), (pa.uint32(), 32), (pa.uint64(), 64)]]
    found += [(t, lambda: chance.randint(-1000, 1000) / 8)
              for t in (pa.float16(), pa.float32(), pa.float64())]
    found += [(t, lambda: chance.choice(TEXTS)) for t in
              (pa.string(), pa.large_string(), pa.string_view())]
    found += [(t, lambda: chance.choice(TEXTS).encode() * chance.randint(0, 3)) for t in
              (pa.binary(), pa.large_binary(), pa.binary_view())]
    found += [(pa.binary(5), lambda: bytes(chance.randint(0, 255) for _ in range(5))),
              (pa.bool_(), lambda: chance.random() < 0.5), (pa.null(), lambda: None)]
    found += [(t, lambda: decimal.Decimal(chance.randint(-99999, 99999)).scaleb(-2)) for t in
              (pa.decimal32(7, 2), pa.decimal64(12, 2), pa.decimal128(20, 2),
               pa.decimal256(50, 2))]
    day = datetime.date(1970, 1, 1)
    found += [(t, lambda: day + datetime.timedelta(chance.randint(-9999, 9999)))
              for t in (pa.date32(), pa.date64())]
    found += [(t, lambda: datetime.time(chance.randint(0, 23), 5, 7)) for t in
              (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))]
    for unit in ("s", "ms", "us", "ns"):
        found += [(pa.timestamp(unit), lambda: chance.randint(-10 ** 9, 10 ** 9)),
                  (pa.timestamp(unit, "Europe/Paris"), lambda: chance.randint(-10 ** 9, 10 ** 9)),
                  (pa.duration(unit), lambda: chance.randint(-10 ** 9, 10 ** 9))]
    found.append((pa.month_day_nano_interval(),
                  lambda: pa.MonthDayNano([chance.randint(-9, 9), chance.randint(-9, 9),
                                           chance.randint(-9, 9)])))
    return found


def column(chance, depth):
    """A type of any depth, with a maker of its values."""
    kind = chance.randint(0, 9 if depth > 0 else 4)
    if kind < 5:
        return chance.choice(scalars(chance))
    inner, make = column(chance, depth - 1)
    if kind in (5, 6, 7):
        made = chance.choice([pa.list_, pa.large_list, pa.list_view, pa.large_list_view])(inner)
        return made, lambda: [make() for _ in range(chance.randint(0, 3))]
    if kind == 8:
        return pa.list_(inner, 2), lambda: [make(), make()]
    other, make_other = column(chance, depth - 1)
    return (pa.struct([("a", inner), ("b", other)]),
            lambda: {"a": make(), "b": make_other()})


def random_table(seed):
    chance = random.Random(seed)
    names, arrays = [], []
    rows = chance.choice([0, 1, 7, 64, 500])
    for number in range(chance.randint(1, 6)):
        made, make = column(chance, 2)
        values = [None if chance.random() < 0.2 else make() for _ in range(rows)]
        array = pa.array(values, made)
        if chance.random() < 0.3 and (pa.types.is_string(made) or pa.types.is_int64(made)):
            array = array.dictionary_encode()
        names.append(pa.field("c%d" % number, array.type, metadata={"k": "v" * number}))
        arrays.append(array)
    return pa.table(arrays, pa.schema(names, metadata={"of": "the schema"}))


def special_table():
    """What the random ones do not have."""
    pairs = pa.array([[("a", 1)], None, [("b", 2), ("c", None)], []],
                     pa.map_(pa.string(), pa.int32()))
    kinds = pa.array([0, 1, 0, 1], pa.int8())
    parts = [pa.array([1, 2, 3, 4]), pa.array(["x", "y", "z", None])]
    sparse = pa.UnionArray.from_sparse(kinds, parts, ["n", "t"], [0, 1])
    dense = pa.UnionArray.from_dense(kinds, pa.array([0, 0, 1, 1], pa.int32()), parts)
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([1, 4], pa.int32()), pa.array(["x", None]))
    words = pa.array(["p", "q", None, "p"])
    months = pa.array([1, None, -3, 4], pa.int32())
    return pa.table({
        "map": pairs, "sparse": sparse, "dense": dense, "runs": runs,
        "ordered": pa.DictionaryArray.from_arrays(pa.array([1, None, 0, 1], pa.uint8()),
                                                  ["low", "high"], ordered=True),
        "inside": pa.StructArray.from_arrays([words.dictionary_encode(), months], ["d", "n"]),
        "listed": pa.ListArray.from_arrays([0, 1, 2, 3, 4], words.dictionary_encode())})


def without(kind):
    """The type without dictionaries in it."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(without(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(without(kind.value_type)))
    return kind


def plain(table):
    """As Stoa writes it: dictionaries are what they stand for."""
    arrays = [column if without(column.type) == column.type else column.cast(without(column.type))
              for column in table.columns]
    fields = [field.with_type(array.type) for field, array in zip(table.schema, arrays)]
    return pa.table(arrays, pa.schema(fields, metadata=table.schema.metadata))


def again(path, *settings):
    """What Stoa made of it, or what it said."""
    made = subprocess.run([PROGRAM, "ipc", path, *settings], capture_output=True, check=False)
    return made.stdout if made.returncode == 0 else made.stderr.decode("utf-8").strip()


def same(what, table, data, opened):
    if isinstance(data, str):
        return ["%s: %s" % (what, data)]
    got = opened(pa.py_buffer(data)).read_all()
    got.validate(full=True)
    wanted = plain(table)
    if not got.schema.equals(wanted.schema, check_metadata=True):
        return ["%s: %s is not %s" % (what, got.schema, wanted.schema)]
    return [] if got.equals(wanted) else ["%s: %s is not %s" % (what, got, wanted)]


def tables(seed, path):
    """Files and streams, packed or not, in batches of any size."""
    chance = random.Random(seed)
    table = random_table(seed)
    options = ipc.IpcWriteOptions(compression=chance.choice([None, "lz4", "zstd"]),
                                  use_legacy_format=chance.random() < 0.2)
    file = chance.random() < 0.5
    writer = (ipc.new_file if file else ipc.new_stream)(path, table.schema, options=options)
    with writer:
        writer.write_table(table, max_chunksize=chance.choice([3, 100, 10000]))
    what = "seed %d, %s, %s" % (seed, "file" if file else "stream", options.compression)
    return (same(what, table, again(path, "form=stream"), ipc.open_stream) +
            same(what + " as a file", table, again(path), ipc.open_file))


def special(seed, path):
    """Maps, unions, runs, dictionaries inside of others, each packing."""
    compression = [None, "lz4", "zstd"][seed % 3]
    table = special_table()
    with ipc.new_stream(path, table.schema,
                        options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=[4, 2, 1][seed % 3])
    return same("special %d" % seed, table, again(path, "form=stream"), ipc.open_stream)


def slices(seed, path):
    """Batches that begin in the middle of their buffers."""
    table = random_table(seed + 1000)
    if table.num_rows < 10:
        return []
    feather.write_feather(table.slice(3, table.num_rows - 5), path)
    return same("seed %d" % seed, table.slice(3, table.num_rows - 5), again(path), ipc.open_file)


def damaged(seed, path):
    """Any byte may be another: an answer, or a sentence, and never a crash."""
    chance = random.Random(seed)
    table = random_table(seed + 2000)
    with ipc.new_file(path, table.schema, options=ipc.IpcWriteOptions(
            compression=chance.choice([None, "lz4", "zstd"]))) as writer:
        writer.write_table(table, max_chunksize=100)
    with open(path, "rb") as file:
        data = bytearray(file.read())
    for _ in range(4):
        harmed = bytearray(data)
        for _ in range(chance.choice([1, 1, 3, 30])):
            harmed[chance.randrange(len(harmed))] = chance.choice([0, 1, 127, 255,
                                                                   chance.randint(0, 255)])
        if chance.random() < 0.2:
            del harmed[chance.randrange(len(harmed)):]
        with open(path, "wb") as file:
            file.write(harmed)
        made = subprocess.run([PROGRAM, "ipc", path], capture_output=True, check=False)
        if made.returncode not in (0, 1) or (made.returncode == 1 and not made.stderr):
            return ["seed %d: status %d: %s" % (seed, made.returncode, made.stderr[-2000:])]
    return []


with tempfile.TemporaryDirectory() as folder:
    PATH = os.path.join(folder, "file.arrow")
    for name, check in [("tables come back the same", tables),
                        ("maps, unions, runs and nested dictionaries do", special),
                        ("parts of tables, in Feather files, too", slices),
                        ("damaged files are answered", damaged)]:
        wrong = []
        for number in range(FILES):
            wrong += check(number, PATH)
        point(name, [line[:1500] for line in wrong[:4]])
done()
