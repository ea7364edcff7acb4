/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include "arrow_random.h"
#include "engine/sqlite/column_type.h"

/* ---- a table made from a schema, filled value by value, read back ---- */

struct made {
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct ArrowArray rows;
};

static void make(struct made *made, uint64_t seed, int32_t depth, int32_t columns,
                 int64_t row_count)
{
    struct arrow_random random;
    struct ArrowSchema schema;

    memset(made, 0, sizeof *made);
    arrow_random_seed(&random, seed);
    random.calendar_only = true;
    arrow_random_schema(&random, depth, columns, &schema);
    CHECK_INT(stoa__arrow_type_parse(&schema, &made->arena, &made->type, NULL), STOA_OK);
    schema.release(&schema);
    arrow_random_array(&random, made->type, row_count, &made->rows);
}

static void release_made(struct made *made)
{
    made->rows.release(&made->rows);
    stoa__arena_release(&made->arena);
}

static void append(stoa__buffer *sql, const char *text)
{
    CHECK_INT(stoa__buffer_append_text(sql, text), STOA_OK);
}

/* CREATE TABLE t, columns c0, c1, ... whatever the fields are called. */
static void create(struct fixture *f, const struct stoa__arrow_type *type,
                   const struct sqlite_forms *forms, enum sqlite_form *form,
                   bool *metadata)
{
    stoa__buffer sql = {0};
    char name[32];

    append(&sql, "DROP TABLE IF EXISTS t; CREATE TABLE t(");
    for (int32_t i = 0; i < type->child_count; i++) {
        snprintf(name, sizeof name, "%sc%d ", i > 0 ? ", " : "", (int)i);
        append(&sql, name);
        CHECK_INT(sqlite_type_declare(&type->children[i], forms, &sql, &form[i],
                                      &metadata[i], &f->err),
                  STOA_OK);
    }
    append(&sql, forms->strict ? ") STRICT" : ")");
    CHECK_INT(stoa__buffer_terminate(&sql), STOA_OK);
    run(f, (const char *)sql.data);
    stoa__buffer_release(&sql);
}

static void describe_columns(struct fixture *f, const struct stoa__arrow_type *type,
                             const bool *metadata)
{
    char name[32];

    for (int32_t i = 0; i < type->child_count; i++) {
        struct stoa__arrow_type column = type->children[i];

        if (!metadata[i])
            continue;
        snprintf(name, sizeof name, "c%d", (int)i);
        column.name = name;
        CHECK_INT(sqlite_column_type_write(f->session, NULL, NULL, "t", &column, &f->err),
                  STOA_OK);
    }
}

