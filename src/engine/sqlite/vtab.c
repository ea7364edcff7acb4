/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/vtab.h"

#include "arrow/cell.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/ban.h"

enum {
    /* Rows between two looks at the call while they are being written: a row may cost
     * many microseconds when the table has indexes and triggers. */
    WRITE_ROWS_MAX = 256
};

struct table {
    sqlite3_vtab base;
    struct sqlite_source
        *source; /* The module holds the reference, and the table the module. */
};

/*
 * Rows are gone through in chunks: the rows [chunk_first, chunk_first + FILTER_ROWS_MAX)
 * of the batch that passed the filter. Between chunks the call is asked and batches
 * change; inside one, the next row is an addition.
 */
struct cursor {
    sqlite3_vtab_cursor base;
    const struct sqlite_source_column *columns;
    struct sqlite_reader *readers;
    int64_t row;       /* In the batch. */
    int32_t at, count; /* In the chunk. */
    bool chosen;       /* `rows` lists the chunk's rows; else it is all of them. */
    bool ended;
    sqlite3_destructor_type keep; /* How texts are given out. */
    int64_t chunk_first, chunk_next;
    int64_t end; /* Row of the batch behind the last one wanted. */
    int32_t column_count;
    struct sqlite_batch batch;
    struct sqlite_filter filter;
    void *reading;
    bool reads;
    stoa__buffer scratch;
    uint16_t rows[FILTER_ROWS_MAX];
};

/* Give the failure to SQLite in words, and keep it for who called SQLite. */
static int fail_table(sqlite3_vtab *base, const stoa_error *failure)
{
    struct sqlite_session *const session = ((struct table *)base)->source->session;

    assert(failure->code < 0);
    if (session->failure.code == STOA_OK)
        session->failure = *failure;
    sqlite3_free(base->zErrMsg);
    base->zErrMsg = sqlite3_mprintf("%s", failure->text);
    return SQLITE_ERROR;
}

/* ---- the table ---- */

static int declare(struct sqlite_source *source, sqlite3 *db, char **message)
{
    stoa__buffer sql = {0};
    stoa_error failure = {0};
    stoa_status rc = source->declare(source, &sql, &failure);
    int code = SQLITE_OK;

    if (rc == STOA_OK && stoa__buffer_terminate(&sql) != STOA_OK)
        rc = stoa__fail_nomem(&failure);
    if (rc == STOA_OK)
        code = sqlite3_declare_vtab(db, (const char *)sql.data);
    if (rc == STOA_OK && code != SQLITE_OK)
        rc = (code & 0xff) == SQLITE_NOMEM
                 ? stoa__fail_nomem(&failure)
                 : stoa__fail(&failure, STOA_ERR_INVALID, "%s", sqlite3_errmsg(db));
    stoa__buffer_release(&sql);
    if (rc == STOA_OK)
        return SQLITE_OK;
    source->session->failure = failure;
    *message = sqlite3_mprintf("%s", failure.text);
    return SQLITE_ERROR;
}

static int table_connect(sqlite3 *db, void *self, int argc, const char *const *argv,
                         sqlite3_vtab **out, char **message)
{
    struct sqlite_source *const source = self;
    struct table *table;
    int code;

    (void)argc, (void)argv;
    code = declare(source, db, message);
    if (code != SQLITE_OK)
        return code;
    /* Not from the views and triggers of a file: only from statements of the session's
     * user. */
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    table = stoa__alloc_zero(1, sizeof(*table));
    if (!table) {
        (void)stoa__fail_nomem(&source->session->failure);
        *message = sqlite3_mprintf("%s", source->session->failure.text);
        return SQLITE_ERROR;
    }
    table->source = source;
    *out = &table->base;
    return SQLITE_OK;
}

static int table_disconnect(sqlite3_vtab *base)
{
    stoa__free(base);
    return SQLITE_OK;
}

static struct sqlite_filter_source filter_source(const struct sqlite_source *source)
{
    return (struct sqlite_filter_source){
        .columns = source->columns,
        .column_count = source->type->child_count,
        .row_count = source->row_count,
        .pushdown = source->pushdown,
    };
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct sqlite_filter_source source =
        filter_source(((struct table *)base)->source);
    stoa_error failure;

    if (sqlite_filter_plan(&source, info))
        return SQLITE_OK;
    (void)stoa__fail_nomem(&failure);
    return fail_table(base, &failure);
}

