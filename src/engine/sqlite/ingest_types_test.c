/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of each type on its way in: forms of new tables, columns that are there,
 * values that have no place. */
#include "arrow_random.h"
#include "base/error.h"
#include "engine/sqlite/cursor.h"
#include "engine/sqlite/ingest_kit.h"
#include "engine/sqlite/statement.h"
#include "engine/sqlite/type.h"

/* ---- forms ---- */

static const char every_column[] =
    "bo b;i1 c;i2 s;i4 i;i8 l;u1 C;u2 S;u4 I;u8 L;f2 e;f4 f;f8 g;de d:10,2;da tdD;dm tdm;"
    "ti ttm;ts tsu:;tz tsn:UTC;du tDs;mo tiM;dt tiD;mn tin;t u;tl U;tv vu;b z;bl Z;bv vz;"
    "fb w:2;li +l;co *u;nu n";
static const char every_row[] =
    "{\"bo\":true,\"i1\":-1,\"i2\":-2,\"i4\":-3,\"i8\":-4,\"u1\":1,\"u2\":2,\"u4\":3,"
    "\"u8\":4,\"f2\":0.5,\"f4\":1.5,\"f8\":2.5,\"de\":\"1.50\",\"da\":\"1970-01-02\","
    "\"dm\":\"1970-01-02\",\"ti\":\"00:00:01\",\"ts\":\"1970-01-01T00:00:01\","
    "\"tz\":\"1970-01-01T00:00:00.000000001Z\",\"du\":\"PT5S\",\"mo\":7,"
    "\"dt\":\"P1DT0.002S\",\"mn\":\"P1M2DT0.000000003S\",\"t\":\"a\",\"tl\":\"\","
    "\"tv\":\"a view that is longer than "
    "twelve\",\"b\":\"AQI=\",\"bl\":\"\",\"bv\":\"AQ==\","
    "\"fb\":\"AQI=\",\"li\":[1,null],\"co\":\"code\",\"nu\":null}";
static const char every_stored[] =
    "1|-1|-2|-3|-4|1|2|3|4|0.5|1.5|2.5|'1.50'|1|86400000|1000|1000000|1|5|7|"
    "X'8000000180000002'|X'80000001800000028000000000000003'|'a'|''|"
    "'a view that is longer than "
    "twelve'|X'0102'|X''|X'01'|X'0102'|'[1,null]'|'code'|NULL\n";
static const char quote_every[] =
    "SELECT "
    "quote(bo),quote(i1),quote(i2),quote(i4),quote(i8),quote(u1),quote(u2),quote(u4),"
    "quote(u8),quote(f2),quote(f4),quote(f8),quote(de),quote(da),quote(dm),quote(ti),"
    "quote(ts),"
    "quote(tz),quote(du),quote(mo),quote(dt),quote(mn),quote(t),quote(tl),quote(tv),"
    "quote(b),"
    "quote(bl),quote(bv),quote(fb),quote(li),quote(co),quote(nu) FROM t";

static void every_type_has_its_form(void)
{
    struct kit kit = kit_open(":memory:", "");
    char rows[8 * sizeof(every_row)] = "";
    char right[8 * sizeof(every_stored)] = "";

    /* One row is bound, eight go through the virtual table: the same comes of it. */
    KIT_OK(kit_write(&kit, STOA__INGEST_CREATE, "t", every_column, every_row));
    CHECK_TEXT(kit_text(&kit, quote_every), every_stored);
    for (int i = 0; i < 7; i++) {
        (void)snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows), "%s%s",
                       i > 0 ? "\n" : "", every_row);
        (void)snprintf(right + strlen(right), sizeof(right) - strlen(right), "%s",
                       every_stored);
    }
    kit_run(&kit, "DELETE FROM t");
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t", every_column, rows));
    CHECK_TEXT(kit_text(&kit, quote_every), right);
    kit_close(&kit);
}

