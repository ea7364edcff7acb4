/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/base.h: what every other header of Stoa stands on: status codes, the error struct,
 * settings, sizes, the version, live counters and the log.
 *
 * Conventions of the whole interface
 *
 *   Handles   One-word structs, passed by value and checked on every call. Zero is the null
 *             handle. A stale handle, a handle of another kind or noise is answered with
 *             STOA_ERR_CLOSED or STOA_ERR_HANDLE; it is never undefined behaviour.
 *   Closing   Every *_close() abandons: it never fails, never waits, and may be called twice,
 *             in any order, from any thread and from inside a callback.
 *   Status    0 is success, > 0 is not a failure, < 0 is a failure. On failure outputs are
 *             zero and inputs are untouched.
 *   Errors    `err` may be NULL. It is written only on failure.
 *   Text      UTF-8, pointer and size in bytes, no NUL needed. A size of STOA_NUL (-1) says that
 *             the text ends with a NUL. A NULL pointer is allowed where the size is 0.
 *   Rows      Errors count rows from 0 in data that is handed in, and from 1 in results.
 *   Sizes     int64_t everywhere: `_size` is bytes, `_count` is elements.
 *   Words     About memory: copied; borrowed until ...; taken on success; owned by the caller.
 *             About calls:  "May block." takes a stoa_op and honours it. "Calls back." may run
 *             the caller's own code (a tick, a function, a stream, a resolver, a release).
 *             "Keeps ..." names the pointers that outlive the call; nothing else does.
 */
#ifndef STOA_BASE_H
#define STOA_BASE_H

#ifndef STOA_CDEF
#include <stddef.h>
#include <stdint.h>
#endif

#ifndef STOA_API
#if defined(STOA_BUILD) && defined(__GNUC__)
#define STOA_API __attribute__((visibility("default")))
#else
#define STOA_API
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define STOA_VERSION_MAJOR 0
#define STOA_VERSION_MINOR 1
#define STOA_VERSION_PATCH 0

/* How a call ended. Named for what the caller does next. */
typedef int32_t stoa_status;
enum {
    STOA_OK = 0,
    STOA_DONE = 1,          /* No more rows, batches or results. */
    STOA_TIMEOUT_EMPTY = 2, /* Nothing arrived within the time asked for; ask again. */

    STOA_ERR_INVALID = -1,      /* The call is wrong: fix the argument the text names. */
    STOA_ERR_HANDLE = -2,       /* Not a handle, or a handle of another kind. */
    STOA_ERR_CLOSED = -3,       /* The object, or what it was opened from, is closed. */
    STOA_ERR_FORKED = -4,       /* Opened before fork(); open again in a fresh process. */
    STOA_ERR_BUSY = -5,         /* This handle is in use by another call: fix the program. */
    STOA_ERR_LOCKED = -6,       /* Another writer has it: try again later. */
    STOA_ERR_NOT_FOUND = -7,    /* No such table, column, entry, file or engine. */
    STOA_ERR_EXISTS = -8,       /* Already there. */
    STOA_ERR_CONSTRAINT = -9,   /* A key, NOT NULL, CHECK or foreign key refused the row. */
    STOA_ERR_TYPE = -10,        /* The value does not fit the type. */
    STOA_ERR_SYNTAX = -11,      /* The statement cannot be read; see `position`. */
    STOA_ERR_UNSUPPORTED = -12, /* This engine does not offer it. */
    STOA_ERR_READ_ONLY = -13,   /* Opened for reading, or not permitted to write. */
    STOA_ERR_CANCELLED = -14,   /* stoa_op_cancel(), a tick, or a close ended the call. */
    STOA_ERR_TIMEOUT = -15,     /* The operation's deadline passed. */
    STOA_ERR_IO = -16,          /* The file system failed. */
    STOA_ERR_FULL = -17,        /* Disk, spool, queue or a stated bound is full. */
    STOA_ERR_CORRUPT = -18,     /* Stored bytes are damaged, or not what they claim to be. */
    STOA_ERR_NETWORK = -19,     /* The peer cannot be reached or went away. */
    STOA_ERR_AUTH = -20,        /* The peer refused the credentials. */
    STOA_ERR_PROTOCOL = -21,    /* The peer or a driver broke its own rules. */
    STOA_ERR_CALLBACK = -22,    /* The caller's own function or stream reported a failure. */
    STOA_ERR_NOMEM = -23,       /* Out of memory; nothing was changed. */
    STOA_ERR_INTERNAL = -24     /* A fault of Stoa. Please report the text. */
};

/* Flags of stoa_error. */
enum {
    STOA_ERROR_RETRYABLE = 1, /* The same call may succeed later, and doing it twice is harmless. */
    STOA_ERROR_IN_DOUBT = 2,  /* The write may or may not have happened. */
    STOA_ERROR_ROLLED_BACK = 4 /* The caller's open transaction was rolled back by the engine. */
};