static int table_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    const struct sqlite_source *const source = ((struct table *)base)->source;
    const size_t count = (size_t)source->type->child_count;
    struct cursor *const cursor = stoa__alloc_zero(1, sizeof(*cursor));
    stoa_error failure;

    if (cursor)
        cursor->readers = stoa__alloc_zero(count, sizeof(*cursor->readers));
    if (!cursor || !cursor->readers) {
        stoa__free(cursor);
        (void)stoa__fail_nomem(&failure);
        return fail_table(base, &failure);
    }
    cursor->columns = source->columns;
    cursor->column_count = source->type->child_count;
    *out = &cursor->base;
    return SQLITE_OK;
}

static struct sqlite_source *source_of(const struct cursor *cursor)
{
    return ((struct table *)cursor->base.pVtab)->source;
}

static void forget_batch(struct cursor *cursor)
{
    for (int32_t i = 0; i < cursor->column_count; i++)
        if (cursor->readers[i].read != READ_LATER)
            sqlite_reader_release(&cursor->readers[i]);
    cursor->batch = (struct sqlite_batch){0};
}

static void stop(struct cursor *cursor)
{
    struct sqlite_source *const source = source_of(cursor);

    forget_batch(cursor);
    if (cursor->reads)
        source->stop(source, cursor->reading);
    cursor->reads = false;
    cursor->reading = NULL;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    struct cursor *const cursor = (struct cursor *)base;

    stop(cursor);
    sqlite_filter_release(&cursor->filter);
    stoa__buffer_release(&cursor->scratch);
    stoa__free(cursor->readers);
    stoa__free(cursor);
    return SQLITE_OK;
}

/* ---- from chunk to chunk ---- */

static stoa_status load(struct cursor *cursor, int32_t index, stoa_error *err)
{
    const struct sqlite_source *const source = source_of(cursor);
    stoa_status rc = sqlite_reader_load(&cursor->readers[index], &cursor->columns[index],
                                        cursor->batch.array, index, err);

    if (rc != STOA_OK)
        stoa__wrap(err, "column '%s'", source->type->children[index].name);
    return rc;
}

/* The next batch that has rows within the rowids wanted, or DONE. */
static stoa_status next_batch(struct cursor *cursor, stoa_error *err)
{
    struct sqlite_source *const source = source_of(cursor);
    const struct sqlite_filter *const filter = &cursor->filter;

    for (;;) {
        struct sqlite_batch batch = {0};
        int64_t length;
        stoa_status rc;

        forget_batch(cursor);
        rc = source->next(source, cursor->reading, &batch, err);
        if (rc != STOA_OK)
            return rc;
        length = batch.array->length;
        if (batch.first_row > filter->row_high)
            return STOA_DONE;
        cursor->chunk_next =
            filter->row_low > batch.first_row ? filter->row_low - batch.first_row : 0;
        cursor->end = filter->row_high - batch.first_row < length
                          ? filter->row_high - batch.first_row + 1
                          : length;
        cursor->batch = batch;
        cursor->keep = batch.stable ? SQLITE_STATIC : SQLITE_TRANSIENT;
        if (cursor->chunk_next < cursor->end)
            return STOA_OK;
    }
}

static stoa_status choose(struct cursor *cursor, stoa_error *err)
{
    const struct sqlite_filter *const filter = &cursor->filter;

    for (int32_t i = 0; i < filter->count; i++) {
        const int32_t column = filter->terms[i].column;

        if (cursor->readers[column].read == READ_LATER) {
            stoa_status rc = load(cursor, column, err);
            if (rc != STOA_OK)
                return rc;
        }
    }
    cursor->count = sqlite_filter_rows(filter, cursor->readers, cursor->chunk_first,
                                       cursor->count, cursor->rows);
    return STOA_OK;
}

static stoa_status next_chunk(struct cursor *cursor, stoa_error *err)
{
    const struct sqlite_source *const source = source_of(cursor);
    stoa__call *const call = source->call ? source->call : source->session->call;
    const int32_t most = source->pushdown ? FILTER_ROWS_MAX : WRITE_ROWS_MAX;
    stoa_status rc = STOA_OK;

    do {
        if (cursor->chunk_next >= cursor->end)
            rc = next_batch(cursor, err);
        if (rc != STOA_OK)
            return rc;
        if (call)
            rc = stoa__call_check(call, err);
        if (rc != STOA_OK)
            return rc;
        cursor->chunk_first = cursor->chunk_next;
        cursor->count = cursor->end - cursor->chunk_first < most
                            ? (int32_t)(cursor->end - cursor->chunk_first)
                            : most;
        cursor->chunk_next += cursor->count;
        if (cursor->chosen)
            rc = choose(cursor, err);
    } while (rc == STOA_OK && cursor->count == 0);
    cursor->at = 0;
    cursor->row = cursor->chunk_first + (cursor->chosen ? cursor->rows[0] : 0);
    return rc;
}

