/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's functions and aggregates, through the public interface. */
#include "arrow_make.h"
#include "support/app.h"

#include "base/mem.h"

/* What the callbacks see and do; `user_data` of all of them. */
struct probe {
    int released, calls, rows, batches, drops;
    stoa_conn conn;
    stoa_db db;
    stoa_function self;
    stoa_result result;
    stoa_status inner; /* What an inner call answered. */
    const char *fail;
    int fail_at; /* Of `calls`. */
};

static void released(void *user_data)
{
    ((struct probe *)user_data)->released++;
}

/* A struct of these formats: "l,u" is two parameters; "d:10.2" stands for "d:10,2". */
static struct ArrowSchema *parameters(const char *formats)
{
    struct ArrowSchema *schema = make_schema("+s", "");
    char copy[64], *rest = NULL;

    (void)snprintf(copy, sizeof(copy), "%s", formats);
    for (char *at = strtok_r(copy, ",", &rest); at; at = strtok_r(NULL, ",", &rest)) {
        if (strchr(at, '.'))
            *strchr(at, '.') = ',';
        make_schema_child(schema, make_schema(at, "p"));
    }
    return schema;
}

static stoa_status add(stoa_conn conn, const char *name, const char *takes, const char *gives,
                       int64_t flags, stoa_function_spec kind, struct probe *probe,
                       stoa_error *err)
{
    struct ArrowSchema *in = parameters(takes);
    struct ArrowSchema *out = gives ? make_schema(gives, "") : NULL;

    kind.struct_size = sizeof(kind);
    kind.name = name;
    kind.name_size = STOA_NUL;
    kind.parameters = in;
    kind.returns = out;
    kind.flags = flags;
    const stoa_status rc =
        stoa_function_register(conn, &kind, probe, released, &probe->self, err);
    make_free_schema(in);
    make_free_schema(out);
    return rc;
}

static void must_add(stoa_conn conn, const char *name, const char *takes, const char *gives,
                     int64_t flags, stoa_function_spec kind, struct probe *probe)
{
    stoa_error err;

    app_must(add(conn, name, takes, gives, flags, kind, probe, &err), &err, name);
}

static stoa_conn memory(void)
{
    return app_connect(app_open(":memory:", NULL));
}

static stoa_status fail_with(struct probe *probe, stoa_error *err)
{
    *err = (stoa_error){.code = STOA_ERR_INVALID, .position = 12};
    err->text_size = snprintf(err->text, sizeof(err->text), "%s", probe->fail);
    return STOA_ERR_INVALID;
}

/* ---- row functions ---- */

/* Describes its arguments: "int64=5 text=abc null". */
static stoa_status describe(void *user_data, const stoa_rows *arguments, stoa_value *result,
                            const uint8_t **result_bytes, stoa_error *err)
{
    static char text[512];
    struct probe *probe = user_data;
    int size = 0;

    (void)err;
    probe->calls++;
    if (arguments->row_count != 1 || result->type != STOA_TYPE_NULL)
        return STOA_ERR_INTERNAL;
    for (int32_t i = 0; i < arguments->column_count; i++) {
        const stoa_value *value = &arguments->values[i];
        double real;

        memcpy(&real, &value->a, sizeof(real));
        size += snprintf(text + size, sizeof(text) - (size_t)size, "%s%s", i > 0 ? " " : "",
                         stoa_type_name(value->type));
        if (value->type == STOA_TYPE_FLOAT32 || value->type == STOA_TYPE_FLOAT64)
            size += snprintf(text + size, sizeof(text) - (size_t)size, "=%g", real);
        else if (value->type == STOA_TYPE_DECIMAL || value->type >= STOA_TYPE_UUID)
            size += snprintf(text + size, sizeof(text) - (size_t)size, "=%.*s", (int)value->b,
                             (const char *)arguments->bytes + value->a);
        else if (value->type != STOA_TYPE_NULL)
            size += snprintf(text + size, sizeof(text) - (size_t)size, "=%lld",
                             (long long)value->a);
    }
    *result = (stoa_value){.type = STOA_TYPE_TEXT, .b = size};
    *result_bytes = (const uint8_t *)text;
    return STOA_OK;
}
static const stoa_function_spec describes = {.row = describe};