static void every_type_can_be_null(void)
{
    struct kit kit = kit_open(":memory:", "");
    const char *const nulls =
        "{\"bo\":null}\n{\"bo\":null}\n{\"bo\":null}\n{\"bo\":null}";

    for (int few = 0; few < 2; few++) {
        KIT_OK(kit_write(&kit, STOA__INGEST_REPLACE, "t", every_column,
                         few ? "{\"bo\":null}" : nulls));
        CHECK_TEXT(kit_text(&kit,
                            "SELECT count(*), count(bo)+count(i8)+count(u8)+count(f2)+"
                            "count(f8)+count(de)+count(tz)+count(mn)+count(t)+count(tv)+"
                            "count(b)+count(bv)+count(fb)+count(li)+count(co)+count(nu) "
                            "FROM t"),
                   few ? "1|0\n" : "4|0\n");
    }
    kit_close(&kit);
}

static void policies_choose_the_form_of_new_tables(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct kit_source *source =
        kit_source("u L;d d:10,2;a tdD;b ttu;c tsm:;e tsm:UTC",
                   "{\"u\":18446744073709551615,\"d\":\"-1.50\",\"a\":\"2024-02-29\","
                   "\"b\":\"01:02:03\","
                   "\"c\":\"2024-02-29T00:00:00\",\"e\":\"2024-02-29T00:00:00Z\"}");

    config.uint64_form = config.decimal_form = config.temporal_form = 1;
    KIT_OK(kit_append(&kit, &config, "t", source, NULL));
    CHECK_TEXT(
        kit_text(&kit, "SELECT * FROM t"),
        "18446744073709551615|-150|2024-02-29|01:02:03.000000|2024-02-29T00:00:00.000|"
        "2024-02-29T00:00:00.000Z\n");
    CHECK_TEXT(
        kit_text(&kit, "SELECT group_concat(type) FROM pragma_table_info('t')"),
        "TEXT U64,INTEGER DECIMAL(10,2),TEXT DATE32,TEXT TIME_US,TEXT TIMESTAMP_MS,"
        "TEXT TIMESTAMPTZ_MS\n");
    /* The next writer need not say it again: the columns do. */
    config = kit_config(STOA__INGEST_APPEND);
    source->at = 0;
    KIT_OK(kit_append(&kit, &config, "t", source, NULL));
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM (SELECT DISTINCT * FROM t)"), "1\n");
    config = kit_config(STOA__INGEST_CREATE);
    config.strict = true;
    source->at = 0;
    KIT_FAILS(kit_append(&kit, &config, "s", source, NULL), STOA_ERR_TYPE);
    CHECK_HAS(kit.err.text, "column 'u'");
    config.uint64_form = 1;
    source->at = 0;
    KIT_OK(kit_append(&kit, &config, "s", source, NULL));
    CHECK_TEXT(
        kit_text(&kit, "SELECT * FROM s"),
        "18446744073709551615|-1.50|19782|3723000000|1709164800000|1709164800000\n");
    CHECK_TEXT(kit_text(&kit, "SELECT group_concat(format, ' ') FROM (SELECT format FROM "
                              "stoa_column_type WHERE tbl = 's' ORDER BY rowid)"),
               "error: no such column: rowid");
    CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM stoa_column_type WHERE tbl = 's'"),
               "6\n");
    kit_source_free(source);
    kit_close(&kit);
}

static void append_into_strict_uses_the_metadata(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE);
    struct kit_source *source = kit_source("at tsu:", "{\"at\":\"1970-01-01T00:00:01\"}");

    config.strict = true;
    KIT_OK(kit_append(&kit, &config, "t", source, NULL));
    kit_source_free(source);
    KIT_OK(kit_write(&kit, STOA__INGEST_APPEND, "t",
                     "at tss:", "{\"at\":\"1970-01-01T00:00:02\"}"));
    KIT_FAILS(kit_write(&kit, STOA__INGEST_APPEND, "t", "at l", "{\"at\":1}"),
              STOA_ERR_TYPE);
    CHECK_TEXT(kit_text(&kit, "SELECT at FROM t"), "1000000\n2000000\n");
    /* The same table made again, plain: what was said of the old one is forgotten. */
    config.mode = STOA__INGEST_REPLACE;
    source = kit_source("at l", "{\"at\":1}");
    KIT_OK(kit_append(&kit, &config, "t", source, NULL));
    source->at = 0;
    config.mode = STOA__INGEST_APPEND;
    KIT_OK(kit_append(&kit, &config, "t", source, NULL));
    kit_source_free(source);
    kit_close(&kit);
}

