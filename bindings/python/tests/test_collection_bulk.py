# SPDX-License-Identifier: Apache-2.0
"""Collections in bulk from Python: data of every kind in, results of every form out."""

import array
import datetime as dt
import sys
import threading

import pytest

import stoa
from test_collection import DAY, HILL_READ, NOON, UTC, farm, orchards  # pylint: disable=W0611

DAYS = [DAY + dt.timedelta(days=n) for n in range(3)]
ELEMENTS = [
    {"label": "A", "area": 1.5, "region_id": "North", "orchard_neighbour": "B",
     "spacing": [1.0, None], "variety": ["x", "y"], "region_sold_to": ["South", "North"],
     "yield": [{"date_time": DAY, "block": 1, "tonnes": 2.0},
               {"date_time": DAY, "block": 2, "tonnes": None}]},
    {"label": "B", "area": None, "region_id": None, "orchard_neighbour": "A", "spacing": [],
     "variety": [], "region_sold_to": [], "yield": []},
    {"label": "C", "area": 3.0, "region_id": "South", "orchard_neighbour": "C", "spacing": None,
     "variety": None, "region_sold_to": ["South"], "yield": None},
]
READ = {
    "A": {"area": 1.5, "region_id": 1, "orchard_neighbour": 4, "spacing": [1.0, None],
          "variety": ["x", "y"], "region_sold_to": [2, 1], "date_time": [NOON, NOON],
          "block": [1, 2], "tonnes": [2.0, None]},
    "B": {"area": None, "region_id": None, "orchard_neighbour": 3, "spacing": [],
          "region_sold_to": [], "tonnes": []},
    "C": {"area": 3.0, "region_id": 2, "orchard_neighbour": 5, "variety": [],
          "region_sold_to": [2], "block": []},
}


def columns(rows):
    return {name: [row[name] for row in rows] for name in rows[0]}


FORMS = ["dicts", "columns", "pyarrow", "polars", "pandas"]


@pytest.mark.parametrize("form", FORMS)
def test_elements_with_all_their_groups(orchards, form):
    rows = ELEMENTS
    if form == "columns":
        rows = columns(rows)
    elif form == "pyarrow":
        rows = pytest.importorskip("pyarrow").Table.from_pylist(rows)
    elif form == "polars":
        rows = pytest.importorskip("polars").DataFrame(rows)
    elif form == "pandas":
        rows = pytest.importorskip("pandas").DataFrame(rows)
    assert orchards.create_many(rows) == [3, 4, 5]
    for label, wanted in READ.items():
        found = orchards[label]
        assert {name: found[name] for name in wanted} == wanted
    assert orchards["Hill"] == HILL_READ


def test_batches_of_a_generator(orchards):
    assert orchards.create_many(columns([row]) for row in [ELEMENTS[0], {
        **ELEMENTS[0], "label": "B", "orchard_neighbour": "B"}]) == [3, 4]
    assert orchards["A"]["orchard_neighbour"] == orchards["B"]["orchard_neighbour"] == 4


def test_a_bad_row_is_named_and_nothing_is_written(orchards):
    with pytest.raises(stoa.NotFoundError, match="row 1.*region_id|region_id.*row 1|West"):
        orchards.create_many({"label": ["a", "b"], "region_id": ["North", "West"]})
    with pytest.raises(stoa.TypeMismatchError, match="variety"):
        orchards.create_many({"label": ["a"], "variety": [[1]]})
    with pytest.raises(stoa.ConstraintError, match="label"):
        orchards.create_many({"label": ["a", "a"]})
    with pytest.raises(stoa.DataError, match="column 'area' has 2 rows, 'label' has 1"):
        orchards.create_many({"label": ["a"], "area": [1.0, 2.0], "spacing": [[1.0]]})
    with pytest.raises(stoa.DataError, match="column 'spacing', row 1: a int is no list"):
        orchards.create_many({"label": ["a", "b"], "spacing": [[1.0], 2]})
    with pytest.raises(stoa.DataError, match="not the same as None"):
        orchards.update_many([{"id": 1, "area": 1.0}, {"id": 2}])
    with pytest.raises(stoa.CallbackError) as caught:
        orchards.create_many(broken())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert orchards.ids == [1, 2]


