/* SPDX-License-Identifier: Apache-2.0 */
#include "editor.h"

#include "text_width.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONTROL = 'A' - 1, BACKSPACE = 127 };

/* ---- moving ---- */

/* Over one character and what combines with it. */
static size_t left_of(const struct text *text, size_t at)
{
    size_t size;
    while (at > 0) {
        at--;
        while (at > 0 && (text->data[at] & 0xc0) == 0x80)
            at--;
        if (character_width(utf8_character(text->data + at, text->size - at, &size)) > 0)
            break;
    }
    return at;
}

static size_t right_of(const struct text *text, size_t at)
{
    size_t size;
    if (at < text->size) {
        utf8_character(text->data + at, text->size - at, &size);
        at += size;
    }
    while (at < text->size &&
           character_width(utf8_character(text->data + at, text->size - at, &size)) == 0)
        at += size;
    return at;
}

static int in_word(const struct text *text, size_t at)
{
    char byte = text->data[at];
    return (byte & 0x80) || byte == '_' || (byte >= '0' && byte <= '9') ||
           ((byte | 32) >= 'a' && (byte | 32) <= 'z');
}

static size_t word_left(const struct text *text, size_t at)
{
    while (at > 0 && !in_word(text, at - 1))
        at--;
    while (at > 0 && in_word(text, at - 1))
        at--;
    return at;
}

static size_t word_right(const struct text *text, size_t at)
{
    while (at < text->size && !in_word(text, at))
        at++;
    while (at < text->size && in_word(text, at))
        at++;
    return at;
}

