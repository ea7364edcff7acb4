/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that are elements. A known label keeps its id and is updated in place, a new one is
 * inserted, and with mode=replace what the file does not have is deleted, so that the declared
 * actions fire. Foreign keys stay on. Three passes at most over the file:
 *
 *   room        where the file has further UNIQUE columns, whose values may move between rows: the
 *               rows that are there give theirs up
 *   rows        all but relations of the collection to itself
 *   relations   those, once all rows are there
 */
#include "collection/csv_import.h"
#include "collection/csv_map.h"
#include "collection/element.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#include "base/ban.h"

struct elements {
    struct csv_import *import;
    const struct collection_table *table;
    int32_t label;  /* Its column of the file. */
    bool known;     /* Labels of the file may be there already. */
    bool any_self;  /* There is a relation to be set. */
    int64_t id_max; /* Of those that were there. */
    int64_t nobody; /* No element's id; */
    bool defers;    /* it stands in for relations that must not be NULL. */
    int64_t deferred; /* Foreign keys were, before. */
    struct csv_map seen; /* Their ids, if they are in the file. */
    struct csv_batch insert;
    struct collection_sql find, update;
    bool updates; /* There is a column to be updated. */
    struct collection_packed row;
};

/* ---- statements ---- */

static bool is_written(const struct csv_import *import, int32_t column)
{
    return import->columns[column].role != CSV_IGNORED;
}

static stoa_status open_insert(struct elements *elements)
{
    struct csv_import *import = elements->import;
    const bool high = collection_has_high_ids(import->csv.call);
    stoa__buffer text = {0};
    int32_t count = 0;

    collection_text(&text, "INSERT INTO %T(", elements->table->name);
    for (int32_t i = 0; i < import->column_count; i++)
        if (is_written(import, i))
            collection_text(&text, "%s%Q", count++ > 0 ? "," : "",
                            import->columns[i].column->name);
    collection_text(&text, high ? ") SELECT " : ") VALUES("); /* As collection_insert_text(). */
    for (int32_t i = 0; i < count; i++)
        collection_text(&text, "%s?%d", i > 0 ? "," : "", i + 1);
    if (!high)
        collection_text(&text, ")");
    return collection_csv_batch_open(&elements->insert, import, &text, count,
                                     &import->done.inserted);
}

/* All columns but the label, and the id behind them. */
static stoa_status open_update(struct elements *elements)
{
    struct csv_import *import = elements->import;
    stoa__buffer text = {0};
    int32_t count = 0;

    collection_text(&text, "UPDATE %T SET ", elements->table->name);
    for (int32_t i = 0; i < import->column_count; i++)
        if (is_written(import, i) && i != elements->label) {
            collection_text(&text, "%s%Q=?%d", count > 0 ? "," : "",
                            import->columns[i].column->name, count + 1);
            count++;
        }
    collection_text(&text, " WHERE \"id\"=?%d", count + 1);
    elements->updates = count > 0;
    if (count > 0)
        return collection_csv_open(import, &elements->update, &text);
    stoa__buffer_release(&text);
    return STOA_OK;
}

static stoa_status open_find(struct elements *elements)
{
    stoa__buffer text = {0};

    collection_text(&text, "SELECT \"id\" FROM %T WHERE \"label\"=?1", elements->table->name);
    return collection_csv_open(elements->import, &elements->find, &text);
}

/* The id of a label; DONE: there is none. */
static stoa_status find(struct elements *elements, const struct collection_cell *label,
                        int64_t *id)
{
    const stoa_value value = {.type = STOA_TYPE_TEXT, .b = (int64_t)label->size};
    const stoa_status rc =
        collection_sql_row(&elements->find, &value, 1, (const uint8_t *)label->text,
                           (int64_t)label->size, elements->import->err);

    *id = rc == STOA_OK ? collection_row_int64(&elements->find.row, 0) : 0;
    return rc;
}

