/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/rows_test.h"

#include "arrow_random.h"

static const struct sqlite_forms PLAIN = {0};
static const struct sqlite_forms TEXTS = {.uint64_form = 1, .temporal_form = 1};
static const struct sqlite_forms INTS = {.decimal_form = 1};
static const struct sqlite_forms STRICT = {.strict = true};

struct declaration {
    char text[256];
    enum sqlite_form form;
    bool metadata;
};

static void declare(const struct stoa__arrow_type *type, const struct sqlite_forms *forms,
                    struct declaration *out)
{
    stoa__buffer text = {0};
    stoa_error err;

    CHECK_INT(sqlite_type_declare(type, forms, &text, &out->form, &out->metadata, &err),
              STOA_OK);
    CHECK(text.size < sizeof out->text);
    memcpy(out->text, text.data, text.size);
    out->text[text.size] = 0;
    stoa__buffer_release(&text);
}

static struct stoa__arrow_type *simple(const char *format, stoa__arena *arena)
{
    struct stoa__arrow_type *type;

    CHECK_INT(stoa__arrow_type_simple(format, "c", true, arena, &type, NULL), STOA_OK);
    return type;
}

/* The affinity SQLite gives a column declared so, by what it makes of three values. */
static const char *probe(struct fixture *f, const char *declared, const char *suffix)
{
    char sql[1024];

    snprintf(sql, sizeof sql,
             "DROP TABLE IF EXISTS probe; CREATE TABLE probe(c %s) %s; "
             "INSERT INTO probe VALUES (1), ('1'), ('1.5')",
             declared, suffix);
    run(f, sql);
    rows(f, "SELECT group_concat(typeof(c)) FROM probe");
    return f->text;
}

static const char *affinity_answer(enum sqlite_affinity affinity)
{
    switch (affinity) {
    case SQLITE_AFFINITY_TEXT:
        return "\"text,text,text\"\n";
    case SQLITE_AFFINITY_REAL:
        return "\"real,real,real\"\n";
    case SQLITE_AFFINITY_INTEGER:
    case SQLITE_AFFINITY_NUMERIC: /* Stored values do not tell them apart. */
        return "\"integer,integer,real\"\n";
    case SQLITE_AFFINITY_BLOB:
        break;
    }
    return "\"integer,text,text\"\n";
}

/* What a form needs so that SQLite leaves its values alone. */
static enum sqlite_affinity wanted(enum sqlite_form form)
{
    switch ((int)form) {
    case SQLITE_FORM_INT:
    case SQLITE_FORM_DECIMAL_INT:
        return SQLITE_AFFINITY_INTEGER;
    case SQLITE_FORM_REAL:
        return SQLITE_AFFINITY_REAL;
    case SQLITE_FORM_BLOB:
    case SQLITE_FORM_INTERVAL_BLOB:
        return SQLITE_AFFINITY_BLOB;
    case SQLITE_FORM_NULL:
        return SQLITE_AFFINITY_NUMERIC;
    default:
        return SQLITE_AFFINITY_TEXT;
    }
}

static void check_round_trip(struct fixture *f, const char *format,
                             const struct sqlite_forms *forms)
{
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = simple(format, &arena), *back;
    struct declaration made;
    enum sqlite_form form;

    declare(type, forms, &made);
    CHECK_TEXT(probe(f, made.text, ""), affinity_answer(wanted(made.form)));
    CHECK_INT(sqlite_type_affinity(made.text), wanted(made.form));
    if (!made.metadata) {
        CHECK_INT(sqlite_type_read(made.text, &arena, &back, &form, &f->err), STOA_OK);
        CHECK(back && stoa__arrow_type_equal(type, back));
        CHECK_INT(form, made.form);
    }
    CHECK_INT(sqlite_type_form(type, made.text), made.form);
    stoa__arena_release(&arena);
}

