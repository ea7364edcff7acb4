/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets and settings from any text. The first byte chooses: a target, the part behind a '?', or
 * lines of "key=value" as an array. What is accepted must hold its promises: texts without NUL,
 * no key twice, values within their bounds, and a second reading that agrees with the first.
 */
#include "base/limits.h"
#include "base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_COUNT_MAX = 300, CHOICE_COUNT = 3 };

#define EXPECT(condition) expect((condition), __LINE__, #condition)

struct target {
    bool sync;
    int64_t rows, cache, timeout;
    const char *name, *password;
    int32_t journal;
};

#define FIELD(member) offsetof(struct target, member)

static const struct stoa__setting table[] = {
    {"sync", STOA__SETTING_BOOL, FIELD(sync), 0, 0, NULL, false},
    {"rows", STOA__SETTING_INT, FIELD(rows), -10, 1000, NULL, false},
    {"cache", STOA__SETTING_SIZE, FIELD(cache), 0, INT64_C(1) << 40, NULL, false},
    {"timeout", STOA__SETTING_DURATION, FIELD(timeout), 0, 0, NULL, false},
    {"name", STOA__SETTING_TEXT, FIELD(name), 0, 0, NULL, false},
    {"password", STOA__SETTING_TEXT, FIELD(password), 0, 0, NULL, true},
    {"journal", STOA__SETTING_CHOICE, FIELD(journal), 0, 0, "wal|delete|memory", false},
};
static const size_t table_count = sizeof table / sizeof table[0];

static void expect(bool holds, int line, const char *what)
{
    if (holds)
        return;
    printf("# tests/fuzz/settings_fuzz.c:%d: %s does not hold\n", line, what);
    fflush(stdout);
    abort();
}

static void expect_failure(stoa_status rc, const stoa_error *err)
{
    EXPECT(rc == STOA_ERR_INVALID && err->code == rc);
    EXPECT(err->text_size > 0 && err->text_size < STOA_ERROR_TEXT_SIZE);
    EXPECT(strlen(err->text) == (size_t)err->text_size);
}

static void expect_pairs(const stoa__settings *settings)
{
    EXPECT(settings->count <= STOA__OPTION_COUNT_MAX);
    for (size_t i = 0; i < settings->count; i++) {
        EXPECT(settings->entries[i].key[0] != '\0');
        for (size_t before = 0; before < i; before++)
            EXPECT(strcmp(settings->entries[before].key, settings->entries[i].key) != 0);
    }
}

static void expect_values(const struct target *target)
{
    EXPECT(target->rows >= -10 && target->rows <= 1000);
    EXPECT(target->cache >= 0 && target->cache <= INT64_C(1) << 40);
    EXPECT(target->timeout >= -1);
    EXPECT(target->journal >= 0 && target->journal < CHOICE_COUNT);
}

static void read_twice(stoa__settings *settings)
{
    struct target first = {.timeout = -1}, second = {.timeout = -1};
    stoa_error err;
    stoa_status rc =
        stoa__settings_read(settings, "fuzz", table, table_count, &first, &err);

    expect_pairs(settings);
    if (rc != STOA_OK)
        expect_failure(rc, &err);
    else
        expect_values(&first);
    EXPECT(stoa__settings_read(settings, "fuzz", table, table_count, &second, &err) ==
           rc);
    EXPECT(first.rows == second.rows && first.cache == second.cache &&
           first.timeout == second.timeout && first.journal == second.journal &&
           first.name == second.name && first.password == second.password);
    rc = stoa__settings_finish(settings, "fuzz", &err);
    if (rc != STOA_OK)
        expect_failure(rc, &err);
}

static void try_target(const char *text, size_t size)
{
    stoa__settings settings = {0};
    struct stoa__target target;
    stoa_error err;
    stoa_status rc = stoa__target_parse(text, size, &settings, &target, &err);

    if (rc != STOA_OK) {
        expect_failure(rc, &err);
        EXPECT(!target.engine && !target.rest && settings.count == 0);
    } else {
        EXPECT(target.engine[0] != '\0' && strlen(target.rest) <= size);
        read_twice(&settings);
    }
    stoa__settings_release(&settings);
}

static void try_query(const char *text, size_t size)
{
    stoa__settings settings = {0};
    stoa_error err;
    stoa_status rc = stoa__settings_add_query(&settings, text, size, &err);

    if (rc != STOA_OK) {
        expect_failure(rc, &err);
        EXPECT(settings.count == 0);
    }
    read_twice(&settings);
    stoa__settings_release(&settings);
}

/* Cut `text` into lines and each at its first '='. */
static int64_t cut_lines(char *text, stoa_option *options)
{
    int64_t count = 0;

    while (*text && count < LINE_COUNT_MAX) {
        char *end = text + strcspn(text, "\n"), *next = *end ? end + 1 : end;
        char *equals = memchr(text, '=', (size_t)(end - text));

        *end = '\0';
        if (equals)
            *equals = '\0';
        options[count].key = text;
        options[count].value = equals ? equals + 1 : NULL;
        count++;
        text = next;
    }
    return count;
}

static void try_array(const char *bytes, size_t size)
{
    static stoa_option options[LINE_COUNT_MAX];
    stoa__settings settings = {0};
    char *text = strndup(bytes, size);
    stoa_error err;
    stoa_status rc;

    EXPECT(text != NULL);
    EXPECT(stoa__settings_add_pair(&settings, "rows", "7", NULL) == STOA_OK);
    rc = stoa__settings_add(&settings, options, cut_lines(text, options), &err);
    free(text);
    if (rc != STOA_OK) {
        expect_failure(rc, &err);
        EXPECT(settings.count == 1);
    }
    read_twice(&settings);
    stoa__settings_release(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;

    if (size == 0)
        return 0;
    if (data[0] == '?')
        try_query(text, size - 1);
    else if (data[0] == '=')
        try_array(text, size - 1);
    else
        try_target(text, size - 1);
    return 0;
}
