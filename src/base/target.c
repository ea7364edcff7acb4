/* SPDX-License-Identifier: Apache-2.0 */
/* Taking texts apart: targets, and the settings behind their '?'. No error of this file
 * quotes the text: it may hold a password anywhere. */
#include "base/error.h"
#include "base/limits.h"
#include "base/settings.h"

#include <string.h>

#include "base/ban.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that three characters of `text` stand for, or -1. */
static int percent_byte(const char *text, size_t size)
{
    int high, low;

    if (size < 3)
        return -1;
    high = hex_digit(text[1]);
    low = hex_digit(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* A copy in the arena. `what` is the subject of the error's sentence. */
static stoa_status decode(stoa__arena *arena, const char *what, const char *text,
                          size_t size, const char **out, stoa_error *err)
{
    char *decoded = stoa__arena_alloc(arena, size + 1);
    size_t made = 0;

    if (!decoded)
        return stoa__fail_nomem(err);
    for (size_t i = 0; i < size; i++) {
        int byte =
            text[i] == '%' ? percent_byte(text + i, size - i) : (unsigned char)text[i];

        if (byte < 0)
            return stoa__fail(
                err, STOA_ERR_INVALID,
                "%s has a '%%' without two hexadecimal digits behind it; write "
                "%%25 for the character itself",
                what);
        if (byte == 0)
            return stoa__fail(err, STOA_ERR_INVALID, "%s has a NUL byte", what);
        i += text[i] == '%' ? 2 : 0;
        decoded[made++] = (char)byte;
    }
    decoded[made] = '\0';
    *out = decoded;
    return STOA_OK;
}

/* One "key=value". `number` counts from 1. */
static stoa_status decode_pair(stoa__arena *arena, const char *text, size_t size,
                               size_t number, stoa_option *out, stoa_error *err)
{
    const char *equals = memchr(text, '=', size);
    stoa_status rc;

    if (!equals)
        rc = stoa__fail(err, STOA_ERR_INVALID, "it has no '='; write key=value");
    else
        rc = decode(arena, "its key", text, (size_t)(equals - text), &out->key, err);
    if (rc == STOA_OK && equals)
        rc = decode(arena, "its value", equals + 1, size - (size_t)(equals - text) - 1,
                    &out->value, err);
    if (rc != STOA_OK)
        stoa__wrap(err, "setting %zu behind the '?'", number);
    return rc;
}

static size_t pair_count(const char *text, size_t size)
{
    size_t count = 1;

    for (size_t i = 0; i < size; i++)
        count += text[i] == '&';
    return count;
}

stoa_status stoa__settings_add_query(stoa__settings *settings, const char *text,
                                     size_t size, stoa_error *err)
{
    stoa_option *options;
    size_t count = 0;

    if (size == 0)
        return STOA_OK;
    if (pair_count(text, size) > STOA__OPTION_COUNT_MAX)
        return stoa__fail(err, STOA_ERR_INVALID,
                          "more than %d settings stand behind the '?'",
                          STOA__OPTION_COUNT_MAX);
    options =
        stoa__arena_alloc_zero(&settings->arena, pair_count(text, size), sizeof *options);
    if (!options)
        return stoa__fail_nomem(err);
    for (const char *end = text + size;;) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        size_t part = (size_t)((stop ? stop : end) - text);
        stoa_status rc =
            decode_pair(&settings->arena, text, part, count + 1, &options[count], err);

        if (rc != STOA_OK)
            return rc;
        count++;
        if (!stop)
            break;
        text = stop + 1;
    }
    return stoa__settings_add(settings, options, (int64_t)count, err);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Bytes of the scheme before its ':'; 0 when the text is a path. */
static size_t scheme_size(const char *text, size_t size)
{
    size_t i = 0;

    if (size == 0 || !is_letter(text[0]))
        return 0;
    while (i < size && (is_letter(text[i]) || (text[i] >= '0' && text[i] <= '9') ||
                        text[i] == '_' || text[i] == '-' || text[i] == '+'))
        i++;
    return i >= 2 && i < size && text[i] == ':' ? i : 0;
}

static stoa_status copy(stoa__arena *arena, const char *text, size_t size,
                        const char **out, stoa_error *err)
{
    *out = stoa__arena_copy_text(arena, text, size);
    return *out ? STOA_OK : stoa__fail_nomem(err);
}

/* "rest?key=value", behind a scheme. */
static stoa_status parse_rest(const char *text, size_t size, stoa__settings *settings,
                              const char **out, stoa_error *err)
{
    const char *mark = memchr(text, '?', size);
    size_t rest_size = mark ? (size_t)(mark - text) : size;
    stoa_status rc = decode(&settings->arena, "the target", text, rest_size, out, err);

    if (rc == STOA_OK && mark)
        rc = stoa__settings_add_query(settings, mark + 1, size - rest_size - 1, err);
    return rc;
}

static stoa_status check_text(const char *text, size_t size, stoa_error *err)
{
    if (!text || size == 0)
        return stoa__fail(err, STOA_ERR_INVALID, "the target is empty");
    if (size > STOA__TARGET_BYTES_MAX)
        return stoa__fail(err, STOA_ERR_INVALID, "the target is longer than %d bytes",
                          STOA__TARGET_BYTES_MAX);
    if (memchr(text, '\0', size))
        return stoa__fail(err, STOA_ERR_INVALID, "the target has a NUL byte");
    return STOA_OK;
}

stoa_status stoa__target_parse(const char *text, size_t size, stoa__settings *settings,
                               struct stoa__target *out, stoa_error *err)
{
    struct stoa__target made = {0};
    stoa_status rc = check_text(text, size, err);
    size_t scheme;

    *out = made;
    if (rc != STOA_OK)
        return rc;
    scheme = scheme_size(text, size);
    if (scheme == 0) {
        made.engine = "sqlite";
        rc = copy(&settings->arena, text, size, &made.rest, err);
    } else {
        const char *rest = text + scheme + 1;
        size_t rest_size = size - scheme - 1;

        rc = copy(&settings->arena, text, scheme, &made.engine, err);
        /* Behind "adbc:" stands another target, whose grammar is its engine's. */
        if (rc == STOA_OK && ((rest_size >= 2 && memcmp(rest, "//", 2) == 0) ||
                              strcmp(made.engine, "adbc") == 0))
            rc = copy(&settings->arena, rest, rest_size, &made.rest, err);
        else if (rc == STOA_OK)
            rc = parse_rest(rest, rest_size, settings, &made.rest, err);
    }
    if (rc == STOA_OK)
        *out = made;
    return rc;
}
