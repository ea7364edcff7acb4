/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/filter.h"

#include "base/error.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/ban.h"

/* Rows a stream is taken to have while nobody knows. */
enum { ROWS_ASSUMED = 1000000 };

/* Integers up to here are doubles too, so that moving a bound from one to the other is
 * exact. */
#define EXACT_MAX 9007199254740992.0

/* ---- planning ---- */

static char operator_of(unsigned char op)
{
    switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        return '=';
    case SQLITE_INDEX_CONSTRAINT_IS:
        return 'i';
    case SQLITE_INDEX_CONSTRAINT_LT:
        return '<';
    case SQLITE_INDEX_CONSTRAINT_LE:
        return '{';
    case SQLITE_INDEX_CONSTRAINT_GT:
        return '>';
    case SQLITE_INDEX_CONSTRAINT_GE:
        return '}';
    case SQLITE_INDEX_CONSTRAINT_ISNULL:
        return '0';
    case SQLITE_INDEX_CONSTRAINT_ISNOTNULL:
        return '1';
    default:
        return 0;
    }
}

enum column_class { CLASS_OTHER, CLASS_INT, CLASS_FLOAT, CLASS_TEXT };

/* What the cells of a column are, if they can be compared with a value as they lie. */
static enum column_class class_of(const struct sqlite_source_column *column)
{
    const enum stoa__arrow_kind kind = column->type->kind;

    if (column->type->dictionary || column->cast || kind == STOA__ARROW_UINT64)
        return CLASS_OTHER;
    if (column->form == SQLITE_FORM_INT && stoa__arrow_is_integral(kind))
        return CLASS_INT;
    if (column->form == SQLITE_FORM_REAL &&
        (kind == STOA__ARROW_FLOAT32 || kind == STOA__ARROW_FLOAT64))
        return CLASS_FLOAT;
    if (column->form == SQLITE_FORM_TEXT && stoa__arrow_is_text(kind))
        return CLASS_TEXT;
    return CLASS_OTHER;
}

/* May this constraint be pushed down? Text is equal byte for byte, but ordered and folded
 * by SQLite alone. */
static bool wanted(const struct sqlite_filter_source *source, sqlite3_index_info *info,
                   int index)
{
    const struct sqlite3_index_constraint *const constraint = &info->aConstraint[index];
    const char op = operator_of(constraint->op);
    enum column_class class;

    if (!constraint->usable || op == 0)
        return false;
    if (constraint->iColumn < 0)
        return op != '0' && op != '1';
    class = class_of(&source->columns[constraint->iColumn]);
    if (class == CLASS_TEXT)
        return op == '0' || op == '1' ||
               ((op == '=' || op == 'i') &&
                strcmp(sqlite3_vtab_collation(info, index), "BINARY") == 0);
    return class != CLASS_OTHER;
}

/* What a plan costs, as rule 7 of sqlite-arrow.md 6.4 has it. */
static void estimate(const struct sqlite_filter_source *source, sqlite3_index_info *info,
                     const char *plan)
{
    const double rows =
        (double)(source->row_count < 0 ? ROWS_ASSUMED : source->row_count);
    double share = 1.0;

    for (const char *at = plan; at && *at; at++) {
        if ((*at == '=' || *at == 'i') && at[1] == '-') {
            info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
            info->estimatedRows = 1;
            info->estimatedCost = 2.0;
            return;
        }
        if (*at == '=' || *at == 'i' || *at == '0')
            share /= 10.0;
        else if (strchr("<>{}", *at))
            share /= 3.0;
    }
    info->estimatedRows = (sqlite3_int64)(rows * share) + 1;
    info->estimatedCost =
        rows * share * (1.0 + (double)__builtin_popcountll(info->colUsed) / 8.0) + 1.0;
}

static int add_term(sqlite3_str *plan, sqlite3_index_info *info, int index, int number)
{
    const struct sqlite3_index_constraint *const constraint = &info->aConstraint[index];

    sqlite3_str_appendf(plan, "%c%d;", operator_of(constraint->op), constraint->iColumn);
    info->aConstraintUsage[index].argvIndex = number;
    return number;
}