static void a_row_function_gets_what_it_declared(void)
{
    stoa_conn conn = memory();
    struct probe any = {0}, typed = {0}, times = {0};

    must_add(conn, "any", "n,n,n,n,n", NULL, STOA_FUNCTION_CALL_ON_NULL, describes, &any);
    CHECK_ROWS(conn, "SELECT any(1, 2.5, 'x', x'4142', NULL)",
               "int64=1 float64=2.5 text=x bytes=AB null");
    must_add(conn, "typed", "c,I,f,u,z,b,d:10.2", NULL, 0, describes, &typed);
    CHECK_ROWS(conn, "SELECT typed(-128, 4000000000, 0.5, 7, x'', 1, '12.50')",
               "int8=-128 uint32=4000000000 float32=0.5 text=7 bytes= bool=1 decimal=12.50");
    must_add(conn, "times", "tdD,ttm,tsu:,tDs", NULL, 0, describes, &times);
    CHECK_ROWS(conn, "SELECT times('1970-01-03', '00:00:01', '1970-01-01T00:00:01Z', 5)",
               "date=2 time=1000000000 timestamp=1000000000 duration=5000000000");
    CHECK_ROWS(conn, "SELECT times(2, 1000, 1000000, 5)",
               "date=2 time=1000000000 timestamp=1000000000 duration=5000000000");
}

static void a_result_that_is_not_of_the_declared_type_is_named(void)
{
    stoa_conn conn = memory();
    struct probe whole = {0}, text = {0};
    stoa_error err;

    must_add(conn, "f", "l", "l", 0, describes, &whole); /* It gives text. */
    CHECK_INT(app_try(conn, "SELECT f(1)", &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "function 'f': gave a value of type text that does not fit int64");
    must_add(conn, "g", "l", "u", 0, describes, &text);
    CHECK_ROWS(conn, "SELECT g(1)", "int64=1");
}

static void an_argument_that_does_not_fit_is_named(void)
{
    stoa_conn conn = memory();
    struct probe probe = {0};

    must_add(conn, "f", "c,tsu:", NULL, 0, describes, &probe);
    CHECK_FAILS(conn, "SELECT f(128, 0)", STOA_ERR_TYPE, "function 'f': argument 1 is an integer");
    CHECK_FAILS(conn, "SELECT f('x', 0)", STOA_ERR_TYPE, "argument 1 is text");
    CHECK_FAILS(conn, "SELECT f(1, 'soon')", STOA_ERR_TYPE, "argument 2 is text");
    CHECK_FAILS(conn, "SELECT f(1, x'00')", STOA_ERR_TYPE, "argument 2 is a blob");
    CHECK_FAILS(conn, "SELECT f(1.5, 0)", STOA_ERR_TYPE, "argument 1 is a real number");
    CHECK_INT(probe.calls, 0);
    CHECK_FAILS(conn, "SELECT f(1)", STOA_ERR_INVALID, "wrong number of arguments");
}

/* Gives back whatever the test put into `answer`. */
static stoa_value answer;
static const char *answer_bytes;

static stoa_status give(void *user_data, const stoa_rows *arguments, stoa_value *result,
                        const uint8_t **result_bytes, stoa_error *err)
{
    struct probe *probe = user_data;

    (void)arguments;
    if (probe->fail && ++probe->calls > probe->fail_at)
        return fail_with(probe, err);
    *result = answer;
    *result_bytes = (const uint8_t *)answer_bytes;
    return STOA_OK;
}
static const stoa_function_spec gives = {.row = give};

static int64_t bits(double value)
{
    int64_t out;

    memcpy(&out, &value, sizeof(out));
    return out;
}

static void a_row_function_may_give_any_scalar(void)
{
    static const struct {
        stoa_value value;
        const char *bytes, *right;
    } list[] = {
        {{.type = STOA_TYPE_NULL}, NULL, "null|NULL"},
        {{.type = STOA_TYPE_BOOL, .a = 7}, NULL, "integer|1"},
        {{.type = STOA_TYPE_INT8, .a = -8}, NULL, "integer|-8"},
        {{.type = STOA_TYPE_UINT64, .a = INT64_MAX}, NULL, "integer|9223372036854775807"},
        {{.type = STOA_TYPE_TEXT, .a = 2, .b = 3}, "..abc", "text|'abc'"},
        {{.type = STOA_TYPE_TEXT}, NULL, "text|''"},
        {{.type = STOA_TYPE_JSON, .b = 2}, "{}", "text|'{}'"},
        {{.type = STOA_TYPE_DECIMAL, .b = 4}, "1.50", "text|'1.50'"},
        {{.type = STOA_TYPE_BYTES, .b = 2}, "AB", "blob|X'4142'"},
        {{.type = STOA_TYPE_DATE, .a = 3}, NULL, "integer|3"},
        {{.type = STOA_TYPE_TIMESTAMP, .a = 5000}, NULL, "integer|5"},
    };
    stoa_conn conn = memory();
    struct probe probe = {0};

    must_add(conn, "give", "", NULL, 0, gives, &probe);
    for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
        answer = list[i].value;
        answer_bytes = list[i].bytes;
        CHECK_ROWS(conn, "SELECT typeof(a), quote(a) FROM (SELECT give() AS a LIMIT 1)",
                   list[i].right);
    }
    answer = (stoa_value){.type = STOA_TYPE_FLOAT64, .a = bits(0.25)};
    CHECK_ROWS(conn, "SELECT typeof(a), a FROM (SELECT give() AS a)", "real|0.25");
}