static const char *const MORE[] = {"tss:UTC",
                                   "tsm:UTC",
                                   "tsu:America/Montreal",
                                   "tsn:Atlantic/Saint_Helena",
                                   "tsu:Europe/Paris",
                                   "tsu:+02:00",
                                   "d:9,2,32",
                                   "d:18,9,64",
                                   "d:38,10",
                                   "d:76,38,256",
                                   "d:10,-2",
                                   "w:0",
                                   "w:4096",
                                   "tsu:Area/\"Odd\" one"};

static void every_type_has_its_affinity_and_comes_back(void)
{
    static struct fixture f;
    const struct sqlite_forms *forms[] = {&PLAIN, &TEXTS, &INTS};

    open_memory(&f);
    CHECK(arrow_random_format_count > 30);
    for (size_t i = 0; i < 3; i++) {
        for (int32_t j = 0; j < arrow_random_format_count; j++)
            check_round_trip(&f, arrow_random_formats[j], forms[i]);
        for (size_t j = 0; j < sizeof MORE / sizeof *MORE; j++)
            check_round_trip(&f, MORE[j], forms[i]);
    }
    close_all(&f);
}

static void strict_tables_take_the_storage_word_alone(void)
{
    static struct fixture f;
    stoa__arena arena = {0};

    open_memory(&f);
    for (int32_t i = 0; i < arrow_random_format_count; i++) {
        const char *format = arrow_random_formats[i];
        struct stoa__arrow_type *type = simple(format, &arena);
        struct declaration made;
        char sql[sizeof made.text + 64];

        declare(type, &STRICT, &made);
        CHECK(!strchr(made.text, ' '));
        CHECK_INT(made.metadata, strcmp(format, "l") && strcmp(format, "g") &&
                                     strcmp(format, "u") && strcmp(format, "z"));
        CHECK_INT(sqlite_type_form(type, made.text), made.form);
        snprintf(sql, sizeof sql, "CREATE TABLE s%d(c %s) STRICT", i, made.text);
        run(&f, sql);
    }
    stoa__arena_release(&arena);
    close_all(&f);
}

static void check_text(const char *format, const struct sqlite_forms *forms,
                       const char *text)
{
    stoa__arena arena = {0};
    struct declaration made;

    declare(simple(format, &arena), forms, &made);
    CHECK_TEXT(made.text, text);
    stoa__arena_release(&arena);
}

static void declared_types_are_those_of_the_reference(void)
{
    check_text("n", &PLAIN, "ANY NULLS");
    check_text("b", &PLAIN, "INTEGER BOOL");
    check_text("l", &PLAIN, "INTEGER");
    check_text("L", &PLAIN, "INTEGER UINT64");
    check_text("L", &TEXTS, "TEXT U64");
    check_text("f", &PLAIN, "REAL FLOAT32");
    check_text("d:10,2", &PLAIN, "TEXT DECIMAL(10,2)");
    check_text("d:9,2,32", &PLAIN, "TEXT DECIMAL32(9,2)");
    check_text("d:10,2", &INTS, "INTEGER DECIMAL(10,2)");
    check_text("d:19,2", &INTS, "TEXT DECIMAL(19,2)");
    check_text("w:16", &PLAIN, "BLOB FIXED(16)");
    check_text("tdD", &TEXTS, "TEXT DATE32");
    check_text("ttn", &PLAIN, "INTEGER TIME_NS");
    check_text("tsu:", &PLAIN, "INTEGER TIMESTAMP_US");
    check_text("tsu:UTC", &PLAIN, "INTEGER TIMESTAMP_US \"UTC\"");
    check_text("tsu:UTC", &TEXTS, "TEXT TIMESTAMPTZ_US");
    check_text("tDm", &TEXTS, "INTEGER DURATION_MS");
    check_text("tin", &PLAIN, "BLOB MONTHS_DAYS_NANOS");
    check_text("tsu:UTC", &STRICT, "INTEGER");
}

static void a_zone_that_text_does_not_tell_needs_a_row(void)
{
    stoa__arena arena = {0};
    struct declaration made;

    declare(simple("tsu:UTC", &arena), &TEXTS, &made);
    CHECK(!made.metadata);
    declare(simple("tsu:Asia/Tokyo", &arena), &TEXTS, &made);
    CHECK_TEXT(made.text, "TEXT TIMESTAMPTZ_US");
    CHECK(made.metadata);
    stoa__arena_release(&arena);
}

