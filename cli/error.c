/* SPDX-License-Identifier: Apache-2.0 */
#include "session.h"
#include "text_width.h"

#include <stdarg.h>
#include <string.h>

enum { SHOWN_MAX = 70 };

/* The line that holds the position, cut around it when it is long, and a caret below. */
static void print_place(const char *sql, int64_t position)
{
    const char *at = sql + position, *start = at;
    struct text line = {0}, before = {0};
    int number = 1;

    while (start > sql && start[-1] != '\n')
        start--;
    for (const char *c = sql; c < start; c++)
        number += *c == '\n';
    size_t size = strcspn(start, "\n");
    if (at - start > SHOWN_MAX - 20) {
        start = at - (SHOWN_MAX - 20);
        while (start < at && (*start & 0xc0) == 0x80)
            start++;
        size = strcspn(start, "\n");
    }
    if (text_width(start, size) > SHOWN_MAX)
        size = text_fit(start, size, SHOWN_MAX);
    cell_visible(&before, start, (size_t)(at - start));
    cell_visible(&line, start, size);
    if (number > 1)
        fprintf(stderr, "  line %d:\n", number);
    fprintf(stderr, "  %s\n  %*s^\n", text_string(&line),
            text_width(text_string(&before), before.size), "");
    text_release(&line);
    text_release(&before);
}

void error_print(const stoa_error *error, const char *sql, int color)
{
    fflush(stdout);
    fprintf(stderr, "%sstoa: %s%s\n", color ? "\x1b[31m" : "", error->text,
            color ? "\x1b[0m" : "");
    if (sql && error->position >= 0 && (size_t)error->position <= strlen(sql))
        print_place(sql, error->position);
}

stoa_status session_fail(struct session *session, stoa_status code, const char *format, ...)
{
    stoa_error *error = &session->error;
    va_list arguments;

    session->told = 0;
    *error = (stoa_error){.code = code, .position = -1};
    va_start(arguments, format);
    int size = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->text_size = size < (int)sizeof error->text ? size : (int)sizeof error->text - 1;
    return code;
}
