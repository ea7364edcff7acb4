/* SPDX-License-Identifier: Apache-2.0 */
#include "core/target.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/settings.h"
#include "text/utf8.h"

#include <stdbool.h>
#include <string.h>

#include "base/ban.h"

static const char mask[] = "***";

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.';
}

/* The password in "scheme://user:password@host": where it begins and ends. */
static bool find_password(const char *text, size_t size, size_t *from, size_t *to)
{
    const char *authority = memmem(text, size, "://", 3);
    const char *end = text + size, *at = NULL, *colon;

    if (!authority)
        return false;
    authority += 3;
    for (const char *c = authority; c < end && !strchr("/?#", *c); c++)
        if (*c == '@')
            at = c;
    if (!at)
        return false;
    colon = memchr(authority, ':', (size_t)(at - authority));
    if (!colon)
        return false;
    *from = (size_t)(colon + 1 - text);
    *to = (size_t)(at - text);
    return true;
}

/* Append text[from, to) with the values of secret keys masked. */
static stoa_status append_masked(stoa__buffer *out, const char *text, size_t from,
                                 size_t to)
{
    stoa_status rc = STOA_OK;

    while (from < to && rc == STOA_OK) {
        size_t key = from, value;

        while (from < to && is_key_byte(text[from]))
            from++;
        value = from < to ? from + 1 : from;
        rc = stoa__buffer_append(out, text + key, value - key);
        if (from < to && text[from] == '=' && stoa__setting_is_secret(text + key, from - key)) {
            while (value < to && !strchr("&; ", text[value]))
                value++;
            if (rc == STOA_OK)
                rc = stoa__buffer_append_text(out, mask);
        }
        from = value;
    }
    return rc;
}

char *stoa__target_mask(const char *target, size_t size)
{
    stoa__buffer out = {0};
    size_t from = 0, to = 0;
    stoa_status rc = STOA_OK;

    if (size > 0 && find_password(target, size, &from, &to)) {
        rc = append_masked(&out, target, 0, from);
        if (rc == STOA_OK)
            rc = stoa__buffer_append_text(&out, mask);
    }
    if (rc == STOA_OK)
        rc = append_masked(&out, target, to, size);
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&out);
    if (rc == STOA_OK)
        return (char *)stoa__buffer_take(&out);
    stoa__buffer_release(&out);
    return NULL;
}

stoa_status stoa__name_copy_optional(const char *what, const char *name,
                                     int64_t name_size, char **out, stoa_error *err)
{
    size_t size = 0;
    stoa_status rc =
        stoa__text_size(what, name, name_size, STOA__NAME_BYTES_MAX, &size, err);

    *out = NULL;
    if (rc != STOA_OK || size == 0)
        return rc;
    if (memchr(name, '\0', size))
        return stoa__fail(err, STOA_ERR_INVALID, "%s holds a NUL", what);
    if (stoa__utf8_check(name, size) != size)
        return stoa__fail(err, STOA_ERR_INVALID, "%s is not UTF-8", what);
    *out = stoa__copy_text(name, size);
    return *out ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status stoa__name_copy(const char *what, const char *name, int64_t name_size,
                            char **out, stoa_error *err)
{
    stoa_status rc = stoa__name_copy_optional(what, name, name_size, out, err);

    if (rc == STOA_OK && !*out)
        rc = stoa__fail(err, STOA_ERR_INVALID, "%s is empty", what);
    return rc;
}
