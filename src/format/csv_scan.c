/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to the same records. The fast one looks at 64 bytes at a time: a byte is inside quotes
 * when an odd number of quotes is before it, which is right as long as every quote that opens
 * stands at the beginning of a field (or behind the one that just closed: an escaped quote) and
 * every one that closes is followed by a separator, a line end or a quote. Masks check that. Where
 * it does not hold ("5" pipe", a,"b" c) the record is read again byte by byte, and so is the rest
 * of the text, since nothing after a stray quote can be counted on.
 */
#include "format/csv_scan.h"

#include "format/scan.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* ---- byte by byte ---- */

/* Behind the closing quote of the field whose quote opens at `at`; `size` if it never closes. */
static size_t pass_quoted(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size,
                          size_t at, bool *open)
{
    *open = false;
    at++;
    for (;;) {
        const uint8_t *quote = at < size ? memchr(text + at, dialect->quote, size - at) : NULL;

        if (!quote) {
            *open = true;
            return size;
        }
        at = (size_t)(quote - text) + 1;
        if (at >= size || text[at] != dialect->quote)
            return at;
        at++;
    }
}

static bool is_end(const stoa__csv_dialect *dialect, uint8_t byte)
{
    return byte == dialect->separator || byte == '\n' || byte == '\r';
}

void stoa__csv_read_record(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size,
                           size_t begin, uint32_t *ends, int32_t ends_max,
                           struct stoa__csv_record *out)
{
    size_t at = begin;
    bool open = false;

    *out = (struct stoa__csv_record){.begin = begin};
    for (;;) {
        if (dialect->quote && at < size && text[at] == dialect->quote) {
            at = pass_quoted(dialect, text, size, at, &open);
            if (at < size && !is_end(dialect, text[at]) && out->garbage == 0)
                out->garbage = out->field_count + 1;
        }
        while (at < size && !is_end(dialect, text[at]))
            at++;
        if (out->field_count < ends_max)
            ends[out->field_count] = (uint32_t)at;
        out->field_count++;
        if (at >= size || text[at] != dialect->separator)
            break;
        at++;
    }
    out->end = at;
    out->how = open ? STOA__CSV_OPEN : at >= size ? STOA__CSV_CUT : STOA__CSV_WHOLE;
    out->next = at + (at < size) + (at + 1 < size && text[at] == '\r' && text[at + 1] == '\n');
}

static size_t cut_slowly(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size)
{
    struct stoa__csv_record record = {0};
    size_t whole = 0;

    for (;;) {
        stoa__csv_read_record(dialect, text, size, whole, NULL, 0, &record);
        /* A CR at the very end may be half a CRLF. */
        if (record.how != STOA__CSV_WHOLE ||
            (record.next == size && text[size - 1] == '\r'))
            return whole;
        whole = record.next;
    }
}

/* ---- 64 bytes at a time ---- */

struct block {
    uint64_t quotes, ends; /* Of fields, without a CR that an LF follows. */
    uint64_t lines;        /* Of records: those of `ends` that are no separators. */
    bool sound;
};

/* What is carried on: whether the next byte is inside quotes, whether a quote may open there, and
 * whether the last byte was a quote that closed. */
static inline struct block look(const stoa__csv_dialect *dialect, const uint8_t *at,
                                uint64_t valid, uint64_t *inside, uint64_t *allowed,
                                uint64_t *closed)
{
    const stoa__lanes lanes = stoa__lanes_load(at);
    const uint64_t separators = stoa__lanes_equal(&lanes, dialect->separator) & valid;
    const uint64_t lf = stoa__lanes_equal(&lanes, '\n') & valid;
    const uint64_t cr = stoa__lanes_equal(&lanes, '\r') & valid;
    const uint64_t next_lf = at[STOA__SCAN_SIZE] == '\n' ? UINT64_C(1) << 63 : 0;
    const uint64_t lone_cr = cr & ~(lf >> 1 | next_lf);
    struct block block = {.sound = true};
    uint64_t in, open, close, any;

    if (dialect->quote)
        block.quotes = stoa__lanes_equal(&lanes, dialect->quote) & valid;
    block.lines = lf | lone_cr;
    block.ends = separators | block.lines;
    if (block.quotes == 0 && *inside == 0) {
        block.sound = *closed == 0 || ((block.ends | cr) & 1);
        *allowed = block.ends >> 63;
        *closed = 0;
        return block;
    }
    in = stoa__prefix_parity(block.quotes) ^ (0 - *inside);
    any = (separators | lf | cr) & ~in;
    block.ends &= ~in;
    block.lines &= ~in;
    open = block.quotes & in;
    close = block.quotes & ~in;
    block.sound = (open & ~((block.ends | close) << 1 | *allowed)) == 0 &&
                  ((close << 1 | *closed) & ~(any | block.quotes) & valid) == 0;
    *inside = in >> 63;
    *allowed = (block.ends | close) >> 63;
    *closed = close >> 63;
    return block;
}

static size_t last_line_end(const uint8_t *text, size_t size)
{
    const uint8_t *lf = memrchr(text, '\n', size);
    size_t whole = lf ? (size_t)(lf - text) + 1 : 0;
    const uint8_t *cr = size - whole > 1 ? memrchr(text + whole, '\r', size - whole - 1) : NULL;

    return cr ? (size_t)(cr - text) + 1 : whole;
}

size_t stoa__csv_cut(const stoa__csv_dialect *dialect, const uint8_t *text, size_t size)
{
    uint64_t inside = 0, allowed = 1, closed = 0;
    size_t whole = 0;

    if (!dialect->quote || !memchr(text, dialect->quote, size))
        return last_line_end(text, size);
    /* The last bytes are left out, so that what is behind them can be looked at. */
    for (size_t at = 0; at + STOA__SCAN_SIZE < size; at += STOA__SCAN_SIZE) {
        struct block block =
            look(dialect, text + at, ~UINT64_C(0), &inside, &allowed, &closed);

        if (!block.sound)
            return cut_slowly(dialect, text, size);
        if (block.lines)
            whole = at + 64 - (size_t)__builtin_clzll(block.lines);
    }
    return whole > 0 ? whole : cut_slowly(dialect, text, size);
}

void stoa__csv_scan_start(stoa__csv_scanner *scanner, size_t begin)
{
    assert(scanner->size <= UINT32_MAX - STOA__SCAN_SIZE && scanner->column_count > 0);
    scanner->block = scanner->base = scanner->record = begin;
    scanner->bits = 0;
    scanner->inside = scanner->closed = 0;
    scanner->allowed = 1;
    scanner->field = 0;
    scanner->plain = true;
    scanner->problem = STOA__CSV_NONE;
}

static void tell(stoa__csv_scanner *scanner, enum stoa__csv_problem problem, size_t end,
                 int64_t count)
{
    scanner->problem = problem;
    scanner->begin = scanner->record;
    scanner->end = end;
    scanner->count = count;
}

/* The record ends at the line end `at`: true if it is a row. Its slots are written but for the
 * first and the last. */
static inline bool end_record(stoa__csv_scanner *scanner, size_t at, uint32_t *slots)
{
    const int32_t count = scanner->field + 1;
    const bool crlf = at > scanner->record && scanner->text[at - 1] == '\r';
    const size_t end = at - (crlf && scanner->text[at] == '\n');
    const bool empty = end == scanner->record;
    bool good = count == scanner->column_count && end - scanner->record <= scanner->record_size;

    if (good && (!empty || count == 1)) {
        slots[0] = (uint32_t)(scanner->record - 1);
        slots[count] = (uint32_t)end;
    } else {
        good = false;
        if (!empty && count != scanner->column_count)
            tell(scanner, STOA__CSV_FIELDS, end, count);
        else if (!empty)
            tell(scanner, STOA__CSV_LONG, end, (int64_t)(end - scanner->record));
    }
    scanner->record = at + 1;
    scanner->field = 0;
    return good;
}

static int64_t scan_slowly(stoa__csv_scanner *scanner, int64_t rows)
{
    const int32_t columns = scanner->column_count;
    struct stoa__csv_record record;

    while (rows < scanner->row_max && scanner->problem == STOA__CSV_NONE &&
           scanner->record < scanner->size) {
        uint32_t *slots = scanner->slots + rows * (columns + 1);

        stoa__csv_read_record(&scanner->dialect, scanner->text, scanner->size,
                              scanner->record, slots + 1, columns, &record);
        slots[0] = (uint32_t)(scanner->record - 1);
        if (record.how == STOA__CSV_OPEN)
            tell(scanner, STOA__CSV_UNCLOSED, record.end, 0);
        else if (record.end == record.begin && columns > 1)
            ;
        else if (record.field_count != columns)
            tell(scanner, STOA__CSV_FIELDS, record.end, record.field_count);
        else if (record.garbage > 0)
            tell(scanner, STOA__CSV_GARBAGE, record.end, record.garbage);
        else if (record.end - record.begin > scanner->record_size)
            tell(scanner, STOA__CSV_LONG, record.end, (int64_t)(record.end - record.begin));
        else
            rows++;
        scanner->record = record.next;
    }
    return rows;
}

/* The next 64 bytes. False at the end, or where quotes are not where they should be. */
static inline bool next_block(stoa__csv_scanner *scanner)
{
    const size_t left = scanner->size - scanner->block;
    struct block block;

    if (left == 0)
        return false;
    block = look(&scanner->dialect, scanner->text + scanner->block, stoa__low_bits(left),
                 &scanner->inside, &scanner->allowed, &scanner->closed);
    if (!block.sound) {
        scanner->plain = false;
        return false;
    }
    scanner->bits = block.ends;
    scanner->base = scanner->block;
    scanner->block += left < STOA__SCAN_SIZE ? left : STOA__SCAN_SIZE;
    return true;
}

/* The fields of the current block. */
static inline int64_t take_block(stoa__csv_scanner *scanner, int64_t rows)
{
    const int32_t columns = scanner->column_count;
    const uint8_t separator = scanner->dialect.separator;
    const uint8_t *text = scanner->text + scanner->base;
    uint32_t *slots = scanner->slots + rows * (columns + 1);
    uint64_t bits = scanner->bits;
    int32_t field = scanner->field;

    while (bits) {
        const unsigned at = (unsigned)__builtin_ctzll(bits);

        bits &= bits - 1;
        if (text[at] == separator) {
            field++;
            /* Those there are too many of all go to the last slot, which is written later. */
            slots[field < columns ? field : columns] = (uint32_t)(scanner->base + at);
            continue;
        }
        scanner->field = field;
        if (end_record(scanner, scanner->base + at, slots)) {
            slots += columns + 1;
            if (++rows == scanner->row_max)
                break;
        } else if (scanner->problem != STOA__CSV_NONE) {
            break;
        }
        field = 0;
    }
    if (rows == scanner->row_max || scanner->problem != STOA__CSV_NONE)
        field = scanner->field;
    scanner->field = field;
    scanner->bits = bits;
    return rows;
}

int64_t stoa__csv_scan(stoa__csv_scanner *scanner)
{
    int64_t rows = 0;

    scanner->problem = STOA__CSV_NONE;
    while (scanner->plain && rows < scanner->row_max && scanner->problem == STOA__CSV_NONE) {
        if (scanner->bits)
            rows = take_block(scanner, rows);
        else if (!next_block(scanner))
            break;
    }
    if (!scanner->plain)
        return scan_slowly(scanner, rows);
    if (scanner->problem == STOA__CSV_NONE && rows < scanner->row_max && scanner->inside) {
        tell(scanner, STOA__CSV_UNCLOSED, scanner->size, 0);
        scanner->inside = 0;
        scanner->record = scanner->size;
    }
    return rows;
}