/* ---- values without a place ---- */

static void nan_is_an_error_or_null(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct stoa__ingest_config config = kit_config(STOA__INGEST_CREATE_APPEND);
    static const char *const rows[] = {
        "{\"x\":1,\"y\":1}\n{\"x\":\"NaN\",\"y\":1}",
        "{\"x\":1,\"y\":1}\n{\"x\":1,\"y\":1}\n{\"x\":1,\"y\":1}\n{\"x\":1,\"y\":1}\n"
        "{\"x\":1,\"y\":\"NaN\"}"};

    kit_run(&kit, "CREATE TABLE t(x REAL, y REAL FLOAT32)");
    for (int i = 0; i < 2; i++) {
        struct kit_source *source = kit_source("x g;y f", rows[i]);

        config.nan = STOA__NAN_ERROR;
        KIT_FAILS(kit_append(&kit, &config, "t", source, NULL), STOA_ERR_TYPE);
        CHECK_HAS(kit.err.text, "NaN");
        CHECK_HAS(kit.err.text, i == 0 ? "column 'x', row 1" : "column 'y', row 4");
        config.nan = STOA__NAN_NULL;
        source->at = 0;
        KIT_OK(kit_append(&kit, &config, "t", source, NULL));
        kit_source_free(source);
    }
    CHECK_TEXT(kit_text(&kit, "SELECT count(*), count(x), count(y) FROM t"), "7|6|6\n");
    KIT_OK(kit_write(&kit, STOA__INGEST_REPLACE, "t", "x g",
                     "{\"x\":\"Infinity\"}\n{\"x\":\"-Infinity\"}\n{\"x\":-0.0}\n"
                     "{\"x\":5e-324}"));
    CHECK_TEXT(kit_text(&kit, "SELECT x = 9e999, x = -9e999, x = 0, x > 0 FROM t"),
               "1|0|0|1\n0|1|0|0\n0|0|1|0\n0|0|0|1\n");
    kit_close(&kit);
}

static void uint64_beyond_the_largest_integer_is_an_error(void)
{
    struct kit kit = kit_open(":memory:", "");

    KIT_FAILS(
        kit_write(&kit, STOA__INGEST_CREATE, "t", "a L", "{\"a\":9223372036854775808}"),
        STOA_ERR_TYPE);
    CHECK_HAS(kit.err.text, "9223372036854775808");
    KIT_FAILS(kit_write(&kit, STOA__INGEST_CREATE, "t", "a L",
                        "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":9223372036854775808}"),
              STOA_ERR_TYPE);
    CHECK_HAS(kit.err.text, "column 'a', row 3");
    KIT_OK(
        kit_write(&kit, STOA__INGEST_CREATE, "t", "a L", "{\"a\":9223372036854775807}"));
    CHECK_TEXT(kit_text(&kit, "SELECT a FROM t"), "9223372036854775807\n");
    kit_close(&kit);
}

/* ---- columns that are there ---- */

struct match {
    const char *declared, *format, *value;
    const char *stored; /* NULL: TYPE. */
    const char *says;   /* Then. */
};

