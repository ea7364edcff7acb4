/* SPDX-License-Identifier: Apache-2.0 */
#include "format/rejects.h"

#include "base/error.h"
#include "base/mem.h"
#include "format/table.h"

#include <string.h>

#include "base/ban.h"

stoa_status stoa__rejects_add(stoa__rejects *rejects, const struct stoa__fault *at,
                              const char *reason, size_t reason_size, const void *text,
                              size_t text_size)
{
    struct stoa__reject reject = {
        .at = *at,
        .reason = rejects->bytes.size,
        .reason_size = reason_size,
        .text = rejects->bytes.size + reason_size,
        .text_size = text_size,
    };

    if (stoa__buffer_reserve(&rejects->items, sizeof reject) != STOA_OK ||
        stoa__buffer_reserve(&rejects->bytes, reason_size + text_size) != STOA_OK)
        return STOA_ERR_NOMEM;
    (void)stoa__buffer_append(&rejects->bytes, reason, reason_size);
    (void)stoa__buffer_append(&rejects->bytes, text, text_size);
    return stoa__buffer_append(&rejects->items, &reject, sizeof reject);
}

int64_t stoa__rejects_count(const stoa__rejects *rejects)
{
    return (int64_t)(rejects->items.size / sizeof(struct stoa__reject));
}

static const struct stoa__reject *reject_at(const stoa__rejects *rejects, int64_t index)
{
    return (const struct stoa__reject *)(const void *)rejects->items.data + index;
}

void stoa__rejects_reset(stoa__rejects *rejects)
{
    rejects->items.size = 0;
    rejects->bytes.size = 0;
}

void stoa__rejects_release(stoa__rejects *rejects)
{
    stoa__buffer_release(&rejects->items);
    stoa__buffer_release(&rejects->bytes);
}

static stoa_status append(stoa__table *table, const stoa__rejects *rejects,
                          const struct stoa__reject *reject, stoa_error *err)
{
    const char *bytes = (const char *)rejects->bytes.data;
    stoa_status rc = stoa__table_int64(table, 0, reject->at.line, err);

    if (rc == STOA_OK)
        rc = stoa__table_int64(table, 1, reject->at.column, err);
    if (rc == STOA_OK)
        rc = stoa__table_text(table, 2, bytes + reject->reason, reject->reason_size, err);
    if (rc == STOA_OK)
        rc = stoa__table_text(table, 3, bytes + reject->text, reject->text_size, err);
    return rc == STOA_OK ? stoa__table_end_row(table, err) : rc;
}

stoa_status stoa__rejects_export(stoa__rejects *rejects, struct ArrowArrayStream *out,
                                 stoa_error *err)
{
    static const struct stoa__table_column columns[] = {
        {"line", "l"}, {"column", "i"}, {"reason", "u"}, {"text", "u"}};
    stoa__table table = {0};
    stoa_status rc = stoa__table_init(&table, columns, 4, err);

    for (int64_t i = 0; rc == STOA_OK && i < stoa__rejects_count(rejects); i++)
        rc = append(&table, rejects, reject_at(rejects, i), err);
    if (rc == STOA_OK)
        rc = stoa__table_export(&table, out, err);
    stoa__table_release(&table);
    if (rc == STOA_OK)
        stoa__rejects_reset(rejects);
    return rc;
}
