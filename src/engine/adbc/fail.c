/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drivers say, as our errors. A failure's class is decided by what is known best: the
 * SQLSTATE, then the words of a database we know, then the driver's own status, which is often
 * wrong.
 */
#include "engine/adbc/parts.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

enum { MESSAGE_SIZE = 900, DETAIL_COUNT_MAX = 4, DETAIL_SIZE_MAX = 128, SECRET_SIZE_MIN = 3 };

adbc_error adbc_error_for(const struct adbc_instance *instance)
{
    adbc_error error = {0};

    if (instance->driver->version >= ADBC_VERSION_1_1) {
        error.vendor_code = ADBC_VENDOR_CODE_EXTENDED;
        error.table = &instance->driver->table;
    }
    return error;
}

void adbc_error_drop(adbc_error *error)
{
    if (error->release)
        error->release(error);
    *error = (adbc_error){0};
}

/* ---- classes ---- */

struct sqlstate_rule {
    const char *begins;
    stoa_status status;
};

/* The longer beginnings first. */
static const struct sqlstate_rule sqlstates[] = {
    {"25006", STOA_ERR_READ_ONLY}, {"25", STOA_ERR_INVALID},     {"3D", STOA_ERR_NOT_FOUND},
    {"3F", STOA_ERR_NOT_FOUND},    {"3B", STOA_ERR_NOT_FOUND},
    {"40001", STOA_ERR_LOCKED},   {"40P01", STOA_ERR_LOCKED},
    {"42601", STOA_ERR_SYNTAX},    {"42P01", STOA_ERR_NOT_FOUND}, {"42S02", STOA_ERR_NOT_FOUND},
    {"42703", STOA_ERR_NOT_FOUND}, {"42704", STOA_ERR_NOT_FOUND}, {"42883", STOA_ERR_NOT_FOUND},
    {"42P07", STOA_ERR_EXISTS},    {"42S01", STOA_ERR_EXISTS},   {"42P06", STOA_ERR_EXISTS},
    {"42701", STOA_ERR_EXISTS},    {"42710", STOA_ERR_EXISTS},   {"42804", STOA_ERR_TYPE},
    {"42501", STOA_ERR_AUTH},      {"42", STOA_ERR_INVALID},     {"53300", STOA_ERR_LOCKED},
    {"53", STOA_ERR_FULL},         {"55P03", STOA_ERR_LOCKED},   {"57014", STOA_ERR_CANCELLED},
    {"57P", STOA_ERR_NETWORK},     {"58", STOA_ERR_IO},          {"08", STOA_ERR_NETWORK},
    {"0A", STOA_ERR_UNSUPPORTED},  {"22", STOA_ERR_TYPE},        {"23", STOA_ERR_CONSTRAINT},
    {"28", STOA_ERR_AUTH},         {"XX", STOA_ERR_PROTOCOL},
};

static stoa_status by_sqlstate(const char *sqlstate)
{
    for (size_t i = 0; i < sizeof sqlstates / sizeof *sqlstates; i++)
        if (strncmp(sqlstate, sqlstates[i].begins, strlen(sqlstates[i].begins)) == 0)
            return sqlstates[i].status;
    return STOA_OK;
}

static stoa_status by_text(const struct adbc_quirk *quirk, const char *text)
{
    for (const struct adbc_text_rule *rule = quirk->texts; rule->part; rule++)
        if (strstr(text, rule->part))
            return rule->status;
    return STOA_OK;
}

static stoa_status by_status(adbc_status status)
{
    switch (status) {
    case ADBC_NOT_IMPLEMENTED:
        return STOA_ERR_UNSUPPORTED;
    case ADBC_NOT_FOUND:
        return STOA_ERR_NOT_FOUND;
    case ADBC_ALREADY_EXISTS:
        return STOA_ERR_EXISTS;
    case ADBC_INVALID_ARGUMENT:
    case ADBC_INVALID_STATE:
        return STOA_ERR_INVALID;
    case ADBC_INVALID_DATA:
        return STOA_ERR_TYPE;
    case ADBC_INTEGRITY:
        return STOA_ERR_CONSTRAINT;
    case ADBC_IO:
        return STOA_ERR_IO;
    case ADBC_CANCELLED:
        return STOA_ERR_CANCELLED;
    case ADBC_TIMEOUT:
        return STOA_ERR_TIMEOUT;
    case ADBC_UNAUTHENTICATED:
    case ADBC_UNAUTHORIZED:
        return STOA_ERR_AUTH;
    default:
        return STOA_ERR_PROTOCOL;
    }
}

