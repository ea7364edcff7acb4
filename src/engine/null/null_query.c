/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of the null engine; null.c lists them. */
#include "engine/null/null.h"

#include "arrow/builder.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/number.h"
#include "text/sql.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum null_verb {
    SEEN,
    ROWS,
    VALUES,
    SLEEP,
    FAIL,
    FORGET,
    BEGIN,
    COMMIT,
    ROLLBACK,
    VERB_COUNT
};

static const char *const verbs[VERB_COUNT] = {
    "seen", "rows", "values", "sleep", "fail", "forget", "begin", "commit", "rollback"};

struct null_statement {
    struct null_session *session;
    enum null_verb verb;
    int64_t number; /* Rows, milliseconds, status. */
    char *text;     /* Of fail. */
    struct stoa__parameter *parameters;
    int64_t parameter_count;
    struct stoa__arrow_type *type; /* Of its rows; values: of the last execution. */
    stoa__arena arena;             /* Of all of it; */
    stoa__arena values;            /* but for the type of values. */
};

struct null_cursor {
    struct null_statement *statement;
    int64_t row_count, row; /* rows: how many, and the next. */
    int64_t batch_rows;
    struct ArrowArray batch; /* seen, values: all there is. */
    int64_t rows_affected;
};

/* ---- reading ---- */

static stoa_status fail_at(const struct stoa__sql_token *token, const stoa__sql *scan,
                           stoa_error *err)
{
    bool end = token->kind == STOA__SQL_END;
    stoa_status rc;

    if (end)
        rc = stoa__fail(err, STOA_ERR_SYNTAX, "null: the statement ends too early");
    else
        rc = stoa__fail(err, STOA_ERR_SYNTAX, "null: '%.*s' is not understood",
                        (int)(token->size < 64 ? token->size : 64), token->text);
    stoa__error_position(err, end ? (int64_t)scan->size : token->text - scan->text);
    return rc;
}

static stoa_status read_number(stoa__sql *scan, int64_t *out, stoa_error *err)
{
    struct stoa__sql_token token;
    size_t sign = 0;

    stoa__sql_next_solid(scan, &token);
    if (token.kind == STOA__SQL_OPERATOR && token.size == 1 && token.text[0] == '-') {
        stoa__sql_next_solid(scan, &token);
        sign = 1;
    }
    if (token.kind != STOA__SQL_NUMBER ||
        stoa__int64_parse(token.text, token.size, out, NULL) != STOA_OK)
        return fail_at(&token, scan, err);
    if (sign)
        *out = -*out;
    return STOA_OK;
}

/* ?, ?, ... */
static stoa_status read_values(struct null_statement *statement, stoa__sql *scan,
                               stoa_error *err)
{
    struct stoa__sql_token token;

    do {
        stoa__sql_next_solid(scan, &token);
        if (token.kind != STOA__SQL_PARAM)
            return fail_at(&token, scan, err);
        statement->parameter_count++;
        stoa__sql_next_solid(scan, &token);
    } while (token.kind == STOA__SQL_OPERATOR && token.size == 1 && token.text[0] == ',');
    if (token.kind != STOA__SQL_END)
        return fail_at(&token, scan, err);
    statement->parameters =
        stoa__arena_alloc_zero(&statement->arena, (size_t)statement->parameter_count,
                               sizeof *statement->parameters);
    if (!statement->parameters)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < statement->parameter_count; i++)
        statement->parameters[i].name = "";
    return STOA_OK;
}

