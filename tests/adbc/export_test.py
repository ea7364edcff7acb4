# SPDX-License-Identifier: Apache-2.0
"""Stoa behind Python's ADBC driver manager: the DB-API, pyarrow, pandas and polars."""
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

import adbc_driver_manager
import pandas
import polars
import pyarrow
from adbc_driver_manager import dbapi

from tap import done, point

LIBRARY = os.environ["STOA_LIBRARY"]
INTS = pyarrow.table({"int64s": [42, -42, None], "strings": ["foo", None, ""]})


def connect(uri=":memory:", autocommit=False, **options):
    return dbapi.connect(driver=LIBRARY, entrypoint="AdbcDriverStoaInit",
                         db_kwargs={"uri": uri, **options}, autocommit=autocommit)


def value(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]


def fails(kind, action, part=""):
    """Nothing when `action` raises `kind` with `part` in its text."""
    try:
        action()
    except kind as error:
        return [] if part in str(error) else ["it says %s" % error]
    return ["it does not fail"]


def equal(got, right):
    return [] if got == right else ["got %r" % (got,), "not %r" % (right,)]


def queries():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 42 AS a, 'x' AS b, 1.5 AS c")
        return equal(cursor.fetchall(), [(42, "x", 1.5)])


def parameters():
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t(a INTEGER, b TEXT)")
        cursor.executemany("INSERT INTO t VALUES (?, ?)", [(1, "x"), (2, None), (3, "z")])
        found = equal(cursor.rowcount, 3)
        cursor.execute("SELECT b FROM t WHERE a = ?", (3,))
        found += equal(cursor.fetchall(), [("z",)])
        cursor.execute("SELECT b FROM t WHERE a = :a", {"a": 1})
        found += equal(cursor.fetchall(), [("x",)])
        return found + equal(value(connection, "SELECT count(*) FROM t WHERE b IS NULL"), 1)


def ingest():
    with connect() as connection, connection.cursor() as cursor:
        found = equal(cursor.adbc_ingest("t", INTS), 3)
        cursor.execute("SELECT * FROM t")
        found += equal(cursor.fetch_arrow_table().to_pydict(), INTS.to_pydict())
        found += fails(dbapi.ProgrammingError, lambda: cursor.adbc_ingest("t", INTS), "t")
        cursor.adbc_ingest("t", INTS, mode="append")
        cursor.adbc_ingest("t", INTS.to_reader(max_chunksize=1), mode="create_append")
        found += equal(value(connection, "SELECT count(*) FROM t"), 9)
        cursor.adbc_ingest("t", INTS.slice(0, 1), mode="replace")
        found += equal(value(connection, "SELECT count(*) FROM t"), 1)
        cursor.adbc_ingest("t", INTS, temporary=True)
        found += equal(value(connection, "SELECT count(*) FROM main.t"), 1)
        return found + equal(value(connection, "SELECT count(*) FROM temp.t"), 3)


TYPES = {
    "bool": (pyarrow.bool_(), [None, False, True]),
    "int8": (pyarrow.int8(), [None, -128, 127]),
    "uint32": (pyarrow.uint32(), [None, 0, 4294967295]),
    "int64": (pyarrow.int64(), [None, -2**63, 2**63 - 1]),
    "float32": (pyarrow.float32(), [None, -1.5, 1.5]),
    "float64": (pyarrow.float64(), [None, -1.5, 1.5]),
    "text": (pyarrow.string(), [None, "", "例"]),
    "large text": (pyarrow.large_string(), [None, "", "1234"]),
    "binary": (pyarrow.binary(), [None, b"", b"\0\1"]),
    "date": (pyarrow.date32(), [None, 0, 42]),
    "timestamp": (pyarrow.timestamp("us"), [None, -42, 42]),
    "zoned timestamp": (pyarrow.timestamp("ms", "UTC"), [None, -42, 42]),
    "duration": (pyarrow.duration("s"), [None, -42, 42]),
    "list": (pyarrow.list_(pyarrow.int32()), [None, [1, 2, 3], [4, 5]]),
}


def round_trip(name):
    kind, values = TYPES[name]
    data = pyarrow.table({"col": pyarrow.array(values, kind)})
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", data)
        cursor.execute("SELECT col FROM t")
        got = cursor.fetch_arrow_table()
        return equal(got.schema.field("col").type, kind) + \
            equal(got.column("col").to_pylist(), data.column("col").to_pylist())


