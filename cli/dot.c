/* SPDX-License-Identifier: Apache-2.0 */
#include "dot.h"

#include "transfer.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the session shows and where ---- */

static stoa_status dot_mode(struct session *session, const struct words *words)
{
    if (words->count == 1) {
        fprintf(session->output.file, "%s\n", mode_name(session->output.mode));
        return STOA_OK;
    }
    int mode = mode_find(words->word[1]);
    if (mode < 0)
        return session_fail(session, STOA_ERR_INVALID, ".mode %s: it is one of %s", words->word[1],
                            MODE_NAMES);
    session->output.mode = (enum mode)mode;
    return STOA_OK;
}

static stoa_status dot_color(struct session *session, const struct words *words)
{
    if (words->count == 1) {
        fprintf(session->output.file, "%s\n", color_name(session->color));
        return STOA_OK;
    }
    int color = color_find(words->word[1]);
    if (color < 0)
        return session_fail(session, STOA_ERR_INVALID, ".color %s: it is one of %s", words->word[1],
                            COLOR_NAMES);
    session->color = (enum color)color;
    session_refresh(session);
    return STOA_OK;
}

static stoa_status dot_pager(struct session *session, const struct words *words)
{
    struct output *output = &session->output;

    if (words->count == 1) {
        fprintf(output->file, "%s\n", output->pager ? output->pager : "off");
        return STOA_OK;
    }
    free(session->pager);
    session->pager = strcmp(words->word[1], "off") == 0 ? NULL : cli_string(words->word[1]);
    output->pager = session->pager;
    return STOA_OK;
}

static stoa_status dot_timer(struct session *session, const struct words *words)
{
    int on = words->count > 1 && strcmp(words->word[1], "on") == 0;
    if (words->count > 1 && !on && strcmp(words->word[1], "off") != 0)
        return session_fail(session, STOA_ERR_INVALID, ".timer %s: it is on or off",
                            words->word[1]);
    session->timer = words->count > 1 ? on : !session->timer;
    return STOA_OK;
}

static stoa_status dot_rows(struct session *session, const struct words *words)
{
    char *end = NULL;
    long long rows = words->count > 1 ? strtoll(words->word[1], &end, 10) : -1;
    if (words->count == 1) {
        fprintf(session->output.file, "%lld\n", (long long)session->output.rows_max);
        return STOA_OK;
    }
    if (*end || rows < 0 || rows == 1)
        return session_fail(session, STOA_ERR_INVALID,
                            ".rows %s: it is a number from 2, or 0 for all", words->word[1]);
    session->output.rows_max = rows;
    return STOA_OK;
}

static stoa_status dot_output(struct session *session, const struct words *words)
{
    return session_output(session, words->count > 1 ? words->word[1] : NULL);
}

int64_t dot_options(struct session *session, const struct words *words, stoa_option *options)
{
    int64_t count = 0;
    for (int i = 2; i < words->count; i++) {
        char *value = strchr(words->word[i], '=');
        if (!value || value == words->word[i]) {
            session_fail(session, STOA_ERR_INVALID, ".%s: '%s' is not KEY=VALUE", words->word[0],
                         words->word[i]);
            return -1;
        }
        *value++ = '\0';
        options[count++] = (stoa_option){words->word[i], value};
    }
    return count;
}

static stoa_status dot_open(struct session *session, const struct words *words)
{
    stoa_option options[DOT_WORDS_MAX];
    int64_t count = dot_options(session, words, options);
    return count < 0 ? STOA_ERR_INVALID
                     : session_open(session, words->word[1], options, count);
}

static stoa_status dot_backup(struct session *session, const struct words *words)
{
    stoa_option options[DOT_WORDS_MAX];
    int64_t count = dot_options(session, words, options);
    int replace = 0;

    for (int64_t i = 0; i < count; i++) {
        replace = strcmp(options[i].value, "yes") == 0;
        if (strcmp(options[i].key, "replace") != 0 ||
            (!replace && strcmp(options[i].value, "no") != 0))
            return session_fail(session, STOA_ERR_INVALID,
                                ".backup: '%s=%s' is not replace=yes or replace=no",
                                options[i].key, options[i].value);
    }
    return count < 0 ? STOA_ERR_INVALID : care_backup(session, words->word[1], replace);
}

static stoa_status dot_read(struct session *session, const struct words *words)
{
    return script_read(session, words->word[1]);
}

static stoa_status dot_quit(struct session *session, const struct words *words)
{
    (void)words;
    session->quit = 1;
    return STOA_OK;
}

