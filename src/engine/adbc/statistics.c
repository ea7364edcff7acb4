/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics, where a driver offers them. They may be approximate, and each row says so. */
#include "engine/adbc/walk.h"

#include "arrow/array.h"
#include "base/error.h"
#include "text/hex.h"
#include "text/identifier.h"
#include "text/number.h"
#include "text/utf8.h"

#include <string.h>

#include "base/ban.h"

/* Keys from 1024 on are the driver's. */
static const char *const names[] = {"average byte width", "distinct count", "largest byte width",
                                    "largest value",      "smallest value", "null count",
                                    "row count"};
enum { NAME_COUNT = sizeof names / sizeof *names };

struct adbc_statistic_name {
    struct adbc_statistic_name *next;
    const char *name;
    int64_t key;
};

/* ---- asking ---- */

static void keep_name(struct adbc_walk *walk, const struct stoa__cell *row)
{
    struct adbc_statistic_name *item = stoa__arena_alloc_zero(&walk->arena, 1, sizeof *item);
    struct adbc_text text = adbc_text_of(row, "statistic_name");

    if (!item || !text.data)
        return;
    item->name = stoa__arena_copy_text(&walk->arena, text.data, (size_t)text.size);
    item->key = adbc_integer_of(row, "statistic_key", -1);
    item->next = walk->statistics;
    if (item->name)
        walk->statistics = item;
}

/* Names are an ornament: without them keys stand in their place. */
static void learn_names(struct adbc_walk *walk)
{
    struct adbc_instance *instance = walk->session->instance;
    struct ArrowArrayStream stream = {0};
    struct stoa__stream_in in;
    struct ArrowArray batch;
    adbc_error error = adbc_error_for(instance);
    adbc_status status = instance->driver->table.connection_statistic_names(
        &walk->session->connection, &stream, &error);

    adbc_error_drop(&error);
    if (status != ADBC_OK)
        return;
    if (stoa__stream_in_init(&in, &stream, STOA_CHECK_FULL, NULL) != STOA_OK) {
        stoa_stream_release(&stream);
        return;
    }
    while (stoa__stream_in_next(&in, &batch, NULL) == STOA_OK) {
        for (int64_t i = 0; i < batch.length; i++) {
            struct stoa__cell row;

            stoa__cell_at(in.type, &batch, i, &row);
            keep_name(walk, &row);
        }
        stoa__array_release(&batch);
    }
    stoa__stream_in_release(&in);
}

/* Some drivers want to be told which schema: that of the connection, if nobody says more. */
static void learn_schema(struct adbc_walk *walk, char *out, size_t capacity)
{
    struct adbc_instance *instance = walk->session->instance;
    const char *point = walk->database ? strchr(walk->database, '.') : NULL;
    const char *named = point ? point + 1 : walk->database;
    adbc_error error = adbc_error_for(instance);
    size_t size = named ? strlen(named) + 1 : capacity;

    if (named && size <= capacity) {
        memcpy(out, named, size);
        return;
    }
    if (instance->driver->table.connection_get(&walk->session->connection,
                                               "adbc.connection.db_schema", out, &size,
                                               &error) != ADBC_OK ||
        size > capacity)
        out[0] = '\0';
    adbc_error_drop(&error);
}

adbc_status adbc_statistics_ask(struct adbc_walk *walk, struct ArrowArrayStream *out,
                                adbc_error *error)
{
    struct adbc_instance *instance = walk->session->instance;
    char schema[ADBC_NAME_SIZE] = "";
    adbc_status status;

    learn_schema(walk, schema, sizeof schema);
    status = instance->driver->table.connection_statistics(
        &walk->session->connection, NULL, schema[0] != '\0' ? schema : NULL, NULL, 1, out, error);
    adbc_note_answer(instance, ADBC_CAN_STATISTICS, status);
    if (status == ADBC_OK)
        learn_names(walk);
    return status;
}

/* ---- rows ---- */

static stoa_status put_name(struct adbc_walk *walk, int64_t key)
{
    char number[STOA__INTEGER_TEXT_MAX + 1];

    if (key >= 0 && key < NAME_COUNT)
        return adbc_put_word(walk, 3, names[key]);
    for (const struct adbc_statistic_name *item = walk->statistics; item; item = item->next)
        if (item->key == key)
            return adbc_put_word(walk, 3, item->name);
    number[stoa__int64_format(key, number)] = '\0';
    return adbc_put_word(walk, 3, number);
}

/* Of a union of int64, uint64, float64 and bytes: numbers in decimal, text as it is, other bytes in
 * hexadecimal. */
static stoa_status put_value(struct adbc_walk *walk, const struct stoa__cell *row)
{
    struct stoa__cell cell = adbc_field(row, "statistic_value"), value = {.null = true};
    stoa__buffer text = {0};
    stoa_status rc = STOA_OK;

    if (!cell.null && (cell.type->kind == STOA__ARROW_DENSE_UNION ||
                       cell.type->kind == STOA__ARROW_SPARSE_UNION))
        stoa__cell_child(&cell, 0, &value);
    if (value.null)
        return adbc_put_word(walk, 4, NULL);
    if (value.type->kind == STOA__ARROW_BINARY || value.type->kind == STOA__ARROW_LARGE_BINARY) {
        int64_t size;
        const uint8_t *bytes = stoa__cell_bytes(&value, &size);

        if (stoa__utf8_check((const char *)bytes, (size_t)size) == (size_t)size)
            return adbc_put_text(walk, 4, (struct adbc_text){(const char *)bytes, size});
        rc = stoa__hex_encode(bytes, (size_t)size, &text);
        if (rc != STOA_OK)
            return stoa__fail_nomem(walk->err);
    } else {
        rc = stoa__cell_text(&value, &text, walk->err);
    }
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 4,
                           (struct adbc_text){(const char *)text.data, (int64_t)text.size});
    stoa__buffer_release(&text);
    return rc;
}

static stoa_status put_statistic(struct adbc_walk *walk, const struct stoa__cell *row)
{
    stoa_status rc = adbc_put_word(walk, 0, walk->name);

    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 1, adbc_text_of(row, "table_name"));
    if (rc == STOA_OK)
        rc = adbc_put_text(walk, 2, adbc_text_of(row, "column_name"));
    if (rc == STOA_OK)
        rc = put_name(walk, adbc_integer_of(row, "statistic_key", -1));
    if (rc == STOA_OK)
        rc = put_value(walk, row);
    if (rc == STOA_OK)
        rc = adbc_put_number(walk, 5, adbc_integer_of(row, "statistic_is_approximate", 1) != 0);
    return rc == STOA_OK ? adbc_end_row(walk) : rc;
}

stoa_status adbc_statistics_put(struct adbc_walk *walk, const struct stoa__cell *schema)
{
    struct stoa__cell list, row;
    int64_t count = adbc_items_of(schema, "db_schema_statistics", &list);
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; i < count && rc == STOA_OK; i++) {
        struct adbc_text table;

        stoa__cell_item(&list, i, &row);
        table = adbc_text_of(&row, "table_name");
        if (table.data && (!walk->table || adbc_text_is(table, walk->table)))
            rc = put_statistic(walk, &row);
    }
    return rc;
}
