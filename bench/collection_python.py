# SPDX-License-Identifier: Apache-2.0
"""Collections from Python: an element by its id, and a million values into numpy, Arrow and lists.
What a form costs is its call without what C needs to read the batches, which all forms share; the
whole calls are told beside it. Run by bench/python_bench.

    bench/collection_python.py [ROWS]
"""

import os
import sys
import tempfile

import numpy
import pyarrow

import stoa
from python_bench import bar, least

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
READS = 20000
SCHEMA = """
CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;
CREATE TABLE Thing (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL,
    count INTEGER, size REAL, date_made TEXT) STRICT;
CREATE TABLE Thing_vector_rows (
    id INTEGER NOT NULL REFERENCES Thing(id) ON DELETE CASCADE ON UPDATE CASCADE,
    vector_index INTEGER NOT NULL, factor REAL, name TEXT, PRIMARY KEY (id, vector_index)) STRICT;
CREATE TABLE Value (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL,
    float REAL, int INTEGER, string TEXT, nullable REAL) STRICT;
"""
KINDS = ["float", "int", "string", "nullable"]


def values():
    numbers = numpy.arange(ROWS)
    return pyarrow.table({
        "label": [f"label{i}" for i in range(ROWS)], "float": numbers * 0.5, "int": numbers,
        "string": [f"text {i % 1000}" for i in range(ROWS)],
        "nullable": pyarrow.array(numbers * 0.25, mask=numbers % 3 == 0)})


def element(con):
    """One element of seven columns, two of them a vector of three rows."""
    things = con.collection("Thing")
    made = things.create(label="one", count=1, size=2.5, date_made="2024-01-01",
                         factor=[1.0, 2.0, 3.0], name=["a", "b", "c"])
    assert things[made]["factor"] == [1.0, 2.0, 3.0] and len(things[made]) == 7

    def reads():
        for _ in range(READS):
            things[made]  # pylint: disable=pointless-statement
    bar("collection_python_element_us", least([reads])[0] / READS * 1e6, 25, False)


def forms(con):
    data = con.collection("Value")
    costs = {"arrow": 0.0, "numpy": 0.0}
    lists, whole = dict(costs), dict(costs)
    for name in KINDS:
        assert data.read(name).arrow()[name].to_pylist() == listed(data, name)
        batches, lst, arrow, array = least([
            lambda: [None for _ in data.read(name).batches()], lambda: listed(data, name),
            lambda: data.read(name).arrow(), lambda: data.read(name).numpy()])
        for form, took in (("arrow", arrow), ("numpy", array)):
            if (form, name) == ("numpy", "string"):
                continue  # Texts are Python objects in numpy, too.
            costs[form] += max(took - batches, ROWS * 1e-9)  # Below is what cannot be told.
            lists[form] += lst - batches
            whole[form] += lst / took / (len(KINDS) - (form == "numpy"))
    for form, cost in costs.items():
        bar(f"collection_python_{form}", lists[form] / cost, 10, True)
        print(f"note collection_python_{form}: whole calls, what C reads in both of them "
              f"included, are {whole[form]:.3g} times as fast as those that make a list")


def listed(data, name):
    return [value for _, value in data.read(name).fetchall()]


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.db")
        stoa.create_collections(path, SCHEMA)
        with stoa.connect(path) as con:
            element(con)
            con.collection("Value").create_many(values())
            forms(con)


if __name__ == "__main__":
    main()
