/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read.h"

#include "arrow/array.h"
#include "base/error.h"
#include "base/mem.h"
#include "core/conn.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- a value of another type ---- */

static void foreign_condition(stoa__buffer *text, const struct read_column *column, int32_t number)
{
    static const char *const classes[] = {[TYPE_INTEGER] = "'integer'",
                                          [TYPE_FLOAT] = "'real', 'integer'",
                                          [TYPE_STRING] = "'text'",
                                          [TYPE_DATE_TIME] = "'text'"};
    const char *class = column->form == READ_LABEL ? "'text'" : classes[column->type];

    collection_text(text, "typeof(c%d) NOT IN (%s, 'null')", (int)number, class);
}

/* Which element has a foreign value in the column? The answer in `out`; false: none. */
static bool find_foreign(const struct read_statement *statement, stoa__call *call, int32_t number,
                         struct stoa__row_writer *out)
{
    static const struct stoa__read_config config = {.batch_rows = 1,
                                                    .types = STOA__TYPES_INFER};
    const struct stoa__engine *engine = statement->run.engine;
    struct stoa__cursor_info info;
    stoa__buffer text = {0};
    void *native = NULL;
    size_t used;
    stoa_status rc;

    collection_text(&text, "SELECT c0, upper(typeof(c%d)) FROM (%s) WHERE ", (int)number,
                    statement->text);
    foreign_condition(&text, &statement->columns[number], number);
    collection_text(&text, " LIMIT 1");
    rc = collection_text_end(&text, NULL);
    if (rc == STOA_OK)
        rc = engine->prepare(statement->run.session, call, (const char *)text.data, text.size,
                             &used, &native, NULL);
    if (rc == STOA_OK)
        rc = engine->execute_row(native, call, &statement->params, &config, out, &info, NULL);
    if (native)
        engine->statement_close(native);
    stoa__buffer_release(&text);
    return rc == STOA_OK && out->row_count == 1;
}

/* The engine knows rows; a person knows elements. */
static stoa_status explain(const struct read_statement *statement, stoa__call *call,
                           stoa_error *err)
{
    struct stoa__row_writer row = {0};

    for (int32_t i = 1; i < statement->column_count; i++) {
        size_t size;
        const char *class;

        stoa__row_writer_empty(&row);
        if (!find_foreign(statement, call, i, &row))
            continue;
        class = collection_row_text(&row, 1, &size);
        (void)stoa__fail(err, STOA_ERR_TYPE, "element %lld: column '%s' holds %.*s, not %s",
                         (long long)collection_row_int64(&row, 0), statement->columns[i].stored,
                         (int)size, class, collection_type_word(statement->columns[i].type));
        break;
    }
    stoa__row_writer_release(&row);
    return STOA_ERR_TYPE;
}

/* ---- a statement that runs ---- */

static stoa_status keep_params(struct read_statement *statement, const struct read_packed *params,
                               stoa__arena *arena, stoa_error *err)
{
    const size_t size = (size_t)params->count * sizeof *params->values;
    stoa_value *values = stoa__arena_alloc(arena, size + 1);
    uint8_t *bytes = stoa__arena_alloc(arena, (size_t)params->bytes_size + 1);

    if (!values || !bytes)
        return stoa__fail_nomem(err);
    if (params->count > 0)
        memcpy(values, params->values, size);
    if (params->bytes_size > 0)
        memcpy(bytes, params->bytes, (size_t)params->bytes_size);
    statement->params = (struct stoa__params){.values = values,
                                              .count = params->count,
                                              .bytes = bytes,
                                              .bytes_size = params->bytes_size};
    return STOA_OK;
}

/* A column whose values decide what it is (a DATE_TIME of a table that is not STRICT, an
 * expression) is asked for as what the schema says. */
