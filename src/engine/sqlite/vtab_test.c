/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of every layout, read through the virtual table: sliced, without buffers,
 * masked, with indices and offsets that lie. What is right is what arrow/cell.h reads. */
#include "arrow_random.h"
#include "base/error.h"
#include "engine/sqlite/ingest_kit.h"
#include "engine/sqlite/type.h"

/* Register one batch as the scan `name`. `batch` is taken; the type is parsed again. */
static void *add_scan(struct kit *kit, const char *name, struct ArrowSchema *schema,
                      struct ArrowArray *batches, int64_t count)
{
    struct stoa__scan_source source = {.batch_count = count, .check = STOA_CHECK_SHAPE};
    void *scan;

    kit_status(stoa__arrow_type_parse(schema, &source.arena, &source.type, &kit->err),
               STOA_OK, &kit->err, __FILE__, __LINE__);
    source.batches = stoa__alloc_zero((size_t)count + 1, sizeof(*batches));
    for (int64_t i = 0; i < count; i++) {
        source.batches[i] = batches[i];
        batches[i].release = NULL;
    }
    kit_status(sqlite_scan_add(kit->session, name, &source, false, &scan, &kit->err),
               STOA_OK, &kit->err, __FILE__, __LINE__);
    return scan;
}

/* The cell as SQLite should give it, by sqlite_put() on the resolved cell: the slow way
 * alone. */
struct expected {
    sqlite3_stmt *statement; /* SELECT ?1 */
    stoa__buffer scratch;
};

static sqlite3_value *expect(struct expected *self, const struct stoa__arrow_type *type,
                             const struct ArrowArray *array, int64_t row)
{
    const struct sqlite_column_form form = {type, sqlite_type_form_default(type)};
    stoa_error err;

    sqlite3_reset(self->statement);
    sqlite3_clear_bindings(self->statement);
    CHECK_INT(sqlite_put(&form, array, row, true, STOA__NAN_NULL, &self->scratch,
                         self->statement, 1, NULL, &err),
              STOA_OK);
    CHECK_INT(sqlite3_step(self->statement), SQLITE_ROW);
    return sqlite3_column_value(self->statement, 0);
}

static void check_value(sqlite3_value *got, sqlite3_value *right)
{
    CHECK_INT(sqlite3_value_type(got), sqlite3_value_type(right));
    CHECK_INT(sqlite3_value_int64(got), sqlite3_value_int64(right));
    CHECK_INT(sqlite3_value_bytes(got), sqlite3_value_bytes(right));
    if (sqlite3_value_bytes(got) > 0)
        CHECK(memcmp(sqlite3_value_blob(got), sqlite3_value_blob(right),
                     (size_t)sqlite3_value_bytes(got)) == 0);
}

static void check_scan(struct kit *kit, const struct stoa__arrow_type *type,
                       const struct ArrowArray *batch)
{
    struct expected expected = {0};
    sqlite3_stmt *rows = NULL;
    int64_t row = 0;

    CHECK_INT(sqlite3_prepare_v2(kit->db, "SELECT ?1", -1, &expected.statement, NULL),
              SQLITE_OK);
    CHECK_INT(sqlite3_prepare_v2(kit->db, "SELECT * FROM s", -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        for (int32_t i = 0; i < type->child_count; i++)
            check_value(sqlite3_column_value(rows, i),
                        expect(&expected, &type->children[i], batch->children[i],
                               batch->offset + row));
        row++;
    }
    CHECK_TEXT(sqlite3_errmsg(kit->db), "no more rows available");
    CHECK_INT(row, batch->length);
    sqlite3_finalize(rows);
    sqlite3_finalize(expected.statement);
    stoa__buffer_release(&expected.scratch);
}

/* uint64 beyond 2^63 has no place here; everything else must read as the slow way reads
 * it. */
static void zero_large_uints(const struct stoa__arrow_type *type,
                             struct ArrowArray *array)
{
    if (type->kind == STOA__ARROW_UINT64 && array->buffers[1])
        for (int64_t i = 0; i < array->offset + array->length; i++)
            ((uint8_t *)(uintptr_t)array->buffers[1])[i * 8 + 7] &= 0x7f;
    if (type->dictionary)
        zero_large_uints(type->dictionary, array->dictionary);
    else if (type->kind == STOA__ARROW_RUN_END)
        zero_large_uints(&type->children[1], array->children[1]);
}

static void random_layouts_read_as_their_cells(void)
{
    struct kit kit = kit_open(":memory:", "");

    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct arrow_random random;
        struct ArrowSchema schema;
        struct stoa__arrow_type *type;
        struct ArrowArray batch, shared, window;
        stoa__arena arena = {0};

        printf("# seed %d\n", (int)seed);
        arrow_random_seed(&random, seed);
        arrow_random_schema(&random, 1, 8, &schema);
        KIT_OK(stoa__arrow_type_parse(&schema, &arena, &type, &kit.err));
        arrow_random_array(&random, type, 30, &batch);
        for (int32_t i = 0; i < type->child_count; i++)
            zero_large_uints(&type->children[i], batch.children[i]);
        /* A window on the batch adds an offset of its own. */
        KIT_OK(stoa__array_share(&batch, &shared, &kit.err));
        KIT_OK(stoa__array_window(&shared, (int64_t)(seed % 7), 20, &window, &kit.err));

        struct ArrowArray given;

        KIT_OK(stoa__array_clone(&window, &given, &kit.err));

        void *scan = add_scan(&kit, "s", &schema, &given, 1);

        check_scan(&kit, type, &window);
        sqlite_scan_drop(scan);
        stoa__array_release(&window);
        stoa__array_release(&shared);
        schema.release(&schema);
        stoa__arena_release(&arena);
    }
    kit_close(&kit);
}

