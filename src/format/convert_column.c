/* SPDX-License-Identifier: Apache-2.0 */
/* A block of rows into one column: values of the usual form at once, the others one by one. */
#include "format/convert.h"

#include "arrow/shape.h"
#include "base/error.h"
#include "format/quick.h"
#include "text/decimal.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Loops are made for each type by inlining the reader of one value into them. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

static inline bool may_be_null(const struct stoa__null_words *nulls, size_t size)
{
    return (nulls->size_bits >> (size & 63)) & 1;
}

/* The slow way for one field, which may be bad. */
static stoa_status append_slowly(stoa__convert *convert, struct stoa__column *column,
                                 int32_t index, int64_t row, stoa_error *err)
{
    const uint32_t *slot = convert->slots + row * convert->stride + index;
    const size_t begin = slot[0] + 1U, size = slot[1] - begin;
    const int64_t length = column->length;
    stoa_error own = {0};
    stoa_status rc = stoa__convert_field(convert, column, convert->text + begin, size, &own);

    if (rc == STOA_OK)
        return STOA_OK;
    stoa__column_truncate(column, length);
    if (rc == STOA_ERR_NOMEM || rc == STOA_ERR_FULL) {
        stoa__error_copy(err, &own);
        return rc;
    }
    if (!convert->bad(convert->self, row, index, begin, &own))
        return STOA_ERR_TYPE;
    return stoa__column_append_zero(column, err);
}

static stoa_status convert_slowly(stoa__convert *convert, struct stoa__column *column,
                                  int32_t index, int64_t rows, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < rows; row++)
        rc = append_slowly(convert, column, index, row, err);
    return rc;
}

/* A NULL in a column of `width` bytes a value (0: bits). The first one makes the bitmap. */
static ALWAYS_INLINE stoa_status put_null(struct stoa__column *column, size_t width,
                                          stoa_error *err)
{
    if (!column->validity) {
        stoa_status rc = stoa__column_mark_null(column, err);

        if (rc != STOA_OK)
            return rc;
    } else {
        stoa__bit_clear(column->validity, column->length);
        column->null_count++;
        if (width > 0)
            memset(column->data + (size_t)column->length * width, 0, width);
    }
    column->length++;
    return STOA_OK;
}

/* ---- fixed width ---- */

typedef bool read_value(const uint8_t *text, size_t size, const struct stoa__arrow_type *type,
                        uint8_t *out);

static ALWAYS_INLINE stoa_status convert_fixed(stoa__convert *convert,
                                               struct stoa__column *column, int32_t index,
                                               int64_t rows, read_value *read, size_t width,
                                               stoa_error *err)
{
    const uint32_t *slot = convert->slots + index;
    const bool nullable = column->type->nullable;

    for (int64_t row = 0; row < rows; row++, slot += convert->stride) {
        size_t begin = slot[0] + 1U, size = slot[1] - begin;
        stoa_status rc = STOA_OK;
        bool quoted = false, null = false;

        if (size > 2 && convert->text[begin] == convert->quote) {
            quoted = true;
            begin++;
            size -= 2;
        }
        if (!quoted && may_be_null(convert->nulls, size))
            null = stoa__is_null_word(convert->nulls, convert->text + begin, size);
        if (size == 0 && nullable)
            rc = put_null(column, width, err);
        else if (size > 0 && !null &&
                 read(convert->text + begin, size, column->type,
                      column->data + (size_t)column->length * width))
            column->length++;
        else
            rc = append_slowly(convert, column, index, row, err);
        if (rc != STOA_OK)
            return rc;
    }
    return STOA_OK;
}

static ALWAYS_INLINE bool read_int64(const uint8_t *text, size_t size,
                                     const struct stoa__arrow_type *type, uint8_t *out)
{
    int64_t value = 0;

    (void)type;
    if (!stoa__quick_int64(text, size, &value))
        return false;
    memcpy(out, &value, sizeof value);
    return true;
}

static ALWAYS_INLINE bool read_int32(const uint8_t *text, size_t size,
                                     const struct stoa__arrow_type *type, uint8_t *out)
{
    int64_t value = 0;
    int32_t narrow;

    (void)type;
    if (!stoa__quick_int64(text, size, &value) || value < INT32_MIN || value > INT32_MAX)
        return false;
    narrow = (int32_t)value;
    memcpy(out, &narrow, sizeof narrow);
    return true;
}

static ALWAYS_INLINE bool read_double(const uint8_t *text, size_t size,
                                      const struct stoa__arrow_type *type, uint8_t *out)
{
    double value = 0;

    (void)type;
    if (!stoa__quick_double(text, size, &value))
        return false;
    memcpy(out, &value, sizeof value);
    return true;
}

static ALWAYS_INLINE bool read_date32(const uint8_t *text, size_t size,
                                      const struct stoa__arrow_type *type, uint8_t *out)
{
    int64_t days = 0;
    int32_t narrow;

    (void)type;
    if (!stoa__quick_date(text, size, &days))
        return false;
    narrow = (int32_t)days;
    memcpy(out, &narrow, sizeof narrow);
    return true;
}

static ALWAYS_INLINE bool read_timestamp(const uint8_t *text, size_t size,
                                         const struct stoa__arrow_type *type, uint8_t *out)
{
    int64_t value = 0;

    if (!stoa__quick_timestamp(text, size, stoa__civil_per_second(type->unit),
                               type->zone[0] != '\0', &value))
        return false;
    memcpy(out, &value, sizeof value);
    return true;
}