static void a_result_that_is_none_is_an_error(void)
{
    stoa_conn conn = memory();
    struct probe probe = {0};

    must_add(conn, "give", "", NULL, 0, gives, &probe);
    answer = (stoa_value){.type = 99};
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_CALLBACK, "type 99");
    answer = (stoa_value){.type = STOA_TYPE_TEXT, .b = 4};
    answer_bytes = NULL;
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_CALLBACK, "without its bytes");
    answer.b = -4;
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_CALLBACK, "without its bytes");
    answer = (stoa_value){.type = STOA_TYPE_TEXT, .b = 2};
    answer_bytes = "\xff\xfe";
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_TYPE, "UTF-8");
    answer = (stoa_value){.type = STOA_TYPE_UINT64, .a = -1};
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_TYPE, "2^63");
    answer = (stoa_value){.type = STOA_TYPE_FLOAT64, .a = bits(__builtin_nan(""))};
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_TYPE, "NaN");
    answer = (stoa_value){.type = STOA_TYPE_TIMESTAMP, .a = 5001};
    CHECK_FAILS(conn, "SELECT give()", STOA_ERR_TYPE, "give");
    answer = (stoa_value){.type = STOA_TYPE_INT64, .a = 1};
    CHECK_ROWS(conn, "SELECT give()", "1"); /* And the connection is as it was. */
}

static void null_arguments_are_not_passed_unless_asked_for(void)
{
    stoa_conn conn = memory();
    struct probe quiet = {0}, asked = {0};

    must_add(conn, "quiet", "l,l", NULL, 0, describes, &quiet);
    must_add(conn, "asked", "l,l", NULL, STOA_FUNCTION_CALL_ON_NULL, describes, &asked);
    CHECK_ROWS(conn, "SELECT quiet(1, NULL), asked(1, NULL)", "NULL|int64=1 null");
    CHECK_INT(quiet.calls, 0);
    CHECK_INT(asked.calls, 1);
}

static void the_functions_words_are_the_statements_error(void)
{
    stoa_conn conn = memory();
    struct probe loud = {.fail = "the moon is full"}, mute = {.fail = ""};
    struct probe soft = {.fail = "hidden"}, dirty = {.fail = "bad \xff\xfe bytes"};
    stoa_error err;

    must_add(conn, "loud", "", NULL, 0, gives, &loud);
    must_add(conn, "mute", "", NULL, 0, gives, &mute);
    must_add(conn, "soft", "", NULL, STOA_FUNCTION_NULL_ON_ERROR, gives, &soft);
    must_add(conn, "dirty", "", NULL, 0, gives, &dirty);
    CHECK_INT(app_try(conn, "SELECT loud()", &err), STOA_ERR_CALLBACK);
    CHECK_TEXT(err.text, "function 'loud': the moon is full");
    CHECK_INT(err.position, -1);
    CHECK_FAILS(conn, "SELECT mute()", STOA_ERR_CALLBACK,
                "function 'mute': failed with STOA_ERR_INVALID and no text");
    CHECK_ROWS(conn, "SELECT soft()", "NULL");
    CHECK_FAILS(conn, "SELECT dirty()", STOA_ERR_CALLBACK, "bad ?? bytes");
    CHECK_FAILS(conn, "SELECT * FROM nowhere", STOA_ERR_NOT_FOUND, "nowhere");
}

static void a_failing_function_undoes_its_statement_only(void)
{
    stoa_conn conn = memory();
    struct probe probe = {.fail = "enough", .fail_at = 5};

    answer = (stoa_value){.type = STOA_TYPE_INT64, .a = 1};
    must_add(conn, "give", "", NULL, 0, gives, &probe);
    app_run(conn, "CREATE TABLE t (a); BEGIN; INSERT INTO t VALUES (0)");
    CHECK_FAILS(conn,
                "INSERT INTO t SELECT give() FROM (VALUES (1),(2),(3),(4),(5),(6),(7),(8))",
                STOA_ERR_CALLBACK, "enough");
    app_run(conn, "COMMIT");
    CHECK_ROWS(conn, "SELECT count(*) FROM t", "1");
}

/* ---- flags and names ---- */

