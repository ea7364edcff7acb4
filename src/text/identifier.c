/* SPDX-License-Identifier: Apache-2.0 */
#include "text/identifier.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/refuse.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Append the name between quotes, with those inside doubled. */
static stoa_status append_quoted(const char *name, size_t size, stoa__buffer *out,
                                 stoa_error *err)
{
    size_t need;

    /* Twice the name at worst; reserved at once so that a failure appends nothing. */
    if (stoa__mul_overflow(size, 2, &need) || stoa__add_overflow(need, 2, &need) ||
        stoa__buffer_reserve(out, need) != STOA_OK)
        return stoa__fail_nomem(err);
    out->data[out->size++] = '"';
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '"')
            out->data[out->size++] = '"';
        out->data[out->size++] = (uint8_t)name[i];
    }
    out->data[out->size++] = '"';
    return STOA_OK;
}

stoa_status stoa__identifier_quote(const char *name, size_t size, stoa__buffer *out,
                                   stoa_error *err)
{
    char excerpt[STOA__EXCERPT_SIZE];

    assert(out && (name || size == 0));
    if (size == 0)
        return stoa__fail(err, STOA_ERR_INVALID, "a name is empty");
    stoa__excerpt(name, size, excerpt);
    if (size > STOA__NAME_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "the name '%s' has %zu bytes, more than %d", excerpt, size,
                          STOA__NAME_BYTES_MAX);
    if (memchr(name, '\0', size))
        return stoa__fail(err, STOA_ERR_INVALID, "the name '%s' holds a NUL", excerpt);
    if (stoa__utf8_check(name, size) != size)
        return stoa__fail(err, STOA_ERR_INVALID, "the name '%s' is not UTF-8", excerpt);
    return append_quoted(name, size, out, err);
}

static unsigned char lower(char letter)
{
    const unsigned char byte = (unsigned char)letter;

    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte + 32) : byte;
}

bool stoa__name_equal(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && stoa__name_compare(a, a_size, b, b_size) == 0;
}

bool stoa__name_is(const char *name, size_t size, const char *word)
{
    return stoa__name_equal(name, size, word, strlen(word));
}

int stoa__name_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const size_t shared = a_size < b_size ? a_size : b_size;

    assert((a || a_size == 0) && (b || b_size == 0));
    for (size_t i = 0; i < shared; i++) {
        const int difference = lower(a[i]) - lower(b[i]);

        if (difference != 0)
            return difference;
    }
    return (a_size > b_size) - (a_size < b_size);
}