static stoa_status dot_parameter(struct session *session, const struct words *words)
{
    const char *verb = words->count > 1 ? words->word[1] : "list";

    if (strcmp(verb, "set") == 0 && words->count == 4) {
        parameter_set(session, words->word[2], words->word[3]);
    } else if (strcmp(verb, "clear") == 0 && words->count == 2) {
        parameter_clear(session);
    } else if (strcmp(verb, "list") == 0) {
        for (size_t i = 0; i < session->parameter_count; i++) {
            const struct parameter *parameter = &session->parameters[i];
            fprintf(session->output.file, ":%s = %s\n", parameter->name,
                    parameter->value ? parameter->value : "NULL");
        }
    } else {
        return session_fail(session, STOA_ERR_INVALID,
                            ".parameter set NAME VALUE, .parameter list or .parameter clear");
    }
    return STOA_OK;
}

/* Words KEY=VALUE at the end are settings; gives how many words are left. */
static int take_settings(const struct words *words, struct transfer *transfer)
{
    int count = words->count;
    while (count > 1 && strchr(words->word[count - 1], '=') &&
           !strpbrk(words->word[count - 1], " /")) {
        char *key = words->word[--count];
        char *value = strchr(key, '=');
        *value++ = '\0';
        if (strcmp(key, "format") == 0)
            transfer->format = value;
        else if (!transfer_setting(transfer, key, value))
            break;
    }
    return count;
}

static stoa_status dot_import(struct session *session, const struct words *words)
{
    struct transfer transfer = {0};
    int count = take_settings(words, &transfer);
    stoa_status rc = STOA_OK;

    if (count < 3)
        return session_fail(session, STOA_ERR_INVALID, ".import FILE... TABLE [KEY=VALUE...]");
    transfer.table = words->word[count - 1];
    for (int i = 1; rc == STOA_OK && i < count - 1; i++) {
        transfer.file = words->word[i];
        rc = transfer_import(session, &transfer);
    }
    return rc;
}

static stoa_status dot_export(struct session *session, const struct words *words)
{
    struct transfer transfer = {.table = words->word[1], .file = words->word[2]};
    if (take_settings(words, &transfer) != 3)
        return session_fail(session, STOA_ERR_INVALID, ".export TABLE|SQL FILE [KEY=VALUE...]");
    return transfer_export(session, &transfer);
}

/* ---- the table of them ---- */

static stoa_status dot_help(struct session *session, const struct words *words);

static const struct command {
    const char *name, *arguments, *help;
    int words_min, words_max; /* The name included. */
    stoa_status (*run)(struct session *session, const struct words *words);
} commands[] = {
    {"attach", "TARGET NAME", "see another database under NAME", 3, 3, dot_attach},
    {"backup", "FILE [replace=yes]", "copy the database while it is used", 2, 3, dot_backup},
    {"checks", "", "look for damage, all of it", 1, 1, dot_checks},
    {"color", "[auto|on|off]", "whether to colour", 1, 2, dot_color},
    {"columns", "FILE [KEY=VALUE...]", "what a file's columns would be, and why", 2, DOT_WORDS_MAX,
     dot_columns},
    {"dump", "[TABLE]", "the SQL that makes it again", 1, 2, dot_dump},
    {"engines", "", "what this build can open", 1, 1, dot_engines},
    {"explain", "SQL", "how a statement would be run", 2, 2, dot_explain},
    {"export", "TABLE|SQL FILE [KEY=VALUE...]", "write rows as CSV, JSON lines or Arrow", 3,
     DOT_WORDS_MAX, dot_export},
    {"functions", "[PATTERN]", "functions SQL can call", 1, 2, dot_functions},
    {"help", "[COMMAND]", "this list", 1, 2, dot_help},
    {"import", "FILE... TABLE [KEY=VALUE...]", "a file into a table, made if missing", 3,
     DOT_WORDS_MAX, dot_import},
    {"indexes", "[TABLE]", "indexes and their columns", 1, 2, dot_indexes},
    {"mode", "[MODE]", "how rows are written: " MODE_NAMES, 1, 2, dot_mode},
    {"open", "TARGET [KEY=VALUE...]", "another database instead of this one", 2, DOT_WORDS_MAX,
     dot_open},
    {"output", "[FILE]", "rows go to FILE; without one here again", 1, 2, dot_output},
    {"pager", "[COMMAND|off]", "what shows long results", 1, 2, dot_pager},
    {"parameter", "set NAME VALUE | list | clear", "values of :name in statements", 1, 4,
     dot_parameter},
    {"quit", "", "the end (so is Ctrl-D)", 1, 1, dot_quit},
    {"read", "FILE", "run the statements of a file", 2, 2, dot_read},
    {"restore", "FILE", "replace everything by a backup", 2, 2, dot_restore},
    {"rows", "[COUNT]", "longer results are cut in the middle; 0: never", 1, 2, dot_rows},
    {"schema", "[TABLE]", "the SQL tables and indexes were made with", 1, 2, dot_schema},
    {"settings", "[KEY VALUE]", "settings in force, or change one", 1, 3, dot_settings},
    {"tables", "[PATTERN]", "tables and views", 1, 2, dot_tables},
    {"timer", "[on|off]", "how long statements take", 1, 2, dot_timer},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

const char *dot_name(size_t nth)
{
    return nth < COMMAND_COUNT ? commands[nth].name : NULL;
}

static stoa_status dot_help(struct session *session, const struct words *words)
{
    const char *wanted = words->word[1] ? words->word[1] : "";
    int found = 0;

    wanted += *wanted == '.';
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char usage[80];
        if (*wanted && strcmp(wanted, commands[i].name) != 0)
            continue;
        snprintf(usage, sizeof usage, ".%s %s", commands[i].name, commands[i].arguments);
        fprintf(session->output.file, "%-38s %s\n", usage, commands[i].help);
        found = 1;
    }
    if (!found)
        return session_fail(session, STOA_ERR_NOT_FOUND, ".help %s: there is no such command",
                            wanted);
    return STOA_OK;
}