static void functions_are_found_by_name_and_number_of_arguments(void)
{
    stoa_conn conn = memory();
    struct probe one = {0}, two = {0}, any = {0}, again = {0};
    stoa_error err;

    must_add(conn, "f", "l", NULL, 0, describes, &one);
    must_add(conn, "f", "l,l", NULL, 0, describes, &two);
    must_add(conn, "f", "l", NULL, STOA_FUNCTION_VARIADIC, describes, &any);
    CHECK_ROWS(conn, "SELECT F(1), f(1, 2), f(1, 2, 3), f()",
               "int64=1|int64=1 int64=2|int64=1 int64=2 int64=3|");
    CHECK_INT(one.calls, 1);
    CHECK_INT(two.calls, 1);
    CHECK_INT(any.calls, 2);
    CHECK_INT(add(conn, "F", "l", NULL, 0, describes, &again, &err), STOA_ERR_EXISTS);
    CHECK_INT(again.released, 1);
    CHECK_INT(add(conn, "abs", "l", NULL, 0, describes, &again, &err), STOA_ERR_EXISTS);
    must_add(conn, "F", "l", NULL, STOA_FUNCTION_REPLACE, describes, &again);
    CHECK_INT(one.released, 1);
    CHECK_ROWS(conn, "SELECT f(1)", "int64=1");
    CHECK_INT(again.calls, 1);
    CHECK_INT(stoa_function_drop(conn, "f", 1, &err), STOA_OK);
    CHECK_INT(two.released + any.released + again.released, 1 + 1 + 3);
    CHECK_FAILS(conn, "SELECT f(1)", STOA_ERR_NOT_FOUND, "f");
    CHECK_INT(stoa_function_drop(conn, "f", 1, &err), STOA_ERR_NOT_FOUND);
}

static void only_what_is_allowed_in_a_schema_runs_there(void)
{
    stoa_conn conn = memory();
    struct probe plain = {0}, allowed = {0};

    must_add(conn, "plain", "l", NULL, STOA_FUNCTION_DETERMINISTIC, describes, &plain);
    must_add(conn, "allowed", "l", NULL, STOA_FUNCTION_DETERMINISTIC | STOA_FUNCTION_IN_SCHEMA,
             describes, &allowed);
    app_run(conn, "CREATE TABLE t (a); INSERT INTO t VALUES (1);"
                  "CREATE VIEW good AS SELECT allowed(a) FROM t;"
                  "CREATE VIEW bad AS SELECT plain(a) FROM t;"
                  "CREATE INDEX i ON t (allowed(a))");
    CHECK_ROWS(conn, "SELECT * FROM good", "int64=1");
    CHECK_FAILS(conn, "SELECT * FROM bad", STOA_ERR_INVALID, "unsafe use of plain");
    CHECK_ROWS(conn, "SELECT plain(1)", "int64=1");
}

static void what_cannot_be_registered_is_released_once(void)
{
    stoa_conn conn = memory();
    char name[400];
    struct probe probe = {0};
    stoa_error err;

    memset(name, 'f', sizeof(name));
    name[256] = '\0';
    CHECK_INT(add(conn, name, "l", NULL, 0, describes, &probe, &err), STOA_ERR_INVALID);
    CHECK_INT(probe.released, 1);
    CHECK_INT(add(conn, "f", "", NULL, STOA_FUNCTION_VARIADIC, describes, &probe, &err),
              STOA_ERR_INVALID);
    CHECK_INT(probe.released, 2);
    struct ArrowSchema *wide = make_schema("+s", "");
    for (int i = 0; i < 135; i++)
        make_schema_child(wide, make_schema("l", "p"));
    stoa_function_spec spec = {.struct_size = sizeof(spec), .name = "wide",
                               .name_size = STOA_NUL, .parameters = wide, .row = describe};
    const stoa_status rc =
        stoa_function_register(conn, &spec, &probe, released, &probe.self, &err);
    CHECK(rc == STOA_OK || rc == STOA_ERR_INVALID);
    if (rc != STOA_OK)
        CHECK_HAS(err.text, "135 parameters");
    CHECK_INT(probe.released, rc == STOA_OK ? 2 : 3);
    make_free_schema(wide);
    stoa_conn_close(conn);
    CHECK_INT(probe.released, 3);
    CHECK_INT(add(conn, "f", "l", NULL, 0, describes, &probe, &err), STOA_ERR_CLOSED);
    CHECK_INT(probe.released, 4);
}