/* ---- by hand ---- */

static struct ArrowArray *ints(int64_t count, bool nulls)
{
    struct ArrowArray *array = make_array(count, nulls ? -1 : 0, 0, 2);
    int64_t *values = make_buffer(array, 1, NULL, count * 8);

    for (int64_t i = 0; i < count; i++)
        values[i] = i;
    if (nulls)
        memset(make_buffer(array, 0, NULL, (count + 7) / 8), 0x55,
               (size_t)(count + 7) / 8);
    return array;
}

static const char *scan_text(struct kit *kit, struct ArrowSchema *schema,
                             struct ArrowArray *batch, const char *sql)
{
    void *scan = add_scan(kit, "s", schema, batch, 1);
    const char *text = kit_text(kit, sql);

    sqlite_scan_drop(scan);
    make_free_array(batch);
    make_free_schema(schema);
    return text;
}

static void missing_buffers_are_nulls_or_nothing(void)
{
    struct kit kit = kit_open(":memory:", "");
    struct ArrowSchema *schema;
    struct ArrowArray *batch, *text;

    /* null_count -1 with a validity buffer, and a mask over whole rows. */
    CHECK_TEXT(scan_text(&kit, make_table(make_schema("l", "c")),
                         make_batch(ints(6, true), 2, 4), "SELECT c FROM s"),
               "2\nNULL\n4\nNULL\n");
    batch = make_batch(ints(6, true), 1, 5);
    batch->null_count = -1;
    memset(make_buffer(batch, 0, NULL, 1), 0x38, 1); /* Rows 3, 4, 5 of 1 ... 5. */
    CHECK_TEXT(
        scan_text(&kit, make_table(make_schema("l", "c")), batch, "SELECT c FROM s"),
        "NULL\nNULL\nNULL\n4\nNULL\n");
    batch = make_batch(ints(6, false), 1, 5);
    batch->null_count = -1;
    memset(make_buffer(batch, 0, NULL, 1), 0x38, 1);
    CHECK_TEXT(scan_text(&kit, make_table(make_schema("l", "c")), batch,
                         "SELECT count(*), count(c), sum(c) FROM s WHERE c > 2"),
               "3|3|12\n");
    /* No data at all: every cell NULL. */
    text = make_array(3, 3, 0, 3);
    make_buffer(text, 0, NULL, 1);
    make_buffer(text, 1, NULL, 16);
    CHECK_TEXT(scan_text(&kit, make_table(make_schema("u", "c")), make_batch(text, 0, 3),
                         "SELECT c, typeof(c) FROM s"),
               "NULL|null\nNULL|null\nNULL|null\n");
    /* Empty texts in no buffer are texts. */
    text = make_array(3, 0, 0, 3);
    make_buffer(text, 1, NULL, 16);
    CHECK_TEXT(scan_text(&kit, make_table(make_schema("u", "c")), make_batch(text, 0, 3),
                         "SELECT c, typeof(c) FROM s"),
               "|text\n|text\n|text\n");
    /* No rows, no buffers. */
    schema = make_table(make_schema("u", "c"));
    make_schema_child(schema, make_schema("vz", "d"));
    batch = make_batch(make_array(0, 0, 0, 3), 0, 0);
    make_child(batch, make_array(0, 0, 0, 3));
    CHECK_TEXT(scan_text(&kit, schema, batch, "SELECT count(*) FROM s WHERE c = ''"),
               "0\n");
    kit_close(&kit);
}

