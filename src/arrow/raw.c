/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/raw.h"

#include "arrow/raw_parts.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "base/limits.h"
#include "text/utf8.h"

#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* What each type is in Arrow. */
struct raw_type {
    const char *name;
    const char *format; /* NULL: not a column's type. */
    const char *extension;
    int32_t width;     /* Bytes a value in FIXED; 0: text or binary, or nothing. */
    int32_t alignment; /* Of such a value. */
    bool text;         /* PACKED, VIEW and CODES; `format` is that of large offsets. */
};

static const struct raw_type raw_types[] = {
    [STOA_TYPE_NULL] = {"null", "n", NULL, 0, 1, false},
    [STOA_TYPE_BOOL] = {"bool", "b", NULL, 1, 1, false},
    [STOA_TYPE_INT8] = {"int8", "c", NULL, 1, 1, false},
    [STOA_TYPE_INT16] = {"int16", "s", NULL, 2, 2, false},
    [STOA_TYPE_INT32] = {"int32", "i", NULL, 4, 4, false},
    [STOA_TYPE_INT64] = {"int64", "l", NULL, 8, 8, false},
    [STOA_TYPE_UINT8] = {"uint8", "C", NULL, 1, 1, false},
    [STOA_TYPE_UINT16] = {"uint16", "S", NULL, 2, 2, false},
    [STOA_TYPE_UINT32] = {"uint32", "I", NULL, 4, 4, false},
    [STOA_TYPE_UINT64] = {"uint64", "L", NULL, 8, 8, false},
    [STOA_TYPE_FLOAT32] = {"float32", "f", NULL, 4, 4, false},
    [STOA_TYPE_FLOAT64] = {"float64", "g", NULL, 8, 8, false},
    [STOA_TYPE_TIMESTAMP] = {"timestamp", "tsn:UTC", NULL, 8, 8, false},
    [STOA_TYPE_DATE] = {"date", "tdD", NULL, 4, 4, false},
    [STOA_TYPE_TIME] = {"time", "ttn", NULL, 8, 8, false},
    [STOA_TYPE_DURATION] = {"duration", "tDn", NULL, 8, 8, false},
    [STOA_TYPE_INTERVAL] = {"interval", "tin", NULL, 16, 8, false},
    [STOA_TYPE_DECIMAL] = {"decimal", "U", "stoa.decimal", 0, 1, true},
    [STOA_TYPE_UUID] = {"uuid", "w:16", "arrow.uuid", 16, 1, false},
    [STOA_TYPE_TEXT] = {"text", "U", NULL, 0, 1, true},
    [STOA_TYPE_BYTES] = {"bytes", "Z", NULL, 0, 1, true},
    [STOA_TYPE_SYMBOL] = {"symbol", "U", "stoa.symbol", 0, 1, true},
    [STOA_TYPE_JSON] = {"json", "U", "arrow.json", 0, 1, true},
    [STOA_TYPE_NAME] = {"name", NULL, NULL, 0, 1, false},
    [STOA_TYPE_LIST] = {"list", NULL, NULL, 0, 1, false},
};

static const char *const layout_names[] = {"FIXED", "PACKED", "VIEW", "CODES", "BITS"};

/* The memory is the arena's: a release only says that it is done. */
static void release_schema(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void release_array(struct ArrowArray *array)
{
    array->release = NULL;
}

stoa_status stoa__raw_fail(const struct raw_column *raw, const char *reason,
                           stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_INVALID, "%scolumn '%s': %s",
                      raw->is_dictionary ? "dictionary of " : "", raw->name, reason);
}

void *stoa__raw_alloc(struct raw_column *raw, int64_t count, int64_t size)
{
    return stoa__arena_alloc_zero(raw->arena, (size_t)count + 1, (size_t)size);
}

bool stoa__raw_valid(const struct raw_column *raw, int64_t row)
{
    return !raw->from->validity || stoa__bit_get(raw->from->validity, row);
}

static bool all_null(const struct raw_column *raw)
{
    for (int64_t row = 0; row < raw->from->count; row++)
        if (stoa__raw_valid(raw, row))
            return false;
    return true;
}

/* An array of `count` values at `data`, copied if it does not lie as its values want. */
stoa_status stoa__raw_aligned(struct raw_column *raw, const void *data, int64_t size,
                              int32_t alignment, const void **out, stoa_error *err)
{
    void *copy;

    *out = data;
    if ((uintptr_t)data % (uintptr_t)alignment == 0)
        return STOA_OK;
    copy = stoa__raw_alloc(raw, size, 1);
    if (!copy)
        return stoa__fail_nomem(err);
    memcpy(copy, data, (size_t)size);
    *out = copy;
    return STOA_OK;
}