static int advance(struct cursor *cursor)
{
    stoa_error failure = {0};
    const stoa_status rc = next_chunk(cursor, &failure);

    if (rc == STOA_OK)
        return SQLITE_OK;
    cursor->ended = true;
    return rc == STOA_DONE ? SQLITE_OK : fail_table(cursor->base.pVtab, &failure);
}

static int cursor_filter(sqlite3_vtab_cursor *base, int number, const char *plan,
                         int count, sqlite3_value **values)
{
    struct cursor *const cursor = (struct cursor *)base;
    struct sqlite_source *const source = source_of(cursor);
    const struct sqlite_filter_source about = filter_source(source);
    stoa_error failure = {0};
    stoa_status rc;

    (void)number;
    stop(cursor);
    cursor->ended = false;
    cursor->chunk_next = cursor->end = 0;
    rc = sqlite_filter_begin(&cursor->filter, &about, plan, count, values, &failure);
    cursor->chosen = cursor->filter.count > 0;
    if (rc == STOA_OK && cursor->filter.row_low > cursor->filter.row_high) {
        cursor->ended = true;
        return SQLITE_OK;
    }
    if (rc == STOA_OK)
        rc = source->start(source, cursor->filter.row_low, &cursor->reading, &failure);
    if (rc != STOA_OK)
        return fail_table(base->pVtab, &failure);
    cursor->reads = true;
    return advance(cursor);
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    struct cursor *const cursor = (struct cursor *)base;

    if (++cursor->at >= cursor->count)
        return advance(cursor);
    cursor->row =
        cursor->chosen ? cursor->chunk_first + cursor->rows[cursor->at] : cursor->row + 1;
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->ended;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    const struct cursor *const cursor = (struct cursor *)base;

    *out = cursor->batch.first_row + cursor->row;
    return SQLITE_OK;
}

/* ---- cells ---- */

static stoa_status fail_cell(const struct sqlite_source *source, int32_t index,
                             int64_t row, stoa_error *err)
{
    stoa__wrap(err, "column '%s', row %lld", source->type->children[index].name,
               (long long)row);
    return err->code;
}

/* A cell for which there is no short way, to a statement's parameter or a function's
 * result. */
static stoa_status put_cell(const struct sqlite_source *source, int32_t index,
                            const struct sqlite_reader *reader, int64_t row, bool stable,
                            stoa__buffer *scratch, sqlite3_stmt *statement, int position,
                            sqlite3_context *context, stoa_error *err)
{
    struct sqlite_column_form form = {.form = source->columns[index].form};
    struct stoa__cell cell;

    stoa__cell_at(reader->type, reader->array, reader->first + row, &cell);
    if (cell.null) {
        if (statement)
            sqlite3_bind_null(statement, position);
        return STOA_OK;
    }
    form.type = cell.type;
    return sqlite_put(&form, cell.array, cell.row - cell.array->offset, stable,
                      source->nan, scratch, statement, position, context, err);
}

static stoa_status cell_problem(const struct sqlite_source *source,
                                const struct sqlite_reader *reader, int64_t row,
                                stoa_error *err)
{
    switch (reader->read) {
    case READ_UINT64:
        return stoa__fail(err, STOA_ERR_TYPE,
                          "%llu is more than an INTEGER holds; uint64=text stores it",
                          (unsigned long long)stoa__load_uint(reader->data, 8, row));
    case READ_FLOAT32:
    case READ_FLOAT64:
        return stoa__fail(err, STOA_ERR_TYPE,
                          "NaN cannot be stored; nan=null stores NULL in its place");
    case READ_DICTIONARY:
        return stoa__fail(err, STOA_ERR_INVALID, "the index is outside the dictionary");
    default:
        (void)source;
        return stoa__fail(err, STOA_ERR_INVALID, "the offsets are out of order");
    }
}

/* The rest of cursor_column(): what is not looked at yet, what has no short way, what is
 * wrong. */