static void registering_survives_every_allocation_failure(void)
{
    stoa_conn conn = memory();
    stoa_status rc = STOA_ERR_NOMEM;
    int64_t nth = 0;
    stoa_error err;

    for (; rc != STOA_OK; nth++) {
        struct probe probe = {0};
        struct ArrowSchema *in = parameters("l,u");
        stoa_function_spec spec = describes;
        const int64_t before = stoa__mem_allocations();

        spec.struct_size = sizeof(spec);
        spec.name = "f";
        spec.name_size = 1;
        spec.parameters = in;
        stoa__mem_fail_nth = nth;
        rc = stoa_function_register(conn, &spec, &probe, released, &probe.self, &err);
        stoa__mem_fail_nth = -1;
        make_free_schema(in);
        if (rc != STOA_OK) {
            CHECK_INT(rc, STOA_ERR_NOMEM);
            CHECK_INT(probe.released, 1);
            CHECK_INT(probe.self.id, 0);
            CHECK_INT(stoa__mem_allocations(), before);
        } else {
            CHECK_INT(probe.released, 0);
            CHECK_INT(stoa_function_drop(conn, "f", 1, NULL), STOA_OK);
            CHECK_INT(probe.released, 1);
        }
    }
    CHECK(nth >= 3);
}

/* ---- what a callback may do ---- */

static stoa_status meddle(void *user_data, const stoa_rows *arguments, stoa_value *result,
                          const uint8_t **result_bytes, stoa_error *err)
{
    struct probe *probe = user_data;
    stoa_rows rows;

    (void)arguments, (void)result_bytes, (void)err;
    probe->calls++;
    probe->inner = stoa_query_row(probe->conn, NO_OP, "SELECT 1", STOA_NUL, NULL, 0, NULL, 0,
                                  &rows, NULL);
    if (probe->self.id)
        stoa_function_close(probe->self);
    stoa_result_close(probe->result);
    stoa_conn_close(probe->conn);
    stoa_db_close(probe->db);
    *result = (stoa_value){.type = STOA_TYPE_INT64, .a = 42};
    return STOA_OK;
}
static const stoa_function_spec meddles = {.row = meddle};

static void a_callback_may_close_everything_and_use_nothing(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    struct probe probe = {.conn = conn, .db = db};
    stoa_rows rows;
    stoa_error err;

    must_add(conn, "meddle", "l", NULL, 0, meddles, &probe);
    const stoa_status rc = stoa_query_row(conn, NO_OP, "SELECT meddle(1)", STOA_NUL, NULL, 0, NULL,
                                          0, &rows, &err);
    CHECK_INT(probe.calls, 1);
    CHECK_INT(probe.inner, STOA_ERR_BUSY);
    CHECK(rc == STOA_OK || rc == STOA_ERR_CANCELLED);
    CHECK_INT(app_try(conn, "SELECT 1", &err), STOA_ERR_CLOSED);
    CHECK_INT(probe.released, 1);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void a_function_dropped_while_a_statement_runs_stays_until_its_end(void)
{
    stoa_conn conn = memory();
    struct probe probe = {0}, next = {0};
    stoa_result result;
    stoa_rows rows;
    stoa_error err;

    must_add(conn, "f", "l", NULL, 0, describes, &probe);
    app_run(conn, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT f(a) FROM t", STOA_NUL, NULL, 0, NULL, 0, &result,
                         NULL), STOA_OK);
    stoa_function_close(probe.self);
    CHECK_INT(probe.released, 0);
    CHECK_INT(add(conn, "f", "l", NULL, STOA_FUNCTION_REPLACE, describes, &next, &err),
              STOA_ERR_BUSY);
    CHECK_INT(next.released, 1);
    CHECK_INT(add(conn, "g", "l", NULL, 0, describes, &next, &err), STOA_OK); /* A new one may. */
    CHECK_INT(stoa_result_rows(result, NO_OP, 10, &rows, &err), STOA_OK);
    CHECK_INT(rows.row_count, 3);
    stoa_result_close(result);
    CHECK_INT(probe.released, 1);
    CHECK_FAILS(conn, "SELECT f(1)", STOA_ERR_NOT_FOUND, "f");
    stoa_conn_close(conn);
    CHECK_INT(next.released, 2);
}

/* Both are the caller's own doing at the same moment: a result left open, its connection gone. */
static void functions_end_with_their_connection_whatever_is_open(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    struct probe probe = {0}, pending = {0};
    stoa_result result;

    must_add(conn, "f", "l", NULL, 0, describes, &probe);
    must_add(conn, "h", "l", NULL, 0, describes, &pending);
    CHECK_INT(stoa_query(conn, NO_OP, "SELECT f(1) UNION ALL SELECT f(2)", STOA_NUL, NULL, 0, NULL,
                         0, &result, NULL), STOA_OK);
    stoa_function_close(pending.self);
    stoa_conn_close(conn);
    CHECK_INT(probe.released, 1);
    CHECK_INT(pending.released, 1);
    stoa_result_close(result);
    stoa_db_close(db);
    CHECK_INT(stoa__mem_allocations(), 0);
}

