/* SPDX-License-Identifier: Apache-2.0 */
/* The file has an entry a line; a newline and a backslash inside one are written \n and \\. */
#include "history.h"

#include "text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES_MAX = 2000 };

int history_secret(const char *entry)
{
    static const char *const words[] = {"password", "passwd", "secret",        "token",
                                        "api_key",  "apikey", "identified by", "pragma key",
                                        "pwd=",     "credential"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(entry, words[i]))
            return 1;
    /* scheme://user:password@host */
    const char *rest = strstr(entry, "://");
    if (!rest)
        return 0;
    size_t host = strcspn(rest + 3, "@ /'\"");
    return rest[3 + host] == '@';
}

static void remember(struct history *history, char *entry)
{
    history->entries =
        cli_grow(history->entries, history->count + 1, sizeof *history->entries);
    history->entries[history->count++] = entry;
}

static void unescape(char *line)
{
    char *to = line;
    for (const char *from = line; *from; from++) {
        if (*from == '\\' && (from[1] == 'n' || from[1] == '\\')) {
            from++;
            *to++ = *from == 'n' ? '\n' : '\\';
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static void put_entry(FILE *file, const char *entry)
{
    for (; *entry; entry++) {
        if (*entry == '\n')
            fputs("\\n", file);
        else if (*entry == '\\')
            fputs("\\\\", file);
        else
            fputc(*entry, file);
    }
    fputc('\n', file);
}

/* $XDG_STATE_HOME/stoa/history, its folders made, but not the home; NULL when there is no home. */
static char *find_path(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    struct text path = {0};
    size_t made_after = 0;

    if (state && *state == '/') {
        text_put(&path, state);
    } else if (home && *home) {
        text_format(&path, "%s/.local/state", home);
        made_after = strlen(home);
    } else {
        return NULL;
    }
    text_put(&path, "/stoa/");
    for (size_t i = made_after + 1; i < path.size; i++) {
        if (path.data[i] != '/')
            continue;
        path.data[i] = '\0';
        mkdir(path.data, 0700);
        path.data[i] = '/';
    }
    text_put(&path, "history");
    return path.data;
}

static FILE *open_private(const char *path, int flags, const char *mode)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return NULL;
    if (fchmod(fd, 0600) != 0) {
        close(fd);
        return NULL;
    }
    FILE *file = fdopen(fd, mode);
    if (!file)
        close(fd);
    return file;
}

/* A file that has grown too long is written anew with its youngest entries. */
static void shorten(struct history *history)
{
    size_t over = history->count - ENTRIES_MAX;
    struct text path = {0};
    int complete = 0;

    for (size_t i = 0; i < over; i++)
        free(history->entries[i]);
    memmove(history->entries, history->entries + over, ENTRIES_MAX * sizeof *history->entries);
    history->count = ENTRIES_MAX;
    text_format(&path, "%s.new", history->path);
    FILE *file = open_private(text_string(&path), O_WRONLY | O_CREAT | O_TRUNC, "w");
    if (file) {
        for (size_t i = 0; i < history->count; i++)
            put_entry(file, history->entries[i]);
        complete = fclose(file) == 0;
    }
    if (complete)
        (void)rename(text_string(&path), history->path);
    text_release(&path);
}

void history_open(struct history *history)
{
    char *line = NULL;
    size_t capacity = 0;

    *history = (struct history){.path = find_path()};
    FILE *file = history->path ? fopen(history->path, "r") : NULL;
    while (file && getline(&line, &capacity, file) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        unescape(line);
        if (*line)
            remember(history, cli_string(line));
    }
    free(line);
    if (file)
        fclose(file);
    if (history->count > (size_t)ENTRIES_MAX * 2)
        shorten(history);
}

void history_release(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->entries[i]);
    free(history->entries);
    free(history->path);
    *history = (struct history){0};
}

void history_add(struct history *history, const char *entry)
{
    if (!*entry || history_secret(entry))
        return;
    if (history->count > 0 && strcmp(history->entries[history->count - 1], entry) == 0)
        return;
    remember(history, cli_string(entry));
    if (*entry == ' ' || !history->path)
        return;
    FILE *file = open_private(history->path, O_WRONLY | O_CREAT | O_APPEND, "a");
    if (file) {
        put_entry(file, entry);
        fclose(file);
    }
}

long long history_find(const struct history *history, size_t before, const char *part)
{
    for (size_t i = before < history->count ? before : history->count; i > 0; i--)
        if (strstr(history->entries[i - 1], part))
            return (long long)i - 1;
    return -1;
}