static void fill(struct fixture *f, const struct made *made, const enum sqlite_form *form)
{
    const int32_t count = made->type->child_count;
    stoa__buffer scratch = {0};
    sqlite3_stmt *stmt;
    char sql[256] = "INSERT INTO t VALUES(?";

    for (int32_t i = 1; i < count; i++)
        strncat(sql, ",?", sizeof sql - strlen(sql) - 1);
    strncat(sql, ")", sizeof sql - strlen(sql) - 1);
    CHECK_INT(sqlite3_prepare_v2(f->session->db, sql, -1, &stmt, NULL), SQLITE_OK);
    for (int64_t row = 0; row < made->rows.length; row++) {
        for (int32_t i = 0; i < count; i++) {
            const struct sqlite_column_form column = {&made->type->children[i], form[i]};

            if (sqlite_put(&column, made->rows.children[i], made->rows.offset + row, true,
                           STOA__NAN_ERROR, &scratch, stmt, i + 1, NULL,
                           &f->err) != STOA_OK)
                CHECK_TEXT(f->err.text, "");
        }
        CHECK_INT(sqlite3_step(stmt), SQLITE_DONE);
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    stoa__buffer_release(&scratch);
}

static void check_same(struct fixture *f, const struct made *made, const char *what,
                       unsigned long long seed)
{
    const struct stoa__arrow_type *type;
    struct ArrowArray batch = {0};
    struct sqlite_cursor *cursor = query(f, "SELECT * FROM t");
    char wanted[512], got[512];

    CHECK_INT(sqlite_cursor_type(cursor, NULL, &type, &f->err), STOA_OK);
    const stoa_status rc = sqlite_cursor_next(cursor, NULL, &batch, &f->err);

    for (int32_t i = 0; i < made->type->child_count; i++) {
        stoa__arrow_type_text(&made->type->children[i], wanted, sizeof wanted);
        stoa__arrow_type_text(&type->children[i], got, sizeof got);
        if (strcmp(got, wanted) != 0 || rc != STOA_OK)
            printf("# seed %llu, %s, column %d: %s, is %s\n", seed, what, (int)i, wanted,
                   got);
        CHECK_TEXT(got, wanted);
    }
    if (rc != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    if (stoa__arrow_validate(type, &batch, STOA_CHECK_FULL, &f->err) != STOA_OK)
        CHECK_TEXT(f->err.text, "");
    for (int32_t i = 0; i < made->type->child_count; i++) {
        struct ArrowArray *from = made->rows.children[i];
        const int64_t offset = from->offset, length = from->length;
        stoa_status same;

        from->offset += made->rows.offset; /* The span of the batch alone. */
        from->length = made->rows.length;
        same = arrow_random_same(&made->type->children[i], from, &type->children[i],
                                 batch.children[i])
                   ? STOA_OK
                   : STOA_ERR_INTERNAL;
        from->offset = offset;
        from->length = length;
        stoa__arrow_type_text(&made->type->children[i], wanted, sizeof wanted);
        if (same != STOA_OK)
            printf("# seed %llu, %s, column %d: %s\n", seed, what, (int)i, wanted);
        CHECK_INT(same, STOA_OK);
    }
    batch.release(&batch);
    sqlite_cursor_close(cursor);
}

static bool holds_big_uint64(const struct made *made, int32_t column)
{
    const struct stoa__arrow_type *type = &made->type->children[column];
    struct stoa__cell cell;

    for (int64_t row = 0; row < made->rows.length; row++) {
        stoa__cell_at(type, made->rows.children[column], made->rows.offset + row, &cell);
        if (!cell.null && cell.type->kind == STOA__ARROW_UINT64 &&
            stoa__cell_int64(&cell) < 0)
            return true;
        if (!cell.null && (cell.type->kind == STOA__ARROW_FLOAT16 ||
                           cell.type->kind == STOA__ARROW_FLOAT32 ||
                           cell.type->kind == STOA__ARROW_FLOAT64)) {
            const double value = stoa__cell_float64(&cell);

            /* SQLite holds no NaN, and stores -0.0 as 0. */
            if (value != value || (value == 0 && __builtin_signbit(value)))
                return true;
        }
    }
    return false;
}

/* Random tables of everything there is, in every form. */
static void every_type_comes_back_as_it_was(void)
{
    static const struct {
        const char *what;
        struct sqlite_forms forms;
    } list[] = {{"plain", {0}},
                {"texts", {.uint64_form = 1, .temporal_form = 1}},
                {"ints", {.uint64_form = 1, .decimal_form = 1}},
                {"strict", {.uint64_form = 1, .strict = true}},
                {"strict texts", {.uint64_form = 1, .temporal_form = 1, .strict = true}}};
    static struct fixture f;
    int tested = 0;

    open_memory(&f);
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct made made;
        enum sqlite_form form[4];
        bool metadata[4], skip = false;
        const size_t with = seed % (sizeof list / sizeof *list);

        make(&made, seed, (int32_t)(seed % 3), 4, 20);
        for (int32_t i = 0; i < 4; i++)
            skip = skip || holds_big_uint64(&made, i);
        if (!skip) {
            tested++;
            create(&f, made.type, &list[with].forms, form, metadata);
            describe_columns(&f, made.type, metadata);
            fill(&f, &made, form);
            check_same(&f, &made, list[with].what, (unsigned long long)seed);
        }
        release_made(&made);
    }
    CHECK(tested > 50);
    close_all(&f);
}

/* ---- the table ---- */

static struct stoa__arrow_type *simple(const char *format, const char *name,
                                       stoa__arena *arena)
{
    struct stoa__arrow_type *type;

    CHECK_INT(stoa__arrow_type_simple(format, name, true, arena, &type, NULL), STOA_OK);
    return type;
}

static const char *read_type(struct fixture *f, const char *database, const char *table,
                             const char *column)
{
    struct stoa__arrow_type *type;
    stoa__arena arena = {0};

    CHECK_INT(sqlite_column_type_read(f->session, NULL, database, table, column, &arena,
                                      &type, &f->err),
              STOA_OK);
    if (type)
        stoa__arrow_type_text(type, f->text, sizeof f->text);
    else
        memcpy(f->text, "-", 2);
    stoa__arena_release(&arena);
    return f->text;
}

static void write_type(struct fixture *f, const char *database, const char *table,
                       const char *column, const char *format)
{
    stoa__arena arena = {0};

    CHECK_INT(sqlite_column_type_write(f->session, NULL, database, table,
                                       simple(format, column, &arena), &f->err),
              STOA_OK);
    stoa__arena_release(&arena);
}

static void a_row_counts_while_its_table_is_the_same(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER, b INTEGER) STRICT");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    write_type(&f, NULL, "t", "a", "tsu:UTC");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "timestamp[us, UTC]");
    CHECK_TEXT(read_type(&f, "main", "T", "A"), "timestamp[us, UTC]");
    CHECK_TEXT(read_type(&f, NULL, "t", "b"), "-");
    run(&f, "INSERT INTO t VALUES(0, 1)");
    CHECK_TEXT(rows(&f, "SELECT a, b FROM t"), "\"1970-01-01T00:00:00.000000Z\"|1\n");
    write_type(&f, NULL, "t", "a", "tdD"); /* A second row replaces the first. */
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "date32");
    run(&f, "ALTER TABLE t ADD COLUMN c TEXT");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    run(&f, "DROP TABLE t; CREATE TABLE t(a INTEGER, b INTEGER) STRICT");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"),
               "date32"); /* Word for word the same table. */
    run(&f, "DROP TABLE t; CREATE TABLE t(a INT, b INTEGER) STRICT");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    CHECK_TEXT(types(&f, "SELECT a FROM t"), "a int64");
    close_all(&f);
}