/* Eighteen digits are enough for most money; the others go to text/decimal. */
static ALWAYS_INLINE bool read_decimal(const uint8_t *text, size_t size,
                                       const struct stoa__arrow_type *type, uint8_t *out)
{
    int64_t parts[2] = {0, 0};
    size_t scale = 0, missing;

    if (type->width != 16 || !stoa__quick_decimal(text, size, &parts[0], &scale) ||
        type->scale < 0 || scale > (size_t)type->scale)
        return false;
    missing = (size_t)type->scale - scale;
    if (missing > 17 || __builtin_mul_overflow(parts[0], stoa__quick_powers[missing], &parts[0]))
        return false;
    parts[1] = parts[0] >> 63;
    if (!stoa__decimal_fits(parts, 16, type->precision))
        return false;
    memcpy(out, parts, sizeof parts);
    return true;
}

static stoa_status convert_bool(stoa__convert *convert, struct stoa__column *column,
                                int32_t index, int64_t rows, stoa_error *err)
{
    const uint32_t *slot = convert->slots + index;
    const bool nullable = column->type->nullable;
    stoa_status rc = STOA_OK;

    for (int64_t row = 0; rc == STOA_OK && row < rows; row++, slot += convert->stride) {
        const size_t begin = slot[0] + 1U, size = slot[1] - begin;
        const uint8_t *text = convert->text + begin;
        const bool yes = size == 4 && memcmp(text, "true", 4) == 0;

        if (size == 0 && nullable) {
            rc = put_null(column, 0, err);
        } else if ((yes || (size == 5 && memcmp(text, "false", 5) == 0)) &&
                   !may_be_null(convert->nulls, size)) {
            if (yes)
                stoa__bit_set(column->data, column->length);
            column->length++;
        } else {
            rc = append_slowly(convert, column, index, row, err);
        }
    }
    return rc;
}

/* ---- text ---- */

/* Room behind what is copied: sixteen bytes are copied at once where a text is shorter. */
enum { COPY_SIZE = 16 };

static inline void copy_text(uint8_t *to, const uint8_t *from, size_t size)
{
    if (size <= COPY_SIZE)
        memcpy(to, from, COPY_SIZE);
    else
        memcpy(to, from, size);
}

/* The bytes of a whole block at most, so that rows need no asking. */
static stoa_status reserve_block(const stoa__convert *convert, struct stoa__column *column,
                                 int32_t index, int64_t rows, stoa_error *err)
{
    const uint32_t *slot = convert->slots + index;
    int64_t total = COPY_SIZE;

    for (int64_t row = 0; row < rows; row++, slot += convert->stride)
        total += slot[1] - (slot[0] + 1U);
    return stoa__column_reserve_bytes(column, total, err);
}

static inline void end_text(struct stoa__column *column, bool wide)
{
    column->length++;
    if (wide)
        ((int64_t *)column->offsets)[column->length] = column->data_size;
    else
        ((int32_t *)column->offsets)[column->length] = (int32_t)column->data_size;
}

static ALWAYS_INLINE stoa_status convert_texts(stoa__convert *convert,
                                               struct stoa__column *column, int32_t index,
                                               int64_t rows, bool wide, stoa_error *err)
{
    const uint32_t *slot = convert->slots + index;
    const uint8_t quote = convert->quote;
    stoa_status rc = reserve_block(convert, column, index, rows, err);

    for (int64_t row = 0; rc == STOA_OK && row < rows; row++, slot += convert->stride) {
        size_t begin = slot[0] + 1U, size = slot[1] - begin;
        const uint8_t *text = convert->text + begin;

        if (size > 1 && quote && *text == quote) {
            if (convert->check || memchr(text + 1, quote, size - 2)) {
                rc = append_slowly(convert, column, index, row, err);
                continue;
            }
            text++;
            size -= 2;
        } else if (may_be_null(convert->nulls, size) && column->validity &&
                   stoa__is_null_word(convert->nulls, text, size)) {
            stoa__bit_clear(column->validity, column->length);
            column->null_count++;
            end_text(column, wide);
            continue;
        } else if (convert->check || (may_be_null(convert->nulls, size) &&
                                      stoa__is_null_word(convert->nulls, text, size))) {
            rc = append_slowly(convert, column, index, row, err);
            continue;
        }
        copy_text(column->data + column->data_size, text, size);
        column->data_size += (int64_t)size;
        end_text(column, wide);
    }
    return rc;
}

stoa_status stoa__convert_column(stoa__convert *convert, struct stoa__column *column,
                                 int32_t index, int64_t rows, stoa_error *err)
{
    assert(column == stoa__column_target(column));
    switch ((int)column->type->kind) {
    case STOA__ARROW_BOOL:
        return convert_bool(convert, column, index, rows, err);
    case STOA__ARROW_INT64:
        return convert_fixed(convert, column, index, rows, read_int64, 8, err);
    case STOA__ARROW_INT32:
        return convert_fixed(convert, column, index, rows, read_int32, 4, err);
    case STOA__ARROW_FLOAT64:
        return convert_fixed(convert, column, index, rows, read_double, 8, err);
    case STOA__ARROW_DATE32:
        return convert_fixed(convert, column, index, rows, read_date32, 4, err);
    case STOA__ARROW_TIMESTAMP:
        return convert_fixed(convert, column, index, rows, read_timestamp, 8, err);
    case STOA__ARROW_DECIMAL128:
        return convert_fixed(convert, column, index, rows, read_decimal, 16, err);
    case STOA__ARROW_UTF8:
    case STOA__ARROW_UTF8_VIEW:
        return convert_texts(convert, column, index, rows, false, err);
    case STOA__ARROW_LARGE_UTF8:
        return convert_texts(convert, column, index, rows, true, err);
    default:
        return convert_slowly(convert, column, index, rows, err);
    }
}
