# SPDX-License-Identifier: Apache-2.0
"""SQLAlchemy on Stoa: core, reflection, the ORM's basics, pandas."""

import datetime as dt
import decimal
import threading
import uuid

import pytest

import stoa

sa = pytest.importorskip("sqlalchemy")


@pytest.fixture(params=["memory", "file"])
def engine(request, tmp_path):
    url = "stoa://" if request.param == "memory" else f"sqlite+stoa:///{tmp_path}/a.db?journal=wal"
    made = sa.create_engine(url)
    yield made
    made.dispose()


def kinds():
    moment = dt.datetime(2024, 1, 2, 3, 4, 5, 6)
    return {"i": (sa.Integer, 5), "b": (sa.BigInteger, 2**62), "f": (sa.Float, 1.5),
            "s": (sa.String(10), "é"), "t": (sa.Text, "text"), "o": (sa.Boolean, True),
            "d": (sa.Date, moment.date()), "c": (sa.Time, moment.time()),
            "m": (sa.DateTime, moment), "z": (sa.DateTime(timezone=True),
                                              moment.replace(tzinfo=dt.timezone.utc)),
            "n": (sa.Numeric(10, 2), decimal.Decimal("1.50")), "x": (sa.LargeBinary, b"\0\1"),
            "j": (sa.JSON, {"a": [1, None]}), "u": (sa.Uuid, uuid.UUID(int=7)),
            "v": (sa.Interval, dt.timedelta(days=1, microseconds=1))}


def test_values_of_every_type(engine):
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),
                     *[sa.Column(name, kind) for name, (kind, _value) in kinds().items()])
    table.metadata.create_all(engine)
    wanted = {name: value for name, (_kind, value) in kinds().items()}
    with engine.begin() as con:
        con.execute(table.insert(), [wanted, {name: None for name in wanted}])
    with engine.connect() as con:
        rows = con.execute(table.select().order_by(table.c.id)).mappings().all()
        assert {name: rows[0][name] for name in wanted} == wanted
        assert {name: rows[1][name] for name in wanted} == dict.fromkeys(wanted)
        for name in "dcmzisf":
            column = table.c[name]
            assert con.scalar(sa.select(sa.func.max(column))) == wanted[name]
            assert con.scalar(sa.select(sa.func.count()).where(column == wanted[name])) == 1