def broken():
    yield {"label": ["a"], "spacing": [[1.0]]}
    raise ZeroDivisionError


def test_updating_many(orchards):
    assert orchards.update_many({"label": ["Hill", "Dale"], "area": [None, 4.0],
                                 "spacing": [None, [7.0]]}) == 2
    assert orchards["Hill"]["area"] is None and orchards["Hill"]["spacing"] == [4.0, 4.5]
    assert orchards["Dale"]["area"] == 4.0 and orchards["Dale"]["spacing"] == [7.0]
    orchards.update_many([{"id": 1, "spacing": [], "variety": []},
                          {"id": 2, "spacing": [None], "variety": ["z"]}])
    assert orchards["Hill"]["spacing"] == [] and orchards["Dale"]["variety"] == ["z"]
    with pytest.raises(stoa.NotFoundError, match="Nowhere"):
        orchards.update_many({"label": ["Hill", "Nowhere"], "area": [1.0, 1.0]})


def test_reads_are_aligned_with_ids(orchards):
    result = orchards.read("label", "area", "spacing", "region_sold_to", "date_planted")
    assert result.columns == ["id", "label", "area", "spacing", "region_sold_to", "date_planted"]
    assert result.types[1:4] == ["utf8", "float64", "list<float64>"]
    planted = dt.datetime(2019, 3, 1, tzinfo=UTC)
    assert result.fetchall() == [(1, "Hill", 2.0, [4.0, 4.5], [1], planted),
                                 (2, "Dale", None, [], [], None)]
    assert orchards.read("label", ids=[2, 1]).fetchall() == [(2, "Dale"), (1, "Hill")]
    assert orchards.read("area", ids="Dale").fetchall() == [(2, None)]
    assert orchards.read("region_id", relations="label").fetchall() == [(1, "North"), (2, None)]
    assert orchards.read("date_planted", ids=1, dates="text").fetchall() == [
        (1, "2019-03-01T00:00:00")]
    assert orchards.read("rows.spacing", kind="vector").fetchall()[1] == (2, [])
    with pytest.raises(stoa.DataError, match="leave it out to read all"):
        orchards.read("label", ids=[])
    with pytest.raises(stoa.NotFoundError, match="99"):
        orchards.read("label", ids=[1, 99])
    with pytest.raises(stoa.InvalidError, match="sideways"):
        orchards.read("label", dates="sideways")


def test_results_in_every_form(orchards):
    read = orchards.read
    frame = pytest.importorskip("polars")
    assert read("area", "spacing").pl()["spacing"].to_list() == [[4.0, 4.5], []]
    assert read("region_id", relations="label").pl()["region_id"].to_list() == ["North", None]
    series = orchards.series("yield").read("tonnes").pl()
    assert series["date_time"].dtype == frame.Datetime("ns", "UTC")
    table = read("label", "date_planted").arrow()
    assert str(table.schema.field("date_planted").type) == "timestamp[ns, tz=UTC]"
    assert read("area").df()["area"].tolist()[0] == 2.0
    arrays = read("tree_count").numpy()
    assert arrays["tree_count"].tolist() == [120, 0] and arrays["tree_count"].dtype == "int64"
    area = read("area").numpy()["area"]
    assert area.mask.tolist() == [False, True] and area[0] == 2.0