/* Memory for `size` bytes of values must be there, unless no value is read. */
static stoa_status check_data(struct raw_column *raw, int64_t size, bool *absent,
                              stoa_error *err)
{
    const stoa_column *from = raw->from;

    *absent = !from->data;
    if (!from->data && from->count > 0 && !all_null(raw))
        return stoa__raw_fail(raw, "data is NULL and not all rows are null", err);
    if (!*absent && from->data_size < size)
        return stoa__fail(
            err, STOA_ERR_INVALID,
            "column '%s': data_size is %lld where %lld values need %lld bytes", raw->name,
            (long long)from->data_size, (long long)from->count, (long long)size);
    return STOA_OK;
}

stoa_status stoa__raw_values(struct raw_column *raw, int32_t width, int32_t alignment,
                             const void **out, stoa_error *err)
{
    bool absent = false;
    int64_t size;
    stoa_status rc;

    if (raw->from->count > STOA__BUFFER_BYTES_MAX / width)
        return stoa__raw_fail(raw, "it has more rows than any memory", err);
    size = raw->from->count * width;
    rc = check_data(raw, size, &absent, err);
    if (rc != STOA_OK)
        return rc;
    if (!absent && raw->from->count > 0)
        return stoa__raw_aligned(raw, raw->from->data, size, alignment, out, err);
    *out = stoa__raw_alloc(raw, raw->from->count, width);
    return *out ? STOA_OK : stoa__fail_nomem(err);
}

/* A bool of one byte must be one, or C programs that read it as a bool go astray. */
static stoa_status make_bools(struct raw_column *raw, stoa_error *err)
{
    const void *data = NULL;
    uint8_t *bits;
    stoa_status rc = stoa__raw_values(raw, 1, 1, &data, err);

    if (rc != STOA_OK)
        return rc;
    bits = stoa__raw_alloc(raw, raw->from->count / 8 + 1, 1);
    if (!bits)
        return stoa__fail_nomem(err);
    for (int64_t row = 0; row < raw->from->count; row++) {
        uint8_t value = ((const uint8_t *)data)[row];
        if (value == 1)
            stoa__bit_set(bits, row);
        else if (value > 1 && stoa__raw_valid(raw, row))
            return stoa__fail(err, STOA_ERR_INVALID,
                              "column '%s': row %lld is %d, which is neither 0 nor 1",
                              raw->name, (long long)row, value);
    }
    raw->buffers[1] = bits;
    return STOA_OK;
}