static const struct match matches[] = {
    /* Integers of every width, as long as they fit. */
    {"INTEGER", "i", "-5", "-5", NULL},
    {"INTEGER", "C", "5", "5", NULL},
    {"INTEGER", "b", "true", "1", NULL},
    {"INTEGER", "tsu:", "\"1970-01-01T00:00:01\"", "1000000", NULL},
    {"INTEGER INT8", "l", "127", "127", NULL},
    {"INTEGER INT8", "l", "128", NULL, "128"},
    {"INTEGER UINT8", "c", "-1", NULL, "-1"},
    {"INTEGER UINT64", "l", "-1", NULL, "-1"},
    {"INTEGER BOOL", "l", "1", "1", NULL},
    {"INTEGER BOOL", "l", "2", NULL, "2"},
    {"TEXT U64", "i", "5", "'00000000000000000005'", NULL},
    {"INTEGER", "u", "\"5\"", NULL,
     "'c' of table 't' is int64 (declared 'INTEGER') and does "
     "not take utf8"},
    {"INTEGER", "g", "1.0", NULL, "float64"},
    {"INTEGER", "z", "\"AQ==\"", NULL, "binary"},
    /* Floats. */
    {"REAL", "f", "1.5", "1.5", NULL},
    {"REAL", "l", "9007199254740992", "9007199254740992.0", NULL},
    {"REAL", "l", "9007199254740993", NULL, "9007199254740993"},
    {"REAL FLOAT32", "g", "1.5", "1.5", NULL},
    {"REAL FLOAT32", "g", "0.1", NULL, "0.1"},
    {"REAL", "u", "\"1.5\"", NULL, "utf8"},
    /* Texts and bytes. */
    {"TEXT", "vu", "\"x\"", "'x'", NULL},
    {"TEXT VIEW", "U", "\"x\"", "'x'", NULL},
    {"TEXT", "*u", "\"x\"", "'x'", NULL},
    {"TEXT", "l", "5", NULL, "int64"},
    {"TEXT", "z", "\"AQ==\"", NULL, "binary"},
    {"BLOB", "u", "\"x\"", NULL, "utf8"},
    {"BLOB", "w:1", "\"AQ==\"", "X'01'", NULL},
    {"BLOB FIXED(2)", "z", "\"AQI=\"", "X'0102'", NULL},
    {"BLOB FIXED(2)", "z", "\"AQ==\"", NULL, "2"},
    {"VARCHAR(5)", "u", "\"longer\"", "'longer'", NULL},
    /* Decimals: to the table's scale, exactly. */
    {"TEXT DECIMAL(10,2)", "d:5,1", "\"1.5\"", "'1.50'", NULL},
    {"TEXT DECIMAL(10,2)", "d:10,3", "\"1.500\"", "'1.50'", NULL},
    {"TEXT DECIMAL(10,2)", "d:10,3", "\"1.505\"", NULL, "1.505"},
    {"TEXT DECIMAL(10,2)", "l", "7", "'7.00'", NULL},
    {"INTEGER DECIMAL(10,2)", "d:5,1", "\"-1.5\"", "-150", NULL},
    {"TEXT DECIMAL(3,1)", "d:10,1", "\"100.0\"", NULL, "100.0"},
    {"TEXT DECIMAL(10,2)", "g", "1.5", NULL, "float64"},
    {"REAL", "d:5,1", "\"1.5\"", NULL, "decimal"},
    /* Times: to the table's unit, exactly; an instant is no local time. */
    {"INTEGER TIMESTAMP_US", "tsn:", "\"1970-01-01T00:00:00.000001\"", "1", NULL},
    {"INTEGER TIMESTAMP_US", "tsn:", "\"1970-01-01T00:00:00.000000001\"", NULL, "row 0"},
    {"INTEGER TIMESTAMP_NS", "tss:", "\"2500-01-01T00:00:00\"", NULL, "row 0"},
    {"TEXT TIMESTAMP_MS", "tsu:", "\"1970-01-01T00:00:01\"", "'1970-01-01T00:00:01.000'",
     NULL},
    {"INTEGER TIMESTAMP_US \"UTC\"", "tsu:Europe/Paris", "\"1970-01-01T00:00:00Z\"", "0",
     NULL},
    {"INTEGER TIMESTAMP_US", "tsu:UTC", "\"1970-01-01T00:00:00Z\"", NULL, "UTC"},
    {"INTEGER TIMESTAMP_US \"UTC\"", "tsu:", "\"1970-01-01T00:00:00\"", NULL,
     "timestamp"},
    {"INTEGER TIMESTAMP_US", "l", "5", NULL, "int64"},
    {"INTEGER DATE32", "tdm", "\"1970-01-03\"", "2", NULL},
    {"TEXT DATE32", "tdm", "\"1970-01-03\"", "'1970-01-03'", NULL},
    {"INTEGER TIME_S", "ttm", "\"00:00:01\"", "1", NULL},
    {"INTEGER DURATION_MS", "tDs", "\"PT1S\"", "1000", NULL},
    {"INTEGER DURATION_MS", "tsm:", "\"1970-01-01T00:00:00\"", NULL, "duration"},
    {"BLOB DAYS_MS", "tin", "\"P1D\"", NULL, "interval"},
    /* What promises nothing takes anything. */
    {"", "g", "1.5", "1.5", NULL},
    {"", "u", "\"x\"", "'x'", NULL},
    {"NUMERIC", "u", "\"x\"", "'x'", NULL},
    {"DATETIME", "tsu:", "\"1970-01-01T00:00:01\"", "1000000", NULL},
    {"BOOLEAN", "l", "2", "2", NULL},
    {"INTEGER", "n", "null", "NULL", NULL},
    {"ANY NULLS", "l", "1", NULL, "null"},
};

