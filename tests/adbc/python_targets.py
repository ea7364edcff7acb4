# SPDX-License-Identifier: Apache-2.0
"""ADBC targets from Python: what stoa.open() and stoa.connect() take, and what errors keep."""
import os
import subprocess
import tempfile
import traceback

import stoa

from tap import done, point

WORK = tempfile.TemporaryDirectory()
SERVER = os.environ["STOA_TEST_PG"]
DRIVERS = os.environ["ADBC_DRIVER_PATH"]


def path(name):
    return os.path.join(WORK.name, name)


def raised(kind, action):
    """The failure of the kind that `action` must end with."""
    try:
        action()
    except kind as error:
        return error
    raise AssertionError("it did not fail")


def same(got, right):
    return [] if got == right else ["%r is not %r" % (got, right)]


def there_and_back(target, **settings):
    with stoa.connect(target, **settings) as con:
        con.insert("there", {"id": [1, 2, 3], "name": ["a", None, "c"]}, mode="replace")
        rows = con.execute("SELECT id, name FROM there WHERE id > ? ORDER BY id", (1,)).fetchall()
        return [tuple(row) for row in rows]


def every_target_is_taken():
    right = [(2, None), (3, "c")]
    return [problem for got in (
        there_and_back("duckdb:" + path("a.duckdb")),
        there_and_back("adbc:duckdb:" + path("b.duckdb")),
        there_and_back("adbc:sqlite:" + path("a.db")),
        there_and_back("adbc:sqlite", uri=path("b.db")),
        there_and_back("adbc:", driver=os.path.join(DRIVERS, "libadbc_driver_sqlite.so"),
                       uri=path("c.db")),
        there_and_back(SERVER),
        there_and_back("adbc:" + SERVER, concurrent_streams="buffer")) for problem in
        same(got, right)]


def open_takes_them_too():
    with stoa.open("duckdb:", search_path=DRIVERS) as db, db.connect() as con:
        return same(con.execute("SELECT 42").scalar(), 42)


def a_missing_driver_is_explained():
    error = raised(stoa.NotFoundError, lambda: stoa.open("snowflake://user@account"))
    return [word for word in ("snowflake", "ADBC_DRIVER_PATH", "pip install") if word not in
            str(error)]


def errors_keep_what_the_server_says():
    with stoa.connect(SERVER) as con:
        error = raised(stoa.NotFoundError, lambda: con.execute("SELECT * FROM nowhere"))
        problems = same(error.sqlstate, "42P01") + same(error.engine_code != 0, True)
        con.execute("CREATE TABLE once (id INT PRIMARY KEY)")
        con.execute("INSERT INTO once VALUES (1)")
        error = raised(stoa.ConstraintError, lambda: con.execute("INSERT INTO once VALUES (1)"))
        problems += same(error.sqlstate, "23505")
        problems += same(isinstance(error, stoa.IntegrityError), True)
        problems += [] if "once_pkey" in str(error) else [str(error)]
        error = raised(stoa.SqlSyntaxError, lambda: con.execute("SELECT 1 FROM WHERE"))
        return problems + same(error.position, 14) + same(error.sqlstate, "42601")


def a_failing_producer_changes_nothing():
    problems = []
    for target in ("duckdb:" + path("d.duckdb"), "adbc:sqlite:" + path("d.db"), SERVER):
        with stoa.connect(target) as con:
            con.insert("kept", {"id": [7]}, mode="replace")
            for mode in ("append", "replace", "create_append"):
                raised(stoa.Error, lambda: con.insert("kept", {"id": [1, "not a number"]},
                                                      mode=mode))
            problems += same([tuple(r) for r in con.execute("SELECT * FROM kept").fetchall()],
                             [(7,)])
    return problems


def statistics_are_listed():
    with stoa.connect(SERVER) as con:
        con.execute("CREATE TABLE counted AS SELECT generate_series(1, 50) AS n")
        con.execute("ANALYZE counted")
        rows = [tuple(row) for row in con.catalog("statistics", table="counted")]
    return [] if ("public", "counted", None, "row count", "50.0", True) in rows else [repr(rows)]


def engines_are_listed():
    found = {engine["name"]: engine for engine in stoa.engines()}
    return (same(found["duckdb"]["available"], True) + same(found["trino"]["available"], False)
            + same("transactions" in found["duckdb"]["capabilities"], True)
            + same(found["duckdb"]["detail"], os.path.join(DRIVERS, "libduckdb.so")))


def the_command_line_describes_a_target():
    out = subprocess.run([os.path.join(os.environ["STOA_BUILD"], "cli/stoa"), "engines",
                          "adbc:sqlite:" + path("a.db")], check=True, capture_output=True,
                         text=True).stdout
    lines = dict(line.split("\t", 1) for line in out.splitlines())
    return (same(lines["vendor"], "SQLite") + same(lines["adbc_version"], "1.1.0")
            + same("transactions" in lines["abilities"], True))


for test in (every_target_is_taken, open_takes_them_too, a_missing_driver_is_explained,
             errors_keep_what_the_server_says, a_failing_producer_changes_nothing,
             statistics_are_listed, engines_are_listed, the_command_line_describes_a_target):
    try:
        found = test()
    except Exception:  # pylint: disable=broad-exception-caught
        found = traceback.format_exc().splitlines()
    point(test.__name__.replace("_", " "), found)
WORK.cleanup()
done()