/* SQLite keeps an empty place where the override was, which hides its own function; such a
 * connection is not pooled. */
static void an_overridden_function_of_the_engine_is_back_in_the_next_connection(void)
{
    stoa_db db = app_open(":memory:", NULL);
    stoa_conn conn = app_connect(db);
    struct probe probe = {0};

    must_add(conn, "upper", "u", NULL, STOA_FUNCTION_REPLACE, describes, &probe);
    CHECK_ROWS(conn, "SELECT upper('a')", "text=a");
    stoa_function_close(probe.self);
    CHECK_INT(probe.released, 1);
    CHECK_FAILS(conn, "SELECT upper('a')", STOA_ERR_INVALID, "upper");
    stoa_conn_close(conn);
    CHECK_ROWS(app_connect(db), "SELECT upper('a')", "A");
    stoa_db_close(db);
}

/* ---- batch functions ---- */

static stoa_status add_up(void *user_data, const struct ArrowArray *arguments,
                          struct ArrowArray *result, stoa_error *err)
{
    struct probe *probe = user_data;
    int64_t sum = 0;

    probe->calls++;
    if (probe->fail)
        return fail_with(probe, err);
    if (arguments->length != 1)
        return STOA_ERR_INTERNAL;
    for (int64_t i = 0; i < arguments->n_children; i++)
        sum += *((const int64_t *)arguments->children[i]->buffers[1] +
                 arguments->children[i]->offset);
    struct ArrowArray *made = make_array(probe->fail_at ? probe->fail_at : 1, 0, 0, 2);
    int64_t values[2] = {sum, sum};
    make_buffer(made, 1, values, sizeof(values));
    *result = *made;
    free(made);
    return STOA_OK;
}
static const stoa_function_spec adds_up = {.batch = add_up};

static void a_batch_function_takes_and_gives_arrays(void)
{
    stoa_conn conn = memory();
    struct probe two = {0}, any = {0}, none = {0}, bad = {.fail_at = 2}, sad = {.fail = "no"};

    must_add(conn, "two", "l,l", "l", 0, adds_up, &two);
    must_add(conn, "tally", "l", "l", STOA_FUNCTION_VARIADIC, adds_up, &any);
    must_add(conn, "none", "", "l", 0, adds_up, &none);
    must_add(conn, "bad", "l", "l", 0, adds_up, &bad);
    must_add(conn, "sad", "l", "l", 0, adds_up, &sad);
    CHECK_ROWS(conn, "SELECT two(2, 3), two(2, NULL), none()", "5|NULL|0");
    CHECK_ROWS(conn, "SELECT tally(1), tally(1, 2, 3, 4, 5, 6, 7, 8), tally()", "1|36|0");
    CHECK_FAILS(conn, "SELECT bad(1)", STOA_ERR_CALLBACK, "2 results for 1 row");
    CHECK_FAILS(conn, "SELECT sad(1)", STOA_ERR_CALLBACK, "function 'sad': no");
    CHECK_INT(make_alive, 0);
}

static stoa_status give_nothing(void *user_data, const struct ArrowArray *arguments,
                                struct ArrowArray *result, stoa_error *err)
{
    (void)user_data, (void)arguments, (void)result, (void)err;
    return STOA_OK;
}

static void a_batch_function_that_gives_nothing_is_told(void)
{
    stoa_conn conn = memory();
    struct probe probe = {0};
    stoa_error err;

    must_add(conn, "f", "l", "l", 0, (stoa_function_spec){.batch = give_nothing}, &probe);
    CHECK_FAILS(conn, "SELECT f(1)", STOA_ERR_CALLBACK, "gave no result");
    CHECK_INT(add(conn, "g", "l", NULL, 0, (stoa_function_spec){.batch = give_nothing}, &probe,
                  &err), STOA_ERR_INVALID);
    CHECK_INT(add(conn, "g", "n", "l", 0, (stoa_function_spec){.batch = give_nothing}, &probe,
                  &err), STOA_ERR_INVALID);
    CHECK_INT(probe.released, 2);
}

/* ---- aggregates ---- */

