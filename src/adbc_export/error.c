/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the interface. An error is one piece of memory: its message and, in the form of 1.1,
 * the details behind it. */
#include "adbc_export/parts.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { DETAIL_MAX = 5, DETAIL_SIZE = 24 };

/* `private_data` of an error in the form of 1.1, and what `message` points into. */
struct failure {
    int count;
    const char *keys[DETAIL_MAX];
    char values[DETAIL_MAX][DETAIL_SIZE];
    char text[STOA_ERROR_TEXT_SIZE];
};

static const struct {
    AdbcStatusCode status;
    char sqlstate[6];
} statuses[] = {
    [-STOA_ERR_INVALID] = {ADBC_STATUS_INVALID_ARGUMENT, "42000"},
    [-STOA_ERR_HANDLE] = {ADBC_STATUS_INVALID_STATE, "HY010"},
    [-STOA_ERR_CLOSED] = {ADBC_STATUS_INVALID_STATE, "HY010"},
    [-STOA_ERR_FORKED] = {ADBC_STATUS_INVALID_STATE, "HY010"},
    [-STOA_ERR_BUSY] = {ADBC_STATUS_INVALID_STATE, "HY010"},
    [-STOA_ERR_LOCKED] = {ADBC_STATUS_TIMEOUT, "55P03"},
    [-STOA_ERR_NOT_FOUND] = {ADBC_STATUS_NOT_FOUND, "42S02"},
    [-STOA_ERR_EXISTS] = {ADBC_STATUS_ALREADY_EXISTS, "42S01"},
    [-STOA_ERR_CONSTRAINT] = {ADBC_STATUS_INTEGRITY, "23000"},
    [-STOA_ERR_TYPE] = {ADBC_STATUS_INVALID_DATA, "22000"},
    [-STOA_ERR_SYNTAX] = {ADBC_STATUS_INVALID_ARGUMENT, "42000"},
    [-STOA_ERR_UNSUPPORTED] = {ADBC_STATUS_NOT_IMPLEMENTED, "0A000"},
    [-STOA_ERR_READ_ONLY] = {ADBC_STATUS_UNAUTHORIZED, "25006"},
    [-STOA_ERR_CANCELLED] = {ADBC_STATUS_CANCELLED, "57014"},
    [-STOA_ERR_TIMEOUT] = {ADBC_STATUS_TIMEOUT, "57014"},
    [-STOA_ERR_IO] = {ADBC_STATUS_IO, "58030"},
    [-STOA_ERR_FULL] = {ADBC_STATUS_IO, "53100"},
    [-STOA_ERR_CORRUPT] = {ADBC_STATUS_IO, "XX001"},
    [-STOA_ERR_NETWORK] = {ADBC_STATUS_IO, "08006"},
    [-STOA_ERR_AUTH] = {ADBC_STATUS_UNAUTHENTICATED, "28000"},
    [-STOA_ERR_PROTOCOL] = {ADBC_STATUS_IO, "08P01"},
    [-STOA_ERR_CALLBACK] = {ADBC_STATUS_IO, "38000"},
    [-STOA_ERR_NOMEM] = {ADBC_STATUS_INTERNAL, "HY001"},
    [-STOA_ERR_INTERNAL] = {ADBC_STATUS_INTERNAL, "XX000"},
};

AdbcStatusCode stoa__driver_status(stoa_status status)
{
    if (status >= 0)
        return ADBC_STATUS_OK;
    return status >= STOA_ERR_INTERNAL ? statuses[-status].status : ADBC_STATUS_UNKNOWN;
}

static bool is_extended(const struct AdbcError *error)
{
    return error->vendor_code == ADBC_ERROR_VENDOR_CODE_PRIVATE_DATA;
}

/* The piece `message` lies in. */
static void release_failure(struct AdbcError *error)
{
    if (error->message)
        stoa__free(error->message - offsetof(struct failure, text));
    error->message = NULL;
    error->release = NULL;
    memset(error->sqlstate, 0, sizeof error->sqlstate);
    if (is_extended(error))
        error->private_data = NULL;
    else
        error->vendor_code = 0;
}

