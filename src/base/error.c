/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

/* Bytes of the UTF-8 character at `at`, or 0 when there is no whole and valid one. */
static size_t character_size(const unsigned char *at, size_t left)
{
    size_t size = at[0] < 0x80   ? 1
                  : at[0] < 0xc2 ? 0
                  : at[0] < 0xe0 ? 2
                  : at[0] < 0xf0 ? 3
                                 : 4;

    if (size == 0 || at[0] > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

/* Where a character that the cut went through begins: `size` itself if there is none. */
static size_t whole_characters(const unsigned char *bytes, size_t size)
{
    size_t start = size;

    while (start > 0 && size - start < 3 && (bytes[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && bytes[start - 1] >= 0xc2 && bytes[start - 1] <= 0xf4 &&
        character_size(bytes + start - 1, size - start + 1) == 0)
        return start - 1;
    return size;
}

size_t stoa__text_repair(char *text, size_t size, bool cut)
{
    unsigned char *bytes = (unsigned char *)text;

    if (cut)
        size = whole_characters(bytes, size);
    for (size_t i = 0; i < size;) {
        size_t step = character_size(bytes + i, size - i);

        if (step == 0)
            bytes[i] = '?';
        i += step > 0 ? step : 1;
    }
    return size;
}

/* Texts quote names and values that may be any bytes; the error promises UTF-8. */
static void set_text(stoa_error *err, const char *text, size_t size, bool cut)
{
    assert(size < STOA_ERROR_TEXT_SIZE);
    memcpy(err->text, text, size);
    size = stoa__text_repair(err->text, size, cut);
    memset(err->text + size, 0, STOA_ERROR_TEXT_SIZE - size);
    err->text_size = (int32_t)size;
}

struct draft {
    size_t size;
    bool cut;
    char text[STOA_ERROR_TEXT_SIZE];
};

static void draft_bytes(struct draft *draft, const char *text, size_t size)
{
    size_t room = STOA_ERROR_TEXT_SIZE - 1 - draft->size;

    if (size > room) {
        size = room;
        draft->cut = true;
    }
    memcpy(draft->text + draft->size, text, size);
    draft->size += size;
}

/* A draft, since an argument may be the very text that is being replaced. */
__attribute__((format(__printf__, 2, 0))) static void
draft_format(struct draft *draft, const char *format, va_list args)
{
    size_t room = STOA_ERROR_TEXT_SIZE - draft->size;
    int made = vsnprintf(draft->text + draft->size, room, format, args);

    if (made < 0)
        return;
    if ((size_t)made >= room) {
        made = (int)room - 1;
        draft->cut = true;
    }
    draft->size += (size_t)made;
}

stoa_status stoa__fail_v(stoa_error *err, stoa_status code, const char *format,
                         va_list args)
{
    struct draft draft;

    assert(code < 0);
    if (!err)
        return code;
    draft.size = 0;
    draft.cut = false;
    draft_format(&draft, format, args);
    err->code = code;
    err->engine_code = 0;
    memset(err->sqlstate, 0, sizeof err->sqlstate);
    err->flags = 0;
    err->position = -1;
    set_text(err, draft.text, draft.size, draft.cut);
    return code;
}

stoa_status stoa__fail(stoa_error *err, stoa_status code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    stoa__fail_v(err, code, format, args);
    va_end(args);
    return code;
}

void stoa__wrap(stoa_error *err, const char *format, ...)
{
    struct draft draft;
    va_list args;

    if (!err)
        return;
    draft.size = 0;
    draft.cut = false;
    va_start(args, format);
    draft_format(&draft, format, args);
    va_end(args);
    draft_bytes(&draft, ": ", 2);
    draft_bytes(&draft, err->text, (size_t)err->text_size);
    set_text(err, draft.text, draft.size, draft.cut);
}

static stoa_status known_failure(stoa_status rc)
{
    return rc < 0 && rc >= STOA_ERR_INTERNAL ? rc : STOA_ERR_CALLBACK;
}

stoa_status stoa__error_mend(stoa_error *error, stoa_status rc)
{
    const bool sized = error->text_size > 0 && error->text_size < STOA_ERROR_TEXT_SIZE;
    size_t size = sized ? (size_t)error->text_size
                        : strnlen(error->text, STOA_ERROR_TEXT_SIZE - 1);

    if (error->code >= 0 || size == 0)
        return stoa__fail(error, known_failure(rc), "failed with %s and no text",
                          stoa_status_name(rc));
    size = stoa__text_repair(error->text, size, true);
    error->text[size] = '\0';
    error->text_size = (int32_t)size;
    error->sqlstate[sizeof(error->sqlstate) - 1] = '\0';
    error->flags &= STOA_ERROR_RETRYABLE;
    error->position = -1;
    error->code = known_failure(error->code);
    return error->code;
}

void stoa__error_append(stoa_error *err, const char *format, ...)
{
    struct draft draft;
    va_list args;

    if (!err)
        return;
    draft.size = 0;
    draft.cut = false;
    draft_bytes(&draft, err->text, (size_t)err->text_size);
    draft_bytes(&draft, "; ", 2);
    va_start(args, format);
    draft_format(&draft, format, args);
    va_end(args);
    set_text(err, draft.text, draft.size, draft.cut);
}

void stoa__error_engine(stoa_error *err, int32_t engine_code, const char *sqlstate)
{
    if (!err)
        return;
    err->engine_code = engine_code;
    memset(err->sqlstate, 0, sizeof err->sqlstate);
    if (sqlstate)
        memcpy(err->sqlstate, sqlstate, strnlen(sqlstate, 5));
}

void stoa__error_position(stoa_error *err, int64_t position)
{
    if (err)
        err->position = position;
}

void stoa__error_flag(stoa_error *err, uint32_t flags)
{
    if (err)
        err->flags |= flags;
}

stoa_status stoa__fail_nomem(stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_NOMEM, "out of memory");
}

static stoa_status status_of_errno(int errno_code)
{
    switch (errno_code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STOA_ERR_FULL;
    case ENOENT:
    case ENOTDIR:
        return STOA_ERR_NOT_FOUND;
    case EROFS:
    case EACCES:
    case EPERM:
        return STOA_ERR_READ_ONLY;
    default:
        return STOA_ERR_IO;
    }
}

stoa_status stoa__fail_errno(stoa_error *err, int errno_code, const char *format, ...)
{
    stoa_status code = status_of_errno(errno_code);
    struct draft draft;
    char room[128];
    const char *reason;
    va_list args;

    if (!err)
        return code;
    reason = strerror_r(errno_code, room, sizeof room);
    draft.size = 0;
    draft.cut = false;
    va_start(args, format);
    draft_format(&draft, format, args);
    va_end(args);
    draft_bytes(&draft, ": ", 2);
    draft_bytes(&draft, reason, strlen(reason));
    stoa__fail(err, code, "%s", "");
    set_text(err, draft.text, draft.size, draft.cut);
    err->engine_code = errno_code;
    return code;
}

void stoa__error_copy(stoa_error *to, const stoa_error *from)
{
    if (to && to != from)
        *to = *from;
}

stoa_status stoa__text_size(const char *what, const char *text, int64_t size,
                            int64_t size_max, size_t *out, stoa_error *err)
{
    *out = 0;
    if (size < STOA_NUL)
        return stoa__fail(err, STOA_ERR_INVALID, "the size of %s is negative (%lld)",
                          what, (long long)size);
    if (!text && size != 0)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is NULL", what);
    if (size == STOA_NUL)
        size = (int64_t)strnlen(text, (size_t)size_max + 1);
    if (size > size_max)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is longer than %lld bytes", what,
                          (long long)size_max);
    *out = (size_t)size;
    return STOA_OK;
}
