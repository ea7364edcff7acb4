/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/csv_file.h"

#include "base/error.h"
#include "base/mem.h"
#include "format/source.h"

#include <string.h>

#include "base/ban.h"

enum {
    READ_SIZE = 1 << 18,
    RECORD_SIZE_MAX = 1 << 28, /* Ends of cells are 32 bits. */
    CELLS_FIRST = 64
};

/* ---- bytes ---- */

struct csv_bytes {
    stoa__source source;
};

/* Move what is left to the front and read more behind it. */
static stoa_status read_more(struct csv_file *file, stoa_error *err)
{
    const size_t left = file->text.size - file->at;
    size_t size = 0;
    stoa_status rc;

    if (left >= RECORD_SIZE_MAX)
        return stoa__fail(err, STOA_ERR_FULL, "line %lld is longer than %d bytes",
                          (long long)file->lines, (int)RECORD_SIZE_MAX);
    if (left > 0 && file->at > 0)
        memmove(file->text.data, file->text.data + file->at, left);
    file->text.size = left;
    file->at = 0;
    if (left >= file->buffer_size)
        file->buffer_size *= 2;
    if (stoa__buffer_reserve(&file->text, file->buffer_size) != STOA_OK)
        return stoa__fail_nomem(err);
    rc = stoa__source_read(&file->source->source, file->call, file->text.data + left,
                           file->buffer_size, &size, err);
    file->text.size += size;
    file->ended = size < file->buffer_size;
    return rc;
}

/* ---- records ---- */

static stoa_status grow_cells(struct csv_file *file, int32_t count, stoa_error *err)
{
    const size_t max = (size_t)count + CELLS_FIRST;

    stoa__free(file->cells);
    stoa__free(file->ends);
    file->cells = stoa__alloc_zero(max, sizeof *file->cells);
    file->ends = stoa__alloc_zero(max, sizeof *file->ends);
    file->cell_max = file->cells && file->ends ? (int32_t)max : 0;
    return file->cell_max > 0 ? STOA_OK : stoa__fail_nomem(err);
}

/* Where the next record is; what is needed of the file is there then. */
static stoa_status find_record(struct csv_file *file, struct stoa__csv_record *record,
                               stoa_error *err)
{
    for (;;) {
        stoa_status rc = STOA_OK;

        stoa__csv_read_record(&file->dialect, file->text.data, file->text.size, file->at,
                              file->ends, file->cell_max, record);
        if (record->field_count > file->cell_max)
            rc = grow_cells(file, record->field_count, err);
        else if (file->ended || (record->how == STOA__CSV_WHOLE && record->next < file->text.size))
            return STOA_OK; /* A CR at the end may be half a CRLF. */
        else
            rc = read_more(file, err);
        if (rc != STOA_OK)
            return rc;
    }
}

static int64_t count_lines(const uint8_t *text, size_t size)
{
    int64_t count = 0;

    for (const uint8_t *at = text; (at = memchr(at, '\n', size - (size_t)(at - text))); at++)
        count++;
    return count;
}

/* Between quotes, with those inside halved. `unquoted` has room. */
static void unquote(struct csv_file *file, struct csv_cell *cell)
{
    const char *at = cell->text + 1, *end = cell->text + cell->size - 1;
    char *out = (char *)file->unquoted.data + file->unquoted.size;

    cell->quoted = true;
    cell->size -= 2;
    cell->text++;
    if (!memchr(at, '"', cell->size))
        return;
    cell->text = out;
    while (at < end) {
        *out++ = *at;
        at += *at == '"' ? 2 : 1;
    }
    cell->size = (size_t)(out - cell->text);
    file->unquoted.size += cell->size;
}

static stoa_status cut_cells(struct csv_file *file, const struct stoa__csv_record *record,
                             stoa_error *err)
{
    size_t begin = record->begin;

    file->unquoted.size = 0;
    file->cell_count = record->field_count;
    for (int32_t i = 0; i < file->cell_count; i++) {
        struct csv_cell *cell = &file->cells[i];

        *cell = (struct csv_cell){.text = (const char *)file->text.data + begin,
                                  .size = file->ends[i] - begin};
        begin = file->ends[i] + (size_t)1;
        if (cell->size < 2 || *cell->text != '"')
            continue;
        if (file->unquoted.size == 0 && /* Pointers into it stay. */
            stoa__buffer_reserve(&file->unquoted, record->end - record->begin) != STOA_OK)
            return stoa__fail_nomem(err);
        unquote(file, cell);
    }
    return STOA_OK;
}