static stoa_status classify(const struct adbc_instance *instance, adbc_status status,
                            const char *sqlstate, const char *text)
{
    stoa_status rc = sqlstate[0] != '\0' ? by_sqlstate(sqlstate) : STOA_OK;

    /* Cancelling a statement is how a server tells its own timeout, too. */
    if (rc == STOA_OK && status != ADBC_CANCELLED && status != ADBC_TIMEOUT && instance->quirk)
        rc = by_text(instance->quirk, text);
    return rc == STOA_OK ? by_status(status) : rc;
}

/* ---- words ---- */

/* Overwrite each secret. */
static void mask(const struct adbc_instance *instance, char *text)
{
    for (int32_t i = 0; i < instance->target.secret_count; i++) {
        size_t size = strlen(instance->target.secrets[i]);
        char *at = text;

        while (size >= SECRET_SIZE_MIN && (at = strstr(at, instance->target.secrets[i]))) {
            memset(at, '*', 3);
            memmove(at + 3, at + size, strlen(at + size) + 1);
            at += 3;
        }
    }
}

static void add_text(char *text, size_t capacity, const char *more, size_t more_size)
{
    size_t size = strlen(text);

    if (more_size > capacity - size - 1)
        more_size = capacity - size - 1;
    memcpy(text + size, more, more_size);
    text[size + more_size] = '\0';
}

static bool is_plain(const struct adbc_detail *detail)
{
    for (size_t i = 0; i < detail->size; i++)
        if (detail->value[i] < ' ')
            return false;
    return detail->key && detail->value && detail->size > 0 && detail->size <= DETAIL_SIZE_MAX;
}

static void add_details(const struct adbc_instance *instance, const adbc_error *error, char *text,
                        size_t capacity)
{
    const struct adbc_table *table = &instance->driver->table;
    int count = error->vendor_code == ADBC_VENDOR_CODE_EXTENDED && error->release
                    ? table->error_detail_count(error)
                    : 0;

    for (int i = 0; i < count && i < DETAIL_COUNT_MAX; i++) {
        struct adbc_detail detail = table->error_detail(error, i);

        if (!is_plain(&detail))
            continue;
        add_text(text, capacity, "; ", 2);
        add_text(text, capacity, detail.key, strnlen(detail.key, DETAIL_SIZE_MAX));
        add_text(text, capacity, "=", 1);
        add_text(text, capacity, (const char *)detail.value, detail.size);
    }
}

/* Lines become one sentence: what stands behind the first line break in a server's message is a
 * drawing of the place. */
static void one_line(char *text)
{
    size_t size = strlen(text);

    while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == ' '))
        text[--size] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if (*c == '\n' || *c == '\r' || *c == '\t')
            *c = ' ';
}