bool sqlite_filter_plan(const struct sqlite_filter_source *source,
                        sqlite3_index_info *info)
{
    sqlite3_str *plan;
    int count = 0;

    if (!source->pushdown) {
        estimate(source, info, NULL);
        return true;
    }
    plan = sqlite3_str_new(NULL);
    for (int i = 0; i < info->nConstraint && count < FILTER_TERMS_MAX; i++)
        if (wanted(source, info, i))
            count = add_term(plan, info, i, count + 1);
    if (sqlite3_str_errcode(plan) != SQLITE_OK) {
        sqlite3_free(sqlite3_str_finish(plan));
        return false;
    }
    info->idxStr = sqlite3_str_finish(plan); /* NULL when it is empty. */
    info->needToFreeIdxStr = info->idxStr != NULL;
    if (info->nOrderBy == 1 && info->aOrderBy[0].iColumn == -1 && !info->aOrderBy[0].desc)
        info->orderByConsumed = 1;
    estimate(source, info, info->idxStr);
    return true;
}

/* ---- the values ---- */

/* The value as an integer that compares like it; false when there is none. */
static bool value_int(sqlite3_value *value, int64_t *out)
{
    const int class = sqlite3_value_type(value);
    double number;

    if (class == SQLITE_INTEGER) {
        *out = sqlite3_value_int64(value);
        return true;
    }
    if (class != SQLITE_FLOAT)
        return false;
    number = sqlite3_value_double(value);
    if (!(number >= -EXACT_MAX && number <= EXACT_MAX) || number != nearbyint(number))
        return false;
    *out = (int64_t)number;
    return true;
}

static bool value_float(sqlite3_value *value, double *out)
{
    const int class = sqlite3_value_type(value);
    int64_t number;

    if (class == SQLITE_FLOAT) {
        *out = sqlite3_value_double(value);
        return true;
    }
    if (class != SQLITE_INTEGER)
        return false;
    number = sqlite3_value_int64(value);
    *out = (double)number;
    return number >= -(int64_t)EXACT_MAX && number <= (int64_t)EXACT_MAX;
}

/* Every operator on integers is a range, ends included; an empty one has low > high. */
static void int_range(char op, int64_t value, int64_t *low, int64_t *high)
{
    *low = INT64_MIN;
    *high = INT64_MAX;
    if (op == '=' || op == 'i' || op == '}')
        *low = value;
    if (op == '=' || op == 'i' || op == '{')
        *high = value;
    if ((op == '<' && value == INT64_MIN) || (op == '>' && value == INT64_MAX)) {
        *low = 1;
        *high = 0;
    } else if (op == '<') {
        *high = value - 1;
    } else if (op == '>') {
        *low = value + 1;
    }
}

static void float_range(char op, double value, double *low, double *high)
{
    *low = -INFINITY;
    *high = INFINITY;
    if (op == '=' || op == 'i' || op == '}')
        *low = value;
    if (op == '=' || op == 'i' || op == '{')
        *high = value;
    if (op == '<')
        *high = nextafter(value, -INFINITY);
    if (op == '>')
        *low = nextafter(value, INFINITY);
}

static void nothing_matches(struct sqlite_filter *filter)
{
    filter->row_low = 1;
    filter->row_high = 0;
}

static void begin_rowid(struct sqlite_filter *filter, char op, sqlite3_value *value)
{
    int64_t number, low, high;

    if (!value_int(value, &number))
        return;
    int_range(op, number, &low, &high);
    filter->row_low = low > filter->row_low ? low : filter->row_low;
    filter->row_high = high < filter->row_high ? high : filter->row_high;
}

static bool begin_text(struct sqlite_filter *filter, struct sqlite_filter_term *term,
                       sqlite3_value *value, stoa_status *rc)
{
    const unsigned char *text;

    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return false;
    text = sqlite3_value_text(value);
    if (!text)
        return false;
    term->test = FILTER_TEXT_EQUAL;
    term->text_first = filter->texts.size;
    term->text_size = (size_t)sqlite3_value_bytes(value);
    *rc = stoa__buffer_append(&filter->texts, text,
                              term->text_size + 1); /* Its NUL, too. */
    return true;
}

