/* SPDX-License-Identifier: Apache-2.0 */
/* A cell of a file as a value that its column can store. */
#include "collection/csv_import.h"

#include "base/error.h"
#include "collection/pattern.h"
#include "text/number.h"
#include "text/utf8.h"

#include <math.h>

#include "base/ban.h"

enum { QUOTED_MAX = 200 };

#define CELL(cell) (int)((cell)->size < QUOTED_MAX ? (cell)->size : QUOTED_MAX), (cell)->text

static stoa_status fail_integer(struct csv_import *import, const struct csv_column *column,
                                const struct csv_cell *cell)
{
    const char *name = column->column->name;

    if (column->enumeration || import->csv.table->role != ROLE_COLLECTION)
        return collection_csv_fail_row(import, name, STOA_ERR_TYPE,
                                       "Invalid enum value '%.*s' for column '%s'.", CELL(cell),
                                       name);
    return collection_csv_fail_row(import, name, STOA_ERR_TYPE,
                                   "Invalid integer value '%.*s' for column '%s'.", CELL(cell),
                                   name);
}

/* A label first: it may begin with a digit. Then a whole number, also as "2.0". */
static stoa_status read_integer(struct csv_import *import, const struct csv_column *column,
                                const struct csv_cell *cell, struct collection_cell *out)
{
    double real;

    out->type = STOA_TYPE_INT64;
    if (column->enumeration &&
        collection_enum_value(column->enumeration, cell->text, cell->size, &out->integer))
        return STOA_OK;
    if (stoa__int64_parse(cell->text, cell->size, &out->integer, NULL) == STOA_OK)
        return STOA_OK;
    if (stoa__double_parse(cell->text, cell->size, &real, NULL) == STOA_OK &&
        fabs(real) < 9007199254740992.0 && stoa__double_to_int64(real, &out->integer))
        return STOA_OK;
    return fail_integer(import, column, cell);
}

static stoa_status read_real(struct csv_import *import, const struct csv_column *column,
                             const struct csv_cell *cell, struct collection_cell *out)
{
    const char *name = column->column->name;

    out->type = STOA_TYPE_FLOAT64;
    if (stoa__double_parse(cell->text, cell->size, &out->real, NULL) != STOA_OK)
        return collection_csv_fail_row(import, name, STOA_ERR_TYPE,
                                       "Invalid float value '%.*s' for column '%s'.", CELL(cell),
                                       name);
    if (!isnan(out->real))
        return STOA_OK;
    out->type = STOA_TYPE_NULL;
    return import->csv.call->state->policy.nan_null
               ? STOA_OK
               : collection_csv_fail_row(import, name, STOA_ERR_TYPE, "NaN in column '%s'", name);
}

static stoa_status read_date(struct csv_import *import, const struct csv_column *column,
                             const struct csv_cell *cell, struct collection_cell *out)
{
    const char *pattern = import->csv.options.date_time_format;
    struct collection_instant at;
    const bool found = *pattern
                           ? collection_pattern_read(pattern, cell->text, cell->size, &at)
                           : collection_date_read(cell->text, cell->size, &at);

    out->type = STOA_TYPE_TEXT;
    out->text = out->room;
    out->size = found ? collection_date_write(at, out->room) : 0;
    if (out->size > 0)
        return STOA_OK;
    return collection_csv_fail_row(
        import, column->column->name, STOA_ERR_TYPE,
        "Timestamp %.*s is not valid. Please provide a valid timestamp with "
        "format %s.",
        CELL(cell), *pattern ? pattern : "%Y-%m-%dT%H:%M:%S");
}

static stoa_status collection_read_text(struct csv_import *import, const struct csv_column *column,
                                        const struct csv_cell *cell, struct collection_cell *out)
{
    out->type = STOA_TYPE_TEXT;
    out->text = cell->text;
    out->size = cell->size;
    if (stoa__utf8_check(cell->text, cell->size) == cell->size)
        return STOA_OK;
    return collection_csv_fail_row(import, column->column->name, STOA_ERR_INVALID,
                                   "Column %s is not UTF-8.", column->column->name);
}

static stoa_status fail_label(struct csv_import *import, const struct csv_column *column,
                              const struct csv_cell *cell)
{
    const char *name = column->column->name;
    const bool scalar = import->csv.table->role == ROLE_COLLECTION;

    if (column->role == CSV_ELEMENT)
        return collection_csv_fail_row(import, name, STOA_ERR_NOT_FOUND,
                                       "Element with id %.*s does not exist in collection %s.",
                                       CELL(cell), import->csv.collection->name);
    return collection_csv_fail_row(
        import, name, STOA_ERR_NOT_FOUND,
        "Could not find an existing element from collection %s with label "
        "%.*s.%s",
        column->column->target, CELL(cell),
        scalar ? "\nCreate the element before referencing it." : "");
}

static stoa_status read_label(struct csv_import *import, const struct csv_column *column,
                              const struct csv_cell *cell, struct collection_cell *out)
{
    stoa_status rc;

    if (column->role == CSV_SELF)
        return collection_read_text(import, column, cell, out);
    out->type = STOA_TYPE_INT64;
    rc = collection_labels_find(column->labels, cell->text, cell->size, &out->integer,
                                import->err);
    return rc == STOA_DONE ? fail_label(import, column, cell) : rc;
}

/* An empty cell is NULL; in quotes it is a text, where the column has texts. */
static bool is_null(const struct csv_column *column, const struct csv_cell *cell)
{
    const bool text = column->column->type == TYPE_STRING || column->column->target;

    return cell->size == 0 && (!cell->quoted || !text);
}

stoa_status collection_csv_import_cell(struct csv_import *import, int32_t number,
                                       struct collection_cell *out)
{
    const struct csv_column *column = &import->columns[number];
    const struct collection_column *stored = column->column;
    struct csv_cell cell = import->file.cells[number];

    *out = (struct collection_cell){.type = STOA_TYPE_NULL};
    if (!cell.quoted || import->csv.call->state->policy.trim)
        collection_csv_cell_trim(&cell);
    if (is_null(column, &cell)) {
        if (!stored->not_null && !stored->dimension && column->role != CSV_ELEMENT)
            return STOA_OK;
        return collection_csv_fail_row(import, stored->name, STOA_ERR_CONSTRAINT,
                                       "Column %s cannot be NULL.", stored->name);
    }
    if (column->labels || column->role == CSV_SELF)
        return read_label(import, column, &cell, out);
    switch (stored->type) {
    case TYPE_INTEGER: return read_integer(import, column, &cell, out);
    case TYPE_FLOAT: return read_real(import, column, &cell, out);
    case TYPE_DATE_TIME: return read_date(import, column, &cell, out);
    default: return collection_read_text(import, column, &cell, out);
    }
}
