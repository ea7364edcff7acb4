/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/input.h"

#include "arrow/validate.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/settings.h"
#include "core/value.h"

#include <string.h>

#include "base/ban.h"

#define TYPE_OF(kind_, width_, unit_, zone_, format_)                                              \
    {.kind = (kind_),                                                                              \
     .width = (width_),                                                                            \
     .unit = (unit_),                                                                              \
     .zone = (zone_),                                                                              \
     .name = "",                                                                                   \
     .format = (format_),                                                                          \
     .nullable = true}

static const struct stoa__arrow_type null_type = TYPE_OF(STOA__ARROW_NULL, 0, 0, "", "n");
static const struct stoa__arrow_type int64_type = TYPE_OF(STOA__ARROW_INT64, 8, 0, "", "l");
static const struct stoa__arrow_type uint64_type = TYPE_OF(STOA__ARROW_UINT64, 8, 0, "", "L");
static const struct stoa__arrow_type float64_type = TYPE_OF(STOA__ARROW_FLOAT64, 8, 0, "", "g");
static const struct stoa__arrow_type days_type = TYPE_OF(STOA__ARROW_DATE32, 4, 0, "", "tdD");
static const struct stoa__arrow_type text_type = TYPE_OF(STOA__ARROW_LARGE_UTF8, 0, 0, "", "U");
static const struct stoa__arrow_type instant_type =
    TYPE_OF(STOA__ARROW_TIMESTAMP, 8, STOA__UNIT_NANO, "UTC", "tsn:UTC");

/* ---- single values ---- */

static const struct stoa__arrow_type *type_of_value(int32_t type)
{
    switch (type) {
    case STOA_TYPE_NULL:
        return &null_type;
    case STOA_TYPE_UINT64:
        return &uint64_type;
    case STOA_TYPE_FLOAT32:
    case STOA_TYPE_FLOAT64:
        return &float64_type;
    case STOA_TYPE_TIMESTAMP:
        return &instant_type;
    case STOA_TYPE_DATE:
        return &days_type;
    case STOA_TYPE_TEXT:
    case STOA_TYPE_SYMBOL:
        return &text_type;
    default:
        return type >= STOA_TYPE_BOOL && type <= STOA_TYPE_UINT32 ? &int64_type : NULL;
    }
}

static stoa_status read_value(const struct collection_call *call, const stoa_value *value,
                              const uint8_t *bytes, struct collection_input *out, stoa_error *err)
{
    int32_t days = 0;

    out->type = type_of_value(value->type);
    if (!out->type)
        return collection_fail(call, err, STOA_ERR_TYPE, "'%s' is %s, which no column takes",
                               out->name, stoa_type_name(value->type));
    out->array = (struct ArrowArray){.length = 1, .buffers = out->buffers};
    if (value->type == STOA_TYPE_NULL) {
        out->array.null_count = 1;
        return STOA_OK;
    }
    out->array.n_buffers = out->type == &text_type ? 3 : 2;
    out->number = value->a;
    if (out->type == &days_type) {
        days = (int32_t)value->a;
        memcpy(&out->number, &days, sizeof days);
    }
    out->buffers[1] = &out->number;
    if (out->type == &text_type) {
        out->offsets[1] = value->b;
        out->buffers[1] = out->offsets;
        out->buffers[2] = value->b > 0 ? (const void *)(bytes + value->a) : "";
    }
    return STOA_OK;
}

static stoa_status copy_name(const struct collection_call *call, struct collection_inputs *to,
                             struct collection_input *input, const char *name, size_t size,
                             stoa_error *err)
{
    if (size == 0 || memchr(name, 0, size) || size > STOA__NAME_BYTES_MAX)
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "a name is empty, too long, or has a NUL");
    input->name = stoa__arena_copy_text(&to->arena, name, size);
    input->name_size = size;
    return input->name ? STOA_OK : stoa__fail_nomem(err);
}

/* In its place among those before it, of which none may have its name. */
static stoa_status sort_in(const struct collection_call *call, struct collection_input *items,
                           int32_t count, stoa_error *err)
{
    int32_t at = count;
    struct collection_input last;

    while (at > 0) {
        const int order = strcmp(items[at - 1].name, items[count].name);

        if (order == 0)
            return collection_fail(call, err, STOA_ERR_INVALID, "'%s' was given twice",
                                   items[count].name);
        if (order < 0)
            break;
        at--;
    }
    if (at == count)
        return STOA_OK;
    last = items[count];
    memmove(&items[at + 1], &items[at], (size_t)(count - at) * sizeof *items);
    items[at] = last;
    return STOA_OK;
}

/* Pointers of an input into itself, after it was moved. */
static void aim(struct collection_input *input)
{
    input->array.buffers = input->buffers;
    if (input->array.n_buffers == 2)
        input->buffers[1] = &input->number;
    if (input->array.n_buffers == 3)
        input->buffers[1] = input->offsets;
}

static stoa_status read_cell(const struct collection_call *call, const stoa_value *cell,
                             const uint8_t *bytes, int64_t bytes_size, int64_t number,
                             struct collection_inputs *out, stoa_error *err)
{
    struct collection_input *const input = &out->items[out->count];
    stoa_status rc = stoa__value_check(&cell[0], bytes, bytes_size, "cell", number, err);

    if (rc == STOA_OK)
        rc = stoa__value_check(&cell[1], bytes, bytes_size, "cell", number + 1, err);
    if (rc != STOA_OK)
        return rc;
    if (cell[0].type != STOA_TYPE_NAME || cell[1].type == STOA_TYPE_NAME)
        return collection_fail(call, err, STOA_ERR_INVALID, "value %lld has no name, or two",
                               (long long)number + 1);
    rc = copy_name(call, out, input, (const char *)bytes + cell[0].a, (size_t)cell[0].b, err);
    if (rc == STOA_OK)
        rc = read_value(call, &cell[1], bytes, input, err);
    if (rc == STOA_OK)
        rc = sort_in(call, out->items, out->count, err);
    out->count += rc == STOA_OK;
    return rc;
}