/* Fill `term` for column `class`; false: SQLite alone decides. */
static bool begin_term(struct sqlite_filter *filter, struct sqlite_filter_term *term,
                       enum column_class class, char op, sqlite3_value *value,
                       stoa_status *rc)
{
    int64_t number;
    double real;

    if (op == '0' || op == '1') {
        term->test = op == '0' ? FILTER_IS_NULL : FILTER_NOT_NULL;
        return true;
    }
    if (sqlite3_value_type(value) == SQLITE_NULL) {
        if (op != 'i')
            nothing_matches(filter);
        term->test = FILTER_IS_NULL;
        return true;
    }
    if (class == CLASS_TEXT)
        return begin_text(filter, term, value, rc);
    if (class == CLASS_INT && value_int(value, &number)) {
        term->test = FILTER_INT_RANGE;
        int_range(op, number, &term->low, &term->high);
        return true;
    }
    if (class == CLASS_FLOAT && value_float(value, &real)) {
        term->test = FILTER_FLOAT_RANGE;
        float_range(op, real, &term->float_low, &term->float_high);
        return true;
    }
    return false;
}

/* The number behind a term's letter, and where the term ends. */
static const char *read_column(const char *at, int32_t *column)
{
    const bool negative = *at == '-';

    *column = 0;
    for (at += negative; *at != ';'; at++)
        *column = *column * 10 + (*at - '0');
    if (negative)
        *column = -*column;
    return at + 1;
}

stoa_status sqlite_filter_begin(struct sqlite_filter *filter,
                                const struct sqlite_filter_source *source,
                                const char *plan, int value_count, sqlite3_value **values,
                                stoa_error *err)
{
    stoa_status rc = STOA_OK;

    filter->count = 0;
    filter->texts.size = 0;
    filter->row_low = 0;
    filter->row_high = INT64_MAX;
    for (int i = 0; i < value_count && plan && *plan && rc == STOA_OK; i++) {
        struct sqlite_filter_term term = {0};
        const char op = *plan;

        plan = read_column(plan + 1, &term.column);
        if (term.column < 0 && sqlite3_value_type(values[i]) == SQLITE_NULL)
            nothing_matches(filter); /* A rowid is never NULL. */
        else if (term.column < 0)
            begin_rowid(filter, op, values[i]);
        else if (begin_term(filter, &term, class_of(&source->columns[term.column]), op,
                            values[i], &rc))
            filter->terms[filter->count++] = term;
    }
    return rc == STOA_OK ? STOA_OK : stoa__fail_nomem(err);
}

/* ---- rows ---- */

/* Keep those of `rows` for which `matches` holds of the row. A macro, because the loop is
 * to be compiled once for each kind of column, with nothing in it but a load and a
 * comparison. */
#define KEEP_IF(matches)                                                                 \
    do {                                                                                 \
        for (int32_t i = 0; i < count; i++) {                                            \
            const int64_t row = first + rows[i];                                         \
            rows[kept] = rows[i];                                                        \
            kept += (matches) ? 1 : 0;                                                   \
        }                                                                                \
    } while (0)

static int32_t keep_null(const struct sqlite_reader *reader, bool null, int64_t first,
                         int32_t count, uint16_t *rows)
{
    int32_t kept = 0;

    if (reader->read == READ_NULL)
        return null ? count : 0;
    if (!reader->validity)
        return null ? 0 : count;
    KEEP_IF(sqlite_reader_null(reader, row) == null);
    return kept;
}

