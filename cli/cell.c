/* SPDX-License-Identifier: Apache-2.0 */
#include "cell.h"

#include "text_width.h"

#include <string.h>

enum kind cell_kind(const struct ArrowSchema *column)
{
    const struct ArrowSchema *values = column->dictionary ? column->dictionary : column;
    const char *format = values->format;

    if (format[0] == '\0')
        return KIND_TEXT;
    if (strchr("cCsSiIlLefgd", format[0]))
        return KIND_NUMBER;
    if (format[0] == 'b')
        return KIND_BOOL;
    if (strchr("zZw", format[0]) || strcmp(format, "vz") == 0)
        return KIND_BINARY;
    if (format[0] == '+' && format[1] != 'r')
        return KIND_NESTED;
    return KIND_TEXT;
}

stoa_status cell_read(stoa_result result, int32_t column, enum kind kind, struct cell *out,
                      stoa_error *err)
{
    int32_t null = 0;
    stoa_status rc = stoa_result_is_null(result, column, &null, err);

    *out = (struct cell){0};
    if (rc != STOA_OK || null)
        return rc;
    if (kind == KIND_BINARY) {
        const uint8_t *bytes;
        rc = stoa_result_bytes(result, column, &bytes, &out->size, err);
        if (rc == STOA_OK) {
            out->binary = 1;
            out->text = bytes ? (const char *)bytes : "";
            return STOA_OK;
        }
        /* A UUID is stored as bytes and read as text. */
    }
    return stoa_result_text(result, column, &out->text, &out->size, err);
}

void cell_hex(struct text *out, const struct cell *cell)
{
    static const char digits[] = "0123456789abcdef";
    for (int64_t i = 0; i < cell->size; i++) {
        unsigned char byte = (unsigned char)cell->text[i];
        char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        text_add(out, pair, 2);
    }
}

static void put_control(struct text *out, unsigned char byte)
{
    if (byte == '\n')
        text_put(out, "\\n");
    else if (byte == '\t')
        text_put(out, "\\t");
    else if (byte == '\r')
        text_put(out, "\\r");
    else
        text_format(out, "\\x%02x", byte);
}

void cell_visible(struct text *out, const char *text, size_t size)
{
    for (size_t at = 0, bytes; at < size; at += bytes) {
        uint32_t character = utf8_character(text + at, size - at, &bytes);
        if (character < 0x20 || character == 0x7f)
            put_control(out, (unsigned char)character);
        else if (character >= 0x80 && character < 0xa0)
            text_format(out, "\\u%04x", (unsigned)character);
        else if (character == 0xfffd && bytes == 1)
            text_put(out, "\xef\xbf\xbd");
        else
            text_add(out, text + at, bytes);
    }
}