static stoa_status make_bits(struct raw_column *raw, stoa_error *err)
{
    bool absent = false;
    int64_t size = raw->from->count / 8 + (raw->from->count % 8 != 0);
    stoa_status rc = check_data(raw, size, &absent, err);

    if (rc != STOA_OK)
        return rc;
    raw->buffers[1] = absent ? stoa__raw_alloc(raw, size, 1) : raw->from->data;
    return raw->buffers[1] ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status init_array(struct raw_column *raw, int64_t buffer_count,
                              stoa_error *err)
{
    raw->buffers = stoa__raw_alloc(raw, buffer_count, sizeof(*raw->buffers));
    if (!raw->buffers)
        return stoa__fail_nomem(err);
    *raw->array = (struct ArrowArray){.length = raw->from->count,
                                      .null_count = raw->from->validity ? -1 : 0,
                                      .n_buffers = buffer_count,
                                      .buffers = raw->buffers,
                                      .release = release_array};
    if (buffer_count > 0)
        raw->buffers[0] = raw->from->validity;
    return STOA_OK;
}

stoa_status stoa__raw_buffers(struct raw_column *raw, int64_t count, stoa_error *err)
{
    return init_array(raw, count, err);
}

/* Arrow metadata of one pair: counts and sizes as int32, then the bytes. */
static stoa_status mark_extension(struct raw_column *raw, const char *extension,
                                  stoa_error *err)
{
    static const char key[] = "ARROW:extension:name";
    const int32_t count = 1, key_size = sizeof(key) - 1;
    const int32_t value_size = (int32_t)strlen(extension);
    char *metadata = stoa__raw_alloc(raw, 3 * 4 + key_size + value_size, 1);

    if (!metadata)
        return stoa__fail_nomem(err);
    memcpy(metadata, &count, 4);
    memcpy(metadata + 4, &key_size, 4);
    memcpy(metadata + 8, key, (size_t)key_size);
    memcpy(metadata + 8 + key_size, &value_size, 4);
    memcpy(metadata + 12 + key_size, extension, (size_t)value_size);
    raw->schema->metadata = metadata;
    return STOA_OK;
}

static stoa_status make_codes(struct raw_column *raw, const struct raw_type *type,
                              stoa_error *err);

static stoa_status make_values(struct raw_column *raw, const struct raw_type *type,
                               stoa_error *err)
{
    int32_t layout = raw->from->layout;

    if (raw->from->type == STOA_TYPE_NULL)
        return init_array(raw, 0, err);
    if (type->text && layout == STOA_LAYOUT_PACKED)
        return stoa__raw_packed(raw, err);
    if (type->text && layout == STOA_LAYOUT_VIEW)
        return stoa__raw_views(raw, raw->from->type == STOA_TYPE_BYTES ? "vz" : "vu",
                               err);
    if (type->text && layout == STOA_LAYOUT_CODES && !raw->is_dictionary)
        return make_codes(raw, type, err);
    if (!type->text &&
        (layout == STOA_LAYOUT_FIXED ||
         (layout == STOA_LAYOUT_BITS && raw->from->type == STOA_TYPE_BOOL))) {
        stoa_status rc = init_array(raw, 2, err);
        if (rc != STOA_OK)
            return rc;
        if (layout == STOA_LAYOUT_BITS)
            return make_bits(raw, err);
        if (raw->from->type == STOA_TYPE_BOOL)
            return make_bools(raw, err);
        return stoa__raw_values(raw, type->width, type->alignment, &raw->buffers[1], err);
    }
    return stoa__fail(err, STOA_ERR_INVALID,
                      "%scolumn '%s': layout %s does not go with type %s",
                      raw->is_dictionary ? "dictionary of " : "", raw->name,
                      layout_names[layout], type->name);
}

static stoa_status make_column(struct raw_column *raw, stoa_error *err)
{
    const stoa_column *from = raw->from;
    const struct raw_type *type;
    stoa_status rc;

    if (from->type < 0 ||
        from->type >= (int32_t)(sizeof(raw_types) / sizeof(raw_types[0])) ||
        !raw_types[from->type].format)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "column '%s': %d is not a type of columns", raw->name,
                          from->type);
    if (from->layout < STOA_LAYOUT_FIXED || from->layout > STOA_LAYOUT_BITS)
        return stoa__fail(err, STOA_ERR_INVALID, "column '%s': %d is not a layout",
                          raw->name, from->layout);
    if (from->count < 0 || from->data_size < 0)
        return stoa__raw_fail(raw, "count or data_size is below zero", err);
    type = &raw_types[from->type];
    *raw->schema = (struct ArrowSchema){.format = type->format,
                                        .name = raw->is_dictionary ? "" : raw->name,
                                        .flags = ARROW_FLAG_NULLABLE,
                                        .release = release_schema};
    rc = make_values(raw, type, err);
    if (rc == STOA_OK && type->extension && !raw->is_dictionary)
        rc = mark_extension(raw, type->extension, err);
    return rc;
}

static stoa_status check_codes(const struct raw_column *raw, const int32_t *codes,
                               stoa_error *err)
{
    int64_t limit = raw->from->dictionary->count;

    for (int64_t row = 0; row < raw->from->count; row++)
        if ((codes[row] < 0 || codes[row] >= limit) && stoa__raw_valid(raw, row))
            return stoa__fail(
                err, STOA_ERR_INVALID,
                "column '%s': row %lld has code %d; the dictionary has %lld values",
                raw->name, (long long)row, codes[row], (long long)limit);
    return STOA_OK;
}

static stoa_status make_codes(struct raw_column *raw, const struct raw_type *type,
                              stoa_error *err)
{
    struct raw_column values = *raw;
    stoa_status rc;

    if (!raw->from->dictionary)
        return stoa__raw_fail(raw, "it has codes and no dictionary", err);
    values.from = raw->from->dictionary;
    values.is_dictionary = true;
    if (values.from->type < 0 ||
        values.from->type >= (int32_t)(sizeof(raw_types) / sizeof(raw_types[0])) ||
        !raw_types[values.from->type].text ||
        strcmp(raw_types[values.from->type].format, type->format) != 0)
        return stoa__raw_fail(raw, "its dictionary is of another type", err);
    rc = init_array(raw, 2, err);
    if (rc == STOA_OK)
        rc = stoa__raw_values(raw, 4, 4, &raw->buffers[1], err);
    if (rc == STOA_OK)
        rc = check_codes(raw, raw->buffers[1], err);
    if (rc != STOA_OK)
        return rc;
    raw->schema->format = "i";
    values.schema = raw->schema->dictionary =
        stoa__raw_alloc(raw, 1, sizeof(*values.schema));
    values.array = raw->array->dictionary =
        stoa__raw_alloc(raw, 1, sizeof(*values.array));
    if (!values.schema || !values.array)
        return stoa__fail_nomem(err);
    return make_column(&values, err);
}