/* The rest of the text is the error's. */
static stoa_status read_text(struct null_statement *statement, stoa__sql *scan,
                             stoa_error *err)
{
    while (scan->at < scan->size && scan->text[scan->at] == ' ')
        scan->at++;
    statement->text = stoa__arena_copy_text(&statement->arena, scan->text + scan->at,
                                            scan->size - scan->at);
    scan->at = scan->size;
    return statement->text ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status read_verb(struct null_statement *statement, stoa__sql *scan,
                             stoa_error *err)
{
    struct stoa__sql_token token;
    int verb = 0;

    stoa__sql_next_solid(scan, &token);
    while (verb < VERB_COUNT && !stoa__sql_is(&token, verbs[verb]))
        verb++;
    if (verb == VERB_COUNT)
        return fail_at(&token, scan, err);
    statement->verb = (enum null_verb)verb;
    return STOA_OK;
}

static stoa_status read_statement(struct null_statement *statement, stoa__sql *scan,
                                  stoa_error *err)
{
    struct stoa__sql_token token;
    stoa_status rc = read_verb(statement, scan, err);

    if (rc == STOA_OK &&
        (statement->verb == ROWS || statement->verb == SLEEP || statement->verb == FAIL))
        rc = read_number(scan, &statement->number, err);
    if (rc == STOA_OK && statement->verb == VALUES)
        return read_values(statement, scan, err);
    if (rc == STOA_OK && statement->verb == FAIL)
        rc = read_text(statement, scan, err);
    if (rc != STOA_OK)
        return rc;
    stoa__sql_next_solid(scan, &token);
    return token.kind == STOA__SQL_END ? STOA_OK : fail_at(&token, scan, err);
}

/* ---- types ---- */

struct field {
    const char *format, *name;
};

static stoa_status make_type(stoa__arena *arena, const struct field *fields,
                             int32_t count, struct stoa__arrow_type **out,
                             stoa_error *err)
{
    struct stoa__arrow_type *type = stoa__arena_alloc_zero(arena, 1, sizeof *type);

    if (!type)
        return stoa__fail_nomem(err);
    *type = (struct stoa__arrow_type){
        .kind = STOA__ARROW_STRUCT, .zone = "", .name = "", .format = "+s"};
    type->child_count = count;
    type->children = stoa__arena_alloc_zero(arena, (size_t)count, sizeof *type->children);
    if (!type->children)
        return stoa__fail_nomem(err);
    for (int32_t i = 0; i < count; i++) {
        struct stoa__arrow_type *child = NULL;
        stoa_status rc = stoa__arrow_type_simple(fields[i].format, fields[i].name, true,
                                                 arena, &child, err);

        if (rc != STOA_OK)
            return rc;
        type->children[i] = *child;
    }
    *out = type;
    return STOA_OK;
}

/* As far as it is known before it runs. */
static stoa_status type_of(struct null_statement *statement, stoa_error *err)
{
    static const struct field seen[] = {
        {"l", "append"}, {"u", "table"}, {"u", "column"},  {"u", "type"},
        {"l", "rows"},   {"l", "nulls"}, {"l", "address"}, {"u", "checksum"}};
    static const struct field rows[] = {{"l", "n"}};

    if (statement->verb == SEEN)
        return make_type(&statement->arena, seen, 8, &statement->type, err);
    if (statement->verb == ROWS)
        return make_type(&statement->arena, rows, 1, &statement->type, err);
    return make_type(&statement->arena, NULL, 0, &statement->type, err);
}

/* ---- statements ---- */

static stoa_status statement_new(struct null_session *session, const char *sql,
                                 size_t size, void **out, stoa_error *err)
{
    struct null_statement *statement = stoa__alloc_zero(1, sizeof *statement);
    stoa__sql scan;
    stoa_status rc;

    if (!statement)
        return stoa__fail_nomem(err);
    statement->session = session;
    stoa__sql_init(&scan, sql, size, 0);
    rc = read_statement(statement, &scan, err);
    if (rc == STOA_OK)
        rc = type_of(statement, err);
    if (rc == STOA_OK)
        *out = statement;
    else
        null_statement_close(statement);
    return rc;
}

stoa_status null_prepare(void *session, stoa__call *call, const char *sql, size_t size,
                         size_t *used, void **statement, stoa_error *err)
{
    struct stoa__sql_statement cut;
    stoa__sql scan;
    stoa_status rc = stoa__call_check(call, err);

    if (rc != STOA_OK)
        return rc;
    stoa__sql_init(&scan, sql, size, 0);
    if (!stoa__sql_split(&scan, &cut) || cut.size == 0) {
        *used = scan.at;
        return STOA_OK;
    }
    rc = statement_new(session, cut.text, cut.size, statement, err);
    if (rc == STOA_OK)
        *used = scan.at;
    else if (err && err->position >= 0)
        err->position += cut.text - sql;
    return rc;
}

void null_statement_close(void *self)
{
    struct null_statement *statement = self;

    stoa__arena_release(&statement->arena);
    stoa__arena_release(&statement->values);
    stoa__free(statement);
}

stoa_status null_statement_parameters(void *self, const struct stoa__parameter **list,
                                      int64_t *count, stoa_error *err)
{
    struct null_statement *statement = self;

    (void)err;
    *list = statement->parameters;
    *count = statement->parameter_count;
    return STOA_OK;
}

stoa_status null_statement_type(void *self, const struct stoa__read_config *config,
                                const struct stoa__arrow_type **type, stoa_error *err)
{
    (void)config;
    (void)err;
    *type = ((struct null_statement *)self)->type;
    return STOA_OK;
}

/* ---- seen ---- */

static stoa_status append_sighting(struct stoa__column *root,
                                   const struct null_sighting *seen, stoa_error *err)
{
    const char *const texts[] = {seen->table, seen->column, seen->type};
    const int64_t numbers[] = {seen->append, seen->rows, seen->nulls, seen->address};
    static const int number_at[] = {0, 4, 5, 6};
    char checksum[17];
    stoa_status rc = STOA_OK;

    for (int i = 0; i < 3 && rc == STOA_OK; i++)
        rc = stoa__column_append_bytes(&root->children[i + 1], texts[i],
                                       (int64_t)strlen(texts[i]), err);
    for (int i = 0; i < 4 && rc == STOA_OK; i++)
        rc = stoa__column_append_int64(&root->children[number_at[i]], numbers[i], err);
    (void)snprintf(checksum, sizeof checksum, "%016" PRIx64, seen->checksum);
    if (rc == STOA_OK)
        rc = stoa__column_append_bytes(&root->children[7], checksum, 16, err);
    return rc == STOA_OK ? stoa__column_end_struct(root, err) : rc;
}

/* What all may see, and what this session's open transaction saw. */
static stoa_status collect_seen(struct null_statement *statement, struct ArrowArray *out,
                                stoa_error *err)
{
    struct null_instance *instance = statement->session->instance;
    struct stoa__builder builder = {0};
    stoa_status rc = stoa__builder_init(&builder, statement->type, 16, err);

    stoa__mutex_lock(&instance->lock);
    for (struct null_sighting *s = instance->first; s && rc == STOA_OK; s = s->next)
        rc = append_sighting(&builder.root, s, err);
    stoa__mutex_unlock(&instance->lock);
    for (struct null_sighting *s = statement->session->first; s && rc == STOA_OK;
         s = s->next)
        rc = append_sighting(&builder.root, s, err);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

static void forget(struct null_instance *instance)
{
    stoa__mutex_lock(&instance->lock);
    null_sightings_free(instance->first);
    instance->first = instance->last = NULL;
    instance->append_count = 0;
    stoa__mutex_unlock(&instance->lock);
}

/* ---- values ---- */

/* How a packed value is in Arrow; the rest is text. */
static const char *format_of(int32_t type)
{
    static const char *const formats[STOA_TYPE_JSON + 1] = {
        "n",       "b",   "c",   "s",   "i",   "l", "C",    "S", "I", "L", "f", "g",
        "tsn:UTC", "tdD", "ttn", "tDn", "tin", "u", "w:16", "u", "z", "u", "u"};

    return formats[type];
}

static stoa_status append_value(struct stoa__column *column, const stoa_value *value,
                                const uint8_t *bytes, stoa_error *err)
{
    double number;
    char interval[16];

    switch (value->type) {
    case STOA_TYPE_NULL:
        return stoa__column_append_null(column, err);
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        memcpy(&number, &value->a, sizeof number);
        return stoa__column_append_float64(column, number, err);
    case STOA_TYPE_INTERVAL:
        memcpy(interval, &value->a, 8);
        memcpy(interval + 8, &value->b, 8);
        return stoa__column_append_fixed(column, interval, err);
    default:
        if (value->type < STOA_TYPE_DECIMAL)
            return stoa__column_append_int64(column, value->a, err);
        return stoa__column_append_bytes(
            column, value->b > 0 ? bytes + value->a : (const void *)"", value->b, err);
    }
}

static stoa_status values_type(struct null_statement *statement,
                               const struct stoa__params *params, stoa_error *err)
{
    struct field *fields =
        stoa__arena_alloc_zero(&statement->values, (size_t)params->count, sizeof *fields);
    char name[STOA__INTEGER_TEXT_MAX];

    if (!fields)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < params->count; i++) {
        fields[i].format = format_of(params->values[i].type);
        fields[i].name = stoa__arena_copy_text(&statement->values, name,
                                               stoa__int64_format(i + 1, name));
        if (!fields[i].name)
            return stoa__fail_nomem(err);
    }
    return make_type(&statement->values, fields, (int32_t)params->count, &statement->type,
                     err);
}

static stoa_status collect_values(struct null_statement *statement,
                                  const struct stoa__params *params,
                                  struct ArrowArray *out, stoa_error *err)
{
    struct stoa__builder builder = {0};
    stoa_status rc;

    stoa__arena_reset(&statement->values);
    rc = values_type(statement, params, err);

    if (rc == STOA_OK)
        rc = stoa__builder_init(&builder, statement->type, 1, err);
    for (int64_t i = 0; i < params->count && rc == STOA_OK; i++)
        rc = append_value(&builder.root.children[i], &params->values[i], params->bytes,
                          err);
    if (rc == STOA_OK)
        rc = stoa__column_end_struct(&builder.root, err);
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    return rc;
}

/* ---- running ---- */

static stoa_status sleep_ms(stoa__call *call, int64_t ms, stoa_error *err)
{
    const int64_t end = stoa__clock_monotonic_ns() + ms * 1000000;
    stoa_status rc = STOA_OK;
    int64_t left;

    while (rc == STOA_OK && (left = end - stoa__clock_monotonic_ns()) > 0) {
        stoa__sleep_ns(stoa__call_slice_ns(call, left));
        rc = stoa__call_check(call, err);
    }
    return rc;
}

static stoa_status fail_as_told(const struct null_statement *statement, stoa_error *err)
{
    stoa_status status = STOA_ERR_INVALID;

    if (statement->number <= -1 && statement->number >= STOA_ERR_INTERNAL)
        status = (stoa_status)statement->number;
    return stoa__fail(err, status, "%s", statement->text);
}

static stoa_status run(struct null_statement *statement, struct null_cursor *cursor,
                       stoa__call *call, const struct stoa__params *params,
                       stoa_error *err)
{
    struct null_session *session = statement->session;

    switch (statement->verb) {
    case SEEN:
        return collect_seen(statement, &cursor->batch, err);
    case ROWS:
        cursor->row_count = statement->number;
        return STOA_OK;
    case VALUES:
        return collect_values(statement, params, &cursor->batch, err);
    case SLEEP:
        return sleep_ms(call, statement->number, err);
    case FAIL:
        return fail_as_told(statement, err);
    case FORGET:
        forget(session->instance);
        cursor->rows_affected = 0;
        return STOA_OK;
    case BEGIN:
        return null_begin(session, call, STOA_BEGIN_LAZY, err);
    case COMMIT:
        return null_commit(session, call, err);
    case ROLLBACK:
        return null_rollback(session, err);
    case VERB_COUNT:
        break;
    }
    return stoa__fail(err, STOA_ERR_INTERNAL, "null: a statement without a verb");
}

stoa_status null_execute(void *self, stoa__call *call, const struct stoa__params *params,
                         const struct stoa__read_config *config, void **out,
                         stoa_error *err)
{
    struct null_statement *statement = self;
    struct null_cursor *cursor;
    stoa_status rc = stoa__call_check(call, err);

    if (rc == STOA_OK && params->count != statement->parameter_count)
        rc = stoa__fail(err, STOA_ERR_INVALID, "null: %lld parameters for %lld",
                        (long long)params->count, (long long)statement->parameter_count);
    if (rc == STOA_OK && params->names)
        rc = stoa__fail(err, STOA_ERR_INVALID, "null: parameters have no names");
    if (rc != STOA_OK)
        return rc;
    cursor = stoa__alloc_zero(1, sizeof *cursor);
    if (!cursor)
        return stoa__fail_nomem(err);
    cursor->statement = statement;
    cursor->batch_rows = config->batch_rows;
    cursor->rows_affected = -1;
    rc = run(statement, cursor, call, params, err);
    if (rc == STOA_OK)
        *out = cursor;
    else
        null_cursor_close(cursor);
    return rc;
}

stoa_status null_cursor_type(void *self, stoa__call *call,
                             const struct stoa__arrow_type **type, stoa_error *err)
{
    (void)call;
    (void)err;
    *type = ((struct null_cursor *)self)->statement->type;
    return STOA_OK;
}

static stoa_status next_rows(struct null_cursor *cursor, stoa__call *call,
                             struct ArrowArray *out, stoa_error *err)
{
    int64_t count = cursor->row_count - cursor->row;
    struct stoa__builder builder = {0};
    stoa_status rc;

    if (count <= 0)
        return STOA_DONE;
    if (count > cursor->batch_rows)
        count = cursor->batch_rows;
    rc = stoa__call_check(call, err);
    if (rc == STOA_OK)
        rc = stoa__builder_init(&builder, cursor->statement->type, count, err);
    for (int64_t i = 0; i < count && rc == STOA_OK; i++)
        rc = stoa__column_append_int64(&builder.root.children[0], cursor->row + i, err);
    builder.root.length = count;
    if (rc == STOA_OK)
        rc = stoa__builder_finish(&builder, 0, out, err);
    stoa__builder_release(&builder);
    if (rc == STOA_OK)
        cursor->row += count;
    stoa__call_progress(call, cursor->row, cursor->row_count);
    return rc;
}

stoa_status null_cursor_next(void *self, stoa__call *call, struct ArrowArray *out,
                             stoa_error *err)
{
    struct null_cursor *cursor = self;
    stoa_status rc = stoa__call_check(call, err);

    if (rc != STOA_OK)
        return rc;
    if (cursor->statement->verb == ROWS)
        return next_rows(cursor, call, out, err);
    if (!cursor->batch.release)
        return STOA_DONE;
    *out = cursor->batch;
    cursor->batch = (struct ArrowArray){0};
    return STOA_OK;
}

void null_cursor_info(void *self, struct stoa__cursor_info *out)
{
    struct null_cursor *cursor = self;

    *out = (struct stoa__cursor_info){.rows_affected = cursor->rows_affected,
                                      .last_insert_id = 0,
                                      .rows_scanned = cursor->row,
                                      .values_coerced = 0};
}

void null_cursor_close(void *self)
{
    struct null_cursor *cursor = self;

    stoa__array_release(&cursor->batch);
    stoa__free(cursor);
}
