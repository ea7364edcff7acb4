# SPDX-License-Identifier: Apache-2.0
"""What the tests share: connections, a look for what was left alive, and a TAP line a test."""

import gc
import os

import pytest

import stoa

try:
    import hypothesis
except ImportError:
    pass  # Where no optional library is, nothing is random.
else:
    # The same examples at every run; others, and more of them, where there is time.
    LONG = "STOA_TEST_LONG" in os.environ
    hypothesis.settings.register_profile(
        "stoa", deadline=None, derandomize=not LONG, max_examples=1000 if LONG else 60,
        suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile("stoa")

COUNTED = ("db", "conn", "stmt", "result", "ingest", "scan", "function", "stream", "array", "blob",
           "session")


def counts():
    return {kind: stoa.live(kind) for kind in COUNTED}


@pytest.fixture(autouse=True)
def nothing_is_left():
    """After each test the library holds what it held before."""
    before = counts()
    yield
    if counts() != before:
        gc.collect()
        gc.collect()
        assert counts() == before


@pytest.fixture
def db():
    with stoa.open() as database:
        yield database


@pytest.fixture
def con():
    with stoa.connect() as connection:
        yield connection


@pytest.fixture
def table(con):
    con.run("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, px REAL)")
    con.run("INSERT INTO t VALUES (1, 'one', 1.5), (2, 'two', NULL), (3, NULL, 3.5)")
    return con


def pytest_runtest_logreport(report):
    path = os.environ.get("STOA_TAP")
    if path is None or (report.when != "call" and report.outcome == "passed"):
        return
    missing = report.skipped and "could not import" in str(report.longrepr)
    if missing and "STOA_PEERS" not in os.environ:
        return  # Without the optional libraries there is nothing to test of them.
    name = f"{os.environ.get('STOA_SUITE', '')} {report.nodeid}".replace("#", "")
    word = "not ok" if report.failed else "ok"
    skipped = " # SKIP" if report.skipped else ""
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{word} - {name}{skipped}\n")