/* Exactly, or by a start that only one has. */
static const struct command *find(struct session *session, const char *name)
{
    const struct command *found = NULL;
    size_t size = strlen(name);

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
        if (size == 0 || strncmp(commands[i].name, name, size) != 0)
            continue;
        if (found) {
            session_fail(session, STOA_ERR_INVALID, ".%s: .%s or .%s?", name, found->name,
                         commands[i].name);
            return NULL;
        }
        found = &commands[i];
    }
    if (!found)
        session_fail(session, STOA_ERR_INVALID,
                     ".%s: there is no such command; .help lists those there are", name);
    return found;
}

/* ---- words ---- */

/* Blanks separate; a word in quotes may hold them, and single quotes around a whole word of
 * .parameter say that it is text, so `keep` keeps those. NULL without a closing quote. */
static const char *take_word(const char *at, int keep, char **word)
{
    struct text text = {0};

    for (; *at && *at != ' ' && *at != '\t'; at++) {
        if (*at != '"' && *at != '\'') {
            text_char(&text, *at);
            continue;
        }
        const char *end = strchr(at + 1, *at);
        if (!end) {
            text_release(&text);
            return NULL;
        }
        if (keep && *at == '\'')
            text_add(&text, at, (size_t)(end - at) + 1);
        else
            text_add(&text, at + 1, (size_t)(end - at) - 1);
        at = end;
    }
    *word = cli_string(text_string(&text));
    text_release(&text);
    return at;
}

static stoa_status split(struct session *session, const char *line, struct words *words)
{
    const char *at = line + 1;
    int keep = strncmp(at, "par", 3) == 0;
    int whole = strncmp(at, "expl", 4) == 0; /* What follows is SQL, with quotes of its own. */

    for (at += strspn(at, " \t"); *at; at += strspn(at, " \t")) {
        if (words->count == DOT_WORDS_MAX)
            return session_fail(session, STOA_ERR_INVALID, "%s: too many words", words->word[0]);
        if (words->count == 1 && whole) {
            words->word[words->count++] = cli_string(at);
            break;
        }
        at = take_word(at, keep, &words->word[words->count]);
        if (!at)
            return session_fail(session, STOA_ERR_INVALID, "%s: a quote is not closed", line);
        words->count++;
    }
    if (words->count == 0)
        return session_fail(session, STOA_ERR_INVALID, "a dot alone: .help lists the commands");
    return STOA_OK;
}

stoa_status dot_run(struct session *session, const char *line)
{
    struct words words = {0};
    const struct command *command = NULL;
    stoa_status rc = split(session, line, &words);

    if (rc == STOA_OK) {
        command = words.word[0] ? find(session, words.word[0]) : NULL;
        rc = command ? STOA_OK : STOA_ERR_INVALID;
    }
    if (rc == STOA_OK && (words.count < command->words_min || words.count > command->words_max))
        rc = session_fail(session, STOA_ERR_INVALID, "it is called as .%s %s", command->name,
                          command->arguments);
    if (rc == STOA_OK)
        rc = command->run(session, &words);
    rc = session_flush(session, rc);
    for (int i = 0; i < words.count; i++)
        free(words.word[i]);
    if (rc < 0)
        session_tell(session, NULL);
    return rc < 0 ? rc : STOA_OK;
}
