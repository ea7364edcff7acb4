/* SPDX-License-Identifier: Apache-2.0 */
#include "complete.h"

#include "dot.h"
#include "keywords.h"
#include "statement.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the catalogue ---- */

static void add_name(struct names *names, const char *word, const char *table)
{
    names->words = cli_grow(names->words, names->count + 1, sizeof *names->words);
    names->tables = cli_grow(names->tables, names->count + 1, sizeof *names->tables);
    names->words[names->count] = cli_string(word);
    names->tables[names->count++] = table ? cli_string(table) : NULL;
}

/* `word` and `table` are columns of the listing; no table is -1. What an engine cannot list is left
 * out: completion has no failures. */
static void add_listing(struct names *names, int32_t what, int32_t word, int32_t table)
{
    struct session *session = names->session;
    stoa_op op = session->progress.op;
    stoa_result result = {0};
    stoa_status rc = stoa_catalog(session->conn, op, what, NULL, 0, NULL, 0, &result, NULL);

    while (rc == STOA_OK) {
        struct cell name = {0}, owner = {0};
        rc = stoa_result_step(result, op, NULL);
        if (rc == STOA_OK)
            rc = cell_read(result, word, KIND_TEXT, &name, NULL);
        if (rc == STOA_OK && table >= 0)
            rc = cell_read(result, table, KIND_TEXT, &owner, NULL);
        if (rc == STOA_OK && name.text)
            add_name(names, name.text, owner.text);
    }
    stoa_result_close(result);
}

void names_release(struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->words[i]);
        free(names->tables[i]);
    }
    free(names->words);
    free(names->tables);
    *names = (struct names){.session = names->session};
}

static void read_names(struct names *names)
{
    stoa_error error;

    if (!names->session->changed)
        return;
    names_release(names);
    if (progress_begin(&names->session->progress, NULL, "", &error) == STOA_OK) {
        add_listing(names, STOA_CATALOG_TABLES, 1, -1);
        add_listing(names, STOA_CATALOG_COLUMNS, 2, 1);
        add_listing(names, STOA_CATALOG_FUNCTIONS, 0, -1);
    }
    progress_end(&names->session->progress);
    names->session->changed = 0;
}

/* ---- candidates ---- */

static void offer(struct candidates *out, const char *start, size_t size, const char *word)
{
    if (strncasecmp(word, start, size) != 0)
        return;
    for (size_t i = 0; i < out->count; i++)
        if (strcmp(out->words[i], word) == 0)
            return;
    out->words = cli_grow(out->words, out->count + 1, sizeof *out->words);
    out->words[out->count++] = cli_string(word);
}

/* A keyword is written as the typed part of it is. */
static void offer_keyword(struct candidates *out, const char *start, size_t size,
                          const char *keyword)
{
    char lower[32];
    size_t i = 0;

    if (size == 0 || isupper((unsigned char)start[0])) {
        offer(out, start, size, keyword);
        return;
    }
    for (; keyword[i] && i < sizeof lower - 1; i++)
        lower[i] = (char)tolower((unsigned char)keyword[i]);
    lower[i] = '\0';
    offer(out, start, size, lower);
}

static int compare(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcasecmp(*left, *right);
}

static int takes_files(const char *text)
{
    static const char *const commands[] = {".attach ", ".backup ", ".columns ", ".export ",
                                           ".import ", ".open ",   ".output ",  ".read ",
                                           ".restore "};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strncmp(text, commands[i], strlen(commands[i])) == 0)
            return 1;
    return 0;
}

/* Files whose names begin with the word before the cursor, which ends at a blank. */
static void offer_files(const char *text, size_t cursor, struct candidates *out)
{
    struct text pattern = {0};
    glob_t found;
    size_t start = cursor;

    while (start > 0 && text[start - 1] != ' ')
        start--;
    text_add(&pattern, text + start, cursor - start);
    text_char(&pattern, '*');
    if (glob(text_string(&pattern), GLOB_MARK, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            offer(out, text + start, cursor - start, found.gl_pathv[i]);
        globfree(&found);
    }
    if (out->count > 0)
        out->start = start;
    text_release(&pattern);
}

/* The arguments of dot commands that have a fixed set, and tables for the others. */
static void offer_dot(const struct names *names, const char *text, size_t cursor, const char *start,
                      size_t size, struct candidates *out)
{
    if (out->start == 1) {
        const char *name;
        for (size_t i = 0; (name = dot_name(i)); i++)
            offer(out, start, size, name);
    } else if (cursor > 5 && strncmp(text, ".mode", 5) == 0) {
        for (int i = 0; i < MODE_COUNT; i++)
            offer(out, start, size, mode_name((enum mode)i));
    } else {
        for (size_t i = 0; i < names->count; i++)
            if (!names->tables[i])
                offer(out, start, size, names->words[i]);
    }
}

/* Behind "table." its columns; else everything. */
static void offer_sql(const struct names *names, const char *text, const char *start, size_t size,
                      struct candidates *out)
{
    const char *end = start, *table;

    if (start > text && start[-1] == '.') {
        end = start - 1;
        for (table = end; table > text && statement_in_word(table[-1]); table--)
            continue;
        for (size_t i = 0; i < names->count; i++)
            if (names->tables[i] && strlen(names->tables[i]) == (size_t)(end - table) &&
                strncasecmp(names->tables[i], table, (size_t)(end - table)) == 0)
                offer(out, start, size, names->words[i]);
        if (out->count > 0)
            return;
    }
    for (size_t i = 0; keyword_name(i); i++)
        offer_keyword(out, start, size, keyword_name(i));
    for (size_t i = 0; i < names->count; i++)
        offer(out, start, size, names->words[i]);
}

void names_candidates(void *user_data, const char *text, size_t cursor, struct candidates *out)
{
    struct names *names = user_data;
    size_t start = cursor;

    read_names(names);
    while (start > 0 && statement_in_word(text[start - 1]))
        start--;
    out->start = start;
    if (takes_files(text))
        offer_files(text, cursor, out);
    if (out->count == 0 && text[0] == '.') /* Files come before tables. */
        offer_dot(names, text, cursor, text + start, cursor - start, out);
    else if (out->count == 0)
        offer_sql(names, text, text + start, cursor - start, out);
    if (out->count > 1)
        qsort(out->words, out->count, sizeof *out->words, compare);
}