static void columns_take_what_they_promise(void)
{
    struct kit kit = kit_open(":memory:", "");
    char sql[128], columns[64], rows[512];

    for (size_t i = 0; i < sizeof(matches) / sizeof(*matches); i++) {
        const struct match *const m = &matches[i];

        for (int many = 0; many < 2; many++) {
            (void)snprintf(sql, sizeof(sql),
                           "DROP TABLE IF EXISTS t; CREATE TABLE t(c %s)", m->declared);
            kit_run(&kit, sql);
            (void)snprintf(columns, sizeof(columns), "c %s", m->format);
            (void)snprintf(rows, sizeof(rows), "{\"c\":%s}%s", m->value,
                           many ? "\n{\"c\":null}\n{\"c\":null}\n{\"c\":null}" : "");
            const stoa_status rc =
                kit_write(&kit, STOA__INGEST_APPEND, "t", columns, rows);

            if (rc != (m->stored ? STOA_OK : STOA_ERR_TYPE))
                printf("# %s <- %s: %s\n", m->declared, m->format,
                       rc < 0 ? kit.err.text : "taken");
            CHECK_INT(rc, m->stored ? STOA_OK : STOA_ERR_TYPE);
            if (!m->stored) {
                CHECK_HAS(kit.err.text, "column 'c'");
                CHECK_HAS(kit.err.text, m->says);
                CHECK_TEXT(kit_text(&kit, "SELECT count(*) FROM t"), "0\n");
                continue;
            }
            const char *const got = kit_text(&kit, "SELECT quote(c) FROM t LIMIT 1");

            if (strncmp(got, m->stored, strlen(m->stored)) != 0)
                printf("# %s <- %s\n", m->declared, m->format);
            CHECK_INT(strncmp(got, m->stored, strlen(m->stored)), 0);
            CHECK_INT(got[strlen(m->stored)], '\n');
        }
    }
    kit_close(&kit);
}

/* ---- there and back ---- */

static void read_back(struct kit *kit, const char *sql,
                      struct stoa__arrow_type const **type, void **statement,
                      void **cursor, struct ArrowArray *out)
{
    const struct stoa__read_config config = {.batch_rows = 1000};
    size_t used;

    kit_status(
        sqlite_prepare(kit->session, NULL, sql, strlen(sql), &used, statement, &kit->err),
        STOA_OK, &kit->err, __FILE__, __LINE__);
    kit_status(sqlite_execute(*statement, NULL, NULL, &config, cursor, &kit->err),
               STOA_OK, &kit->err, __FILE__, __LINE__);
    kit_status(sqlite_cursor_type(*cursor, NULL, type, &kit->err), STOA_OK, &kit->err,
               __FILE__, __LINE__);
    kit_status(sqlite_cursor_next(*cursor, NULL, out, &kit->err), STOA_OK, &kit->err,
               __FILE__, __LINE__);
}

static stoa_status one_batch(void *self, const struct ArrowArray **batch, stoa_error *err)
{
    const struct ArrowArray **const left = self;

    (void)err;
    *batch = *left;
    *left = NULL;
    return *batch ? STOA_OK : STOA_DONE;
}