def test_reflection(engine):
    meta = sa.MetaData()
    parent = sa.Table("p", meta, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("t", meta, sa.Column("id", sa.Integer, primary_key=True),
             sa.Column("at", sa.DateTime, nullable=False, index=True), sa.Column("d", sa.Date),
             sa.Column("p", sa.ForeignKey(parent.c.id)), sa.Column("name", sa.String(20)),
             sa.UniqueConstraint("name"))
    meta.create_all(engine)
    seen = sa.MetaData()
    seen.reflect(engine)
    table = seen.tables["t"]
    assert isinstance(table.c.at.type, sa.DateTime) and not table.c.at.nullable
    assert isinstance(table.c.d.type, sa.Date) and table.c.name.type.length == 20
    assert [key.column.table.name for key in table.foreign_keys] == ["p"]
    look = sa.inspect(engine)
    assert look.get_table_names() == ["p", "t"]
    assert look.get_pk_constraint("t")["constrained_columns"] == ["id"]
    assert [index["column_names"] for index in look.get_indexes("t")] == [["at"]]
    assert [one["column_names"] for one in look.get_unique_constraints("t")] == [["name"]]


def test_transactions(engine):
    with engine.begin() as con:
        con.execute(sa.text("CREATE TABLE t(a INTEGER UNIQUE)"))
    with engine.connect() as con:
        con.execute(sa.text("INSERT INTO t VALUES (1)"))
        con.rollback()
        assert con.scalar(sa.text("SELECT count(*) FROM t")) == 0
        con.execute(sa.text("INSERT INTO t VALUES (1)"))
        with con.begin_nested() as point:
            con.execute(sa.text("INSERT INTO t VALUES (2)"))
            point.rollback()
        con.commit()
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as con:
        con.execute(sa.text("INSERT INTO t VALUES (3), (1)"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
        con.execute(sa.text("INSERT INTO t VALUES (4)"))
    with engine.connect() as con:
        assert con.get_isolation_level() == "SERIALIZABLE"
        assert con.execute(sa.text("SELECT a FROM t ORDER BY a")).scalars().all() == [1, 4]
        assert con.scalar(sa.text("SELECT count(*) FROM t WHERE a REGEXP '^[0-3]$'")) == 1


def test_returning_upserts_and_errors(engine):
    from sqlalchemy.dialects.sqlite import insert
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),
                     sa.Column("n", sa.Integer))
    table.metadata.create_all(engine)
    with engine.begin() as con:
        assert con.execute(table.insert().values(n=5)).inserted_primary_key == (1,)
        made = con.execute(table.insert().returning(table.c.id), [{"n": 1}, {"n": 2}])
        assert made.scalars().all() == [2, 3]
        upsert = insert(table).values(id=1, n=50)
        con.execute(upsert.on_conflict_do_update(index_elements=["id"],
                                                 set_={"n": upsert.excluded.n}))
        assert con.execute(table.update().values(n=0).where(table.c.n > 1)).rowcount == 2
        assert con.execute(table.select()).all() == [(1, 0), (2, 1), (3, 0)]
        with pytest.raises(sa.exc.ProgrammingError) as caught:
            con.execute(sa.text("SELECT nothing FROM t"))
        assert isinstance(caught.value.orig, stoa.Error)


def test_objects(engine):
    from sqlalchemy import orm

    class Base(orm.DeclarativeBase):
        pass

    class Author(Base):
        __tablename__ = "author"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        born: orm.Mapped[dt.date]
        books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author")

    class Book(Base):
        __tablename__ = "book"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        title: orm.Mapped[str]
        author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
        author: orm.Mapped[Author] = orm.relationship(back_populates="books")

    Base.metadata.create_all(engine)
    with orm.Session(engine) as session:
        session.add(Author(born=dt.date(1815, 12, 10), books=[Book(title="Notes"),
                                                              Book(title="Letters")]))
        session.commit()
    with orm.Session(engine) as session:
        ada = session.scalars(sa.select(Author)).one()
        assert ada.born == dt.date(1815, 12, 10)
        assert sorted(book.title for book in ada.books) == ["Letters", "Notes"]


def test_pandas(engine):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "s": ["x", None],
                              "at": pandas.to_datetime(["2024-01-01 00:00:00",
                                                     "2024-01-02 03:04:05"])})
    frame.to_sql("t", engine, index=False)
    frame.to_sql("t", engine, index=False, if_exists="append")
    back = pandas.read_sql("SELECT a, s FROM t", engine)
    assert back["a"].tolist() == [1, 2, 1, 2] and back["s"].isna().sum() == 2
    whole = pandas.read_sql_table("t", engine)
    assert whole["at"].tolist() == frame["at"].tolist() * 2


def test_connections_of_an_engine_share_its_database(engine):
    with engine.begin() as con:
        con.execute(sa.text("CREATE TABLE t(a)"))
    wrong = []

    def work():
        try:
            with engine.begin() as con:
                con.execute(sa.text("INSERT INTO t VALUES (1)"))
        except Exception as problem:  # pylint: disable=broad-except
            wrong.append(problem)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.connect() as con:
        assert wrong == [] and con.scalar(sa.text("SELECT count(*) FROM t")) == 4


def test_a_closed_connection_is_replaced(engine):
    with engine.connect() as con:
        con.connection.dbapi_connection.close()
        with pytest.raises(sa.exc.DBAPIError) as caught:
            con.execute(sa.text("SELECT 1"))
        assert caught.value.connection_invalidated
    with engine.connect() as con:
        assert con.scalar(sa.text("SELECT 1")) == 1


def test_counts_of_rows_and_moments_of_any_year(engine):
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),
                     sa.Column("at", sa.DateTime), sa.Column("z", sa.DateTime(timezone=True)))
    table.metadata.create_all(engine)
    first, last = dt.datetime(1, 1, 1), dt.datetime.max
    rows = [{"at": one, "z": one.replace(tzinfo=dt.timezone.utc)} for one in (first, last)]
    with engine.begin() as con:
        assert con.execute(table.insert(), rows).rowcount == 2
        assert con.execute(table.insert().values(at=None)).rowcount == 1
        assert con.execute(sa.select(table.c.at, table.c.z)).all()[:2] == [
            tuple(row.values()) for row in rows]
        assert con.scalar(sa.select(table.c.id).where(table.c.z == rows[1]["z"])) == 2
        with pytest.raises(sa.exc.StatementError):
            con.execute(table.insert().values(at="soon", z=5j))
    kinds_found = {one["name"]: one["type"] for one in sa.inspect(engine).get_columns("t")}
    assert isinstance(kinds_found["z"], sa.DateTime) and kinds_found["z"].timezone
    assert isinstance(kinds_found["at"], sa.DateTime) and not kinds_found["at"].timezone