/* Run a statement of one number, or of none. */
static stoa_status run_text(struct elements *elements, stoa__buffer *text, int64_t *out)
{
    struct collection_sql sql = {0};
    stoa_status rc = collection_csv_open(elements->import, &sql, text);

    if (rc == STOA_OK)
        rc = collection_sql_row(&sql, NULL, 0, NULL, 0, elements->import->err);
    if (out)
        *out = rc == STOA_OK ? collection_row_int64(&sql.row, 0) : 0;
    collection_sql_close(&sql);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* ---- a row ---- */

/* A relation of the collection to itself is NULL at first, or refers to nobody where it must not be
 * NULL: foreign keys are deferred then. */
static void postpone(struct elements *elements, const struct csv_column *column,
                     struct collection_cell *cell)
{
    elements->any_self = elements->any_self || cell->type != STOA_TYPE_NULL;
    cell->type = column->column->not_null ? STOA_TYPE_INT64 : STOA_TYPE_NULL;
    cell->integer = elements->nobody;
}

/* Pack the row's cells but `without`; what is packed of a row that is wrong is taken back. */
static stoa_status pack(struct elements *elements, struct collection_packed *packed,
                        int32_t without)
{
    struct csv_import *import = elements->import;
    const size_t values = packed->values.size, bytes = packed->bytes.size;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < import->column_count && rc == STOA_OK; i++) {
        struct collection_cell cell;

        if (!is_written(import, i))
            continue;
        rc = collection_csv_import_cell(import, i, &cell);
        if (rc == STOA_OK && import->columns[i].role == CSV_SELF)
            postpone(elements, &import->columns[i], &cell);
        if (rc == STOA_OK && i != without)
            rc = collection_csv_pack(import, packed, &cell);
    }
    if (rc != STOA_OK) {
        packed->values.size = values;
        packed->bytes.size = bytes;
    }
    return rc;
}

static stoa_status insert(struct elements *elements)
{
    const stoa_status rc = pack(elements, &elements->insert.packed, -1);

    return rc == STOA_OK ? collection_csv_batch_row(&elements->insert) : rc;
}

static stoa_status update(struct elements *elements, int64_t id)
{
    struct csv_import *import = elements->import;
    struct collection_packed *row = &elements->row;
    const struct collection_cell key = {.type = STOA_TYPE_INT64, .integer = id};
    stoa_status rc;

    row->values.size = row->bytes.size = 0;
    rc = pack(elements, row, elements->label);
    if (rc == STOA_OK)
        rc = collection_csv_pack(import, row, &key);
    if (rc == STOA_OK && elements->updates)
        rc = collection_sql_row(&elements->update,
                                (const stoa_value *)(const void *)row->values.data,
                                (int64_t)(row->values.size / sizeof(stoa_value)),
                                row->bytes.data, (int64_t)row->bytes.size, import->err);
    if (rc < 0)
        return import->row_failed ? rc : collection_csv_fail_statement(import, rc);
    import->done.updated += !elements->updates || elements->update.info.rows_affected > 0;
    return STOA_OK;
}

/* Which element the row is; a second row of one is a failure. */
static stoa_status see(struct elements *elements, int64_t id)
{
    bool there = true;

    if (id <= elements->id_max && !collection_csv_set_add(&elements->seen, id, &there))
        return stoa__fail_nomem(elements->import->err);
    if (!there)
        return STOA_OK;
    return collection_csv_fail_row(elements->import, "label", STOA_ERR_CONSTRAINT,
                                   "There are duplicate entries in the CSV file.");
}

/* An element was inserted that the next row may name again; where the highest id is taken, new ones
 * lie among the old. */
static stoa_status note_inserted(struct elements *elements, const struct collection_cell *label)
{
    bool there;
    int64_t id;
    stoa_status rc = collection_csv_batch_run(&elements->insert);

    if (rc != STOA_OK || elements->id_max != INT64_MAX)
        return rc;
    rc = find(elements, label, &id);
    if (rc == STOA_OK && !collection_csv_set_add(&elements->seen, id, &there))
        rc = stoa__fail_nomem(elements->import->err);
    return rc == STOA_DONE ? STOA_OK : rc; /* It was skipped. */
}