/* The state is a sum on the heap, so that a leak or a second free is seen. */
static stoa_status sum_step(void *user_data, uint64_t *state, const struct ArrowArray *arguments,
                            stoa_error *err)
{
    struct probe *probe = user_data;

    probe->batches++;
    if (probe->fail && ++probe->calls > probe->fail_at)
        return fail_with(probe, err);
    if (*state == 0)
        *state = (uint64_t)(uintptr_t)calloc(1, sizeof(int64_t));
    int64_t *sum = (int64_t *)(uintptr_t)*state;
    for (int64_t c = 0; c < arguments->n_children; c++)
        for (int64_t i = 0; i < arguments->length; i++)
            *sum += ((const int64_t *)arguments->children[c]->buffers[1])
                [arguments->children[c]->offset + i];
    probe->rows += (int)arguments->length;
    return STOA_OK;
}

static stoa_status sum_finish(void *user_data, uint64_t *state, struct ArrowArray *result,
                              stoa_error *err)
{
    (void)user_data, (void)err;
    const int64_t *sum = (const int64_t *)(uintptr_t)*state;
    struct ArrowArray *made = make_array(1, 0, 0, 2);
    const int64_t value = sum ? *sum : -1;

    make_buffer(made, 1, &value, sizeof(value));
    *result = *made;
    free(made);
    return STOA_OK;
}

static void sum_drop(void *user_data, uint64_t state)
{
    ((struct probe *)user_data)->drops++;
    free((void *)(uintptr_t)state);
}

static const stoa_function_spec sums = {.step = sum_step, .finish = sum_finish, .drop = sum_drop};

static void an_aggregate_gets_its_rows_in_batches(void)
{
    stoa_conn conn = memory();
    struct probe probe = {0}, wide = {0};

    must_add(conn, "tally", "l", "l", 0, sums, &probe);
    must_add(conn, "wide", "l", "l", STOA_FUNCTION_VARIADIC, sums, &wide);
    app_run(conn, "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                  "n WHERE i < 10000) SELECT i, i % 1000 AS g FROM n");
    CHECK_ROWS(conn, "SELECT tally(i), sum(i) FROM t", "50005000|50005000");
    CHECK_INT(probe.rows, 10000);
    CHECK(probe.batches <= 11);
    CHECK_INT(probe.drops, 1);
    CHECK_ROWS(conn, "SELECT count(*), sum(a <> b) FROM (SELECT tally(i) AS a, sum(i) AS b FROM t "
                     "GROUP BY g)", "1000|0");
    CHECK_INT(probe.drops, 1001);
    CHECK_ROWS(conn, "SELECT tally(i) FROM t WHERE i < 0", "-1"); /* No rows: state 0. */
    CHECK_INT(probe.drops, 1001);
    CHECK_ROWS(conn, "SELECT tally(CASE WHEN i % 2 THEN i END) FROM t", "25000000");
    CHECK_ROWS(conn, "SELECT tally(DISTINCT g) FROM t", "499500");
    CHECK_ROWS(conn, "SELECT tally(i) FILTER (WHERE i <= 3) FROM t", "6");
    CHECK_ROWS(conn, "SELECT wide(i, g, 1), wide() FROM t WHERE i < 4", "15|0");
    CHECK_FAILS(conn, "SELECT tally(i) OVER () FROM t", STOA_ERR_INVALID, "window");
}

static void an_aggregate_that_fails_ends_its_statement_and_frees_its_groups(void)
{
    stoa_conn conn = memory();
    struct probe probe = {.fail = "too much", .fail_at = 2}, soft = {.fail = "quiet"};

    must_add(conn, "tally", "l", "l", 0, sums, &probe);
    must_add(conn, "soft", "l", "l", STOA_FUNCTION_NULL_ON_ERROR, sums, &soft);
    app_run(conn, "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                  "n WHERE i < 10000) SELECT i FROM n");
    CHECK_FAILS(conn, "SELECT tally(i) FROM t", STOA_ERR_CALLBACK, "function 'tally': too much");
    CHECK_INT(probe.drops, 1);
    CHECK_INT(probe.batches, 3);
    CHECK_ROWS(conn, "SELECT soft(i) FROM t", "NULL");
    CHECK_FAILS(conn, "SELECT tally('x') FROM t", STOA_ERR_TYPE, "argument 1 is text");
    CHECK_FAILS(conn, "SELECT nowhere", STOA_ERR_NOT_FOUND, "nowhere"); /* No stale words. */
    CHECK_INT(make_alive, 0);
}

/* Not before the aggregate has a group, however slow the machine. */
static int32_t cancel_after_a_batch(void *user_data)
{
    return ((struct probe *)user_data)->batches > 0;
}