static void temporary_and_attached_tables_have_rows_of_their_own(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "ATTACH ':memory:' AS \"other one\"; CREATE TABLE t(a INTEGER);"
            "CREATE TEMP TABLE tt(a INTEGER); CREATE TABLE \"other one\".t(a INTEGER)");
    write_type(&f, "temp", "tt", "a", "tdD");
    write_type(&f, "other one", "t", "a", "tDm");
    CHECK_TEXT(read_type(&f, "temp", "tt", "a"), "date32");
    CHECK_TEXT(read_type(&f, "other one", "t", "a"), "duration[ms]");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    CHECK_TEXT(
        types(&f, "SELECT x.a, y.a AS b, z.a AS c FROM t x, tt y, \"other one\".t z"),
        "a int64, b date32, c duration[ms]");
    close_all(&f);
}

static void a_rollback_takes_types_back(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER); BEGIN");
    write_type(&f, NULL, "t", "a", "tdD");
    CHECK_TEXT(types(&f, "SELECT a FROM t"), "a date32");
    run(&f, "ROLLBACK");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    CHECK_TEXT(types(&f, "SELECT a FROM t"), "a int64");
    run(&f, "BEGIN");
    write_type(&f, NULL, "t", "a", "tDs");
    run(&f, "COMMIT");
    CHECK_TEXT(types(&f, "SELECT a FROM t"), "a duration[s]");
    close_all(&f);
}