static stoa_status request_kinds(struct read_statement *statement, stoa__call *call,
                                 stoa__arena *arena, stoa_error *err)
{
    struct stoa__arrow_type *asked = collection_struct_type(arena, statement->column_count);
    const struct stoa__arrow_type *type = NULL;
    bool differs = false;
    stoa_status rc = asked ? STOA_OK : stoa__fail_nomem(err);

    if (rc == STOA_OK)
        rc = statement->run.engine->cursor_type(statement->cursor, call, &type, err);
    for (int32_t i = 0; rc == STOA_OK && i < statement->column_count; i++) {
        const enum stoa__arrow_kind kind = collection_read_column_kind(&statement->columns[i]);
        const char *format = kind == STOA__ARROW_UTF8     ? "u"
                             : kind == STOA__ARROW_INT64 ? "l"
                                                          : "g";
        struct stoa__arrow_type *field;

        assert(type->child_count == statement->column_count);
        differs = differs || type->children[i].kind != kind;
        rc = stoa__arrow_type_simple(type->children[i].kind == kind ? "n" : format, "", true,
                                     arena, &field, err);
        if (rc == STOA_OK)
            asked->children[i] = *field;
    }
    if (rc == STOA_OK && differs)
        rc = statement->run.engine->cursor_request(statement->cursor, asked, err);
    return rc;
}

stoa_status collection_read_statement_prepare(struct read_statement *statement,
                                              struct collection_call *call, stoa__buffer *text,
                                              stoa__arena *arena, stoa_error *err)
{
    size_t used = 0;
    stoa_status rc = collection_text_end(text, err);

    statement->run = collection_read_run_of(call);
    if (rc == STOA_OK) {
        statement->text = stoa__arena_copy_text(arena, (const char *)text->data, text->size);
        rc = statement->text ? STOA_OK : stoa__fail_nomem(err);
    }
    if (rc == STOA_OK) {
        rc = call->entry.engine->prepare(statement->run.session, &call->entry.call,
                                         statement->text, text->size, &used, &statement->native,
                                         err);
        if (rc != STOA_OK)
            stoa__wrap(err, "Cannot %s", call->operation);
    }
    text->size = 0;
    return rc;
}

stoa_status collection_read_statement_run(struct read_statement *statement, stoa__call *call,
                                          int64_t batch_rows, stoa_error *err)
{
    const struct stoa__read_config config = {
        .batch_rows = batch_rows,
        .types = STOA__TYPES_AFFINITY,
        .type_mismatch =
            statement->run.cells_null ? STOA__MISMATCH_NULL : STOA__MISMATCH_ERROR,
        .nan = STOA__NAN_NULL};
    const stoa_status rc = statement->run.engine->execute(
        statement->native, call, &statement->params, &config, &statement->cursor, err);

    if (rc != STOA_OK)
        stoa__wrap(err, "Cannot %s", statement->run.operation);
    return rc;
}

stoa_status collection_read_statement_rows(struct read_statement *statement, stoa__call *call,
                                           int64_t rows_max, struct stoa__row_writer *out,
                                           stoa_error *err)
{
    stoa_status rc =
        statement->run.engine->cursor_rows(statement->cursor, call, rows_max, out, err);

    if (rc == STOA_ERR_TYPE)
        rc = explain(statement, call, err);
    if (rc < 0)
        stoa__wrap(err, "Cannot %s", statement->run.operation);
    return rc;
}

void collection_read_statement_end(struct read_statement *statement)
{
    if (statement->cursor)
        statement->run.engine->cursor_close(statement->cursor);
    statement->cursor = NULL;
}

stoa_status collection_read_statement_open(struct read_statement *statement,
                                           struct collection_call *call, stoa__buffer *text,
                                           const struct read_packed *params, int64_t batch_rows,
                                           stoa__arena *arena, stoa_error *err)
{
    stoa_status rc = keep_params(statement, params, arena, err);

    if (rc == STOA_OK)
        rc = collection_read_statement_prepare(statement, call, text, arena, err);
    if (rc == STOA_OK)
        rc = collection_read_statement_run(statement, &call->entry.call, batch_rows, err);
    if (rc == STOA_OK)
        rc = request_kinds(statement, &call->entry.call, arena, err);
    stoa__buffer_release(text);
    return rc;
}