static void a_cancelled_aggregate_frees_its_groups(void)
{
    stoa_conn conn = memory();
    struct probe probe = {0};
    stoa_rows rows;
    stoa_op op;
    stoa_error err;

    must_add(conn, "tally", "l", "l", 0, sums, &probe);
    CHECK_INT(stoa_op_open(-1, cancel_after_a_batch, &probe, NULL, &op, NULL), STOA_OK);
    CHECK_INT(stoa_query_row(conn, op,
                             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                             "SELECT tally(i) FROM n", STOA_NUL, NULL, 0, NULL, 0, &rows, &err),
              STOA_ERR_CANCELLED);
    CHECK_INT(probe.drops, 1);
    stoa_op_close(op);
    CHECK_ROWS(conn, "SELECT tally(1)", "1");
}

static void aggregates_and_functions_nest(void)
{
    stoa_conn conn = memory();
    struct probe total = {0}, f = {0};

    must_add(conn, "tally", "l", "l", 0, sums, &total);
    must_add(conn, "f", "n", NULL, 0, describes, &f);
    CHECK_ROWS(conn, "SELECT f(f(tally(a))) FROM (SELECT tally(column2) AS a FROM "
                     "(VALUES (1, 2), (3, 4)) GROUP BY column1)",
               "text=int64=6");
}

static void functions_survive_every_allocation_failure(void)
{
    stoa_conn conn = memory();
    struct probe row = {0}, batch = {0}, total = {0};
    static const char *const queries[] = {
        "SELECT f(i, 'some text', x'00', 1.5) FROM t",
        "SELECT two(i, i) FROM t",
        "SELECT tally(i) FROM t GROUP BY i % 3",
    };

    must_add(conn, "f", "l,u,z,g", NULL, 0, describes, &row);
    must_add(conn, "two", "l,l", "l", 0, adds_up, &batch);
    must_add(conn, "tally", "l", "l", 0, sums, &total);
    app_run(conn, "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                  "n WHERE i < 60) SELECT i FROM n");
    for (int q = 0; q < 3; q++) {
        stoa_status rc = STOA_ERR_NOMEM;
        int64_t nth = 0;

        for (; rc != STOA_OK; nth++) {
            stoa_error err;

            stoa__mem_fail_nth = nth;
            rc = app_try(conn, queries[q], &err);
            stoa__mem_fail_nth = -1;
            if (rc != STOA_OK)
                CHECK_INT(rc, STOA_ERR_NOMEM);
        }
        CHECK(nth > 4);
    }
    CHECK_INT(make_alive, 0);
    stoa_conn_close(conn);
    CHECK_INT(row.released + batch.released + total.released, 3);
}

TEST_MAIN({"a row function gets what it declared", a_row_function_gets_what_it_declared},
          {"a result that is not of the declared type is named",
           a_result_that_is_not_of_the_declared_type_is_named},
          {"an argument that does not fit is named", an_argument_that_does_not_fit_is_named},
          {"a row function may give any scalar", a_row_function_may_give_any_scalar},
          {"a result that is none is an error", a_result_that_is_none_is_an_error},
          {"NULL arguments are not passed unless asked for",
           null_arguments_are_not_passed_unless_asked_for},
          {"the function's words are the statement's error",
           the_functions_words_are_the_statements_error},
          {"a failing function undoes its statement only",
           a_failing_function_undoes_its_statement_only},
          {"functions are found by name and number of arguments",
           functions_are_found_by_name_and_number_of_arguments},
          {"only what is allowed in a schema runs there",
           only_what_is_allowed_in_a_schema_runs_there},
          {"what cannot be registered is released once",
           what_cannot_be_registered_is_released_once},
          {"registering survives every allocation failure",
           registering_survives_every_allocation_failure},
          {"a callback may close everything and use nothing",
           a_callback_may_close_everything_and_use_nothing},
          {"a function dropped while a statement runs stays until its end",
           a_function_dropped_while_a_statement_runs_stays_until_its_end},
          {"functions end with their connection whatever is open",
           functions_end_with_their_connection_whatever_is_open},
          {"an overridden function of the engine is back in the next connection",
           an_overridden_function_of_the_engine_is_back_in_the_next_connection},
          {"a batch function takes and gives arrays", a_batch_function_takes_and_gives_arrays},
          {"a batch function that gives nothing is told",
           a_batch_function_that_gives_nothing_is_told},
          {"an aggregate gets its rows in batches", an_aggregate_gets_its_rows_in_batches},
          {"an aggregate that fails ends its statement and frees its groups",
           an_aggregate_that_fails_ends_its_statement_and_frees_its_groups},
          {"a cancelled aggregate frees its groups", a_cancelled_aggregate_frees_its_groups},
          {"aggregates and functions nest", aggregates_and_functions_nest},
          {"functions survive every allocation failure",
           functions_survive_every_allocation_failure})