/* Equal as numbers: SQLite keeps no sign of a zero in a REAL column. */
static void check_floats(const struct stoa__arrow_type *a_type,
                         const struct ArrowArray *a,
                         const struct stoa__arrow_type *b_type,
                         const struct ArrowArray *b)
{
    for (int64_t row = 0; row < a->length; row++) {
        struct stoa__cell x, y;

        stoa__cell_at(a_type, a, row, &x);
        stoa__cell_at(b_type, b, row, &y);
        CHECK_INT(x.null, y.null);
        CHECK(x.null || stoa__cell_float64(&x) == stoa__cell_float64(&y));
    }
}

static void check_same(const struct stoa__arrow_type *a_type, const struct ArrowArray *a,
                       const struct stoa__arrow_type *b_type, const struct ArrowArray *b)
{
    CHECK_INT(a->length, b->length);
    CHECK_INT(a->n_children, b->n_children);
    for (int32_t i = 0; i < a_type->child_count; i++) {
        struct ArrowArray x = *a->children[i], y = *b->children[i];

        x.offset += a->offset;
        y.offset += b->offset;
        x.length = y.length = a->length;
        if (stoa__arrow_is_float(stoa__arrow_type_values(&a_type->children[i])->kind))
            check_floats(&a_type->children[i], &x, &b_type->children[i], &y);
        else
            CHECK(arrow_random_same(&a_type->children[i], &x, &b_type->children[i], &y));
    }
}

static void round_trip(struct kit *kit, uint64_t seed, bool strict)
{
    struct stoa__ingest_config config = kit_config(STOA__INGEST_REPLACE);
    struct arrow_random random;
    struct ArrowSchema schema;
    struct stoa__arrow_type *type;
    const struct stoa__arrow_type *back_type;
    struct ArrowArray batch = {0}, back = {0};
    const struct ArrowArray *left = &batch;
    stoa__arena arena = {0};
    void *statement, *cursor, *ingest;
    int32_t level;

    arrow_random_seed(&random, seed);
    random.calendar_only = true;
    arrow_random_schema(&random, 2, 6, &schema);
    kit_status(stoa__arrow_type_parse(&schema, &arena, &type, &kit->err), STOA_OK,
               &kit->err, __FILE__, __LINE__);
    arrow_random_array(&random, type, 1 + (int64_t)(seed % 40), &batch);

    struct stoa__source source = {
        .type = type, .next = one_batch, .self = &left, .row_count = batch.length};
    struct stoa__ingest_part part = {.table = "t", .source = &source, .index_column = -1};

    config.strict = strict;
    config.uint64_form = 1;
    kit_status(sqlite_ingest_open(kit->session, &config, &ingest, &kit->err), STOA_OK,
               &kit->err, __FILE__, __LINE__);
    stoa_status rc = sqlite_ingest_append(ingest, NULL, &part, 1, &level, &kit->err);

    sqlite_ingest_close(ingest);
    /* A NaN, or a number in a text that has none: said, and nothing written. */
    if (rc == STOA_OK) {
        read_back(kit, "SELECT * FROM t", &back_type, &statement, &cursor, &back);
        check_same(type, &batch, back_type, &back);
        stoa__array_release(&back);
        sqlite_cursor_close(cursor);
        sqlite_statement_close(statement);
    } else {
        CHECK_INT(rc, STOA_ERR_TYPE);
    }
    stoa__array_release(&batch);
    schema.release(&schema);
    stoa__arena_release(&arena);
}

static void every_type_comes_back_as_it_went(void)
{
    struct kit kit = kit_open(":memory:", "");

    for (uint64_t seed = 1; seed <= 300; seed++) {
        printf("# seed %d\n", (int)seed);
        round_trip(&kit, seed, seed % 3 == 0);
    }
    kit_close(&kit);
}

TEST_MAIN({"every type has its form", every_type_has_its_form},
          {"every type can be null", every_type_can_be_null},
          {"policies choose the form of new tables",
           policies_choose_the_form_of_new_tables},
          {"append into STRICT uses the metadata", append_into_strict_uses_the_metadata},
          {"NaN is an error or null", nan_is_an_error_or_null},
          {"uint64 beyond the largest integer is an error",
           uint64_beyond_the_largest_integer_is_an_error},
          {"columns take what they promise", columns_take_what_they_promise},
          {"every type comes back as it went", every_type_comes_back_as_it_went})