static int column_slow(struct cursor *cursor, const struct sqlite_reader *reader,
                       sqlite3_context *context, int index, int64_t row)
{
    const struct sqlite_source *const source = source_of(cursor);
    stoa_error failure = {0};
    stoa_status rc;

    if (reader->read == READ_CELL)
        rc = put_cell(source, index, reader, row, cursor->batch.stable, &cursor->scratch,
                      NULL, 0, context, &failure);
    else
        rc = cell_problem(source, reader, row, &failure);
    if (rc == STOA_OK)
        return SQLITE_OK;
    (void)fail_cell(source, index, cursor->batch.first_row + cursor->row, &failure);
    return fail_table(cursor->base.pVtab, &failure);
}

static int column_first(struct cursor *cursor, int index)
{
    stoa_error failure = {0};

    if (load(cursor, index, &failure) == STOA_OK)
        return SQLITE_OK;
    return fail_table(cursor->base.pVtab, &failure);
}

static inline double float64_at(const struct sqlite_reader *reader, int64_t row)
{
    double value;

    memcpy(&value, reader->data + row * 8, sizeof(value));
    return value;
}

static double float_at(const struct sqlite_reader *reader, int64_t row)
{
    float narrow;

    if (reader->read == READ_FLOAT64)
        return float64_at(reader, row);
    memcpy(&narrow, reader->data + row * 4, sizeof(narrow));
    return (double)narrow;
}

static inline bool int_at(const struct sqlite_reader *reader, int64_t row, int64_t *out)
{
    switch (reader->read) {
    case READ_INT64:
        *out = stoa__load_i64(reader->data, row);
        return true;
    case READ_INT32:
        *out = stoa__load_i32(reader->data, row);
        return true;
    case READ_BOOL:
        *out = stoa__bit_get(reader->data, reader->first + row);
        return true;
    case READ_INT8:
    case READ_INT16:
        *out = stoa__load_int(reader->data, reader->width, row);
        return true;
    default:
        *out = (int64_t)stoa__load_uint(reader->data, reader->width, row);
        return *out >= 0;
    }
}

/* Every kind there is; what has no short way goes the slow one. */
static __attribute__((noinline)) int column_any(struct cursor *cursor,
                                                sqlite3_context *context, int index)
{
    const struct sqlite_reader *reader = &cursor->readers[index];
    int64_t row = cursor->row, size, number;
    const uint8_t *bytes;
    double real;

    if (reader->read == READ_LATER && column_first(cursor, index) != SQLITE_OK)
        return SQLITE_ERROR;
again:
    if (sqlite_reader_null(reader, row))
        return SQLITE_OK;
    switch (reader->read) {
    case READ_INT64:
        sqlite3_result_int64(context, stoa__load_i64(reader->data, row));
        return SQLITE_OK;
    case READ_FLOAT64:
    case READ_FLOAT32:
        real = float_at(reader, row);
        if (real != real && source_of(cursor)->nan != STOA__NAN_NULL)
            break;
        sqlite3_result_double(context, real);
        return SQLITE_OK;
    case READ_TEXT:
    case READ_LARGE_TEXT:
    case READ_TEXT_VIEW:
        bytes = sqlite_reader_bytes(reader, row, &size);
        if (!bytes)
            break;
        if (size <= INT_MAX)
            sqlite3_result_text(context, (const char *)bytes, (int)size, cursor->keep);
        else
            sqlite3_result_error_toobig(context);
        return SQLITE_OK;
    case READ_BLOB:
    case READ_LARGE_BLOB:
    case READ_BLOB_VIEW:
    case READ_FIXED_BLOB:
        bytes = sqlite_reader_bytes(reader, row, &size);
        if (!bytes)
            break;
        sqlite3_result_blob64(context, bytes, (sqlite3_uint64)size, cursor->keep);
        return SQLITE_OK;
    case READ_DICTIONARY:
        row = sqlite_reader_index(reader, row);
        if (row < 0)
            break;
        reader = reader->values;
        goto again;
    case READ_NULL:
        return SQLITE_OK;
    case READ_CELL:
        break;
    default:
        if (!int_at(reader, row, &number))
            break;
        sqlite3_result_int64(context, number);
        return SQLITE_OK;
    }
    return column_slow(cursor, reader, context, index, row);
}

/* The hot path: for the kinds people have, nothing but loads stands between the call and
 * SQLite's result functions. A result that is not set is NULL. */