def no_batches():
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", pyarrow.RecordBatchReader.from_batches(INTS.schema, []))
        cursor.execute("SELECT * FROM t")
        got = cursor.fetch_arrow_table()
        return equal(got.num_rows, 0) + equal(got.schema.names, INTS.schema.names) + \
            equal(got.schema.types, INTS.schema.types)


def transactions():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.db")
        with connect(path) as one, connect(path) as two:
            with one.cursor() as cursor:
                cursor.execute("CREATE TABLE t(a INTEGER)")
            found = fails(dbapi.Error, lambda: value(two, "SELECT count(*) FROM t"), "t")
            two.rollback()
            one.commit()
            found += equal(value(two, "SELECT count(*) FROM t"), 0)
            two.rollback()
            with one.cursor() as cursor:
                cursor.execute("INSERT INTO t VALUES (1)")
            one.rollback()
            return found + equal(value(one, "SELECT count(*) FROM t"), 0)


def errors():
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t(a INTEGER PRIMARY KEY)")
        cursor.execute("INSERT INTO t VALUES (1)")
        try:
            cursor.execute("INSERT INTO t VALUES (1)")
        except dbapi.IntegrityError as error:
            details = dict(error.details)
            return equal(error.sqlstate[:2], "23") + \
                equal(details.get(b"stoa.status"), b"-9") + \
                ([] if b"stoa.vendor_code" in details else ["no vendor code"])
        return ["it does not fail"]


def metadata():
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", INTS)
        cursor.execute("CREATE TABLE child(id INTEGER PRIMARY KEY, x REFERENCES parent(y))")
        info = connection.adbc_get_info()
        found = equal((info["vendor_name"], info["driver_name"], info["driver_adbc_version"]),
                      ("sqlite", "ADBC Stoa Driver", 1001000))
        objects = connection.adbc_get_objects(catalog_filter="main").read_all().to_pylist()
        tables = {table["table_name"]: table
                  for table in objects[0]["catalog_db_schemas"][0]["db_schema_tables"]}
        found += equal([(c["column_name"], c["ordinal_position"])
                        for c in tables["t"]["table_columns"]], [("int64s", 1), ("strings", 2)])
        keys = {c["constraint_type"]: c for c in tables["child"]["table_constraints"]}
        found += equal(sorted(keys), ["FOREIGN KEY", "PRIMARY KEY"])
        found += equal(keys["FOREIGN KEY"]["constraint_column_usage"],
                       [{"fk_catalog": "main", "fk_db_schema": "", "fk_table": "parent",
                         "fk_column_name": "y"}])
        found += equal(connection.adbc_get_table_schema("t").types, INTS.schema.types)
        found += equal(connection.adbc_current_catalog, "main")
        return found + ([] if "view" in connection.adbc_get_table_types() else ["no views"])


def two_results():
    with connect() as connection, connection.cursor() as one, connection.cursor() as two:
        sql = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
               "SELECT i FROM n")
        one.execute(sql)
        two.execute(sql)
        return equal(sum(two.fetch_arrow_table()["i"].to_pylist()), 12502500) + \
            equal(sum(one.fetch_arrow_table()["i"].to_pylist()), 12502500)


def outlived():
    """Below the DB-API, which closes its readers by itself."""
    database = adbc_driver_manager.AdbcDatabase(driver=LIBRARY, uri=":memory:",
                                                entrypoint="AdbcDriverStoaInit")
    connection = adbc_driver_manager.AdbcConnection(database)
    statement = adbc_driver_manager.AdbcStatement(connection)
    statement.set_sql_query("SELECT 42 AS a UNION ALL SELECT -42")
    stream, _ = statement.execute_query()
    statement.close()
    connection.close()
    database.close()
    return equal(pyarrow.table(stream)["a"].to_pylist(), [42, -42])


def statistics():
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", INTS)
        found = equal(connection.adbc_get_statistic_names().read_all().num_rows, 0)
        rows = connection.adbc_get_statistics(table_name_filter="t", approximate=False)
        catalog = [c for c in rows.read_all().to_pylist() if c["catalog_name"] == "main"][0]
        return found + equal(
            [(s["table_name"], s["column_name"], s["statistic_key"], s["statistic_value"],
              s["statistic_is_approximate"])
             for s in catalog["catalog_db_schemas"][0]["db_schema_statistics"]],
            [("t", None, 6, 3, False)])