def test_arrays_of_numpy(orchards):
    numpy = pytest.importorskip("numpy")
    made = orchards.create(
        label="N", tree_count=numpy.int64(7), area=numpy.float64(1.5),
        date_planted=numpy.datetime64("2024-01-01T00:00:00"), spacing=numpy.array([1.0, 2.0]),
        variety=numpy.array(["a", "b"]), block=numpy.array([1, 2, 3], "i4"),
        date_time=numpy.array(DAYS, "M8[s]"),
        tonnes=numpy.ma.masked_array([1.0, 2.0, 3.0], [False, True, False]))
    found = orchards[made]
    assert (found["tree_count"], found["area"], found["date_planted"]) == (7, 1.5, NOON)
    assert found["spacing"] == [1.0, 2.0] and found["variety"] == ["a", "b"]
    assert found["date_time"] == [day.replace(tzinfo=UTC) for day in DAYS]
    assert found["tonnes"] == [1.0, None, 3.0]
    orchards.series("yield").write(numpy.int64(made), {
        "date_time": numpy.array(["2024-01-01", "NaT", "1500-01-01"], "M8[us]")[[0, 2]],
        "block": array.array("q", [1, 1])})
    assert orchards.series("yield").read(ids=[made], dates="text").fetchall() == [
        (3, "1500-01-01T00:00:00", 1, None, None), (3, "2024-01-01T00:00:00", 1, None, None)]
    for unit in ("s", "ms", "us", "ns"):
        at = numpy.array(["2024-01-01", "NaT", "2024-01-03"], "M8[" + unit + "]")[[0, 2]]
        orchards.series("yield").write(made, {"date_time": at, "block": [1, 1]})
        assert orchards[made]["date_time"] == [NOON, NOON + dt.timedelta(days=2)]
        with pytest.raises(stoa.ConstraintError, match="date_time"):
            orchards.series("yield").write(made, {
                "date_time": numpy.array(["2024-01-01", "NaT"], "M8[" + unit + "]"),
                "block": [1, 1]})
    ids = numpy.array([2, 1])
    assert [row[0] for row in orchards.read(ids=ids)] == [2, 1]
    with pytest.raises(stoa.TypeMismatchError, match="spacing"):
        orchards.update(made, spacing=numpy.array([dt.timedelta(1)], "m8[ns]").astype("M8[ns]"))
    with pytest.raises(stoa.DataError, match="spacing"):
        orchards.update(made, spacing=[dt.timedelta(1)])


def test_long_lists(orchards):
    """Lists that are longer than what a connection looks at by itself."""
    for items in ([float(n) for n in range(200000)], [None, 1.5] * 40, [2.5] * 64, [2.5] * 65):
        orchards.update("Dale", spacing=items, variety=[str(one) for one in items])
        found = orchards["Dale"]
        assert found["spacing"] == items and found["variety"] == [str(one) for one in items]


def test_pandas_without_pyarrow(orchards, monkeypatch):
    pandas = pytest.importorskip("pandas")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    frame = pandas.DataFrame({"label": ["A", "B"], "area": [1.5, None],
                              "spacing": [[1.0], None], "variety": [["x"], float("nan")]})
    assert orchards.create_many(frame) == [3, 4]
    assert orchards["A"]["spacing"] == [1.0] and orchards["B"]["variety"] == []
    assert orchards["B"]["area"] is None
    frame = orchards.read("label", "spacing", "area").df()
    assert frame["spacing"].tolist() == [[4.0, 4.5], [], [1.0], []]


# ---- groups ----

