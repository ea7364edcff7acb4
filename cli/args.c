/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <stdio.h>
#include <string.h>

static int is_flag(const char *name)
{
    static const char *const flags[] = {"timer", "help",  "no_config", "replace",
                                        "quiet", "quick", "read_only"};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(name, flags[i]) == 0)
            return 1;
    return 0;
}

static int refuse(const char *word)
{
    fprintf(stderr, "stoa: %s: there is no such option; see stoa --help\n", word);
    return 0;
}

/* `word` begins with two dashes; the value is behind '=' or in `next`. */
static int take_option(struct args *args, char *word, char *next, int *used_next)
{
    size_t size = strcspn(word + 2, "=");
    char *name = args->names[args->option_count];

    if (size >= sizeof args->names[0] || size == 0)
        return refuse(word);
    if (args->option_count == ARGS_OPTIONS_MAX) {
        fprintf(stderr, "stoa: %s: more than %d options\n", word, ARGS_OPTIONS_MAX);
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        name[i] = word[2 + i] == '-' ? '_' : word[2 + i];
    name[size] = '\0';
    const char *value = word[2 + size] == '=' ? word + 3 + size : is_flag(name) ? "yes" : next;
    *used_next = value == next && word[2 + size] != '=';
    if (!value) {
        fprintf(stderr, "stoa: %s: it wants a value; see stoa --help\n", word);
        return 0;
    }
    args->options[args->option_count++] = (stoa_option){name, value};
    return 1;
}

int args_parse(struct args *args, char **argv, int argc, int first)
{
    int words_only = 0;

    memset(args, 0, sizeof *args);
    args->words = argv + first;
    for (int i = first; i < argc; i++) {
        int used_next = 0;
        if (!words_only && strcmp(argv[i], "--") == 0) {
            words_only = 1;
        } else if (!words_only && strncmp(argv[i], "--", 2) == 0) {
            if (!take_option(args, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used_next))
                return 0;
            i += used_next;
        } else if (!words_only && strcmp(argv[i], "-h") == 0) {
            static char help[] = "--help";
            if (!take_option(args, help, NULL, &used_next))
                return 0;
        } else if (!words_only && argv[i][0] == '-' && argv[i][1] != '\0') {
            return refuse(argv[i]); /* It would be taken for a file's name. */
        } else {
            args->words[args->count++] = argv[i];
        }
    }
    return 1;
}

const char *args_take(struct args *args, const char *key)
{
    for (int64_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->options[i].key, key) != 0)
            continue;
        const char *value = args->options[i].value;
        args->option_count--;
        for (int64_t j = i; j < args->option_count; j++)
            args->options[j] = args->options[j + 1];
        return value;
    }
    return NULL;
}