def second_copy():
    """Another copy of the library has locks of its own, which closing a file would drop."""
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "libother.so")
        shutil.copy(os.path.realpath(LIBRARY), copy)
        path = os.path.join(folder, "a.db")
        with connect(path, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest("t", INTS)

            def other():
                with dbapi.connect(driver=copy, entrypoint="AdbcDriverStoaInit",
                                   db_kwargs={"uri": path}, autocommit=True):
                    pass
            found = fails(dbapi.Error, other, "already open in this process")
            cursor.adbc_ingest("t", INTS, mode="append")
            found += equal(value(connection, "SELECT count(*) FROM t"), 6)
            return found + equal(value(connection, "PRAGMA integrity_check"), "ok")


# ---- of the official list, what is not above ----

def states():
    """Below the DB-API, which keeps its users from asking."""
    database = adbc_driver_manager.AdbcDatabase(driver=LIBRARY, uri=":memory:",
                                                entrypoint="AdbcDriverStoaInit")
    connection = adbc_driver_manager.AdbcConnection(database)
    state = adbc_driver_manager.ProgrammingError
    found = fails(state, connection.commit, "INVALID_STATE") + \
        fails(state, connection.rollback, "INVALID_STATE")
    for on in (True, False, False, True):
        connection.set_autocommit(on)
    with adbc_driver_manager.AdbcStatement(connection) as statement:
        found += fails(state, statement.execute_query, "INVALID_STATE")
        found += fails(state, statement.prepare, "INVALID_STATE")
        found += fails(state, statement.execute_schema, "INVALID_STATE")
    connection.close()
    database.close()
    return found


def filters():
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("bulk_ingest", INTS)

        def tables(**filters):
            return [(t["table_name"], t["table_columns"] and
                     [c["column_name"] for c in t["table_columns"]])
                    for c in connection.adbc_get_objects(catalog_filter="main", **filters)
                    .read_all().to_pylist()
                    for s in c["catalog_db_schemas"] or []
                    for t in s["db_schema_tables"] or []]
        found = equal(tables(depth="tables", table_name_filter="bulk_%"), [("bulk_ingest", None)])
        found += equal(tables(depth="tables", table_name_filter="asdf%"), [])
        found += equal(tables(depth="tables", table_types_filter=["not_a_type"]), [])
        found += equal(tables(depth="columns", column_name_filter="in%"),
                       [("bulk_ingest", ["int64s"])])
        found += equal(tables(depth="db_schemas"), [])
        found += equal(connection.adbc_get_objects(depth="catalogs", catalog_filter="none")
                       .read_all().num_rows, 0)
        found += fails(dbapi.Error, lambda: connection.adbc_get_table_schema("none"), "none")
        return found + fails(dbapi.Error, lambda: connection.adbc_get_table_schema(
            "(SELECT CURRENT_TIME)"), "NOT_FOUND")


def ingest_again():
    """One statement, options kept between executions; what must fail."""
    one, two = (pyarrow.table({"int64s": values}) for values in ([42], [-42, None]))
    more = pyarrow.table({"int64s": [1], "coltwo": [2]})
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("create", pyarrow.table({"index": [1]}))
        found = equal(value(connection, 'SELECT "index" FROM "create"'), 1)
        counts = [cursor.adbc_ingest("t", one), cursor.adbc_ingest("t", two, mode="append")]
        found += equal(counts, [1, 2])
        found += fails(dbapi.Error, lambda: cursor.adbc_ingest("none", one, mode="append"), "none")
        found += fails(dbapi.Error, lambda: cursor.adbc_ingest("t", more, mode="append"), "coltwo")
        found += fails(dbapi.Error, lambda: cursor.adbc_ingest(
            "t", one, temporary=True, catalog_name="main"), "INVALID_STATE")
        cursor.execute("CREATE TABLE k(id INTEGER PRIMARY KEY, v INTEGER)")
        cursor.adbc_ingest("k", pyarrow.table({"v": [42, -42, None]}), mode="append")
        cursor.adbc_ingest("k", pyarrow.table({"id": [4, 5, 6], "v": [1, 0, -1]}), mode="append")
        cursor.execute("SELECT v FROM k ORDER BY id")
        return found + equal([v for v, in cursor.fetchall()], [42, -42, None, 1, 0, -1])


def prepared():
    two = pyarrow.table({"0": pyarrow.array([1, 2, 3], pyarrow.int32()), "1": ["a", "b", "c"]})
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        found = equal(len(cursor.adbc_prepare("SELECT ?, ?")), 2)
        cursor.execute("CREATE TABLE t(a INTEGER, b TEXT)")
        statement = cursor.adbc_statement
        statement.set_sql_query("INSERT INTO t VALUES (?, ?)")
        statement.prepare()
        for part in (two, two.slice(1)):
            statement.bind_stream(part.to_reader(max_chunksize=1))
            statement.execute_update()
        found += equal(value(connection, "SELECT count(*) FROM t"), 5)
        statement.bind(two.select(["0"]).to_batches()[0])
        found += fails(adbc_driver_manager.Error, statement.execute_update, "parameter")
        statement.set_sql_query("DELETE FROM t WHERE a = ?")
        statement.bind_stream(two.select(["0"]).slice(0, 2).to_reader())
        found += equal(statement.execute_update(), 3)
        cursor.execute("SELECT current_date;;;")
        return found + equal(len(cursor.fetchall()), 1)


def constant_schema():
    with connect() as connection, connection.cursor() as cursor:
        schema = cursor.adbc_execute_schema("SELECT 42 AS a, CAST(1.5 AS FLOAT) AS b, 'hi' AS c")
        return equal(schema.types, [pyarrow.int64(), pyarrow.float64(), pyarrow.string()])


def schema_only():
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", INTS)
        return equal(cursor.adbc_execute_schema("SELECT * FROM t").types, INTS.schema.types)


def read_partition(uri):
    """Made by one database object, read by another's connection."""
    with connect(uri, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", INTS)
        made, schema = cursor.adbc_execute_partitions("SELECT int64s FROM t")
        found = equal((len(made), schema.names), (1, ["int64s"]))
        found += fails(dbapi.Error, lambda: cursor.adbc_execute_partitions("DELETE FROM t"), "read")
        found += fails(dbapi.Error, lambda: cursor.adbc_read_partition(made[0][:-1]), "damaged")
    with connect(uri) as connection, connection.cursor() as cursor:
        cursor.adbc_read_partition(made[0])
        return found + equal(cursor.fetch_arrow_table()["int64s"].to_pylist(), [42, -42, None])


def partitions(target):
    with tempfile.TemporaryDirectory() as folder:
        return read_partition(target % folder)


def manifest():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "stoa.toml"), "w", encoding="utf-8") as file:
            file.write('manifest_version = 1\nname = "Stoa"\n[Driver]\n'
                       'entrypoint = "AdbcDriverStoaInit"\nshared = "%s"\n' % LIBRARY)
        code = ("from adbc_driver_manager import dbapi\n"
                "for uri in ['stoa::memory:', 'stoa:%s/a.db']:\n"
                "    with dbapi.connect(uri=uri, autocommit=True) as c, c.cursor() as q:\n"
                "        q.execute('SELECT 42'); print(q.fetchall())\n" % folder)
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                             env={**os.environ, "ADBC_DRIVER_PATH": folder}, check=False)
        return equal(run.stdout, "[(42,)]\n[(42,)]\n") and [*run.stderr.splitlines()]