enum { STOA_ERROR_TEXT_SIZE = 1024 };

/*
 * What went wrong, in the caller's own memory. The layout is frozen. Nothing to free; may live on
 * the stack; need not be cleared before use.
 *
 *   code         The status the call returned.
 *   engine_code  The engine's own number (SQLite's extended code, errno, ...); 0 if none.
 *   sqlstate     Five characters and a NUL; empty if none.
 *   flags        STOA_ERROR_*.
 *   text_size    Bytes in `text` before its NUL.
 *   position     Byte offset in the statement the error is about; -1 if unknown.
 *   text         One sentence, UTF-8, NUL-terminated.
 */
typedef struct stoa_error {
    int32_t code;
    int32_t engine_code;
    char sqlstate[8];
    uint32_t flags;
    int32_t text_size;
    int64_t position;
    char text[1024];
} stoa_error;

/* A size that says "up to the NUL". */
enum { STOA_NUL = -1 };

/* One setting. Key and value end with a NUL and are borrowed for the call. */
typedef struct stoa_option {
    const char *key;
    const char *value;
} stoa_option;

/* Runs when the library lets go of `user_data`; exactly once, on whatever thread let go last. */
typedef void (*stoa_release)(void *user_data);

/* The library's version, such as "0.1.0". Borrowed for ever. */
STOA_API const char *stoa_version(void);

/* The same as a number: major * 1000000 + minor * 1000 + patch. */
STOA_API int32_t stoa_version_number(void);

/* The name of a status code, such as "STOA_ERR_BUSY"; "STOA_ERR_UNKNOWN" for others. */
STOA_API const char *stoa_status_name(stoa_status status);

/* What stoa_live() counts. */
enum {
    STOA_LIVE_BYTES = 0,       /* Bytes the library holds, without the engines' own. */
    STOA_LIVE_ALLOCATIONS = 1, /* Pieces those bytes are in. */
    STOA_LIVE_DB = 2,
    STOA_LIVE_CONN = 3,
    STOA_LIVE_STMT = 4,
    STOA_LIVE_RESULT = 5,
    STOA_LIVE_INGEST = 6,
    STOA_LIVE_OP = 7,
    STOA_LIVE_SCAN = 8,
    STOA_LIVE_FUNCTION = 9,
    STOA_LIVE_SUBSCRIPTION = 10,
    STOA_LIVE_BLOB = 11,
    STOA_LIVE_STREAM = 12, /* Arrow streams handed out and not yet released. */
    STOA_LIVE_ARRAY = 13,  /* Arrow arrays handed out and not yet released. */
    STOA_LIVE_SESSION = 14, /* Engine sessions, idle ones included. */
    STOA_LIVE_LUA = 15
};

/* How many of `kind` are alive in this process. Any thread, any time. */
STOA_API stoa_status stoa_live(int32_t kind, int64_t *count, stoa_error *err);

/* How grave a log line is. */
enum {
    STOA_LOG_DEBUG = 1,
    STOA_LOG_INFO = 2,
    STOA_LOG_WARNING = 3,
    STOA_LOG_ERROR = 4,
    STOA_LOG_OFF = 5
};

/* Receives one log line: `text_size` bytes at `text`, valid for the call only. May run on any
 * thread, with none of the library's locks held; must not call into the library. */
typedef void (*stoa_log)(void *user_data, int32_t level, const char *text, int64_t text_size);

/*
 * Set the process's log hook, or remove it with a NULL `log`. Lines below `level` are not made.
 * The library writes nothing to any stream by itself.
 *
 *   user_data, release   Kept until the hook is replaced; then release(user_data) runs once, also
 *                        when this call fails. It waits for lines being delivered.
 */
STOA_API stoa_status stoa_log_set(int32_t level, stoa_log log, void *user_data,
                                  stoa_release release, stoa_error *err);

/*
 * Read the oldest line of the log ring, which keeps the last lines at or above the level given to
 * stoa_log_ring(). Made for languages that cannot be called from foreign threads.
 *
 *   text, text_capacity   The caller's buffer; a longer line is cut.
 *   level, text_size      Out: the line's level and its size in the buffer.
 *
 * STOA_TIMEOUT_EMPTY when there is none. Never blocks.
 */
STOA_API stoa_status stoa_log_next(char *text, int64_t text_capacity, int32_t *level,
                                   int64_t *text_size, stoa_error *err);

/* Keep lines at or above `level` in the ring (STOA_LOG_OFF: none, the default) and give its
 * pollable file descriptor, readable while lines wait. The descriptor belongs to the library; it
 * is -1 on failure, since 0 is a descriptor too. */
STOA_API stoa_status stoa_log_ring(int32_t level, int32_t *fd, stoa_error *err);

#ifdef __cplusplus
}
#endif

#endif