static stoa_status tell(const struct adbc_instance *instance, adbc_status status,
                        const adbc_error *error, const char *what, stoa_error *err)
{
    char text[MESSAGE_SIZE] = "", sqlstate[6] = "";
    stoa_status rc;

    if (error->message)
        add_text(text, sizeof text, error->message, strnlen(error->message, sizeof text));
    memcpy(sqlstate, error->sqlstate, 5);
    if (strspn(sqlstate, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 5)
        sqlstate[0] = '\0';
    rc = classify(instance, status, sqlstate, text);
    add_details(instance, error, text, sizeof text);
    one_line(text);
    mask(instance, text);
    text[stoa__text_repair(text, strlen(text), true)] = '\0';
    if (text[0] == '\0' && status == ADBC_NOT_IMPLEMENTED)
        (void)snprintf(text, sizeof text, "the driver does not implement it");
    if (text[0] == '\0')
        (void)snprintf(text, sizeof text, "the driver failed with status %d and no text",
                       (int)status);
    (void)stoa__fail(err, rc, "%s: %s%s%s", instance->engine, what ? what : "", what ? ": " : "",
                     text);
    stoa__error_engine(err,
                       error->vendor_code != ADBC_VENDOR_CODE_EXTENDED && error->vendor_code != 0
                           ? error->vendor_code
                           : status,
                       sqlstate[0] != '\0' ? sqlstate : NULL);
    if (rc == STOA_ERR_LOCKED)
        stoa__error_flag(err, STOA_ERROR_RETRYABLE);
    return rc;
}

stoa_status adbc_fail(const struct adbc_instance *instance, adbc_status status, adbc_error *error,
                      const char *what, stoa_error *err)
{
    stoa_status rc = tell(instance, status, error, what, err);

    adbc_error_drop(error);
    return rc;
}

/* ---- streams ---- */

/* The conventional meaning of what a driver's stream answers. */
static adbc_status status_of_errno(int code)
{
    switch (code) {
    case ENOTSUP:
        return ADBC_NOT_IMPLEMENTED;
    case ENOENT:
        return ADBC_NOT_FOUND;
    case EEXIST:
        return ADBC_ALREADY_EXISTS;
    case EINVAL:
        return ADBC_INVALID_ARGUMENT;
    case ECANCELED:
        return ADBC_CANCELLED;
    case ETIMEDOUT:
        return ADBC_TIMEOUT;
    case EACCES:
        return ADBC_UNAUTHORIZED;
    case ENOMEM:
        return ADBC_INTERNAL;
    default:
        return ADBC_IO;
    }
}

stoa_status adbc_fail_stream(const struct adbc_instance *instance, struct ArrowArrayStream *stream,
                             stoa_error *err)
{
    static const char prefix[] = "the stream failed: ";
    static const char of_schema[] = "the stream's schema failed: ";
    adbc_status status = ADBC_UNKNOWN;
    adbc_error error = {0};
    const adbc_error *full = NULL;
    char text[STOA_ERROR_TEXT_SIZE];
    const char *words = text;

    if (!err || err->code != STOA_ERR_CALLBACK) {
        /* Our own check found the batch or the schema wrong. */
        if (err && err->code != STOA_ERR_NOMEM) {
            err->code = STOA_ERR_PROTOCOL;
            stoa__wrap(err, "%s: the driver's result", instance->engine);
        }
        return err ? err->code : STOA_ERR_PROTOCOL;
    }
    if (stream->release)
        full = instance->driver->table.error_from_stream(stream, &status);
    if (full && full->message)
        return tell(instance, status, full, NULL, err);
    memcpy(text, err->text, sizeof text);
    if (strncmp(words, prefix, sizeof prefix - 1) == 0)
        words += sizeof prefix - 1;
    else if (strncmp(words, of_schema, sizeof of_schema - 1) == 0)
        words += sizeof of_schema - 1;
    status = status_of_errno(err->engine_code);
    error.message = text + (words - text);
    return tell(instance, status, &error, NULL, err);
}

/* ---- places ---- */

/* `near "X"`, where all three databases we know put the word they stumbled over. */
static bool find_word(const char *text, const char **word, size_t *size)
{
    static const char near[] = "near \"";
    const char *at = strstr(text, near), *end;

    if (!at)
        return false;
    *word = at + sizeof near - 1;
    end = strchr(*word, '"');
    *size = end ? (size_t)(end - *word) : 0;
    return *size > 0;
}

void adbc_error_place(const struct adbc_instance *instance, const char *sql, size_t size,
                      stoa_error *err)
{
    struct stoa__sql_token token;
    const char *word = NULL;
    size_t word_size = 0;
    int64_t place = -1;
    stoa__sql scan;

    if (!err || err->code != STOA_ERR_SYNTAX || err->position >= 0)
        return;
    if (!find_word(err->text, &word, &word_size)) {
        /* It ended too early. */
        if (strstr(err->text, "end of input") || strstr(err->text, "incomplete input"))
            stoa__error_position(err, (int64_t)size);
        return;
    }
    stoa__sql_init(&scan, sql, size, instance->quirk ? instance->quirk->dialect : 0);
    for (stoa__sql_next_solid(&scan, &token); token.kind != STOA__SQL_END;
         stoa__sql_next_solid(&scan, &token)) {
        if (token.size != word_size || memcmp(token.text, word, word_size) != 0)
            continue;
        if (place >= 0)
            return; /* There are several: none is known to be it. */
        place = token.text - sql;
    }
    stoa__error_position(err, place);
}