def default_names():
    found = []
    for entry in (None, "AdbcStoaInit", "AdbcDriverInit"):
        with dbapi.connect(driver=LIBRARY, entrypoint=entry, db_kwargs={"uri": ":memory:"},
                           autocommit=True) as connection:
            found += equal(value(connection, "SELECT 42"), 42)
    return found


def pandas_frames():
    frame = pandas.DataFrame({"a": [1, 2, 3], "b": [1.5, None, 2.5]})
    with connect() as connection:
        found = equal(frame.to_sql("t", connection, index=False), 3)
        got = pandas.read_sql("SELECT * FROM t ORDER BY a", connection)
        return found + equal(got["a"].tolist(), [1, 2, 3]) + equal(float(got["b"].sum()), 4.0)


def polars_frames():
    frame = polars.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    with connect(autocommit=True) as connection:
        frame.write_database("t", connection, engine="adbc")
        got = polars.read_database("SELECT * FROM t ORDER BY a", connection)
        return equal(got.to_dicts(), frame.to_dicts())


def exits_with_capsules():
    code = ("import sys\nfrom adbc_driver_manager import dbapi\n"
            "connection = dbapi.connect(driver=%r, entrypoint='AdbcDriverStoaInit',\n"
            "                           db_kwargs={'uri': ':memory:'})\n"
            "cursor = connection.cursor()\n"
            "cursor.execute('SELECT 42')\n"
            "sys.kept = cursor.fetch_arrow()\n" % LIBRARY)
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True,
                         text=True, check=False)
    return equal(run.returncode, 0) and [str(run.returncode), *run.stderr.splitlines()]