/* Out of memory: the sentence is nobody's to free. */
static void release_static(struct AdbcError *error)
{
    error->message = NULL;
    release_failure(error);
}

static void add_detail(struct failure *failure, const char *key, int64_t value)
{
    failure->keys[failure->count] = key;
    snprintf(failure->values[failure->count], DETAIL_SIZE, "%lld", (long long)value);
    failure->count++;
}

static void add_details(struct failure *out, const stoa_error *failure)
{
    add_detail(out, "stoa.status", failure->code);
    if (failure->engine_code != 0)
        add_detail(out, "stoa.vendor_code", failure->engine_code);
    if (failure->position >= 0)
        add_detail(out, "stoa.position", failure->position);
    if (failure->flags & STOA_ERROR_RETRYABLE)
        add_detail(out, "stoa.retryable", 1);
    if (failure->flags & STOA_ERROR_IN_DOUBT)
        add_detail(out, "stoa.in_doubt", 1);
}

static void fill(struct AdbcError *error, const stoa_error *failure)
{
    static char nomem[] = "out of memory";
    struct failure *own = stoa__alloc_zero(1, sizeof *own);

    error->message = nomem;
    error->release = release_static;
    if (own) {
        memcpy(own->text, failure->text, sizeof own->text);
        error->message = own->text;
        error->release = release_failure;
    }
    memcpy(error->sqlstate, failure->sqlstate, sizeof error->sqlstate);
    if (!is_extended(error)) {
        /* The sentinel would promise fields that are not there. */
        error->vendor_code = failure->engine_code == INT32_MIN ? 0 : failure->engine_code;
        return;
    }
    error->private_data = own;
    if (own)
        add_details(own, failure);
}

AdbcStatusCode stoa__driver_fail_stoa(struct AdbcError *error, const stoa_error *failure)
{
    AdbcStatusCode status = stoa__driver_status(failure->code);
    stoa_error copy = *failure;

    if (!error)
        return status;
    if (error->release)
        error->release(error);
    if (copy.sqlstate[0] == '\0' && copy.code < 0 && copy.code >= STOA_ERR_INTERNAL)
        memcpy(copy.sqlstate, statuses[-copy.code].sqlstate, sizeof statuses->sqlstate);
    fill(error, &copy);
    return status;
}

/* The status of Stoa that comes out as this one. */
static stoa_status status_of(AdbcStatusCode status)
{
    for (int32_t i = 1; i <= -STOA_ERR_INTERNAL; i++)
        if (statuses[i].status == status)
            return -i;
    return STOA_ERR_INTERNAL;
}

AdbcStatusCode stoa__driver_fail(struct AdbcError *error, AdbcStatusCode status,
                                 const char *format, ...)
{
    stoa_error failure;
    va_list args;

    va_start(args, format);
    stoa__fail_v(&failure, status_of(status), format, args);
    va_end(args);
    stoa__driver_fail_stoa(error, &failure);
    return status;
}

AdbcStatusCode stoa__driver_fail_null(struct AdbcError *error, const char *name)
{
    return stoa__driver_fail(error, ADBC_STATUS_INVALID_ARGUMENT, "%s is NULL", name);
}

AdbcStatusCode stoa__driver_unsupported(struct AdbcError *error, const char *what)
{
    return stoa__driver_fail(error, ADBC_STATUS_NOT_IMPLEMENTED,
                             "stoa: %s is not supported", what);
}

/* The details of an error of ours in the form of 1.1. */
static const struct failure *failure_of(const struct AdbcError *error)
{
    if (!error || !is_extended(error) || error->release != release_failure)
        return NULL;
    return error->private_data;
}

int stoa__driver_detail_count(const struct AdbcError *error)
{
    const struct failure *failure = failure_of(error);

    return failure ? failure->count : 0;
}

struct AdbcErrorDetail stoa__driver_detail(const struct AdbcError *error, int index)
{
    const struct failure *failure = failure_of(error);

    if (!failure || index < 0 || index >= failure->count)
        return (struct AdbcErrorDetail){0};
    return (struct AdbcErrorDetail){failure->keys[index],
                                    (const uint8_t *)failure->values[index],
                                    strlen(failure->values[index])};
}