void collection_read_statement_close(struct read_statement *statement)
{
    collection_read_statement_end(statement);
    if (statement->native)
        statement->run.engine->statement_close(statement->native);
    statement->native = NULL;
}

stoa_status collection_read_statement_next(struct read_statement *statement, stoa__call *call,
                                           struct ArrowArray *out, stoa_error *err)
{
    stoa_status rc = statement->run.engine->cursor_next(statement->cursor, call, out, err);

    if (rc == STOA_ERR_TYPE)
        rc = explain(statement, call, err);
    if (rc < 0)
        stoa__wrap(err, "Cannot %s", statement->run.operation);
    return rc;
}

stoa_status collection_read_statement_convert(const struct read_statement *statement,
                                              struct ArrowArray *batch, stoa_error *err)
{
    const int64_t *ids = batch->children[0]->buffers[1];
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; rc == STOA_OK && i < statement->column_count; i++)
        rc = collection_read_column_convert(&statement->run, &statement->columns[i],
                                            batch->children[i], ids, err);
    return rc;
}

/* ---- a result over one ---- */

struct stream {
    stoa__arena arena;
    struct stoa__arrow_type *type;
    struct read_statement statement;
};

static stoa_status stream_next(void *self, stoa__call *call, struct ArrowArray *out,
                               stoa_error *err)
{
    struct stream *stream = self;
    stoa_status rc = collection_read_statement_next(&stream->statement, call, out, err);

    if (rc != STOA_OK)
        return rc;
    rc = collection_read_statement_convert(&stream->statement, out, err);
    if (rc != STOA_OK)
        stoa__array_release(out);
    return rc;
}

static void stream_close(void *self)
{
    struct stream *stream = self;

    collection_read_statement_close(&stream->statement);
    stoa__arena_release(&stream->arena);
    stoa__free(stream);
}

static const struct collection_reader stream_reader = {stream_next, stream_close};

static stoa_status stream_open(struct stream *stream, struct collection_call *call,
                               stoa__buffer *text, const struct read_packed *params,
                               stoa_error *err)
{
    struct read_statement *statement = &stream->statement;
    stoa_status rc = STOA_OK;

    stream->type = collection_struct_type(&stream->arena, statement->column_count);
    if (!stream->type)
        rc = stoa__fail_nomem(err);
    for (int32_t i = 0; rc == STOA_OK && i < statement->column_count; i++)
        rc = collection_read_column_field(&statement->columns[i], &stream->arena,
                                          &stream->type->children[i], err);
    if (rc == STOA_OK)
        rc = collection_read_statement_open(statement, call, text, params,
                                            call->entry.leaf->conn->read.batch_rows,
                                            &stream->arena, err);
    return rc;
}

stoa_status collection_read_stream(struct collection_call *call, stoa__buffer *text,
                                   const struct read_packed *params, struct read_column *columns,
                                   int32_t column_count, stoa__arena *arena, stoa_result *out,
                                   stoa_error *err)
{
    struct stream *stream = stoa__alloc_zero(1, sizeof *stream);
    stoa_status rc;

    if (!stream) {
        stoa__buffer_release(text);
        stoa__arena_release(arena);
        return stoa__fail_nomem(err);
    }
    stream->arena = *arena;
    *arena = (stoa__arena){0};
    stream->statement.columns = columns;
    stream->statement.column_count = column_count;
    rc = stream_open(stream, call, text, params, err);
    stoa__buffer_release(text);
    if (rc == STOA_OK)
        return collection_output(call, &stream_reader, stream, stream->type, out, err);
    stream_close(stream);
    return rc;
}