static stoa_status write_row(struct elements *elements)
{
    struct csv_import *import = elements->import;
    struct collection_cell label;
    int64_t id;
    stoa_status rc = collection_csv_import_cell(import, elements->label, &label);

    if (rc != STOA_OK)
        return rc;
    if (!elements->known)
        return insert(elements);
    rc = find(elements, &label, &id);
    if (rc == STOA_OK) {
        rc = see(elements, id);
        return rc == STOA_OK ? update(elements, id) : rc;
    }
    if (rc != STOA_DONE)
        return rc;
    rc = insert(elements);
    return rc == STOA_OK ? note_inserted(elements, &label) : rc;
}

static stoa_status write_rows(struct elements *elements)
{
    struct csv_import *import = elements->import;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK) {
        rc = collection_csv_import_next(import);
        if (rc == STOA_OK)
            rc = collection_csv_import_row_end(import, write_row(elements), import->file.line);
    }
    if (rc == STOA_DONE)
        rc = collection_csv_batch_run(&elements->insert);
    import->done.rows = import->row;
    return rc;
}

/* ---- what the file does not have ---- */

enum { LOOK_ROWS = 1024 };

/* Delete the unseen of the ids that were read; `*last` is the last one read. */
static stoa_status delete_unseen(struct elements *elements, struct collection_sql *ids,
                                 struct collection_sql *gone, int64_t *last)
{
    struct csv_import *import = elements->import;
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < ids->row.row_count && rc >= 0; i++) {
        const stoa_value id = {.type = STOA_TYPE_INT64, .a = collection_row_int64(&ids->row, i)};

        *last = id.a;
        if (collection_csv_set_has(&elements->seen, id.a))
            continue;
        rc = collection_sql_row(gone, &id, 1, NULL, 0, import->err);
        import->done.deleted += rc >= 0 && gone->info.rows_affected > 0;
    }
    return rc < 0 ? rc : STOA_OK;
}

/* A chunk of ids; DONE: none was left. The cursor is closed before rows go. */
static stoa_status look(struct elements *elements, struct collection_sql *ids, int64_t from)
{
    const stoa_value range[] = {{.type = STOA_TYPE_INT64, .a = from},
                                {.type = STOA_TYPE_INT64, .a = elements->id_max}};
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "SELECT \"id\" FROM %T WHERE \"id\">=?1 AND \"id\"<=?2 ORDER BY "
                           "\"id\" LIMIT %d",
                    elements->table->name, (int)LOOK_ROWS);
    rc = collection_csv_open(elements->import, ids, &text);
    if (rc == STOA_OK)
        rc = collection_sql_run(ids, range, 2, NULL, 0, elements->import->err);
    if (rc == STOA_OK)
        rc = collection_sql_rows(ids, LOOK_ROWS, elements->import->err);
    return rc;
}