def test_groups(orchards):
    rows = orchards.group("rows")
    assert rows.read().fetchall() == [(1, 1, 4.0, "Gala"), (1, 2, 4.5, "Fuji")]
    assert rows.read("variety", ids=["Hill"]).columns == ["id", "vector_index", "variety"]
    assert rows["Dale"] == {"vector_index": [], "spacing": [], "variety": []}
    rows.write("Dale", {"variety": ["a", None]})
    assert rows["Dale"] == {"vector_index": [1, 2], "spacing": [None, None],
                            "variety": ["a", None]}
    rows.write_column("Dale", "spacing", [1.0, 2.0])
    assert rows["Dale"]["variety"] == ["a", None] and rows["Dale"]["spacing"] == [1.0, 2.0]
    with pytest.raises(stoa.InvalidError, match="other columns"):
        rows.write_column("Dale", "spacing", [1.0])
    orchards.group("buyers").write_column("Dale", "region_sold_to", ["North", "South"])
    assert orchards.set("buyers").read(ids="Dale", relations="label").fetchall() == [
        (2, "North"), (2, "South")]
    with pytest.raises(stoa.InvalidError, match="contain no rows"):
        rows.write("Dale", {"spacing": []})
    with pytest.raises(stoa.DataError, match="clear"):
        rows.write("Dale", {})
    rows.clear("Dale")
    assert rows["Dale"]["spacing"] == []
    with pytest.raises(stoa.NotFoundError, match="Vector group not found: 'buyers'"):
        orchards.vector("buyers").read()
    with pytest.raises(ValueError, match="kind is 'row'"):
        orchards.group("rows", "row")
    assert repr(rows) == "<stoa.Group 'rows' of 'Orchard'>"


def test_rows_of_many_elements(orchards):
    rows = orchards.vector("rows")
    data = {"label": ["Dale", "Hill", "Dale"], "spacing": [1.0, 2.0, 3.0]}
    assert rows.write_many(data) == 3
    assert rows["Dale"]["spacing"] == [1.0, 3.0] and rows["Hill"]["variety"] == [None]
    assert rows.write_many({"id": [2], "spacing": [5.0]}, mode="append") == 1
    assert rows["Dale"]["spacing"] == [1.0, 3.0, 5.0]
    rows.write_many({"id": [2], "vector_index": [2], "variety": ["v"]}, mode="merge")
    assert rows["Dale"] == {"vector_index": [1, 2, 3], "spacing": [1.0, 3.0, 5.0],
                            "variety": [None, "v", None]}
    with pytest.raises(stoa.InvalidError, match="sideways"):
        rows.write_many(data, mode="sideways")


# ---- time series ----

@pytest.fixture
def series(orchards):
    made = orchards.series("yield")
    made.write_many([{"label": label, "date_time": day, "block": block, "tonnes": number + block}
                     for label, number in (("Hill", 10.0), ("Dale", 20.0))
                     for day in DAYS for block in (1, 2)])
    return made


def test_ranges_and_dimensions(series):
    assert len(series.read().fetchall()) == 12
    assert series.read("tonnes", ids=["Hill"], block=2).columns == [
        "id", "date_time", "block", "tonnes"]
    for begin, end in ((DAYS[1], DAYS[2]), ("2024-01-02", "2024-01-03T00:00:00Z"),
                       (dt.date(2024, 1, 2), DAYS[2].replace(tzinfo=UTC)),
                       (1704153600 * 10**9, 1704240000 * 10**9)):
        rows = series.read("tonnes", begin=begin, end=end, block=1).fetchall()
        day = DAYS[1].replace(tzinfo=UTC)
        assert rows == [(1, day, 1, 11.0), (2, day, 1, 21.0)]
    assert series.read(begin=DAYS[2]).fetchall() == series.read(begin=DAYS[2],
                                                                end=dt.date(2050, 1, 1)).fetchall()
    with pytest.raises(TypeError, match="no end that is a float"):
        series.read(begin=1.5)
    with pytest.raises(stoa.Error, match="colour"):
        series.read(colour=1)


def test_upserts(series):
    series.upsert("Hill", date_time=DAY, block=1, grade=5)
    assert series.read(ids=1, end=DAYS[1], block=1).fetchall() == [(1, NOON, 1, 11.0, 5)]
    series.upsert("Hill", {"date_time": DAY, "block": 1}, tonnes=None, mode="replace")
    assert series.read(ids=1, end=DAYS[1], block=1).fetchall() == [(1, NOON, 1, None, None)]
    with pytest.raises(stoa.InvalidError, match="row missing required 'block' column"):
        series.upsert("Hill", date_time=DAY, tonnes=1.0)
    with pytest.raises(stoa.NotFoundError, match="Element not found"):
        series.upsert(99, date_time=DAY, block=1)


