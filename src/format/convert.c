/* SPDX-License-Identifier: Apache-2.0 */
#include "format/convert.h"

#include "arrow/cell.h"
#include "arrow/cell_text.h"
#include "arrow/shape.h"
#include "base/error.h"
#include "format/guess.h"
#include "text/base64.h"
#include "text/hex.h"
#include "text/utf8.h"

#include <string.h>

#include "base/ban.h"

bool stoa__is_null_word(const struct stoa__null_words *nulls, const uint8_t *text, size_t size)
{
    for (int32_t i = 0; i < nulls->count; i++)
        if (nulls->sizes[i] == size && (size == 0 || memcmp(nulls->words[i], text, size) == 0))
            return true;
    return false;
}

stoa_status stoa__unquote(const uint8_t *text, size_t size, uint8_t quote, stoa__buffer *out)
{
    stoa_status rc = stoa__buffer_reserve(out, size);
    size_t at = 0;

    while (rc == STOA_OK && at < size) {
        const uint8_t *next = memchr(text + at, quote, size - at);
        const size_t part = next ? (size_t)(next - text) - at + 1 : size - at;

        rc = stoa__buffer_append(out, text + at, part);
        at += part + (next != NULL); /* The second quote of the pair. */
    }
    return rc;
}

stoa_status stoa__check_text(const char *text, size_t size, bool keep_nul, stoa_error *err)
{
    size_t good = stoa__utf8_check(text, size);

    if (good < size)
        return stoa__fail(err, STOA_ERR_TYPE,
                          "byte %zu of the value, 0x%02x, is not UTF-8; text in another encoding "
                          "must be converted first (iconv does)",
                          good + 1, (unsigned)(uint8_t)text[good]);
    if (!keep_nul && size > 0 && memchr(text, '\0', size))
        return stoa__fail(err, STOA_ERR_TYPE,
                          "the value holds a NUL byte; nul=keep would take it");
    return STOA_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static stoa_status append_binary(stoa__convert *convert, struct stoa__column *column,
                                 const char *text, size_t size, stoa_error *err)
{
    stoa__buffer bytes = {0};
    stoa_status rc = convert->hexadecimal ? stoa__hex_decode(text, size, &bytes, err)
                                          : stoa__base64_decode(text, size, &bytes, err);

    if (rc == STOA_OK)
        rc = stoa__column_append_bytes(column, bytes.data, (int64_t)bytes.size, err);
    stoa__buffer_release(&bytes);
    return rc;
}

static bool is_nested(enum stoa__arrow_kind kind)
{
    return kind >= STOA__ARROW_LIST && kind < STOA__ARROW_KIND_COUNT;
}

stoa_status stoa__convert_text(stoa__convert *convert, struct stoa__column *column,
                               const char *text, size_t size, stoa_error *err)
{
    const enum stoa__arrow_kind kind = column->type->kind;
    bool word;

    if (stoa__arrow_is_text(kind)) {
        stoa_status rc = stoa__check_text(text, size, convert->keep_nul, err);

        return rc == STOA_OK ? stoa__column_append_bytes(column, text, (int64_t)size, err) : rc;
    }
    while (size > 0 && is_blank(text[0])) {
        text++;
        size--;
    }
    while (size > 0 && is_blank(text[size - 1]))
        size--;
    if (kind == STOA__ARROW_NULL)
        return stoa__fail(err, STOA_ERR_TYPE, "a column of type null takes no value");
    if (kind == STOA__ARROW_BOOL && stoa__bool_word(text, size, &word))
        return stoa__column_append_int64(column, word, err);
    if (stoa__arrow_is_binary(kind))
        return append_binary(convert, column, text, size, err);
    if (is_nested(kind))
        return stoa__column_append_json(column, text, (int64_t)size, err);
    return stoa__column_append_text(column, text, size, err);
}

static stoa_status append_null(struct stoa__column *column, stoa_error *err)
{
    if (!column->type->nullable)
        return stoa__fail(err, STOA_ERR_TYPE, "it is NULL, which the column does not take");
    return stoa__column_append_null(column, err);
}

stoa_status stoa__convert_field(stoa__convert *convert, struct stoa__column *column,
                                const uint8_t *text, size_t size, stoa_error *err)
{
    const bool quoted = convert->quote && size > 1 && text[0] == convert->quote;
    const bool is_text = stoa__arrow_is_text(column->type->kind);

    if (quoted) {
        convert->scratch.size = 0;
        if (stoa__unquote(text + 1, size - 2, convert->quote, &convert->scratch) != STOA_OK)
            return stoa__fail_nomem(err);
        text = convert->scratch.data;
        size = convert->scratch.size;
    }
    if (!is_text)
        for (; size > 0 && is_blank((char)*text); size--)
            text++;
    while (!is_text && size > 0 && is_blank((char)text[size - 1]))
        size--;
    if (quoted ? size == 0 && !is_text : stoa__is_null_word(convert->nulls, text, size))
        return append_null(column, err);
    if (size == 0 && !is_text)
        return append_null(column, err);
    return stoa__convert_text(convert, column, size > 0 ? (const char *)text : "", size, err);
}