def test_polars_writes_and_reads(engine):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1, None], "at": [dt.datetime(2024, 1, 2, 3, 4, 5, 6), None]})
    assert frame.write_database("t", engine) == 2
    assert pl.read_database("SELECT * FROM t", engine).equals(frame)


def test_the_time_that_it_is(engine):
    """As a value, as a default in three forms, and in what is inserted: never a text."""
    now, before = sa.func.now(), dt.datetime.now(dt.timezone.utc).replace(microsecond=0)
    table = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True),
                     sa.Column("a", sa.DateTime, server_default=now),
                     sa.Column("b", sa.DateTime(timezone=True),
                               server_default=sa.text("CURRENT_TIMESTAMP")),
                     sa.Column("c", sa.Date, server_default=sa.func.current_date()),
                     sa.Column("d", sa.Time, server_default=sa.text("(current_time)")),
                     sa.Column("e", sa.DateTime))
    table.metadata.create_all(engine)
    with engine.begin() as con:
        con.execute(table.insert().values(e=now))
        a, b, c, d, e = con.execute(sa.select(*list(table.c)[1:])).one()
        kinds = con.execute(sa.text("SELECT typeof(a) || typeof(b) || typeof(c) || typeof(d) || "
                                    "typeof(e) FROM t")).scalar()
        assert kinds == "integer" * 5
        asked = con.execute(sa.select(now, sa.func.current_date(), sa.func.current_time())).one()
    after = dt.datetime.now(dt.timezone.utc)
    assert [type(one) for one in asked] == [dt.datetime, dt.date, dt.time]
    for moment in (a, b, e, asked[0]):
        assert before <= moment.replace(tzinfo=dt.timezone.utc) <= after
    assert before.date() <= c <= after.date() and isinstance(d, dt.time)


def test_parts_and_literals_of_dates(engine):
    moments = [dt.datetime(2021, 5, 6, 7, 8, 9, 10), dt.datetime(1969, 12, 31, 23, 59, 59, 999999),
               dt.datetime(1901, 2, 3, 4, 5, 6), dt.datetime(1970, 1, 1)]
    table = sa.Table("t", sa.MetaData(), sa.Column("m", sa.DateTime), sa.Column("d", sa.Date),
                     sa.Column("c", sa.Time))
    table.metadata.create_all(engine)
    with engine.begin() as con:
        con.execute(table.insert(), [{"m": m, "d": m.date(), "c": m.time()} for m in moments])
        for moment in moments:
            for column, value in ((table.c.m, moment), (table.c.d, moment.date()),
                                  (table.c.c, moment.time())):
                parts = ["year", "month", "day"] * isinstance(value, dt.date)
                parts += ["hour", "minute", "second"] * hasattr(value, "hour")
                query = sa.select(*[sa.extract(part, column) for part in parts])
                found = query.where(column == value).limit(1)
                assert con.execute(found).one() == tuple(getattr(value, part) for part in parts)
                text = str(found.compile(engine, compile_kwargs={"literal_binds": True}))
                assert con.execute(sa.text(text)).one() == con.execute(found).one()
        assert con.scalar(sa.select(sa.extract("epoch", table.c.d)).where(
            table.c.m == moments[1])) == -86400
        with pytest.raises(sa.exc.CompileError, match="nonsense"):
            con.execute(sa.select(sa.extract("nonsense", table.c.m)))


def test_addresses_and_counts(engine):
    for url in ("stoa://host/a.db", "stoa://user@/a.db", "stoa://host:5/a.db"):
        with pytest.raises(sa.exc.ArgumentError, match="has no host"):
            sa.create_engine(url).connect()
    patient = sa.create_engine("stoa://?timeout=600")
    with patient.connect() as con:
        assert con.scalar(sa.text("SELECT 1")) == 1
    patient.dispose()
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Integer),
                     sa.Column("z", sa.DateTime(timezone=True)))
    table.metadata.create_all(engine)
    with engine.begin() as con:
        assert con.execute(table.insert(), [{"a": 1}, {"a": 2}]).rowcount == 2
        (_a, z) = sa.inspect(con).get_columns("t")
        assert isinstance(z["type"], sa.DateTime) and z["type"].timezone
        con.execute(table.insert(), [{"a": i} for i in range(23)])
        for query in (table.select(), sa.text("SELECT * FROM t")):
            rows = con.execute(query.execution_options(stream_results=True))
            assert [len(part) for part in rows.partitions(10)] == [10, 10, 5]