static const char *read_text(const char *declared, char *out, size_t capacity)
{
    struct sqlite_declared promised;
    stoa__arena arena = {0};

    CHECK_INT(sqlite_type_parse(declared, &arena, &promised, NULL), STOA_OK);
    if (!promised.type)
        snprintf(out, capacity, "-");
    else
        stoa__arrow_type_text(promised.type, out, capacity);
    if (promised.tentative)
        strncat(out, "?", capacity - strlen(out) - 1);
    stoa__arena_release(&arena);
    return out;
}

static void foreign_types_promise_no_more_than_they_hold(void)
{
    static const struct {
        const char *declared, *type;
    } list[] = {
        {"INTEGER", "int64"},
        {"int", "int64"},
        {"TINYINT", "int64"},
        {"UNSIGNED BIG INT", "int64"},
        {"BIGINT(20)", "int64"},
        {"INT8", "int64"},
        {"Double  Precision", "float64"},
        {"FLOAT(7,4)", "float64"},
        {"real", "float64"},
        {"VARCHAR(255)", "utf8"},
        {"nvarchar(100)", "utf8"},
        {"CLOB", "utf8"},
        {"BLOB", "binary"},
        {"VARBINARY(9)", "binary"},
        {"BYTEA", "binary"},
        {"BOOLEAN", "bool?"},
        {"bool", "bool?"},
        {"DATE", "-"},
        {"DATETIME", "-"},
        {"NUMERIC", "-"},
        {"DECIMAL(10,2)", "-"},
        {"POINT", "-"},
        {"INTERVAL", "-"},
        {"", "-"},
        {"TEXT DECIMAL(0,2)", "-"},
        {"TEXT DECIMAL(40,2)", "-"},
        {"TEXT DECIMAL", "-"},
        {"TEXT DECIMAL(10,2,3)", "-"},
        {"INTEGER DECIMAL(19,2)", "-"},
        {"BLOB FIXED(99999999999)", "-"},
        {"BLOB FIXED", "-"},
        {"BLOB FIXED(-1)", "-"},
        {"INTEGER TIMESTAMP_US 'a' 'b'", "-"},
        {"INTEGER INT32 \"UTC\"", "-"},
        {"TEXT TIMESTAMP_US \"Atlantic/Saint_Helena\"", "-"},
        {"INTEGER(", "int64"},
        {"a b c d", "-"},
        {"%$!", "-"},
        {"(3)", "-"},
        {"integer timestamp_us \"UTC\"", "timestamp[us, UTC]"},
        {"TEXT LIST", "utf8"},
        {"TEXT VARIANT", "utf8"},
    };
    char text[128];

    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        read_text(list[i].declared, text, sizeof text);
        if (strcmp(text, list[i].type) != 0)
            printf("# declared '%s'\n", list[i].declared);
        CHECK_TEXT(text, list[i].type);
    }
}

/* Names that hold a stronger word than they mean: SQLite and we must agree on each. */
static void accidents_of_affinity_are_seen_as_sqlite_sees_them(void)
{
    static const char *const list[] = {"POINT",
                                       "INTERVAL",
                                       "DECIMAL(10,2)",
                                       "DATE",
                                       "UUID",
                                       "JSON",
                                       "STRING",
                                       "CHARINT",
                                       "FLOATING POINT",
                                       "TIMESTAMP_US \"America/Montreal\"",
                                       "TEXT UINT64",
                                       "BLOB INTERVAL",
                                       "TEXT TIMESTAMP_US \"Atlantic/Saint_Helena\"",
                                       "XBLOBX",
                                       "DOUBLE",
                                       "CLOB",
                                       "NUM",
                                       "",
                                       "INTEGER TIMESTAMP_US \"America/Montreal\""};
    static struct fixture f;

    open_memory(&f);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        CHECK_TEXT(probe(&f, list[i], ""),
                   affinity_answer(sqlite_type_affinity(list[i])));
    CHECK_INT(sqlite_type_affinity("POINT"), SQLITE_AFFINITY_INTEGER);
    CHECK_INT(sqlite_type_affinity("TIMESTAMP_US \"America/Montreal\""),
              SQLITE_AFFINITY_REAL);
    close_all(&f);
}

