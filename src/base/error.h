/* SPDX-License-Identifier: Apache-2.0 */
/* Filling the caller's stoa_error. Nothing here allocates. */
#ifndef STOA_BASE_ERROR_H
#define STOA_BASE_ERROR_H

#include "stoa/base.h"

#include <stdarg.h>
#include <stdbool.h>

/* Fill `err` (which may be NULL) and return `code`, so that `return stoa__fail(...)` reads well.
 * Resets every field; cut text ends on a whole UTF-8 character. `code` is < 0. */
stoa_status stoa__fail(stoa_error *err, stoa_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
stoa_status stoa__fail_v(stoa_error *err, stoa_status code, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Put "context: " before the text that is there. */
void stoa__wrap(stoa_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "; text" behind the text that is there. */
void stoa__error_append(stoa_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Details, all NULL-safe. `sqlstate` has five characters. */
void stoa__error_engine(stoa_error *err, int32_t engine_code, const char *sqlstate);
void stoa__error_position(stoa_error *err, int64_t position);
void stoa__error_flag(stoa_error *err, uint32_t flags);

/* STOA_ERR_NOMEM with the usual sentence. */
stoa_status stoa__fail_nomem(stoa_error *err);

/* A failure of the operating system: IO, FULL, NOT_FOUND or READ_ONLY by errno; the text is
 * "what: <strerror>" and engine_code is the errno. */
stoa_status stoa__fail_errno(stoa_error *err, int errno_code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copy all but nothing else: `to` may be NULL. */
void stoa__error_copy(stoa_error *to, const stoa_error *from);

/* What a caller's callback wrote when it failed with `rc`: nothing in it is believed. A text
 * without its size counts up to its NUL; silence gets a sentence. Returns its code, CALLBACK for
 * noise. */
stoa_status stoa__error_mend(stoa_error *error, stoa_status rc);

/* Make `size` bytes UTF-8 in place: bytes that belong to no character become '?'. With `cut`, a
 * character that the end goes through is dropped instead. Returns the new size. */
size_t stoa__text_repair(char *text, size_t size, bool cut);

/* Turn pointer + size (STOA_NUL = up to the NUL) into a checked size. INVALID, naming `what`, when
 * NULL with a size, below -1, or above `size_max`. */
stoa_status stoa__text_size(const char *what, const char *text, int64_t size, int64_t size_max,
                            size_t *out, stoa_error *err);

#endif