stoa_status collection_csv_file_next(struct csv_file *file, stoa_error *err)
{
    struct stoa__csv_record record;
    stoa_status rc;

    do {
        rc = find_record(file, &record, err);
        if (rc != STOA_OK)
            return rc;
        if (record.begin == file->text.size)
            return STOA_DONE;
        file->line = file->lines;
        file->lines += count_lines(file->text.data + record.begin, record.next - record.begin);
        file->at = record.next;
    } while (record.end == record.begin);
    file->cell_count = 0;
    if (record.how == STOA__CSV_OPEN)
        return stoa__fail(err, STOA_ERR_INVALID, "A quote is never closed.");
    if (record.garbage > 0)
        return stoa__fail(err, STOA_ERR_INVALID, "Cell %d has text behind its closing quote.",
                          (int)record.garbage);
    return cut_cells(file, &record, err);
}

/* ---- the first line ---- */

/* That of , ; and tab which is there, in this order; a comma if none is. */
static uint8_t guess_separator(const struct csv_file *file)
{
    static const char candidates[] = ",;\t";
    const uint8_t *text = file->text.data + file->at;
    const size_t left = file->text.size - file->at;
    const uint8_t *end = left > 0 ? memchr(text, '\n', left) : NULL;
    const size_t size = end ? (size_t)(end - text) : left;

    for (const char *at = candidates; *at && size > 0; at++)
        if (memchr(text, *at, size))
            return (uint8_t)*at;
    return ',';
}

static bool is_line_end(const struct csv_file *file, size_t at, size_t *next)
{
    const uint8_t *text = file->text.data;

    *next = at;
    if (at < file->text.size && text[at] == '\r')
        at++;
    if (at < file->text.size && text[at] != '\n')
        return false;
    *next = at + (at < file->text.size);
    return true;
}

/* May `sep=` name it? */
static bool is_separator(uint8_t byte)
{
    return byte == '\t' || (byte > ' ' && byte < 127 && byte != '"');
}

static void read_start(struct csv_file *file, uint8_t separator)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    const uint8_t *text = file->text.data;
    const size_t size = file->text.size;
    size_t next;

    if (size >= sizeof mark && memcmp(text, mark, sizeof mark) == 0)
        file->at = sizeof mark;
    file->dialect.separator = separator;
    if (size >= file->at + 5 && memcmp(text + file->at, "sep=", 4) == 0 &&
        is_separator(text[file->at + 4]) && is_line_end(file, file->at + 5, &next)) {
        if (separator == 0)
            file->dialect.separator = text[file->at + 4];
        file->at = next;
        file->lines++;
    } else if (separator == 0) {
        file->dialect.separator = guess_separator(file);
    }
    file->dialect.quote = '"';
}

stoa_status collection_csv_file_open(struct csv_file *file, const char *path, uint8_t separator,
                                     stoa__call *call, stoa_error *err)
{
    const stoa_source given = {
        .struct_size = sizeof given, .path = path, .path_size = STOA_NUL};
    stoa_status rc;

    *file = (struct csv_file){.call = call, .lines = 1, .buffer_size = READ_SIZE};
    file->source = stoa__alloc_zero(1, sizeof *file->source);
    if (!file->source)
        return stoa__fail_nomem(err);
    rc = stoa__source_open(&file->source->source, &given, STOA__PACKED_AUTO, call, err);
    if (rc == STOA_OK)
        rc = grow_cells(file, 0, err);
    if (rc == STOA_OK)
        rc = read_more(file, err);
    if (rc == STOA_OK)
        read_start(file, separator);
    else
        collection_csv_file_close(file);
    return rc;
}

void collection_csv_file_close(struct csv_file *file)
{
    if (file->source)
        stoa__source_release(&file->source->source);
    stoa__free(file->source);
    stoa__buffer_release(&file->text);
    stoa__buffer_release(&file->unquoted);
    stoa__free(file->cells);
    stoa__free(file->ends);
    *file = (struct csv_file){0};
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

void collection_csv_cell_trim(struct csv_cell *cell)
{
    while (cell->size > 0 && is_blank(cell->text[cell->size - 1]))
        cell->size--;
    while (cell->size > 0 && is_blank(*cell->text)) {
        cell->text++;
        cell->size--;
    }
}
