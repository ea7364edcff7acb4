/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sqlite/reader.h"

#include "arrow/array.h"
#include "arrow/cast.h"
#include "base/error.h"
#include "base/mem.h"

#include <assert.h>

#include "base/ban.h"

/* What data pointers are where a producer may leave them NULL: cells NULL or empty. */
static const uint8_t nothing[16];

/* Kinds whose values are INTEGER as they lie in memory. */
static enum sqlite_read read_int(const struct stoa__arrow_type *type)
{
    if (type->kind == STOA__ARROW_BOOL)
        return READ_BOOL;
    if (stoa__arrow_is_unsigned(type->kind)) {
        if (type->width == 1)
            return READ_UINT8;
        if (type->width == 2)
            return READ_UINT16;
        return type->width == 4 ? READ_UINT32 : READ_UINT64;
    }
    if (!stoa__arrow_is_integral(type->kind))
        return READ_CELL;
    if (type->width == 1)
        return READ_INT8;
    if (type->width == 2)
        return READ_INT16;
    return type->width == 4 ? READ_INT32 : READ_INT64;
}

static enum sqlite_read read_bytes(const struct stoa__arrow_type *type,
                                   enum sqlite_form form)
{
    const bool text = form == SQLITE_FORM_TEXT;

    if (text ? !stoa__arrow_is_text(type->kind) : !stoa__arrow_is_binary(type->kind))
        return READ_CELL;
    if (type->kind == STOA__ARROW_FIXED_BINARY)
        return READ_FIXED_BLOB;
    if (stoa__arrow_kind_shape(type->kind) == STOA__SHAPE_VIEW)
        return text ? READ_TEXT_VIEW : READ_BLOB_VIEW;
    if (stoa__arrow_offset_width(type->kind) == 8)
        return text ? READ_LARGE_TEXT : READ_LARGE_BLOB;
    return text ? READ_TEXT : READ_BLOB;
}

static enum sqlite_read read_of(const struct stoa__arrow_type *type,
                                enum sqlite_form form)
{
    if (type->kind == STOA__ARROW_NULL)
        return READ_NULL;
    if (type->dictionary)
        return READ_DICTIONARY;
    switch (form) {
    case SQLITE_FORM_INT:
        return read_int(type);
    case SQLITE_FORM_REAL:
        if (type->kind == STOA__ARROW_FLOAT64)
            return READ_FLOAT64;
        return type->kind == STOA__ARROW_FLOAT32 ? READ_FLOAT32 : READ_CELL;
    case SQLITE_FORM_TEXT:
    case SQLITE_FORM_BLOB:
        return read_bytes(type, form);
    case SQLITE_FORM_NULL:
    case SQLITE_FORM_UINT64_TEXT:
    case SQLITE_FORM_DECIMAL_TEXT:
    case SQLITE_FORM_DECIMAL_INT:
    case SQLITE_FORM_DATE_TEXT:
    case SQLITE_FORM_TIME_TEXT:
    case SQLITE_FORM_TIMESTAMP_TEXT:
    case SQLITE_FORM_INTERVAL_BLOB:
    case SQLITE_FORM_JSON:
        break;
    }
    return READ_CELL;
}

