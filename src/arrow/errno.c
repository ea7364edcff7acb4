/* SPDX-License-Identifier: Apache-2.0 */
/* The two vocabularies of failure. */
#include "arrow/stream.h"

#include <assert.h>
#include <errno.h>

#include "base/ban.h"

/* The first pair that matches is taken, in either direction. Consumers know few numbers: Arrow
 * C++ tells EINVAL, ENOMEM and ENOSYS from the rest, ADBC's drivers the ones of its table. */
static const struct pair {
    int32_t status;
    int errno_code;
} pairs[] = {
    {STOA_ERR_INVALID, EINVAL},
    {STOA_ERR_TYPE, EINVAL},
    {STOA_ERR_SYNTAX, EINVAL},
    {STOA_ERR_HANDLE, EBADF},
    {STOA_ERR_CLOSED, ESHUTDOWN},
    {STOA_ERR_FORKED, ECHILD},
    {STOA_ERR_BUSY, EBUSY},
    {STOA_ERR_LOCKED, EAGAIN},
    {STOA_ERR_LOCKED, EDEADLK},
    {STOA_ERR_NOT_FOUND, ENOENT},
    {STOA_ERR_EXISTS, EEXIST},
    {STOA_ERR_UNSUPPORTED, ENOTSUP},
    {STOA_ERR_UNSUPPORTED, ENOSYS},
    {STOA_ERR_READ_ONLY, EROFS},
    {STOA_ERR_CANCELLED, ECANCELED},
    {STOA_ERR_CANCELLED, EINTR},
    {STOA_ERR_TIMEOUT, ETIMEDOUT},
    {STOA_ERR_IO, EIO},
    {STOA_ERR_CONSTRAINT, EIO},
    {STOA_ERR_CALLBACK, EIO},
    {STOA_ERR_INTERNAL, EIO},
    {STOA_ERR_FULL, ENOSPC},
    {STOA_ERR_FULL, EDQUOT},
    {STOA_ERR_FULL, EFBIG},
    {STOA_ERR_CORRUPT, EBADMSG},
    {STOA_ERR_CORRUPT, EILSEQ},
    {STOA_ERR_NETWORK, ECONNRESET},
    {STOA_ERR_NETWORK, ECONNREFUSED},
    {STOA_ERR_NETWORK, ECONNABORTED},
    {STOA_ERR_NETWORK, EPIPE},
    {STOA_ERR_NETWORK, ENETUNREACH},
    {STOA_ERR_NETWORK, EHOSTUNREACH},
    {STOA_ERR_NETWORK, ENOTCONN},
    {STOA_ERR_AUTH, EACCES},
    {STOA_ERR_AUTH, EPERM},
    {STOA_ERR_PROTOCOL, EPROTO},
    {STOA_ERR_NOMEM, ENOMEM},
    {STOA_ERR_TYPE, ERANGE},
    {STOA_ERR_TYPE, EDOM},
    {STOA_ERR_TYPE, EOVERFLOW},
};

enum { PAIR_COUNT = sizeof(pairs) / sizeof(pairs[0]) };

stoa_status stoa__status_from_errno(int errno_code)
{
    for (int i = 0; i < PAIR_COUNT; i++)
        if (pairs[i].errno_code == errno_code)
            return pairs[i].status;
    return STOA_ERR_CALLBACK;
}

int stoa__errno_from_status(stoa_status status)
{
    assert(status < 0);
    for (int i = 0; i < PAIR_COUNT; i++)
        if (pairs[i].status == status)
            return pairs[i].errno_code;
    return EIO;
}