def other_engine():
    """A driver behind the driver."""
    with connect("duckdb::memory:") as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("t", INTS)
        connection.commit()
        cursor.adbc_ingest("t", INTS, mode="append")
        found = equal(value(connection, "SELECT count(*) FROM t"), 6)
        connection.rollback()
        found += equal(value(connection, "SELECT count(*) FROM t"), 3)
        cursor.executemany("INSERT INTO t VALUES (?, ?)", [(1, "a"), (2, "b")])
        cursor.execute("SELECT int64s FROM t WHERE strings = ?", ("b",))
        found += equal(cursor.fetchall(), [(2,)])
        connection.commit()
        objects = connection.adbc_get_objects(table_name_filter="t").read_all().to_pylist()
        tables = [t for c in objects for s in c["catalog_db_schemas"]
                  for t in s["db_schema_tables"]]
        return found + equal([[c["column_name"] for c in t["table_columns"]] for t in tables],
                             [INTS.schema.names])


def typed_nulls():
    """The first bound row has no type of its own."""
    statement = "SELECT ? AS a, ? AS b"
    with connect() as connection, connection.cursor() as cursor:
        cursor.adbc_prepare(statement)
        cursor.adbc_statement.bind_stream(pyarrow.table(
            {"0": [None, 1, 2], "1": ["x", None, "z"]}).to_reader())
        stream, _ = cursor.adbc_statement.execute_query()
        return equal(pyarrow.table(stream).to_pydict(),
                     {"a": [None, 1, 2], "b": ["x", None, "z"]})


def cancelled():
    with connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"stoa.deadline_ms": 50})
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) " \
                  "SELECT count(*) FROM n"

        def run():
            cursor.execute(endless)
            cursor.fetchall()
        found = fails((dbapi.Error, OSError), run)
        return found + equal(value(connection, "SELECT 42"), 42)


def check(sentence, action, *args):
    try:
        point(sentence, action(*args))
    except Exception:  # Whatever it is, it is told and the rest runs.
        point(sentence, traceback.format_exc().splitlines())


check("a query gives its rows", queries)
check("parameters are bound, one row and many", parameters)
check("ingest works in its modes", ingest)
for type_name in TYPES:
    check("%s goes in and comes out" % type_name, round_trip, type_name)
check("a stream without batches makes the table", no_batches)
check("transactions begin by themselves and end when told", transactions)
check("errors have SQLSTATE and details", errors)
check("metadata is as it should be", metadata)
check("two results of one connection are exact", two_results)
check("a stream outlives statement, connection and database", outlived)
check("a schema is told without running", schema_only)
check("constants have the type of their value", constant_schema)
check("statistics count rows", statistics)
check("another copy of the library is told that the file is open", second_copy)
check("what is out of place answers INVALID_STATE", states)
check("objects are filtered", filters)
check("a statement ingests again", ingest_again)
check("what is prepared runs again", prepared)
check("a deadline ends a query, and the connection goes on", cancelled)
check("rows that begin with NULL have the type of the rest", typed_nulls)
check("another driver can be behind it", other_engine)
check("a query is one partition, which another connection reads", partitions, "%s/a.db")
check("so it is with a driver behind it", partitions, "duckdb:%s/a.duckdb")
check("a manifest and a uri find it", manifest)
check("its other entry points work", default_names)
check("pandas writes and reads", pandas_frames)
check("polars writes and reads", polars_frames)
check("what is kept at exit does not crash", exits_with_capsules)
point("the driver manager is the one pinned",
      equal(adbc_driver_manager.__version__, "1.13.0"))
done()