static void rows_of_a_newer_layout_are_passed_over(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER DATE32)");
    write_type(&f, NULL, "t", "a", "tsu:");
    CHECK_TEXT(types(&f, "SELECT a FROM t"), "a timestamp[us]");
    run(&f,
        "UPDATE stoa_column_type SET field = CAST(x'02' || substr(field, 2) AS BLOB)");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    sqlite_statement_cache_clear(f.session);
    CHECK_TEXT(types(&f, "SELECT a FROM t"), "a date32");
    run(&f, "UPDATE stoa_column_type SET field = NULL, format = 'tDu'");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "duration[us]");
    run(&f, "UPDATE stoa_column_type SET field = NULL, format = '?'");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    run(&f, "DROP TABLE stoa_column_type; CREATE TABLE stoa_column_type(tbl, more)");
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "-");
    CHECK_TEXT(rows(&f, "SELECT a FROM t"), "");
    close_all(&f);
}

static void a_table_that_is_not_there_has_no_types(void)
{
    static struct fixture f;
    stoa__arena arena = {0};

    open_memory(&f);
    CHECK_INT(sqlite_column_type_write(f.session, NULL, NULL, "nope",
                                       simple("l", "a", &arena), &f.err),
              STOA_ERR_NOT_FOUND);
    CHECK_HAS(f.err.text, "there is no table 'nope'");
    CHECK_TEXT(read_type(&f, NULL, "nope", "a"), "-");
    stoa__arena_release(&arena);
    close_all(&f);
}

static void facts_of_tables_are_told(void)
{
    static struct fixture f;
    static const struct {
        const char *table;
        bool strict, alias;
    } list[] = {{"a", false, true},  {"b", false, false}, {"c", true, true},
                {"d", false, false}, {"e", false, false}, {"nope", false, false}};

    open_memory(&f);
    run(&f,
        "CREATE TABLE a(id INTEGER PRIMARY KEY); CREATE TABLE b(x, y, PRIMARY KEY(x, y));"
        "CREATE TABLE c(id INTEGER PRIMARY KEY) STRICT;"
        "CREATE TABLE d(id INTEGER PRIMARY KEY) WITHOUT ROWID; CREATE VIEW e AS SELECT "
        "1");
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        struct sqlite_table_facts facts;

        CHECK_INT(
            sqlite_table_facts(f.session, NULL, "main", list[i].table, &facts, &f.err),
            STOA_OK);
        CHECK_INT(facts.strict, list[i].strict);
        CHECK_INT(facts.rowid_alias, list[i].alias);
    }
    CHECK(!f.session->dirty);
    close_all(&f);
}

/* ---- fields as bytes ---- */

static void fields_come_back_from_their_bytes(void)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct arrow_random random;
        struct ArrowSchema schema, again;
        struct stoa__arrow_type *type, *back;
        stoa__arena arena = {0};
        stoa__buffer bytes = {0};

        arrow_random_seed(&random, seed);
        arrow_random_schema(&random, 3, 3, &schema);
        CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, NULL), STOA_OK);
        CHECK_INT(sqlite_field_encode(type, &bytes, NULL), STOA_OK);
        CHECK_INT(sqlite_field_decode(bytes.data, bytes.size, &arena, &back, NULL),
                  STOA_OK);
        CHECK(stoa__arrow_type_equal(type, back));
        CHECK_INT(back->nullable, type->nullable);
        CHECK_INT(stoa__arrow_type_export(back, &again, NULL), STOA_OK);
        again.release(&again);
        schema.release(&schema);
        stoa__buffer_release(&bytes);
        stoa__arena_release(&arena);
    }
}

static stoa_status decode(const uint8_t *bytes, size_t size)
{
    stoa__arena arena = {0};
    struct stoa__arrow_type *type;
    uint8_t *exact = malloc(size + 1); /* So that a byte too far is seen. */
    stoa_error err;

    memcpy(exact, bytes, size);
    exact = realloc(exact, size > 0 ? size : 1);
    const stoa_status rc = sqlite_field_decode(exact, size, &arena, &type, &err);

    CHECK_INT(rc == STOA_OK, type != NULL);
    free(exact);
    stoa__arena_release(&arena);
    return rc;
}