static size_t line_start(const struct text *text, size_t at)
{
    while (at > 0 && text->data[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_stop(const struct text *text, size_t at)
{
    while (at < text->size && text->data[at] != '\n')
        at++;
    return at;
}

/* ---- changing ---- */

static void insert(struct editor *editor, const char *bytes, size_t size)
{
    struct text *text = &editor->text;
    size_t behind = text->size - editor->cursor;

    text_add(text, bytes, size); /* For the room. */
    memmove(text->data + editor->cursor + size, text->data + editor->cursor, behind);
    memcpy(text->data + editor->cursor, bytes, size);
    editor->cursor += size;
}

static void erase(struct editor *editor, size_t from, size_t to)
{
    struct text *text = &editor->text;
    if (from >= to)
        return;
    memmove(text->data + from, text->data + to, text->size - to + 1);
    text->size -= to - from;
    editor->cursor = from;
}

static void kill_text(struct editor *editor, size_t from, size_t to)
{
    if (from >= to)
        return;
    text_clear(&editor->killed);
    text_add(&editor->killed, editor->text.data + from, to - from);
    erase(editor, from, to);
}

static void replace(struct editor *editor, const char *string)
{
    char *copy = cli_string(string); /* It may be the text itself. */
    text_clear(&editor->text);
    text_put(&editor->text, copy);
    editor->cursor = editor->text.size;
    free(copy);
}

/* ---- history ---- */

static void show_past(struct editor *editor, size_t entry)
{
    struct history *history = &editor->history;
    if (editor->past == history->count) {
        free(editor->kept);
        editor->kept = cli_string(text_string(&editor->text));
    }
    editor->past = entry;
    replace(editor, entry == history->count ? editor->kept : history->entries[entry]);
}

/* Up and down move inside a text of several lines first. */
static void up(struct editor *editor)
{
    struct text *text = &editor->text;
    size_t start = line_start(text, editor->cursor);
    if (start > 0) {
        size_t above = line_start(text, start - 1), column = editor->cursor - start;
        editor->cursor = above + column < start - 1 ? above + column : start - 1;
        while (editor->cursor > above && (text->data[editor->cursor] & 0xc0) == 0x80)
            editor->cursor--;
    } else if (editor->past > 0) {
        show_past(editor, editor->past - 1);
    }
}

static void down(struct editor *editor)
{
    struct text *text = &editor->text;
    size_t stop = line_stop(text, editor->cursor);
    if (stop < text->size) {
        size_t column = editor->cursor - line_start(text, editor->cursor);
        size_t end = line_stop(text, stop + 1);
        editor->cursor = stop + 1 + column < end ? stop + 1 + column : end;
        while (editor->cursor < text->size && (text->data[editor->cursor] & 0xc0) == 0x80)
            editor->cursor--;
    } else if (editor->past < editor->history.count) {
        show_past(editor, editor->past + 1);
    }
}

/* Ctrl-R: what is typed is looked for in older and older entries; any other key takes the one that
 * was found and does what it does, Ctrl-C and Ctrl-G take none. */
static struct key search(struct editor *editor)
{
    struct history *history = &editor->history;
    struct text wanted = {0};
    long long found = -1;
    struct key key;

    for (;;) {
        editor_draw_search(editor, text_string(&wanted), found < 0 ? "" : history->entries[found]);
        key = terminal_key(&editor->terminal);
        size_t before = found < 0 ? history->count : (size_t)found + 1;
        if (key.code == KEY_TEXT) {
            text_add(&wanted, key.bytes, key.size);
        } else if ((key.code == BACKSPACE || key.code == 'H' - CONTROL) && wanted.size > 0) {
            wanted.size = left_of(&wanted, wanted.size);
            wanted.data[wanted.size] = '\0';
            before = history->count;
        } else if (key.code == 'R' - CONTROL) {
            before = found < 0 ? history->count : (size_t)found;
        } else if (key.code != KEY_NONE) {
            break;
        }
        long long older = history_find(history, before, text_string(&wanted));
        found = older >= 0 ? older : found;
    }
    text_release(&wanted);
    if (key.code == 'C' - CONTROL || key.code == 'G' - CONTROL)
        return (struct key){.code = KEY_NONE};
    if (found >= 0)
        show_past(editor, (size_t)found);
    return key;
}

/* ---- completion ---- */

static size_t common_start(const struct candidates *candidates)
{
    size_t size = strlen(candidates->words[0]);
    for (size_t i = 1; i < candidates->count; i++) {
        size_t same = 0;
        while (same < size && candidates->words[i][same] == candidates->words[0][same])
            same++;
        size = same;
    }
    return size;
}

static void complete(struct editor *editor)
{
    struct candidates candidates = {0};

    editor->candidates(editor->user_data, text_string(&editor->text), editor->cursor, &candidates);
    if (candidates.count > 0) {
        size_t typed = editor->cursor - candidates.start, same = common_start(&candidates);
        if (same > 0 && same >= typed && (same > typed || candidates.count == 1)) {
            erase(editor, candidates.start, editor->cursor);
            insert(editor, candidates.words[0], same);
            if (candidates.count == 1 && editor->text.data[editor->cursor - 1] != '/')
                insert(editor, " ", 1);
        } else if (candidates.count > 1) {
            editor_list(editor, &candidates);
        }
    }
    for (size_t i = 0; i < candidates.count; i++)
        free(candidates.words[i]);
    free(candidates.words);
}

/* ---- keys ---- */

/* Ctrl-Z: back to the shell that started this one, until it is continued. */
static void suspend(struct editor *editor)
{
    size_t cursor = editor->cursor;

    editor_leave(editor);
    terminal_restore(&editor->terminal);
    raise(SIGTSTP);
    (void)terminal_raw(&editor->terminal);
    editor->cursor = cursor;
}

static void control_key(struct editor *editor, int letter)
{
    struct text *text = &editor->text;
    size_t cursor = editor->cursor;

    switch (letter) {
    case 'A':
        editor->cursor = line_start(text, cursor);
        break;
    case 'B':
        editor->cursor = left_of(text, cursor);
        break;
    case 'E':
        editor->cursor = line_stop(text, cursor);
        break;
    case 'F':
        editor->cursor = right_of(text, cursor);
        break;
    case 'H':
        erase(editor, left_of(text, cursor), cursor);
        break;
    case 'I':
        complete(editor);
        break;
    case 'K':
        kill_text(editor, cursor, line_stop(text, cursor));
        break;
    case 'L':
        (void)!write(STDOUT_FILENO, "\x1b[H\x1b[2J", 7);
        editor->drawn_row = 0;
        break;
    case 'N':
        down(editor);
        break;
    case 'P':
        up(editor);
        break;
    case 'U':
        kill_text(editor, line_start(text, cursor), cursor);
        break;
    case 'W':
        kill_text(editor, word_left(text, cursor), cursor);
        break;
    case 'Y':
        insert(editor, text_string(&editor->killed), editor->killed.size);
        break;
    case 'Z':
        suspend(editor);
        break;
    default:
        break;
    }
}

static void special_key(struct editor *editor, int code)
{
    struct text *text = &editor->text;
    size_t cursor = editor->cursor;

    switch (code) {
    case KEY_LEFT:
        editor->cursor = left_of(text, cursor);
        break;
    case KEY_RIGHT:
        editor->cursor = right_of(text, cursor);
        break;
    case KEY_UP:
        up(editor);
        break;
    case KEY_DOWN:
        down(editor);
        break;
    case KEY_HOME:
        editor->cursor = line_start(text, cursor);
        break;
    case KEY_END:
        editor->cursor = line_stop(text, cursor);
        break;
    case KEY_DELETE:
        erase(editor, cursor, right_of(text, cursor));
        break;
    case KEY_WORD_LEFT:
        editor->cursor = word_left(text, cursor);
        break;
    case KEY_WORD_RIGHT:
        editor->cursor = word_right(text, cursor);
        break;
    case KEY_KILL_WORD:
        kill_text(editor, cursor, word_right(text, cursor));
        break;
    case KEY_KILL_WORD_BACK:
        kill_text(editor, word_left(text, cursor), cursor);
        break;
    default:
        editor->pasting = code == KEY_PASTE_BEGIN || (editor->pasting && code != KEY_PASTE_END);
        break;
    }
}

/* EDITOR_* when the key ends the line, else -1. */
static int take_key(struct editor *editor, struct key key)
{
    if (key.code == '\r' || key.code == '\n') {
        if (!editor->pasting && editor->complete(text_string(&editor->text)))
            return EDITOR_DONE;
        insert(editor, "\n", 1);
    } else if (key.code == KEY_END_OF_INPUT) {
        return EDITOR_CLOSED;
    } else if (key.code == 'C' - CONTROL) {
        return EDITOR_CLEARED;
    } else if (key.code == 'D' - CONTROL) {
        if (editor->text.size == 0)
            return EDITOR_CLOSED;
        erase(editor, editor->cursor, right_of(&editor->text, editor->cursor));
    } else if (key.code == KEY_TEXT) {
        insert(editor, key.bytes, key.size);
    } else if (key.code == BACKSPACE) {
        erase(editor, left_of(&editor->text, editor->cursor), editor->cursor);
    } else if (key.code == '\t' && editor->pasting) {
        insert(editor, "\t", 1);
    } else if (key.code > 0) {
        control_key(editor, key.code + CONTROL);
    } else {
        special_key(editor, key.code);
    }
    return -1;
}

int editor_read(struct editor *editor)
{
    int end = -1;

    text_clear(&editor->text);
    editor->cursor = 0;
    editor->drawn_row = 0;
    editor->pasting = 0;
    editor->past = editor->history.count;
    if (!terminal_raw(&editor->terminal))
        return EDITOR_CLOSED;
    while (end < 0) {
        if (editor->terminal.at == editor->terminal.end) /* Not between the keys of a paste. */
            editor_draw(editor);
        struct key key = terminal_key(&editor->terminal);
        if (key.code == 'R' - CONTROL)
            key = search(editor);
        end = take_key(editor, key);
    }
    editor_leave(editor);
    terminal_restore(&editor->terminal);
    return end;
}

void editor_release(struct editor *editor)
{
    history_release(&editor->history);
    text_release(&editor->text);
    text_release(&editor->killed);
    free(editor->kept);
}