static void bits_are_read_at_any_offset(void)
{
    struct kit kit = kit_open(":memory:", "");
    const uint8_t bits[] = {0xb2, 0x6d}; /* 0100110110110110 from the low end. */

    for (int64_t at = 0; at < 8; at++)
        for (int64_t outer = 0; outer < 4; outer++) {
            struct ArrowArray *column = make_array(12 - at, 0, at, 2);
            char right[] = "0\n0\n0\n0\n";

            make_buffer(column, 1, bits, 2);
            for (int64_t i = 0; i < 4; i++)
                right[2 * i] = stoa__bit_get(bits, at + outer + i) ? '1' : '0';
            CHECK_TEXT(scan_text(&kit, make_table(make_schema("b", "c")),
                                 make_batch(column, outer, 4), "SELECT c FROM s"),
                       right);
        }
    kit_close(&kit);
}

/* Data that nobody checked in full: an error with the place, and no wild read (ASan
 * looks). */
static void lies_are_errors_with_a_place(void)
{
    struct kit kit = kit_open(":memory:", "");
    const int32_t indices[] = {0, 2, -1}, offsets[] = {0, 2, 1, 3};
    struct ArrowSchema *schema = make_schema("i", "code");
    struct ArrowArray *codes = make_array(3, 0, 0, 2), *names = make_array(2, 0, 0, 3);
    struct ArrowArray *text = make_array(3, 0, 0, 3);

    make_schema_dictionary(schema, make_schema("u", ""));
    make_buffer(codes, 1, indices, sizeof(indices));
    make_buffer(names, 1, offsets, 12);
    make_buffer(names, 2, "abc", 3);
    ((int32_t *)(uintptr_t)names->buffers[1])[2] = 3;
    make_dictionary(codes, names);
    CHECK_TEXT(scan_text(&kit, make_table(schema), make_batch(codes, 0, 3),
                         "SELECT code FROM s LIMIT 2"),
               "ab\nerror: column 'code', row 1: the index is outside the dictionary");
    make_buffer(text, 1, offsets, sizeof(offsets));
    make_buffer(text, 2, "abc", 3);
    CHECK_TEXT(scan_text(&kit, make_table(make_schema("u", "c")), make_batch(text, 0, 3),
                         "SELECT c FROM s"),
               "ab\nerror: column 'c', row 1: the offsets are out of order");
    kit_close(&kit);
}

static void narrow_and_wide_integers_keep_their_signs(void)
{
    struct kit kit = kit_open(":memory:", "");
    static const struct {
        const char *format;
        int width;
        const char *right;
    } cases[] = {
        {"c", 1, "-128\n-1\n127\n"},
        {"s", 2, "-32768\n-1\n32767\n"},
        {"i", 4, "-2147483648\n-1\n2147483647\n"},
        {"l", 8, "-9223372036854775808\n-1\n9223372036854775807\n"},
        {"C", 1, "128\n255\n127\n"},
        {"S", 2, "32768\n65535\n32767\n"},
        {"I", 4, "2147483648\n4294967295\n2147483647\n"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const int width = cases[i].width;
        struct ArrowArray *column = make_array(3, 0, 0, 2);
        uint8_t *bytes = make_buffer(column, 1, NULL, 3 * width);

        bytes[width - 1] = 0x80;
        memset(bytes + width, 0xff, (size_t)width);
        memset(bytes + 2 * width, 0xff, (size_t)width);
        bytes[3 * width - 1] = 0x7f;
        CHECK_TEXT(scan_text(&kit, make_table(make_schema(cases[i].format, "c")),
                             make_batch(column, 0, 3), "SELECT c FROM s"),
                   cases[i].right);
    }
    kit_close(&kit);
}

TEST_MAIN({"random layouts read as their cells", random_layouts_read_as_their_cells},
          {"missing buffers are nulls or nothing", missing_buffers_are_nulls_or_nothing},
          {"bits are read at any offset", bits_are_read_at_any_offset},
          {"lies are errors with a place", lies_are_errors_with_a_place},
          {"narrow and wide integers keep their signs",
           narrow_and_wide_integers_keep_their_signs})
