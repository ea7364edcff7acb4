/* SPDX-License-Identifier: Apache-2.0 */
/* The fast scan finds what reading byte by byte finds. */
#include "format/csv_scan.h"

#include "format/chunks.h"
#include "test.h"

enum { TEXT_MAX = 700, PADDING = 64, COLUMNS = 3, ROWS = 5 };

static uint64_t state = 88172645463325252;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Characters that matter, often; `wild`: quotes anywhere. */
static size_t make_text(uint8_t *text, bool wild)
{
    static const char *const fields[] = {"a",         "",          "\"\"",        "\"x,\ny\"",
                                         "\"\"\"\"",  "long text", "\"a\"\"b\"",  "\"\r\n\""};
    static const char *const ends[] = {"\n", "\r\n", "\r", "\n\n"};
    static const char bytes[] = "ab,,,\"\"\n\n\r";
    size_t size = 0;

    if (wild) {
        const size_t wanted = next_random() % 300;

        while (size < wanted)
            text[size++] = (uint8_t)bytes[next_random() % (sizeof bytes - 1)];
    }
    while (!wild && size < 300) {
        const uint64_t count = next_random() % 10 == 0 ? next_random() % 6 : COLUMNS;

        for (uint64_t i = 0; i < count; i++) {
            const char *field = fields[next_random() % 8];

            size += (size_t)snprintf((char *)text + size, 40, "%s%s", i ? "," : "", field);
        }
        size += (size_t)snprintf((char *)text + size, 3, "%s", ends[next_random() % 4]);
    }
    if (size == 0 || text[size - 1] != '\n')
        text[size++] = '\n';
    memset(text + size, 0, PADDING);
    return size;
}

/* Rows and problems of the whole text as text. */
static void scan(const uint8_t *text, size_t size, bool plain, char *out)
{
    uint32_t slots[ROWS * (COLUMNS + 1)];
    stoa__csv_scanner scanner = {.dialect = {',', '"'},
                                 .text = text,
                                 .size = size,
                                 .column_count = COLUMNS,
                                 .record_size = 100,
                                 .slots = slots,
                                 .row_max = ROWS};
    int64_t rows;

    stoa__csv_scan_start(&scanner, 0);
    scanner.plain = plain;
    do {
        rows = stoa__csv_scan(&scanner);
        for (int64_t i = 0; i < rows * (COLUMNS + 1); i++)
            out += snprintf(out, 32, "%u ", (unsigned)(slots[i] + 1));
        if (scanner.problem != STOA__CSV_NONE)
            out += snprintf(out, 96, "! %d %zu %lld ", (int)scanner.problem, scanner.begin,
                           (long long)scanner.count);
    } while (rows > 0 || scanner.problem != STOA__CSV_NONE);
}

static void compare(bool wild)
{
    uint8_t text[TEXT_MAX + PADDING];
    char fast[20000], slow[20000];

    for (int i = 0; i < 20000; i++) {
        const size_t size = make_text(text, wild);

        fast[0] = slow[0] = '\0';
        scan(text, size, true, fast);
        scan(text, size, false, slow);
        CHECK_TEXT(fast, slow);
    }
}

static void both_ways_find_the_same_rows(void)
{
    compare(false);
}

static void both_ways_find_the_same_where_quotes_stray(void)
{
    compare(true);
}

/* A cut at any place leaves whole records before it. */
static void cuts_are_between_records(void)
{
    static const stoa__csv_dialect dialect = {',', '"'};
    uint8_t text[TEXT_MAX + PADDING];
    struct stoa__csv_record record;

    for (int i = 0; i < 20000; i++) {
        const size_t size = make_text(text, i % 2 == 0);
        const size_t part = next_random() % (size + 1);
        const size_t whole = stoa__csv_cut(&dialect, text, part);
        size_t at = 0;

        CHECK(whole <= part);
        while (at < whole) {
            stoa__csv_read_record(&dialect, text, size, at, NULL, 0, &record);
            CHECK_INT(record.how, STOA__CSV_WHOLE);
            at = record.next;
        }
        CHECK_INT(at, whole);
    }
}

static void lines_are_counted(void)
{
    uint8_t text[TEXT_MAX + PADDING];

    for (int i = 0; i < 5000; i++) {
        const size_t size = make_text(text, true);
        int64_t lines = 0;

        for (size_t at = 0; at < size; at++)
            lines += text[at] == '\r' || (text[at] == '\n' && (at == 0 || text[at - 1] != '\r'));
        CHECK_INT(stoa__count_lines(text, size), lines);
    }
    CHECK_INT(stoa__count_lines(text, 0), 0);
}

TEST_MAIN({"both ways find the same rows", both_ways_find_the_same_rows},
          {"both ways find the same where quotes stray",
           both_ways_find_the_same_where_quotes_stray},
          {"cuts are between records", cuts_are_between_records},
          {"lines are counted", lines_are_counted})