static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index)
{
    struct cursor *const cursor = (struct cursor *)base;
    const struct sqlite_reader *const reader = &cursor->readers[index];
    const int64_t row = cursor->row;

    if (sqlite_reader_null(reader, row))
        return SQLITE_OK;
    if (reader->read == READ_INT64) {
        sqlite3_result_int64(context, stoa__load_i64(reader->data, row));
        return SQLITE_OK;
    }
    if (reader->read == READ_FLOAT64) {
        const double real = float64_at(reader, row);

        if (real == real) {
            sqlite3_result_double(context, real);
            return SQLITE_OK;
        }
    }
    if (reader->read == READ_TEXT) {
        const int32_t begin = stoa__load_i32(reader->offsets, row);
        const int32_t end = stoa__load_i32(reader->offsets, row + 1);

        if (begin >= 0 && end >= begin) {
            sqlite3_result_text(context, (const char *)reader->data + begin, end - begin,
                                cursor->keep);
            return SQLITE_OK;
        }
    }
    return column_any(cursor, context, index);
}

stoa_status sqlite_vtab_bind(const struct sqlite_source *source, int32_t column,
                             const struct sqlite_reader *reader, int64_t row,
                             stoa__buffer *scratch, sqlite3_stmt *statement, int position,
                             stoa_error *err)
{
    const int64_t batch_row = row;
    int64_t size = 0, number = 0;
    const uint8_t *bytes = NULL;
    stoa_status rc;
    double real;

    while (reader->read == READ_DICTIONARY && !sqlite_reader_null(reader, row)) {
        const int64_t index = sqlite_reader_index(reader, row);

        if (index < 0)
            break;
        reader = reader->values;
        row = index;
    }
    if (reader->read == READ_NULL || sqlite_reader_null(reader, row)) {
        sqlite3_bind_null(statement, position);
        return STOA_OK;
    }
    switch (reader->read) {
    case READ_FLOAT64:
    case READ_FLOAT32:
        real = float_at(reader, row);
        if (real != real && source->nan != STOA__NAN_NULL)
            break;
        sqlite3_bind_double(statement, position, real);
        return STOA_OK;
    case READ_TEXT:
    case READ_LARGE_TEXT:
    case READ_TEXT_VIEW:
    case READ_BLOB:
    case READ_LARGE_BLOB:
    case READ_BLOB_VIEW:
    case READ_FIXED_BLOB:
        bytes = sqlite_reader_bytes(reader, row, &size);
        if (!bytes)
            break;
        if (reader->read < READ_BLOB)
            sqlite3_bind_text64(statement, position, (const char *)bytes,
                                (sqlite3_uint64)size, SQLITE_STATIC, SQLITE_UTF8);
        else
            sqlite3_bind_blob64(statement, position, bytes, (sqlite3_uint64)size,
                                SQLITE_STATIC);
        return STOA_OK;
    case READ_DICTIONARY:
    case READ_CELL:
        break;
    default:
        if (!int_at(reader, row, &number))
            break;
        sqlite3_bind_int64(statement, position, number);
        return STOA_OK;
    }
    rc = reader->read == READ_CELL ? put_cell(source, column, reader, row, true, scratch,
                                              statement, position, NULL, err)
                                   : cell_problem(source, reader, row, err);
    return rc == STOA_OK ? STOA_OK : fail_cell(source, column, batch_row, err);
}

/* ---- the module ---- */

static const sqlite3_module module = {
    .iVersion = 1,
    .xConnect =
        table_connect, /* Without xCreate: a table by its module's name, in no schema. */
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = table_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

static void module_unref(void *self)
{
    struct sqlite_source *const source = self;

    source->unref(source);
}

stoa_status sqlite_vtab_add(struct sqlite_source *source, const char *name,
                            stoa_error *err)
{
    struct sqlite_session *const session = source->session;
    const int code =
        sqlite3_create_module_v2(session->db, name, &module, source, module_unref);

    return code == SQLITE_OK ? STOA_OK : sqlite_fail(session, code, err);
}

void sqlite_vtab_drop(struct sqlite_session *session, const char *name)
{
    sqlite3_stmt *nothing = NULL;

    sqlite3_create_module_v2(session->db, name, NULL, NULL, NULL);
    /* SQLite lets go of a table's last reference when it next compiles something; the
     * caller's data should not wait for that. */
    (void)sqlite3_prepare_v2(session->db, "", -1, &nothing, NULL);
    assert(!nothing);
}
