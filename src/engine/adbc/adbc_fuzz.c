/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and targets from any text. The first byte chooses: 't' a manifest's TOML, 'a' what
 * stands behind "adbc:", anything else what stands behind "postgresql:". What is accepted is text
 * that ends, and what is refused has a sentence.
 */
#include "base/error.h"
#include "engine/adbc/target.h"
#include "engine/adbc/toml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition) expect((condition), __LINE__, #condition)

static void expect(bool holds, int line, const char *what)
{
    if (holds)
        return;
    printf("# src/engine/adbc/adbc_fuzz.c:%d: %s does not hold\n", line, what);
    fflush(stdout);
    abort();
}

/* `also`: UNSUPPORTED of a target alone, which may name a connection profile. */
static void expect_failure(stoa_status rc, stoa_status also, const stoa_error *err)
{
    EXPECT(rc == STOA_ERR_INVALID || rc == STOA_ERR_SYNTAX || rc == also);
    EXPECT(err->code == rc && err->text_size > 0 && err->text_size < STOA_ERROR_TEXT_SIZE);
}

/* ---- TOML ---- */

static stoa_status look_at_value(void *self, const char *key, enum adbc_toml_kind kind,
                                 const char *text, stoa_error *err)
{
    size_t *bytes = self;

    (void)err;
    EXPECT(kind == ADBC_TOML_TEXT || kind == ADBC_TOML_INTEGER || kind == ADBC_TOML_OTHER);
    *bytes += strlen(key) + strlen(text);
    return STOA_OK;
}

static void read_toml(const char *text, size_t size)
{
    stoa_error err = {0};
    size_t bytes = 0;
    stoa_status rc = adbc_toml_read(text, size, look_at_value, &bytes, &err);

    if (rc != STOA_OK)
        expect_failure(rc, STOA_ERR_SYNTAX, &err);
}

/* ---- targets ---- */

static void read_target(const char *engine, const char *text)
{
    stoa__settings settings = {0};
    struct adbc_target target;
    stoa__arena arena = {0};
    stoa_error err = {0};
    stoa_status rc = adbc_target_read(engine, text, &settings, &arena, &target, &err);

    if (rc != STOA_OK)
        expect_failure(rc, STOA_ERR_UNSUPPORTED, &err);
    for (int32_t i = 0; rc == STOA_OK && i < target.option_count; i++)
        EXPECT(target.options[i].key && target.options[i].value);
    for (int32_t i = 0; rc == STOA_OK && i < target.secret_count; i++)
        EXPECT(target.secrets[i][0] != '\0');
    if (rc == STOA_OK)
        EXPECT(target.wish.search.name && target.place);
    stoa__settings_release(&settings);
    stoa__arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0)
        return 0;
    text = malloc(size);
    if (!text)
        abort();
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] == 't')
        read_toml(text, size - 1);
    else
        read_target(data[0] == 'a' ? "adbc" : "postgresql", text);
    free(text);
    return 0;
}
