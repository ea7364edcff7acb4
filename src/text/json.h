/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as RFC 8259 has it: pieces to write it with, and a reader that gives token by
 * token from bytes in memory. There is no tree.
 *
 * The reader is strict: no comments, no trailing commas, valid UTF-8, escapes that make
 * characters (a lone surrogate is refused), nesting up to STOA__DEPTH_MAX. Keys may
 * repeat; numbers stay text. Failures are STOA_ERR_SYNTAX with the byte position, also in
 * the sentence.
 */
#ifndef STOA_TEXT_JSON_H
#define STOA_TEXT_JSON_H

#include "base/buffer.h"
#include "base/limits.h"

/* Append "text" in quotes, escaped no more than needed. STOA_ERR_TYPE when it is not
 * UTF-8, with nothing appended. */
stoa_status stoa__json_write_text(stoa__buffer *out, const char *text, size_t size,
                                  stoa_error *err);
/* Append a number; NaN and infinities become "NaN", "Infinity", "-Infinity" in quotes.
 * They fail with STOA_ERR_NOMEM alone, as buffers do. */
stoa_status stoa__json_write_int64(stoa__buffer *out, int64_t value);
stoa_status stoa__json_write_double(stoa__buffer *out, double value);
stoa_status stoa__json_write_float(stoa__buffer *out, float value);

enum stoa__json_kind {
    STOA__JSON_END = 0, /* After the one value; again and again. */
    STOA__JSON_OBJECT,  /* { */
    STOA__JSON_OBJECT_END,
    STOA__JSON_ARRAY, /* [ */
    STOA__JSON_ARRAY_END,
    STOA__JSON_KEY, /* The token behind it is its value. */
    STOA__JSON_TEXT,
    STOA__JSON_NUMBER,
    STOA__JSON_TRUE,
    STOA__JSON_FALSE,
    STOA__JSON_NULL
};

struct stoa__json_token {
    enum stoa__json_kind kind;
    bool escaped;     /* KEY, TEXT: `text` holds escapes; else it is the value itself. */
    const char *text; /* In the input. KEY, TEXT: between the quotes. */
    size_t size;
    size_t position; /* Where the token starts in the input. */
};

/* Fields are private to json.c, but for `depth`: open objects and arrays. */
typedef struct stoa__json {
    const char *text; /* Borrowed. */
    size_t size, at;
    int32_t depth;
    int32_t expect;
    bool is_object[STOA__DEPTH_MAX];
} stoa__json;

void stoa__json_init(stoa__json *json, const char *text, size_t size);
stoa_status stoa__json_next(stoa__json *json, struct stoa__json_token *out,
                            stoa_error *err);

/* Pass over the rest of the value that `token`, the last one read, began: for {, [ up to
 * its end, for a key its whole value, for others nothing. */
stoa_status stoa__json_skip(stoa__json *json, const struct stoa__json_token *token,
                            stoa_error *err);

/* Append the value of a KEY or TEXT token, escapes resolved. STOA_ERR_NOMEM alone. */
stoa_status stoa__json_unescape(const struct stoa__json_token *token, stoa__buffer *out);

/* Is `token` a KEY or TEXT with this value? Escapes are resolved. */
bool stoa__json_is(const struct stoa__json_token *token, const char *value);

#endif