def test_asof(series, orchards):
    orchards.create(label="Late")
    assert series.asof("tonnes", DAYS[1], block=1).fetchall() == [(1, 11.0), (2, 21.0), (3, None)]
    assert series.asof("tonnes", "2023-12-31", ids=[1], block=1).fetchall() == [(1, None)]
    two = series.asof("tonnes", [DAYS[0], dt.date(2030, 1, 1)], ids=["Dale"], block=2)
    assert two.columns == ["id", "at", "tonnes"] and [row[2] for row in two] == [22.0, 22.0]
    assert series.asof("tonnes", DAY, ids=[1]).fetchall() == [(1, 1, 11.0), (1, 2, 12.0)]
    pairs = {"label": ["Late", "Hill", "Hill"], "at": [DAY, DAYS[2], DAY - dt.timedelta(1)]}
    joined = series.asof_join("tonnes", pairs, block=2)
    assert joined.columns == ["label", "at", "tonnes"]
    assert [row[2] for row in joined] == [None, 12.0, None]
    blocks = series.asof_join("tonnes", {"id": [1, 1], "at": [DAY, DAY], "block": [2, 1]})
    assert [row[-1] for row in blocks] == [12.0, 11.0]
    with pytest.raises(stoa.NotFoundError, match="attribute not found: 'weight'"):
        series.asof("weight", DAY)


@pytest.mark.parametrize("form", ["df", "pl", "arrow", "dicts"])
def test_rows_go_from_one_element_to_another(series, orchards, form):
    needs = {"df": ["pandas", "pyarrow"], "pl": ["polars"], "arrow": ["pyarrow"], "dicts": []}
    for module in needs[form]:
        pytest.importorskip(module)
    read = series.read("tonnes", "grade", ids=["Hill"])
    rows = getattr(read, form)()
    if form == "df":
        rows = rows.drop(columns="id")
    elif form == "pl":
        rows = rows.drop("id")
    elif form == "arrow":
        rows = rows.drop_columns(["id"])
    else:
        rows = [{name: row[name] for name in row if name != "id"} for row in rows]
    made = orchards.create(label="Copy")
    series.write(made, rows)
    assert series[made] == series["Hill"] and len(series[made]["tonnes"]) == 6
    with pytest.raises(stoa.DataError, match="a int holds no columns"):
        series.write(made, 5)


def test_nothing_is_written_of_nothing(series, orchards):
    assert orchards.create_many([]) == [] and orchards.update_many([]) == 0
    assert series.write_many([]) == 0 and len(orchards) == 2


@pytest.mark.parametrize("kind", ["numpy", "pandas", "polars", "pyarrow"])
def test_instants_of_libraries(series, kind):
    library = pytest.importorskip(kind)
    at = [DAYS[0], DAYS[2]]
    if kind == "numpy":
        at = library.array(at, "M8[ns]")
    else:
        at = getattr(library, "array" if kind == "pyarrow" else "Series")(at)
    rows = series.asof("tonnes", at, ids=["Hill"], block=2).fetchall()
    assert [row[1:] for row in rows] == [(day.replace(tzinfo=UTC), 12.0)
                                         for day in (DAYS[0], DAYS[2])]


def test_two_threads_of_one_connection(orchards):
    """One is answered, or told that the connection is in use; never anything else."""
    answers = []

    def read():
        for _ in range(200):
            try:
                answers.append(orchards["Hill"] == HILL_READ)
            except stoa.BusyError:
                answers.append(True)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 600 and all(answers)


def test_results_outlive_the_connection(series, farm):
    polars = pytest.importorskip("polars")
    frame = series.read("tonnes").pl()
    batches = list(series.read("tonnes").batches())
    farm.close()
    assert isinstance(frame, polars.DataFrame) and frame.height == len(batches[0]) == 12
