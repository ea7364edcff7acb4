/* SPDX-License-Identifier: Apache-2.0 */
#include "format/source.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ban.h"

enum {
    PACKED_SIZE = 1 << 18,
    PATH_BYTES_MAX = 4096, /* PATH_MAX of Linux: longer ones cannot be opened. */
    /* A read of a file that is cut into pieces of this size answers a cancel in time. */
    READ_BYTES_MAX = 1 << 22,
    NS_PER_MS = 1000000
};

/* ---- the caller's side ---- */

static stoa_status read_memory(stoa__source *source, uint8_t *buffer, size_t capacity,
                               size_t *size)
{
    size_t left = (size_t)(source->given.bytes_size - source->at);

    *size = left < capacity ? left : capacity;
    if (*size > 0)
        memcpy(buffer, (const uint8_t *)source->given.bytes + source->at, *size);
    source->at += (int64_t)*size;
    return STOA_OK;
}

/* Wait until a pipe has something, so that a cancel is seen while it has not. */
static stoa_status wait_readable(stoa__source *source, stoa__call *call, stoa_error *err)
{
    struct pollfd wanted = {.fd = source->file, .events = POLLIN};
    stoa_status rc;
    int ready = 0;

    while (ready == 0) {
        rc = stoa__call_check(call, err);
        if (rc != STOA_OK)
            return rc;
        ready = poll(&wanted, 1, (int)(stoa__call_slice_ns(call, -1) / NS_PER_MS) + 1);
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    return STOA_OK;
}

static stoa_status read_file(stoa__source *source, stoa__call *call, uint8_t *buffer,
                             size_t capacity, size_t *size, stoa_error *err)
{
    stoa_status rc = source->waits ? wait_readable(source, call, err) : STOA_OK;
    ssize_t got = -1;

    if (rc != STOA_OK)
        return rc;
    do {
        got = read(source->file, buffer, capacity < READ_BYTES_MAX ? capacity : READ_BYTES_MAX);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return stoa__fail_errno(err, errno, "%s cannot be read", source->name);
    *size = (size_t)got;
    return STOA_OK;
}

static stoa_status read_callback(stoa__source *source, uint8_t *buffer, size_t capacity,
                                 size_t *size, stoa_error *err)
{
    stoa_error own = {0};
    int64_t got = 0;
    stoa_status rc = source->given.read(source->given.user_data, buffer, (int64_t)capacity,
                                        &got, &own);

    if (rc < 0 && own.text_size > 0) {
        stoa__error_copy(err, &own);
        return rc;
    }
    if (rc < 0)
        return stoa__fail(err, STOA_ERR_CALLBACK, "the source's read failed with %d", (int)rc);
    if (got < 0 || got > (int64_t)capacity)
        return stoa__fail(err, STOA_ERR_CALLBACK,
                          "the source's read gave %lld bytes into a buffer of %zu",
                          (long long)got, capacity);
    *size = (size_t)got;
    return STOA_OK;
}

/* Some more bytes; 0 at the end, for ever. */
static stoa_status read_some(stoa__source *source, stoa__call *call, uint8_t *buffer,
                             size_t capacity, size_t *size, stoa_error *err)
{
    stoa_status rc;

    *size = 0;
    if (source->ended)
        return STOA_OK;
    rc = stoa__call_check(call, err);
    if (rc != STOA_OK)
        return rc;
    if (source->given.read)
        rc = read_callback(source, buffer, capacity, size, err);
    else if (source->file >= 0)
        rc = read_file(source, call, buffer, capacity, size, err);
    else
        rc = read_memory(source, buffer, capacity, size);
    source->ended = rc != STOA_OK || *size == 0;
    source->done += (int64_t)*size;
    return rc;
}

/* ---- unpacking ---- */

/* gzip is often padded with zeros behind its last member. */
static bool is_padding(const stoa__source *source)
{
    for (size_t i = source->packed_at; i < source->packed_size; i++)
        if (source->packed[i] != 0)
            return false;
    return source->between && source->unpacked &&
           source->compression == STOA_COMPRESSION_GZIP;
}

static stoa_status unpack_some(stoa__source *source, uint8_t *buffer, size_t capacity,
                               size_t *size, stoa_error *err)
{
    size_t taken = 0;
    stoa_status rc = stoa__unpack_run(source->unpack, source->packed + source->packed_at,
                                      source->packed_size - source->packed_at, buffer,
                                      capacity, &taken, size, &source->between, err);

    source->packed_at += taken;
    source->unpacked = true;
    source->more = *size == capacity && !source->between;
    return rc;
}

static stoa_status read_packed(stoa__source *source, stoa__call *call, uint8_t *buffer,
                               size_t capacity, size_t *size, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    size_t given = 0;

    *size = 0;
    while (rc == STOA_OK && *size < capacity) {
        if (source->packed_at == source->packed_size && !source->more) {
            source->packed_at = 0;
            rc = read_some(source, call, source->packed, PACKED_SIZE, &source->packed_size,
                           err);
            if (rc != STOA_OK || source->packed_size == 0)
                break;
        }
        if (is_padding(source)) {
            source->packed_at = source->packed_size;
            source->more = false;
            continue;
        }
        rc = unpack_some(source, buffer + *size, capacity - *size, &given, err);
        *size += given;
    }
    if (rc != STOA_OK || *size == capacity || source->between)
        return rc;
    return stoa__fail(err, STOA_ERR_CORRUPT, "%s ends in the middle of its packed data",
                      source->name);
}

/* ---- opening ---- */

static bool begins_with(const stoa__source *source, const char *magic, size_t size)
{
    return source->packed_size >= size && memcmp(source->packed, magic, size) == 0;
}

/* The first bytes are read and kept in `packed`, where reading starts from. */
static stoa_status look(stoa__source *source, int32_t packed, stoa__call *call,
                        stoa_error *err)
{
    size_t got = 1;
    stoa_status rc = STOA_OK;

    source->packed = stoa__alloc(PACKED_SIZE);
    if (!source->packed)
        return stoa__fail_nomem(err);
    while (rc == STOA_OK && got > 0 && source->packed_size < 4) {
        rc = read_some(source, call, source->packed + source->packed_size,
                       PACKED_SIZE - source->packed_size, &got, err);
        source->packed_size += got;
    }
    if (rc != STOA_OK)
        return rc;
    if (packed == STOA__PACKED_GZIP ||
        (packed == STOA__PACKED_AUTO && begins_with(source, "\x1f\x8b\x08", 3)))
        source->compression = STOA_COMPRESSION_GZIP;
    else if (packed == STOA__PACKED_ZSTD ||
             (packed == STOA__PACKED_AUTO && begins_with(source, "\x28\xb5\x2f\xfd", 4)))
        source->compression = STOA_COMPRESSION_ZSTD;
    else
        return STOA_OK;
    source->between = true;
    return stoa__unpack_new(source->compression, &source->unpack, err);
}

static stoa_status open_file(stoa__source *source, stoa_error *err)
{
    struct stat info;

    do {
        source->file = open(source->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    } while (source->file < 0 && errno == EINTR);
    if (source->file < 0)
        return stoa__fail_errno(err, errno, "%s cannot be opened", source->name);
    if (fstat(source->file, &info) != 0)
        return stoa__fail_errno(err, errno, "%s cannot be looked at", source->name);
    if (S_ISDIR(info.st_mode))
        return stoa__fail(err, STOA_ERR_INVALID, "%s is a directory", source->name);
    source->waits = !S_ISREG(info.st_mode);
    source->total = S_ISREG(info.st_mode) ? info.st_size : -1;
    return STOA_OK;
}

static stoa_status check_given(const stoa_source *given, size_t *path_size, stoa_error *err)
{
    if ((given->path != NULL) + (given->bytes != NULL || given->bytes_size > 0) +
            (given->read != NULL) > 1)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the source has more than one of path, bytes and read");
    if (given->bytes_size < 0 || (!given->bytes && given->bytes_size > 0))
        return stoa__fail(err, STOA_ERR_INVALID, "the source's bytes_size is %lld%s",
                          (long long)given->bytes_size,
                          given->bytes ? "" : " and its bytes are NULL");
    if (!given->path)
        return STOA_OK;
    if (stoa__text_size("the source's path", given->path, given->path_size, PATH_BYTES_MAX,
                        path_size, err) != STOA_OK)
        return STOA_ERR_INVALID;
    if (*path_size == 0 || memchr(given->path, '\0', *path_size))
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the source's path is empty or has a NUL in it");
    return STOA_OK;
}

static stoa_status open_given(stoa__source *source, stoa_error *err)
{
    size_t path_size = 0;
    stoa_status rc = check_given(&source->given, &path_size, err);

    if (rc != STOA_OK)
        return rc;
    source->name = source->given.path ? stoa__copy_text(source->given.path, path_size)
                                      : stoa__copy_text("the input", 9);
    if (!source->name)
        return stoa__fail_nomem(err);
    if (source->given.path)
        return open_file(source, err);
    if (source->given.read)
        source->total = source->given.total > 0 ? source->given.total : -1;
    else
        source->total = source->given.bytes_size;
    return STOA_OK;
}

stoa_status stoa__source_check(const stoa_source *given, const void *out, stoa_error *err)
{
    if (!given || !out)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL", given ? "out" : "source");
    if (given->struct_size < (int64_t)sizeof *given)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the source's struct_size is %lld, not at least %zu",
                          (long long)given->struct_size, sizeof *given);
    return STOA_OK;
}

stoa_status stoa__source_open(stoa__source *source, const stoa_source *given, int32_t packed,
                              stoa__call *call, stoa_error *err)
{
    stoa_status rc;

    *source = (stoa__source){.given = *given, .file = -1, .total = -1};
    rc = open_given(source, err);
    if (rc == STOA_OK)
        rc = look(source, packed, call, err);
    if (rc != STOA_OK)
        stoa__source_release(source);
    return rc;
}

static stoa_status read_plain(stoa__source *source, stoa__call *call, uint8_t *buffer,
                              size_t capacity, size_t *size, stoa_error *err)
{
    size_t kept = source->packed_size - source->packed_at;
    size_t got = kept < capacity ? kept : capacity;
    stoa_status rc = STOA_OK;

    if (got > 0)
        memcpy(buffer, source->packed + source->packed_at, got);
    source->packed_at += got;
    *size = got;
    while (rc == STOA_OK && *size < capacity && !source->ended) {
        rc = read_some(source, call, buffer + *size, capacity - *size, &got, err);
        *size += got;
    }
    return rc;
}

stoa_status stoa__source_read(stoa__source *source, stoa__call *call, uint8_t *buffer,
                              size_t capacity, size_t *size, stoa_error *err)
{
    stoa_status rc = source->unpack
                         ? read_packed(source, call, buffer, capacity, size, err)
                         : read_plain(source, call, buffer, capacity, size, err);

    stoa__call_progress(call, source->done, source->total);
    return rc;
}

void stoa__source_release(stoa__source *source)
{
    if (source->file >= 0 && source->name)
        (void)close(source->file);
    stoa__unpack_free(source->unpack);
    stoa__free(source->packed);
    stoa__free(source->name);
    if (source->given.release)
        source->given.release(source->given.user_data);
    *source = (stoa__source){0};
}
