/* SPDX-License-Identifier: Apache-2.0 */
#include "format/sink.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ban.h"

enum {
    FLUSH_SIZE = 1 << 18,
    WRITE_SIZE = 1 << 22, /* A cancel is answered between writes. */
    PATH_BYTES_MAX = 4096 - 32,
    NAMES_TRIED = 100
};

static stoa_status open_path(const char *path, int flags, int *file)
{
    do {
        *file = open(path, flags | O_WRONLY | O_CLOEXEC | O_NOCTTY, 0666);
    } while (*file < 0 && errno == EINTR);
    return *file < 0 ? STOA_ERR_IO : STOA_OK;
}

/* Beside the file, so that it can be renamed; with a name nobody else has. */
static stoa_status open_part(stoa__sink *sink, stoa_error *err)
{
    const size_t capacity = strlen(sink->path) + 32;
    stoa_status rc = STOA_ERR_EXISTS;

    sink->part = stoa__alloc(capacity);
    if (!sink->part)
        return stoa__fail_nomem(err);
    for (int i = 0; rc != STOA_OK && i < NAMES_TRIED; i++) {
        (void)snprintf(sink->part, capacity, "%s.%ld-%d.part", sink->path, (long)getpid(), i);
        rc = open_path(sink->part, O_CREAT | O_EXCL, &sink->file);
        if (rc != STOA_OK && errno != EEXIST)
            break;
    }
    if (rc == STOA_OK)
        return STOA_OK;
    rc = stoa__fail_errno(err, errno, "%s cannot be made", sink->part);
    stoa__free(sink->part);
    sink->part = NULL;
    return rc;
}

static stoa_status open_file(stoa__sink *sink, stoa_error *err)
{
    struct stat info;

    if (stat(sink->path, &info) != 0)
        return open_part(sink, err);
    if (S_ISDIR(info.st_mode))
        return stoa__fail(err, STOA_ERR_EXISTS, "%s is a directory", sink->path);
    if (S_ISREG(info.st_mode)) {
        if (!sink->replace)
            return stoa__fail(err, STOA_ERR_EXISTS,
                              "%s exists; exists=replace would replace it", sink->path);
        return open_part(sink, err);
    }
    if (open_path(sink->path, 0, &sink->file) != STOA_OK)
        return stoa__fail_errno(err, errno, "%s cannot be opened", sink->path);
    return STOA_OK;
}

static stoa_status open_given(stoa__sink *sink, stoa_error *err)
{
    const stoa_sink *given = &sink->given;
    size_t size = 0;
    stoa_status rc;

    if (given->struct_size < (int64_t)sizeof *given)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the sink's struct_size is %lld, not at least %zu",
                          (long long)given->struct_size, sizeof *given);
    if ((given->path != NULL) == (given->write != NULL))
        return stoa__fail(err, STOA_ERR_INVALID, "the sink has %s path and write",
                          given->path ? "both" : "neither");
    if (!given->path)
        return STOA_OK;
    rc = stoa__text_size("the sink's path", given->path, given->path_size, PATH_BYTES_MAX, &size,
                         err);
    if (rc != STOA_OK)
        return rc;
    if (size == 0 || memchr(given->path, '\0', size))
        return stoa__fail(err, STOA_ERR_INVALID, "the sink's path is empty or has a NUL in it");
    sink->path = stoa__copy_text(given->path, size);
    return sink->path ? open_file(sink, err) : stoa__fail_nomem(err);
}

stoa_status stoa__sink_open(stoa__sink *sink, const stoa_sink *given, bool replace,
                            stoa_error *err)
{
    stoa_status rc;

    *sink = (stoa__sink){.given = *given, .file = -1, .replace = replace};
    rc = open_given(sink, err);
    if (rc == STOA_OK && stoa__buffer_reserve(&sink->out, 2 * (size_t)FLUSH_SIZE) != STOA_OK)
        rc = stoa__fail_nomem(err);
    if (rc != STOA_OK)
        stoa__sink_release(sink);
    return rc;
}

static stoa_status call_back(stoa__sink *sink, stoa_error *err)
{
    stoa_error own = {0};
    stoa_status rc = sink->given.write(sink->given.user_data, sink->out.data,
                                       (int64_t)sink->out.size, &own);

    if (rc >= 0)
        return STOA_OK;
    if (own.text_size == 0)
        return stoa__fail(err, STOA_ERR_CALLBACK, "the sink's write failed with %d", (int)rc);
    stoa__error_copy(err, &own);
    return rc;
}

stoa_status stoa__sink_flush(stoa__sink *sink, stoa__call *call, bool now, stoa_error *err)
{
    size_t at = 0;
    stoa_status rc = STOA_OK;

    if (sink->out.size == 0 || (!now && sink->out.size < FLUSH_SIZE))
        return STOA_OK;
    if (!sink->path)
        rc = call_back(sink, err);
    while (sink->path && rc == STOA_OK && at < sink->out.size) {
        size_t left = sink->out.size - at;
        ssize_t put = write(sink->file, sink->out.data + at, left < WRITE_SIZE ? left : WRITE_SIZE);

        if (put < 0 && errno != EINTR)
            return stoa__fail_errno(err, errno, "%s cannot be written", sink->path);
        at += put > 0 ? (size_t)put : 0;
        rc = stoa__call_check(call, err);
    }
    sink->out.size = 0;
    return rc;
}

/* Without replacing what appeared meanwhile, unless asked to. */
static int give_name(const stoa__sink *sink)
{
    if (sink->replace)
        return rename(sink->part, sink->path);
    return renameat2(AT_FDCWD, sink->part, AT_FDCWD, sink->path, RENAME_NOREPLACE);
}

stoa_status stoa__sink_finish(stoa__sink *sink, stoa__call *call, stoa_error *err)
{
    stoa_status rc = stoa__sink_flush(sink, call, true, err);
    int file = sink->file;

    if (rc != STOA_OK || !sink->path)
        return rc;
    /* What is replaced must not be lost to a power failure before its successor is there. */
    if (sink->part && sink->replace && fsync(file) != 0)
        return stoa__fail_errno(err, errno, "%s cannot be written", sink->path);
    sink->file = -1;
    if (close(file) != 0)
        return stoa__fail_errno(err, errno, "%s cannot be written", sink->path);
    if (sink->part && give_name(sink) != 0)
        return stoa__fail_errno(err, errno, "%s cannot be named", sink->path);
    stoa__free(sink->part);
    sink->part = NULL;
    return STOA_OK;
}

void stoa__sink_release(stoa__sink *sink)
{
    if (sink->path && sink->file >= 0)
        (void)close(sink->file);
    if (sink->part)
        (void)unlink(sink->part);
    stoa__free(sink->part);
    stoa__free(sink->path);
    stoa__buffer_release(&sink->out);
    if (sink->given.release)
        sink->given.release(sink->given.user_data);
    *sink = (stoa__sink){0};
}