/* They come from a file. */
static void damaged_bytes_are_refused_and_harmless(void)
{
    struct arrow_random random;
    struct ArrowSchema schema;
    struct stoa__arrow_type *type;
    stoa__arena arena = {0};
    stoa__buffer bytes = {0};

    arrow_random_seed(&random, 7);
    arrow_random_schema(&random, 3, 4, &schema);
    CHECK_INT(stoa__arrow_type_parse(&schema, &arena, &type, NULL), STOA_OK);
    CHECK_INT(sqlite_field_encode(type, &bytes, NULL), STOA_OK);
    for (size_t size = 0; size < bytes.size; size++)
        CHECK(decode(bytes.data, size) != STOA_OK);
    for (int i = 0; i < 20000; i++) {
        const size_t at = (size_t)arrow_random_below(&random, (int64_t)bytes.size);
        const uint8_t old = bytes.data[at];

        bytes.data[at] = (uint8_t)arrow_random_next(&random);
        const stoa_status rc = decode(bytes.data, bytes.size);

        CHECK(rc == STOA_OK || rc == STOA_ERR_TYPE || rc == STOA_ERR_INVALID);
        bytes.data[at] = old;
    }
    static const uint8_t deep[] = {1, 2, 2, '+', 'l', 0, 0, 1},
                         huge[] = {1, 2, 1, 'l', 0, 0, 255, 255, 255, 255, 15};
    uint8_t nested[1 + 7 * 200];

    nested[0] = 1;
    for (int i = 0; i < 200; i++)
        memcpy(nested + 1 + 7 * i, deep + 1, 7);
    CHECK_INT(decode(nested, sizeof nested), STOA_ERR_TYPE);
    CHECK_INT(decode(huge, sizeof huge), STOA_ERR_TYPE);
    schema.release(&schema);
    stoa__buffer_release(&bytes);
    stoa__arena_release(&arena);
}

static void reading_types_survives_every_allocation_failure(void)
{
    static struct fixture f;

    open_memory(&f);
    run(&f, "CREATE TABLE t(a INTEGER)");
    write_type(&f, NULL, "t", "a", "tsu:UTC");
    for (int nth = 0;; nth++) {
        struct stoa__arrow_type *type;
        stoa__arena arena = {0};

        sqlite_type_cache_clear(f.session);
        stoa__mem_fail_nth = nth;
        const stoa_status rc = sqlite_column_type_read(f.session, NULL, NULL, "t", "a",
                                                       &arena, &type, &f.err);

        stoa__mem_fail_nth = -1;
        CHECK_INT(rc == STOA_OK, type != NULL);
        stoa__arena_release(&arena);
        if (rc == STOA_OK) {
            CHECK(nth > 5);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    CHECK_TEXT(read_type(&f, NULL, "t", "a"), "timestamp[us, UTC]");
    close_all(&f);
}

TEST_MAIN(
    {"every type comes back as it was", every_type_comes_back_as_it_was},
    {"a row counts while its table is the same",
     a_row_counts_while_its_table_is_the_same},
    {"temporary and attached tables have rows of their own",
     temporary_and_attached_tables_have_rows_of_their_own},
    {"a rollback takes types back", a_rollback_takes_types_back},
    {"rows of a newer layout are passed over", rows_of_a_newer_layout_are_passed_over},
    {"a table that is not there has no types", a_table_that_is_not_there_has_no_types},
    {"facts of tables are told", facts_of_tables_are_told},
    {"fields come back from their bytes", fields_come_back_from_their_bytes},
    {"damaged bytes are refused and harmless", damaged_bytes_are_refused_and_harmless},
    {"reading types survives every allocation failure",
     reading_types_survives_every_allocation_failure})