static int32_t keep_ints(const struct sqlite_reader *reader,
                         const struct sqlite_filter_term *term, int64_t first,
                         int32_t count, uint16_t *rows)
{
    const int64_t low = term->low, high = term->high;
    const uint8_t *const data = reader->data;
    int32_t kept = 0;
    int64_t value;

    switch (reader->read) {
    case READ_BOOL:
        KEEP_IF((value = stoa__bit_get(data, reader->first + row),
                 value >= low && value <= high));
        return kept;
    case READ_INT8:
    case READ_INT16:
    case READ_INT32:
        KEEP_IF((value = stoa__load_int(data, reader->width, row),
                 value >= low && value <= high));
        return kept;
    case READ_INT64:
        KEEP_IF((value = stoa__load_i64(data, row), value >= low && value <= high));
        return kept;
    case READ_UINT8:
    case READ_UINT16:
    case READ_UINT32:
        KEEP_IF((value = (int64_t)stoa__load_uint(data, reader->width, row),
                 value >= low && value <= high));
        return kept;
    default:
        return count;
    }
}

static double load_float(const struct sqlite_reader *reader, int64_t row)
{
    double value;
    float single;

    if (reader->read == READ_FLOAT64) {
        memcpy(&value, reader->data + row * 8, sizeof(value));
        return value;
    }
    memcpy(&single, reader->data + row * 4, sizeof(single));
    return (double)single;
}

static bool is_float(const struct sqlite_reader *reader)
{
    return reader->read == READ_FLOAT64 || reader->read == READ_FLOAT32;
}

static int32_t keep_floats(const struct sqlite_reader *reader,
                           const struct sqlite_filter_term *term, int64_t first,
                           int32_t count, uint16_t *rows)
{
    const double low = term->float_low, high = term->float_high;
    int32_t kept = 0;
    double value;

    if (!is_float(reader))
        return count;
    KEEP_IF((value = load_float(reader, row), value >= low && value <= high));
    return kept;
}

static int32_t keep_texts(const struct sqlite_reader *reader,
                          const struct sqlite_filter *filter,
                          const struct sqlite_filter_term *term, int64_t first,
                          int32_t count, uint16_t *rows)
{
    const uint8_t *const text = filter->texts.data + term->text_first;
    const int64_t wanted_size = (int64_t)term->text_size;
    const uint8_t *bytes;
    int32_t kept = 0;
    int64_t size;

    if (reader->read != READ_TEXT && reader->read != READ_LARGE_TEXT &&
        reader->read != READ_TEXT_VIEW)
        return count;
    /* What cannot be read stays: the cell's own reading will say why. */
    KEEP_IF((bytes = sqlite_reader_bytes(reader, row, &size), !bytes) ||
            (size == wanted_size &&
             (wanted_size == 0 || memcmp(bytes, text, (size_t)size) == 0)));
    return kept;
}

static int32_t keep(const struct sqlite_filter *filter,
                    const struct sqlite_filter_term *term,
                    const struct sqlite_reader *reader, int64_t first, int32_t count,
                    uint16_t *rows)
{
    const bool nulls = term->test == FILTER_IS_NULL;

    /* A mask over whole rows, or anything else that is read cell by cell. A NaN is a NULL
     * to SQLite, so there floats are not asked. */
    if (reader->read == READ_CELL)
        return count;
    if (nulls || term->test == FILTER_NOT_NULL)
        return is_float(reader) ? count : keep_null(reader, nulls, first, count, rows);
    count = keep_null(reader, false, first, count, rows);
    if (term->test == FILTER_INT_RANGE)
        return keep_ints(reader, term, first, count, rows);
    if (term->test == FILTER_FLOAT_RANGE)
        return keep_floats(reader, term, first, count, rows);
    return keep_texts(reader, filter, term, first, count, rows);
}

int32_t sqlite_filter_rows(const struct sqlite_filter *filter,
                           const struct sqlite_reader *readers, int64_t first,
                           int32_t count, uint16_t *rows)
{
    assert(count <= FILTER_ROWS_MAX);
    for (int32_t i = 0; i < count; i++)
        rows[i] = (uint16_t)i;
    for (int32_t i = 0; i < filter->count && count > 0; i++)
        count = keep(filter, &filter->terms[i], &readers[filter->terms[i].column], first,
                     count, rows);
    return count;
}

void sqlite_filter_release(struct sqlite_filter *filter)
{
    stoa__buffer_release(&filter->texts);
}
