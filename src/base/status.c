/* SPDX-License-Identifier: Apache-2.0 */
/* What the library says about itself: its version, the names of its status codes and types. */
#include "stoa/base.h"
#include "stoa/value.h"

#include "base/ban.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

_Static_assert(sizeof(stoa_error) == 1056, "stoa_error is frozen");

static const char *const names[] = {
    "STOA_OK",
    "STOA_ERR_INVALID",
    "STOA_ERR_HANDLE",
    "STOA_ERR_CLOSED",
    "STOA_ERR_FORKED",
    "STOA_ERR_BUSY",
    "STOA_ERR_LOCKED",
    "STOA_ERR_NOT_FOUND",
    "STOA_ERR_EXISTS",
    "STOA_ERR_CONSTRAINT",
    "STOA_ERR_TYPE",
    "STOA_ERR_SYNTAX",
    "STOA_ERR_UNSUPPORTED",
    "STOA_ERR_READ_ONLY",
    "STOA_ERR_CANCELLED",
    "STOA_ERR_TIMEOUT",
    "STOA_ERR_IO",
    "STOA_ERR_FULL",
    "STOA_ERR_CORRUPT",
    "STOA_ERR_NETWORK",
    "STOA_ERR_AUTH",
    "STOA_ERR_PROTOCOL",
    "STOA_ERR_CALLBACK",
    "STOA_ERR_NOMEM",
    "STOA_ERR_INTERNAL",
};

_Static_assert(sizeof names / sizeof names[0] == 1 - STOA_ERR_INTERNAL,
               "a code has no name");

static const char *const type_names[] = {
    [STOA_TYPE_NULL] = "null",           [STOA_TYPE_BOOL] = "bool",
    [STOA_TYPE_INT8] = "int8",           [STOA_TYPE_INT16] = "int16",
    [STOA_TYPE_INT32] = "int32",         [STOA_TYPE_INT64] = "int64",
    [STOA_TYPE_UINT8] = "uint8",         [STOA_TYPE_UINT16] = "uint16",
    [STOA_TYPE_UINT32] = "uint32",       [STOA_TYPE_UINT64] = "uint64",
    [STOA_TYPE_FLOAT32] = "float32",     [STOA_TYPE_FLOAT64] = "float64",
    [STOA_TYPE_TIMESTAMP] = "timestamp", [STOA_TYPE_DATE] = "date",
    [STOA_TYPE_TIME] = "time",           [STOA_TYPE_DURATION] = "duration",
    [STOA_TYPE_INTERVAL] = "interval",   [STOA_TYPE_DECIMAL] = "decimal",
    [STOA_TYPE_UUID] = "uuid",           [STOA_TYPE_TEXT] = "text",
    [STOA_TYPE_BYTES] = "bytes",         [STOA_TYPE_SYMBOL] = "symbol",
    [STOA_TYPE_JSON] = "json",           [STOA_TYPE_NAME] = "name",
    [STOA_TYPE_LIST] = "list",
};

const char *stoa_version(void)
{
    return TEXT(STOA_VERSION_MAJOR) "." TEXT(STOA_VERSION_MINOR) "." TEXT(
        STOA_VERSION_PATCH);
}

int32_t stoa_version_number(void)
{
    return STOA_VERSION_MAJOR * 1000000 + STOA_VERSION_MINOR * 1000 + STOA_VERSION_PATCH;
}

const char *stoa_status_name(stoa_status status)
{
    if (status == STOA_DONE)
        return "STOA_DONE";
    if (status == STOA_TIMEOUT_EMPTY)
        return "STOA_TIMEOUT_EMPTY";
    if (status > 0 || status < STOA_ERR_INTERNAL)
        return "STOA_ERR_UNKNOWN";
    return names[-status];
}

const char *stoa_type_name(int32_t type)
{
    if (type < STOA_TYPE_NULL || type > STOA_TYPE_LIST)
        return "unknown";
    return type_names[type];
}