static stoa_status delete_rest(struct elements *elements)
{
    struct csv_import *import = elements->import;
    struct collection_sql gone = {0};
    int64_t from = INT64_MIN, last = INT64_MIN;
    stoa__buffer text = {0};
    stoa_status rc;

    collection_text(&text, "DELETE FROM %T WHERE \"id\"=?1", elements->table->name);
    rc = collection_csv_open(import, &gone, &text);
    while (rc == STOA_OK) {
        struct collection_sql ids = {0};

        rc = look(elements, &ids, from);
        if (rc == STOA_OK)
            rc = delete_unseen(elements, &ids, &gone, &last);
        collection_sql_close(&ids);
        if (rc != STOA_OK || last == elements->id_max)
            break;
        from = last + 1;
    }
    collection_sql_close(&gone);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* ---- room for values that move ---- */

static bool is_in_file(const struct csv_import *import, const struct collection_column *column)
{
    for (int32_t i = 0; i < import->column_count; i++)
        if (import->columns[i].column == column && is_written(import, i))
            return true;
    return false;
}

/* The column of a further UNIQUE index that gives way, of those in the file; -1: none does. One
 * that may be NULL is preferred. */
static int32_t column_of_index(const struct elements *elements,
                               const struct collection_index *index)
{
    const struct collection_table *table = elements->table;
    int32_t chosen = -1;

    if (index->primary_key)
        return -1;
    for (int32_t i = 0; i < index->column_count; i++) {
        const char *name = index->columns[i];
        const int32_t at = name ? collection_find_column(table, name, strlen(name)) : -1;

        if (at < 0 || at == table->label || !is_in_file(elements->import, &table->columns[at]))
            continue;
        if (chosen < 0 || !table->columns[at].not_null)
            chosen = at;
    }
    return chosen;
}

/* `text` becomes what makes room; false: nothing has to. */
static bool make_room_text(const struct elements *elements, stoa__buffer *text)
{
    const struct collection_table *table = elements->table;
    bool any = false;

    collection_text(text, "UPDATE %T SET ", table->name);
    for (int32_t i = 0; i < table->index_count; i++) {
        const int32_t at = column_of_index(elements, &table->indexes[i]);
        const struct collection_column *column;
        const char *value = "NULL";

        if (at < 0)
            continue;
        column = &table->columns[at];
        if (column->not_null) /* Something nobody else has. */
            value = column->type == TYPE_INTEGER || column->type == TYPE_FLOAT
                        ? "-4611686018427387904-\"id\""
                        : "char(1)||\"id\"";
        collection_text(text, "%s%Q=%s", any ? "," : "", column->name, value);
        any = true;
    }
    return any;
}

static stoa_status make_room_for(struct elements *elements, struct collection_sql *room)
{
    struct csv_import *import = elements->import;
    struct collection_cell label;
    stoa_value id = {.type = STOA_TYPE_INT64};
    stoa_status rc = collection_csv_import_cell(import, elements->label, &label);

    if (rc == STOA_OK)
        rc = find(elements, &label, &id.a);
    if (rc == STOA_OK)
        rc = collection_sql_row(room, &id, 1, NULL, 0, import->err);
    return rc == STOA_DONE ? STOA_OK : rc;
}

/* The rows that the file names, in a pass of its own. */
static stoa_status make_room_in_file(struct elements *elements, stoa__buffer *text)
{
    struct csv_import *import = elements->import;
    struct collection_sql room = {0};
    stoa_status rc;

    collection_text(text, " WHERE \"id\"=?1");
    rc = collection_csv_open(import, &room, text);
    while (rc == STOA_OK) {
        rc = collection_csv_import_next(import);
        if (rc == STOA_OK)
            rc = collection_csv_import_row_end(import, make_room_for(elements, &room),
                                               import->file.line);
    }
    collection_sql_close(&room);
    return rc == STOA_DONE ? collection_csv_import_rewind(import) : rc;
}

/* With mode=replace all rows are written anew or go. A row that is skipped keeps its values, so
 * there values cannot move. */
static stoa_status make_room(struct elements *elements)
{
    const struct csv_options *options = &elements->import->csv.options;
    stoa__buffer text = {0};

    if (options->skip || !make_room_text(elements, &text)) {
        stoa__buffer_release(&text);
        return STOA_OK;
    }
    return options->mode == CSV_REPLACE ? run_text(elements, &text, NULL)
                                        : make_room_in_file(elements, &text);
}

/* ---- relations of the collection to itself ---- */

/* Was this line passed over? They come in order. */
static bool was_skipped(const struct csv_import *import, size_t count, size_t *at)
{
    const int64_t *lines = (const int64_t *)(const void *)import->skipped_lines.data;

    while (*at < count && lines[*at] < import->file.line)
        ++*at;
    return *at < count && lines[*at] == import->file.line;
}

static stoa_status set_relation(struct elements *elements, int32_t column,
                                struct collection_sql *set)
{
    struct csv_import *import = elements->import;
    struct collection_packed *row = &elements->row;
    struct collection_cell target, label;
    struct collection_cell id = {.type = STOA_TYPE_INT64};
    stoa_status rc = collection_csv_import_cell(import, column, &target);

    if (rc != STOA_OK || target.type == STOA_TYPE_NULL)
        return rc;
    rc = find(elements, &target, &id.integer);
    if (rc == STOA_DONE && import->columns[column].column->not_null)
        import->csv.options.skip = 0; /* It cannot be left out, and the row is there. */
    if (rc == STOA_DONE)
        return collection_csv_fail_row(
            import, import->columns[column].column->name, STOA_ERR_NOT_FOUND,
            "Could not find an existing element from collection %s with label "
            "%.*s.\nCreate the element before referencing it.",
            elements->table->name, (int)(target.size < 200 ? target.size : 200), target.text);
    row->values.size = row->bytes.size = 0;
    if (rc == STOA_OK)
        rc = collection_csv_pack(import, row, &id);
    if (rc == STOA_OK)
        rc = collection_csv_import_cell(import, elements->label, &label);
    if (rc == STOA_OK)
        rc = collection_csv_pack(import, row, &label);
    if (rc == STOA_OK)
        rc = collection_sql_row(set, (const stoa_value *)(const void *)row->values.data, 2,
                                row->bytes.data, (int64_t)row->bytes.size, import->err);
    if (rc < 0 && !import->row_failed)
        rc = collection_csv_fail_statement(import, rc);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status set_relations_of(struct elements *elements, int32_t column,
                                    size_t skipped_count)
{
    struct csv_import *import = elements->import;
    struct collection_sql set = {0};
    stoa__buffer text = {0};
    size_t at = 0;
    stoa_status rc;

    collection_text(&text, "UPDATE %T SET %Q=?1 WHERE \"label\"=?2", elements->table->name,
                    import->columns[column].column->name);
    rc = collection_csv_open(import, &set, &text);
    if (rc == STOA_OK)
        rc = collection_csv_import_rewind(import);
    while (rc == STOA_OK) {
        rc = collection_csv_file_next(&import->file, import->err);
        if (rc == STOA_OK && import->file.cell_count >= import->column_count &&
            !was_skipped(import, skipped_count, &at))
            rc = collection_csv_import_row_end(import, set_relation(elements, column, &set),
                                               import->file.line);
        else if (rc == STOA_ERR_INVALID)
            rc = STOA_OK; /* It was skipped. */
    }
    collection_sql_close(&set);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static int by_line(const void *left, const void *right)
{
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

/* `done.skipped` counts rows, and these are there; so their lines are not of those skipped. What
 * the engine refused was seen later than what was wrong by itself: lines are put in order. */
static stoa_status set_relations(struct elements *elements)
{
    struct csv_import *import = elements->import;
    const int64_t skipped = import->done.skipped;
    const size_t count = import->skipped_lines.size / sizeof(int64_t);
    stoa_status rc = STOA_OK;

    if (count > 0)
        qsort(import->skipped_lines.data, count, sizeof(int64_t), by_line);
    for (int32_t i = 0; i < import->column_count && rc == STOA_OK; i++)
        if (import->columns[i].role == CSV_SELF)
            rc = set_relations_of(elements, i, count);
    import->done.skipped = skipped;
    return rc;
}

/* ---- all of it ---- */

/* Ids that are made are higher than those there are, so nobody is below them. */
static stoa_status find_nobody(struct elements *elements)
{
    stoa__buffer text = {0};
    stoa_status rc;

    if (elements->defers)
        return STOA_OK;
    collection_text(&text, "PRAGMA defer_foreign_keys");
    rc = run_text(elements, &text, &elements->deferred);
    if (rc != STOA_OK)
        return rc;
    elements->defers = true;
    collection_text(&text, "PRAGMA defer_foreign_keys=ON");
    rc = run_text(elements, &text, NULL);
    if (rc != STOA_OK)
        return rc;
    collection_text(&text, "SELECT min(coalesce(min(\"id\"), 0), 0) FROM %T",
                    elements->table->name);
    rc = run_text(elements, &text, &elements->nobody);
    elements->nobody -= elements->nobody > INT64_MIN;
    return rc;
}

/* A trigger may have kept a relation from being set. */
static stoa_status check_nobody(struct elements *elements)
{
    struct csv_import *import = elements->import;
    stoa_status rc = STOA_OK;

    for (int32_t i = 0; i < import->column_count && rc == STOA_OK; i++) {
        const struct collection_column *column = import->columns[i].column;
        stoa__buffer text = {0};
        int64_t left = 0;

        if (import->columns[i].role != CSV_SELF || !column->not_null)
            continue;
        collection_text(&text, "SELECT EXISTS(SELECT 1 FROM %T AS a WHERE NOT EXISTS(SELECT 1 FROM "
                               "%T AS b WHERE b.\"id\"=a.%Q))",
                        elements->table->name, elements->table->name, column->name);
        rc = run_text(elements, &text, &left);
        if (rc == STOA_OK && left)
            rc = collection_fail(import->csv.call, import->err, STOA_ERR_CONSTRAINT,
                                 "FOREIGN KEY constraint failed: column '%s' of table '%s'",
                                 column->name, elements->table->name);
    }
    return rc;
}

/* Inside of the caller's transaction it would stay so until its end. */
static void end_deferral(struct elements *elements)
{
    struct csv_import *import = elements->import;
    stoa_error unheard, *const err = import->err;
    stoa__buffer text = {0};

    if (!elements->defers || elements->deferred)
        return;
    import->err = &unheard;
    import->csv.call->undoing = true;
    collection_text(&text, "PRAGMA defer_foreign_keys=OFF");
    (void)run_text(elements, &text, NULL);
    import->csv.call->undoing = false;
    import->err = err;
}

/* Which elements are there. */
static stoa_status find_ids(struct elements *elements)
{
    stoa__buffer text = {0};
    int64_t any = 0;
    stoa_status rc;

    collection_text(&text, "SELECT EXISTS(SELECT 1 FROM %T)", elements->table->name);
    rc = run_text(elements, &text, &any);
    elements->known = any && elements->import->csv.options.mode != CSV_APPEND;
    if (rc != STOA_OK)
        return rc;
    collection_text(&text, "SELECT coalesce(max(\"id\"), -9223372036854775808) FROM %T",
                    elements->table->name);
    return run_text(elements, &text, &elements->id_max);
}

/* Which labels may be there, and whether foreign keys wait. */
static stoa_status prepare(struct elements *elements)
{
    struct csv_import *import = elements->import;
    stoa_status rc = find_ids(elements);

    for (int32_t i = 0; i < import->column_count && rc == STOA_OK; i++) {
        const struct csv_column *column = &import->columns[i];

        if (column->column->position == elements->table->label)
            elements->label = i;
        if (column->role == CSV_SELF && column->column->not_null)
            rc = find_nobody(elements);
    }
    if (rc == STOA_OK)
        rc = open_find(elements);
    if (rc == STOA_OK && elements->known)
        rc = make_room(elements);
    if (rc == STOA_OK)
        rc = open_insert(elements);
    return rc == STOA_OK ? open_update(elements) : rc;
}

stoa_status collection_csv_import_elements(struct csv_import *import)
{
    struct elements elements = {.import = import, .table = import->csv.table};
    stoa_status rc = prepare(&elements);

    if (rc == STOA_OK)
        rc = write_rows(&elements);
    if (rc == STOA_OK && elements.known && import->csv.options.mode == CSV_REPLACE)
        rc = delete_rest(&elements);
    if (rc == STOA_OK && elements.any_self)
        rc = set_relations(&elements);
    if (rc == STOA_OK && elements.defers)
        rc = check_nobody(&elements);
    end_deferral(&elements);
    collection_csv_batch_close(&elements.insert);
    collection_sql_close(&elements.find);
    collection_sql_close(&elements.update);
    collection_packed_release(&elements.row);
    collection_csv_map_release(&elements.seen);
    return rc;
}
