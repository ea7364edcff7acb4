/* SPDX-License-Identifier: Apache-2.0 */
#include "dot.h"
#include "session.h"
#include "statement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { DEPTH_MAX = 16 };

stoa_status script_text(struct session *session, const char *text)
{
    const char *start = text + strspn(text, " \t\r\n");
    return *start == '.' ? dot_run(session, start) : session_run(session, text);
}

/* No more lines: was that the end of the input, or could it not be read? */
static stoa_status ended(struct session *session, FILE *file, const char *name)
{
    stoa_status rc = STOA_OK;

    if (interrupt_seen())
        rc = session_fail(session, STOA_ERR_CANCELLED, "interrupted while it waited for input");
    else if (ferror(file))
        rc = session_fail(session, STOA_ERR_IO, "%s: %s", name, strerror(errno));
    if (rc != STOA_OK)
        session_tell(session, NULL);
    return rc;
}

/* A NUL would end the text that is run, and hide what comes after it. */
static stoa_status check_line(struct session *session, const char *name, long long number,
                              const char *line, size_t size)
{
    if (!memchr(line, '\0', size))
        return STOA_OK;
    stoa_status rc = session_fail(session, STOA_ERR_INVALID, "%s: line %lld holds a NUL", name,
                                  number);
    session_tell(session, NULL);
    return rc;
}

/* Statements that are complete are run at once, so a pipe answers as it is fed. */
stoa_status script_run(struct session *session, FILE *file, const char *name)
{
    struct text pending = {0};
    long long number = 0;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size = 0;
    stoa_status rc = STOA_OK;

    while (rc == STOA_OK && !session->quit && (size = getline(&line, &capacity, file)) >= 0) {
        rc = check_line(session, name, ++number, line, (size_t)size);
        if (rc != STOA_OK)
            break;
        if (*line == '.' && statement_empty(text_string(&pending), pending.size)) {
            line[strcspn(line, "\r\n")] = '\0';
            text_clear(&pending);
            rc = dot_run(session, line);
            continue;
        }
        text_add(&pending, line, (size_t)size);
        if (memchr(line, ';', (size_t)size) && statement_complete(text_string(&pending))) {
            rc = session_run(session, text_string(&pending));
            text_clear(&pending);
        }
    }
    if (size < 0 && rc == STOA_OK)
        rc = ended(session, file, name);
    if (rc == STOA_OK && !session->quit)
        rc = session_run(session, text_string(&pending));
    text_release(&pending);
    free(line);
    return rc;
}

stoa_status script_read(struct session *session, const char *path)
{
    FILE *file;
    stoa_status rc;

    if (session->depth >= DEPTH_MAX)
        return session_fail(session, STOA_ERR_INVALID,
                            "%s: files that read files, more than %d deep", path, DEPTH_MAX);
    file = strcmp(path, "-") == 0 ? fdopen(dup(STDIN_FILENO), "r") : fopen(path, "r");
    if (!file)
        return session_fail(session, STOA_ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
    session->depth++;
    rc = script_run(session, file, path);
    session->depth--;
    fclose(file);
    return rc;
}
