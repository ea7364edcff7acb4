/* SPDX-License-Identifier: Apache-2.0 */
#include "editor.h"
#include "highlight.h"
#include "print.h"
#include "text_width.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A place on the screen, from the prompt's first column; how wide the screen is; and the style of
 * what was put there last. */
struct place {
    int row, column, width;
    enum style style;
};

static void send(const struct text *text)
{
    size_t sent = 0;
    while (sent < text->size) {
        ssize_t done = write(STDOUT_FILENO, text->data + sent, text->size - sent);
        if (done <= 0)
            return;
        sent += (size_t)done;
    }
}

static void next_row(struct text *out, struct place *place)
{
    text_put(out, "\r\n");
    place->row++;
    place->column = 0;
}

static void put_style(struct text *out, struct place *place, enum style style)
{
    if (place->style != style)
        text_put(out, style_escape(style));
    place->style = style;
}

/* Lines are broken here rather than by the terminal, so that both agree where the cursor is. */
static void put(struct text *out, struct place *place, const char *bytes, size_t size,
                const unsigned char *styles)
{
    for (size_t at = 0, used; at < size; at += used) {
        uint32_t character = utf8_character(bytes + at, size - at, &used);
        int width = character_width(character);
        if (place->column + width > place->width)
            next_row(out, place);
        if (styles)
            put_style(out, place, (enum style)styles[at]);
        if (character < 0x20 || character == 0x7f)
            text_char(out, ' ');
        else
            text_add(out, bytes + at, used);
        place->column += width;
    }
}

static void put_prompt(const struct editor *editor, struct text *out, struct place *place,
                       const char *prompt)
{
    if (editor->color)
        put_style(out, place, STYLE_COMMAND);
    put(out, place, prompt, strlen(prompt), NULL);
    put_style(out, place, STYLE_PLAIN);
}

/* To the prompt's first column, with nothing below. */
static void put_back(const struct editor *editor, struct text *out)
{
    if (editor->drawn_row > 0)
        text_format(out, "\x1b[%dA", editor->drawn_row);
    text_put(out, "\r\x1b[J");
}

static void put_cursor(struct text *out, const struct place *end, const struct place *cursor)
{
    if (end->row > cursor->row)
        text_format(out, "\x1b[%dA", end->row - cursor->row);
    text_char(out, '\r');
    if (cursor->column > 0)
        text_format(out, "\x1b[%dC", cursor->column);
}

static struct place screen(void)
{
    struct place place = {0};
    int height;
    terminal_size(stdout, &height, &place.width);
    return place;
}

/* The style of each byte; NULL without colours. The caller's to free. */
static unsigned char *find_styles(const struct editor *editor)
{
    unsigned char *styles = NULL;
    if (editor->color && editor->text.size > 0) {
        styles = cli_new(editor->text.size, 1);
        highlight(editor->text.data, editor->text.size, styles);
    }
    return styles;
}

void editor_draw(struct editor *editor)
{
    const char *text = text_string(&editor->text);
    unsigned char *styles = find_styles(editor);
    struct place place = screen(), cursor;
    struct text out = {0};
    size_t at = 0;

    put_back(editor, &out);
    put_prompt(editor, &out, &place, editor->prompt);
    cursor = place;
    for (;;) {
        size_t size = strcspn(text + at, "\n"), before = size;
        int here = editor->cursor >= at && editor->cursor <= at + size;
        if (here)
            before = editor->cursor - at;
        put(&out, &place, text + at, before, styles ? styles + at : NULL);
        if (here) {
            if (place.column == place.width)
                next_row(&out, &place);
            cursor = place;
            put(&out, &place, text + at + before, size - before,
                styles ? styles + at + before : NULL);
        }
        put_style(&out, &place, STYLE_PLAIN);
        if (!text[at + size])
            break;
        at += size + 1;
        next_row(&out, &place);
        put_prompt(editor, &out, &place, editor->more);
    }
    put_cursor(&out, &place, &cursor);
    editor->drawn_row = cursor.row;
    send(&out);
    text_release(&out);
    free(styles);
}

void editor_leave(struct editor *editor)
{
    struct text out = {0};

    editor->cursor = editor->text.size;
    editor_draw(editor);
    text_put(&out, "\r\n");
    send(&out);
    text_release(&out);
    editor->drawn_row = 0;
}

void editor_list(struct editor *editor, const struct candidates *candidates)
{
    enum { ROWS_MAX = 20 };
    int widest = 0, column = 0, rows = 0, width = screen().width;
    struct text out = {0};
    size_t before = editor->cursor;

    editor_leave(editor);
    editor->cursor = before;
    for (size_t i = 0; i < candidates->count; i++) {
        int wanted = text_width(candidates->words[i], strlen(candidates->words[i])) + 2;
        widest = wanted > widest ? wanted : widest;
    }
    for (size_t i = 0; i < candidates->count && rows < ROWS_MAX; i++) {
        const char *word = candidates->words[i];
        if (column > 0 && column + widest > width) {
            text_put(&out, "\r\n");
            column = 0;
            if (++rows == ROWS_MAX)
                text_format(&out, "... %zu in all", candidates->count);
        }
        if (rows < ROWS_MAX)
            text_format(&out, "%s%*s", word, widest - text_width(word, strlen(word)), "");
        column += widest;
    }
    text_put(&out, "\r\n");
    send(&out);
    text_release(&out);
    editor_draw(editor);
}

void editor_draw_search(struct editor *editor, const char *wanted, const char *found)
{
    struct place place = screen();
    struct text out = {0}, label = {0};

    put_back(editor, &out);
    text_format(&label, "search '%s': ", wanted);
    put_prompt(editor, &out, &place, text_string(&label));
    put(&out, &place, found, strlen(found), NULL);
    editor->drawn_row = place.row;
    send(&out);
    text_release(&label);
    text_release(&out);
}
