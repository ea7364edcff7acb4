/* SPDX-License-Identifier: Apache-2.0 */
#include "arrow/path.h"

#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* Of the 1,023 bytes of an error's text the path may have this many; the rest says what is
 * wrong. Of a long path the end is shown: it is what is specific. */
enum { PATH_SIZE = 256, PATH_NAME_SIZE = 128 };

struct stoa__arrow_path stoa__arrow_path_below(const struct stoa__arrow_path *up,
                                               const char *name, int64_t index)
{
    assert(up && (index >= 0 || name));
    return (struct stoa__arrow_path){up, name, index, up->depth + 1};
}

/* Put the link's name before what is there; false when there is no room. */
static bool put_before(char *text, size_t *start, const char *name)
{
    size_t size = strlen(name);

    if (size > PATH_NAME_SIZE) {
        name += size - PATH_NAME_SIZE;
        size = PATH_NAME_SIZE;
    }
    if (*start < size + 1 + 3)
        return false;
    if (text[*start] != '\0')
        text[--*start] = '.';
    *start -= size;
    memcpy(text + *start, name, size);
    return true;
}

static const char *path_text(const struct stoa__arrow_path *path, char *text)
{
    size_t start = PATH_SIZE - 1;

    text[start] = '\0';
    for (; path->up; path = path->up) {
        char number[24];
        const char *name = path->name;

        if (!name || name[0] == '\0') {
            (void)snprintf(number, sizeof(number), "[%lld]", (long long)path->index);
            name = number;
        }
        if (!put_before(text, &start, name)) {
            start -= 3;
            memcpy(text + start, "...", 3);
            break;
        }
    }
    return text + start;
}

stoa_status stoa__arrow_fail(const struct stoa__arrow_path *path, const char *root,
                             stoa_error *err, stoa_status code, const char *format, ...)
{
    char text[PATH_SIZE];
    va_list args;

    assert(path && root && code < 0);
    va_start(args, format);
    (void)stoa__fail_v(err, code, format, args);
    va_end(args);
    if (path->up)
        stoa__wrap(err, "column '%s'", path_text(path, text));
    else
        stoa__wrap(err, "%s", root);
    return code;
}