static void extensions_with_words_need_no_row(void)
{
    stoa__arena arena = {0};
    struct sqlite_declared promised;
    struct declaration made;

    CHECK_INT(sqlite_type_parse("TEXT JSON", &arena, &promised, NULL), STOA_OK);
    CHECK_TEXT(promised.type->extension_name, "arrow.json");
    declare(promised.type, &PLAIN, &made);
    CHECK_TEXT(made.text, "TEXT JSON");
    CHECK(!made.metadata);
    declare(promised.type, &STRICT, &made);
    CHECK(made.metadata);
    CHECK_INT(sqlite_type_parse("BLOB UUID", &arena, &promised, NULL), STOA_OK);
    CHECK_TEXT(promised.type->extension_name, "arrow.uuid");
    CHECK_INT(promised.type->width, 16);
    declare(promised.type, &PLAIN, &made);
    CHECK_TEXT(made.text, "BLOB UUID");
    CHECK(!made.metadata);
    stoa__arena_release(&arena);
}

static void metadata_of_our_own_reading_needs_no_row(void)
{
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = simple("l", &arena);
    struct declaration made;
    int32_t size = 0;

    CHECK_INT(sqlite_metadata_with(NULL, "SQLITE:type", "INTEGER", 7, &arena,
                                   &type->metadata, &type->metadata_size, NULL),
              STOA_OK);
    declare(type, &PLAIN, &made);
    CHECK(!made.metadata);
    CHECK_INT(sqlite_metadata_with(type->metadata, "unit", "kg", 2, &arena,
                                   &type->metadata, &type->metadata_size, NULL),
              STOA_OK);
    CHECK_INT(sqlite_metadata_with(type->metadata, "SQLITE:type", "INT", 3, &arena,
                                   &type->metadata, &type->metadata_size, NULL),
              STOA_OK);
    declare(type, &PLAIN, &made);
    CHECK(made.metadata);
    CHECK(memcmp(stoa__arrow_metadata_find(type->metadata, "SQLITE:type", &size), "INT",
                 3) == 0);
    CHECK_INT(size, 3);
    CHECK(memcmp(stoa__arrow_metadata_find(type->metadata, "unit", &size), "kg", 2) == 0);
    stoa__arena_release(&arena);
}

static void declaring_survives_every_allocation_failure(void)
{
    stoa__arena arena = {0};
    struct stoa__arrow_type *type = simple("tsu:UTC", &arena);

    for (int nth = 0;; nth++) {
        stoa__buffer text = {0};
        enum sqlite_form form;
        bool metadata;
        stoa_error err;

        stoa__mem_fail_nth = nth;
        const stoa_status rc =
            sqlite_type_declare(type, &PLAIN, &text, &form, &metadata, &err);

        stoa__mem_fail_nth = -1;
        if (rc != STOA_OK) {
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_INT(text.size, 0);
        }
        stoa__buffer_release(&text);
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            break;
        }
    }
    stoa__arena_release(&arena);
}

TEST_MAIN({"every type has its affinity and comes back",
           every_type_has_its_affinity_and_comes_back},
          {"strict tables take the storage word alone",
           strict_tables_take_the_storage_word_alone},
          {"declared types are those of the reference",
           declared_types_are_those_of_the_reference},
          {"a zone that text does not tell needs a row",
           a_zone_that_text_does_not_tell_needs_a_row},
          {"foreign types promise no more than they hold",
           foreign_types_promise_no_more_than_they_hold},
          {"accidents of affinity are seen as SQLite sees them",
           accidents_of_affinity_are_seen_as_sqlite_sees_them},
          {"extensions with words need no row", extensions_with_words_need_no_row},
          {"metadata of our own reading needs no row",
           metadata_of_our_own_reading_needs_no_row},
          {"declaring survives every allocation failure",
           declaring_survives_every_allocation_failure})