stoa_status collection_inputs_cells(const struct collection_call *call, const stoa_value *cells,
                                    int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                                    struct collection_inputs *out, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    *out = (struct collection_inputs){0};
    if (cell_count < 0 || cell_count % 2 != 0 || cell_count / 2 > STOA__PARAM_COUNT_MAX ||
        (cell_count > 0 && !cells) || bytes_size < 0 || (bytes_size > 0 && !bytes))
        return collection_fail(call, err, STOA_ERR_INVALID,
                               "cells are not names and values, or have no memory");
    if (cell_count == 0)
        return STOA_OK;
    out->items = stoa__arena_alloc_zero(&out->arena, (size_t)cell_count / 2, sizeof *out->items);
    if (!out->items)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < cell_count && rc == STOA_OK; i += 2)
        rc = read_cell(call, &cells[i], bytes, bytes_size, i, out, err);
    for (int32_t i = 0; i < out->count; i++)
        aim(&out->items[i]);
    if (rc != STOA_OK)
        collection_inputs_release(out);
    return rc;
}

/* ---- raw columns ---- */

/* Plain numbers can be seen as they lie; all else goes through arrow/raw.h. */
static bool read_plain(const stoa_column *column, struct collection_input *out)
{
    const bool wide = column->type == STOA_TYPE_INT64 || column->type == STOA_TYPE_FLOAT64 ||
                      column->type == STOA_TYPE_TIMESTAMP;

    if (!wide || column->layout != STOA_LAYOUT_FIXED || column->count < 0 ||
        (column->count > 0 && (!column->data || column->data_size / 8 < column->count)))
        return false;
    out->type = type_of_value(column->type);
    out->array = (struct ArrowArray){.length = column->count,
                                     .null_count = column->validity ? -1 : 0,
                                     .n_buffers = 2,
                                     .buffers = out->buffers};
    out->buffers[0] = column->validity;
    out->buffers[1] = column->data ? column->data : "";
    return true;
}

static stoa_status read_raw(const struct collection_call *call, const stoa_column *column,
                            stoa__arena *arena, struct collection_input *out, stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa_status rc = stoa__raw_init(&out->raw, column, 1, column->count, err);

    if (rc == STOA_OK)
        rc = stoa__arrow_type_parse(&out->raw.schema, arena, &type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_validate(type, &out->raw.array, STOA_CHECK_FULL, err);
    if (rc != STOA_OK) {
        stoa__wrap(err, "Cannot %s", call->operation);
        return rc;
    }
    out->type = &type->children[0];
    out->array = *out->raw.array.children[0];
    out->array.release = NULL;
    return STOA_OK;
}

static stoa_status read_column(const struct collection_call *call, const stoa_column *column,
                               struct collection_inputs *out, stoa_error *err)
{
    struct collection_input *const input = &out->items[out->count];
    size_t size = 0;
    stoa_status rc = stoa__text_size("name", column->name, column->name_size,
                                     STOA__NAME_BYTES_MAX, &size, err);

    if (rc == STOA_OK)
        rc = copy_name(call, out, input, column->name, size, err);
    for (int32_t i = 0; i < out->count && rc == STOA_OK; i++)
        if (strcmp(out->items[i].name, input->name) == 0)
            rc = collection_fail(call, err, STOA_ERR_INVALID, "'%s' was given twice", input->name);
    if (rc == STOA_OK && !read_plain(column, input))
        rc = read_raw(call, column, &out->arena, input, err);
    out->count++; /* Also of one that failed half-way: it may own something. */
    return rc;
}

stoa_status collection_inputs_columns(const struct collection_call *call,
                                      const stoa_column *columns, int64_t column_count,
                                      struct collection_inputs *out, stoa_error *err)
{
    stoa_status rc = STOA_OK;

    *out = (struct collection_inputs){0};
    if (column_count < 0 || column_count > STOA__PARAM_COUNT_MAX || (column_count > 0 && !columns))
        return collection_fail(call, err, STOA_ERR_INVALID, "%lld columns, or none where some are",
                               (long long)column_count);
    if (column_count == 0)
        return STOA_OK;
    out->items = stoa__arena_alloc_zero(&out->arena, (size_t)column_count, sizeof *out->items);
    if (!out->items)
        return stoa__fail_nomem(err);
    for (int64_t i = 0; i < column_count && rc == STOA_OK; i++)
        rc = read_column(call, &columns[i], out, err);
    if (rc != STOA_OK)
        collection_inputs_release(out);
    return rc;
}

void collection_inputs_release(struct collection_inputs *inputs)
{
    for (int32_t i = 0; i < inputs->count; i++)
        stoa__raw_release(&inputs->items[i].raw);
    stoa__arena_release(&inputs->arena);
    *inputs = (struct collection_inputs){0};
}

stoa_status collection_mode_read(const stoa_option *options, int64_t option_count,
                                 const char *choices, int32_t *mode, stoa_error *err)
{
    const struct stoa__setting known = {
        .key = "mode", .type = STOA__SETTING_CHOICE, .choices = choices};
    stoa__settings settings = {0};
    stoa_status rc = stoa__settings_add(&settings, options, option_count, err);

    *mode = 0;
    if (rc == STOA_OK)
        rc = stoa__settings_read(&settings, "write", &known, 1, mode, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "write", err);
    stoa__settings_release(&settings);
    return rc;
}
