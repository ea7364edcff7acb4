/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/ban.h"

/* As for every text of SQL; and what is read at a time. */
#define BYTES_MAX INT64_C(1000000000)
enum { STEP_SIZE = 65536 };

static stoa_status read_all(int fd, const char *path, stoa__buffer *out, stoa_error *err)
{
    for (;;) {
        ssize_t size;

        if (stoa__buffer_reserve(out, STEP_SIZE) != STOA_OK)
            return stoa__fail_nomem(err);
        size = read(fd, out->data + out->size, STEP_SIZE);
        if (size == 0)
            return STOA_OK;
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return stoa__fail_errno(err, errno, "read '%s'", path);
        out->size += (size_t)size;
        if ((int64_t)out->size > BYTES_MAX)
            return stoa__fail(err, STOA_ERR_INVALID, "'%s' is longer than %lld bytes", path,
                              (long long)BYTES_MAX);
    }
}

stoa_status collection_read_file(const char *path, stoa__buffer *out, stoa_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    stoa_status rc;

    if (fd < 0 && errno == ENOTDIR)
        errno = ENOENT;
    if (fd < 0)
        return stoa__fail_errno(err, errno, "open '%s'", path);
    rc = read_all(fd, path, out, err);
    close(fd);
    return rc;
}
