/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as SQL, in any dialect: tokens cover the text, statements lie in it one
 * behind the other, and a translation means the same as what it was made from. The first
 * byte is the dialect, the rest the text.
 */
#include "text/sql_params.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void tokens_cover_the_text(const char *text, size_t size, uint32_t dialect)
{
    struct stoa__sql_token token;
    size_t covered = 0;
    stoa__sql sql;

    stoa__sql_init(&sql, text, size, dialect);
    for (stoa__sql_next(&sql, &token); token.kind != STOA__SQL_END;
         stoa__sql_next(&sql, &token)) {
        expect(token.text == text + covered && token.size > 0);
        covered += token.size;
        expect(!token.open || covered == size);
    }
    expect(covered == size);
}

static void statements_lie_in_order(const char *text, size_t size, uint32_t dialect)
{
    struct stoa__sql_statement statement;
    const char *end = text;
    stoa__sql sql;

    stoa__sql_init(&sql, text, size, dialect);
    while (stoa__sql_split(&sql, &statement)) {
        expect(statement.text >= end && statement.text + statement.size <= text + size);
        expect(!statement.complete || !statement.open);
        expect(!statement.word || statement.word == statement.text);
        end = statement.text + statement.size;
    }
}

static void places_are_the_same(const stoa__sql_params *a, const stoa__sql_params *b)
{
    expect(a->place_count == b->place_count && a->count == b->count);
    for (int32_t i = 0; i < a->place_count; i++)
        expect(a->places[i] == b->places[i] && a->places[i] >= 1 &&
               a->places[i] <= a->count);
}

static void names_are_found(const stoa__sql_params *params, size_t size)
{
    for (int32_t i = 0; i < params->count; i++) {
        const struct stoa__sql_param *item = &params->items[i];

        expect(!item->name ||
               stoa__sql_params_find(params, item->name, item->name_size) == i + 1);
        expect(item->position < (int64_t)size);
    }
}

static void translations_keep_the_parameters(const char *text, size_t size,
                                             uint32_t dialect)
{
    /* What stands before a sign matters to these, and a translation changes that. */
    const uint32_t sensitive =
        STOA__SQL_DOLLAR_QUOTES | STOA__SQL_SIGN_OPERATORS | STOA__SQL_COLON_OPERATORS;
    stoa__buffer numbered = {0}, plain = {0};
    stoa__sql_params params, again;

    if (stoa__sql_translate(text, size, dialect, STOA__SQL_STYLE_NUMBER, &numbered,
                            &params, NULL) == STOA_OK) {
        names_are_found(&params, size);
        expect(stoa__sql_translate(text, size, dialect, STOA__SQL_STYLE_QUESTION, &plain,
                                   &again, NULL) == STOA_OK);
        places_are_the_same(&params, &again);
        stoa__sql_params_release(&again);
        if ((dialect & sensitive) == 0) {
            expect(stoa__sql_translate((const char *)numbered.data, numbered.size, dialect,
                                       STOA__SQL_STYLE_QUESTION, &plain, &again,
                                       NULL) == STOA_OK);
            places_are_the_same(&params, &again);
            stoa__sql_params_release(&again);
        }
        stoa__sql_params_release(&params);
    }
    stoa__buffer_release(&numbered);
    stoa__buffer_release(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;

    if (size == 0)
        return 0;
    tokens_cover_the_text(text, size - 1, data[0] & 63);
    statements_lie_in_order(text, size - 1, data[0] & 63);
    translations_keep_the_parameters(text, size - 1, data[0] & 63);
    return 0;
}