/* Point the reader at `array`, whose row `first` (its offset not counted) is row 0. */
static void aim(struct sqlite_reader *reader, const struct ArrowArray *array,
                int64_t first)
{
    const int64_t at = array->offset + first;
    const uint8_t *const data = array->n_buffers > 1 ? array->buffers[1] : NULL;

    reader->array = array;
    reader->first = first;
    if (reader->read == READ_CELL || reader->read == READ_NULL)
        return;
    reader->data = data;
    if (array->null_count != 0 && array->buffers[0]) {
        reader->validity = array->buffers[0];
        reader->validity_first = at;
    }
    switch (reader->read) {
    case READ_BOOL:
        reader->first = at; /* Bits cannot be pointed at. */
        break;
    case READ_TEXT:
    case READ_BLOB:
    case READ_LARGE_TEXT:
    case READ_LARGE_BLOB:
        reader->width = reader->read == READ_TEXT || reader->read == READ_BLOB ? 4 : 8;
        reader->offsets = data ? data + at * reader->width : NULL;
        reader->data = array->buffers[2] ? array->buffers[2] : nothing;
        break;
    case READ_TEXT_VIEW:
    case READ_BLOB_VIEW:
        reader->buffers = array->buffers + 2;
        reader->data = data ? data + at * 16 : NULL;
        break;
    default:
        reader->width = reader->type->width;
        reader->data = data ? data + at * reader->width : NULL;
        break;
    }
    /* Without values every cell is NULL, or there are none; FIXED(0) has no bytes to
     * point at. */
    if (!data && reader->read == READ_FIXED_BLOB && reader->width == 0)
        reader->data = nothing;
    else if (!data)
        reader->read = READ_NULL;
    if (reader->read == READ_NULL)
        reader->validity = NULL;
}

static stoa_status aim_dictionary(struct sqlite_reader *reader, enum sqlite_form form,
                                  stoa_error *err)
{
    const struct ArrowArray *const dictionary = reader->array->dictionary;
    struct sqlite_reader *values;

    if (reader->read != READ_DICTIONARY)
        return STOA_OK;
    values = stoa__alloc_zero(1, sizeof(*values));
    if (!values)
        return stoa__fail_nomem(err);
    reader->values = values;
    reader->value_count = dictionary->length;
    reader->index_signed = stoa__arrow_is_signed(reader->type->kind);
    values->type = reader->type->dictionary;
    values->read = (int32_t)read_of(values->type, form);
    /* A dictionary of dictionaries is nobody's hot path. */
    if (values->read == READ_DICTIONARY)
        values->read = READ_CELL;
    aim(values, dictionary, 0);
    return STOA_OK;
}

/* A batch whose rows may be NULL as a whole makes each column NULL there: the mask is the
 * batch's own, and the column's cells are read the long way. */
static bool masked(const struct ArrowArray *batch)
{
    return batch->null_count != 0 && batch->n_buffers > 0 && batch->buffers[0];
}

static stoa_status convert(struct sqlite_reader *reader,
                           const struct stoa__arrow_type *to,
                           const struct ArrowArray *child, const struct ArrowArray *batch,
                           stoa_error *err)
{
    struct ArrowArray part = *child;

    part.offset += batch->offset;
    part.length = batch->length;
    part.null_count = child->null_count == 0 ? 0 : -1;
    return stoa__arrow_cast(reader->type, &part, to, &reader->converted, err);
}

stoa_status sqlite_reader_load(struct sqlite_reader *reader,
                               const struct sqlite_source_column *column,
                               const struct ArrowArray *batch, int32_t index,
                               stoa_error *err)
{
    const struct ArrowArray *child = batch->children[index];
    int64_t first = batch->offset;
    stoa_status rc;

    assert(reader->read == READ_LATER && !reader->values);
    reader->type = column->type;
    if (column->cast) {
        rc = convert(reader, column->cast, child, batch, err);
        if (rc != STOA_OK)
            return rc;
        child = &reader->converted;
        first = 0;
        reader->type = column->cast;
    }
    reader->read = (int32_t)read_of(reader->type, column->form);
    if (masked(batch) && reader->read != READ_NULL)
        reader->read = READ_CELL;
    aim(reader, child, first);
    rc = aim_dictionary(reader, column->form, err);
    if (rc == STOA_OK && reader->read == READ_CELL && masked(batch)) {
        reader->validity = batch->buffers[0];
        reader->validity_first = batch->offset;
    }
    if (rc != STOA_OK)
        sqlite_reader_release(reader);
    return rc;
}

void sqlite_reader_release(struct sqlite_reader *reader)
{
    stoa__free(reader->values);
    stoa__array_release(&reader->converted);
    *reader = (struct sqlite_reader){0};
}