/* What is wrong with a name is found out anew: most have nothing to say. */
static stoa_status fail_name(const struct raw_column *raw, int64_t index, stoa_error *err)
{
    char what[48];
    size_t size = 0;
    stoa_status rc;

    (void)snprintf(what, sizeof(what), "name of column %lld", (long long)index);
    rc = stoa__text_size(what, raw->from->name, raw->from->name_size,
                         STOA__NAME_BYTES_MAX, &size, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__fail(err, STOA_ERR_INVALID, "the %s holds a NUL or is not UTF-8", what);
}

/* Arrow's names end with a NUL: a copy, checked. */
static stoa_status copy_name(struct raw_column *raw, int64_t index, stoa_error *err)
{
    const char *const name = raw->from->name;
    size_t size = 0;
    stoa_status rc = stoa__text_size("", name, raw->from->name_size, STOA__NAME_BYTES_MAX,
                                     &size, NULL);

    if (rc != STOA_OK || (size > 0 && (memchr(name, '\0', size) ||
                                       stoa__utf8_check(name, size) < size)))
        return fail_name(raw, index, err);
    raw->name = stoa__arena_copy_text(raw->arena, size > 0 ? raw->from->name : "", size);
    return raw->name ? STOA_OK : stoa__fail_nomem(err);
}

static stoa_status make_child(struct stoa__raw *out, const stoa_column *column,
                              int64_t index, int64_t row_count, stoa_error *err)
{
    struct raw_column raw = {.arena = &out->arena, .from = column};
    stoa_status rc = copy_name(&raw, index, err);

    if (rc != STOA_OK)
        return rc;
    if (column->count != row_count)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "column '%s': it has %lld rows where the table has %lld",
                          raw.name, (long long)column->count, (long long)row_count);
    raw.schema = stoa__raw_alloc(&raw, 1, sizeof(*raw.schema));
    raw.array = stoa__raw_alloc(&raw, 1, sizeof(*raw.array));
    if (!raw.schema || !raw.array)
        return stoa__fail_nomem(err);
    out->schema.children[index] = raw.schema;
    out->array.children[index] = raw.array;
    return make_column(&raw, err);
}

static stoa_status init_root(struct stoa__raw *out, int64_t column_count,
                             int64_t row_count, stoa_error *err)
{
    size_t count = (size_t)column_count + 1;
    void *schemas = stoa__arena_alloc_zero(&out->arena, count, sizeof(void *));
    void *arrays = stoa__arena_alloc_zero(&out->arena, count, sizeof(void *));
    const void **buffers = stoa__arena_alloc_zero(&out->arena, 1, sizeof(void *));

    if (!schemas || !arrays || !buffers)
        return stoa__fail_nomem(err);
    out->schema = (struct ArrowSchema){.format = "+s",
                                       .name = "",
                                       .n_children = column_count,
                                       .children = schemas,
                                       .release = release_schema};
    out->array = (struct ArrowArray){.length = row_count,
                                     .n_buffers = 1,
                                     .buffers = buffers,
                                     .n_children = column_count,
                                     .children = arrays,
                                     .release = release_array};
    return STOA_OK;
}

stoa_status stoa__raw_init(struct stoa__raw *out, const stoa_column *columns,
                           int64_t column_count, int64_t row_count, stoa_error *err)
{
    stoa_status rc;

    *out = (struct stoa__raw){0};
    if (column_count < 0 || column_count > STOA__COLUMN_COUNT_MAX || row_count < 0 ||
        (!columns && column_count > 0))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "%lld columns%s and %lld rows: a table has 0 to %d columns",
                          (long long)column_count, columns ? "" : " at NULL",
                          (long long)row_count, STOA__COLUMN_COUNT_MAX);
    rc = init_root(out, column_count, row_count, err);
    for (int64_t i = 0; rc == STOA_OK && i < column_count; i++)
        rc = make_child(out, &columns[i], i, row_count, err);
    if (rc != STOA_OK)
        stoa__raw_release(out);
    return rc;
}

void stoa__raw_release(struct stoa__raw *raw)
{
    stoa__arena_release(&raw->arena);
    *raw = (struct stoa__raw){0};
}
