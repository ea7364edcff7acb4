/* SPDX-License-Identifier: Apache-2.0 */
/* A statement edited in place, over as many lines as it has. */
#ifndef STOA_CLI_EDITOR_H
#define STOA_CLI_EDITOR_H

#include "history.h"
#include "terminal.h"
#include "text.h"

/* Words that could stand before the cursor, and where the word they replace begins. */
struct candidates {
    char **words;
    size_t count, start;
};

/*
 * What the editor asks of the prompt.
 *
 *   complete      Enter ends the statement; else it begins another line of it.
 *   candidates    For Tab. The words are the editor's to free.
 */
struct editor {
    struct terminal terminal;
    struct history history;
    const char *prompt, *more; /* Before the first line and the others; equally wide. */
    int color;
    int (*complete)(const char *text);
    void (*candidates)(void *user_data, const char *text, size_t cursor, struct candidates *out);
    void *user_data;

    struct text text;   /* What is being edited. */
    size_t cursor;      /* In bytes. */
    struct text killed; /* For Ctrl-Y. */
    size_t past;        /* The entry of the history shown; its count when none. */
    char *kept;         /* What was typed before the history was looked at. */
    int pasting;
    int drawn_row; /* The cursor's row when it was drawn last, from the prompt's. */
};

/* How a line ended. */
enum { EDITOR_DONE, EDITOR_CLEARED, EDITOR_CLOSED };

/* Edits until Enter, Ctrl-C or Ctrl-D; the text is in editor->text. */
int editor_read(struct editor *editor);
void editor_release(struct editor *editor);

/* editor_plain.c: on a terminal that cannot move its cursor, lines as it gives them. */
int editor_read_plain(struct editor *editor);

/* editor_draw.c */
void editor_draw(struct editor *editor);
/* The cursor goes below the text. */
void editor_leave(struct editor *editor);
/* A list of words below the text, in columns. */
void editor_list(struct editor *editor, const struct candidates *candidates);
/* In place of the text while the history is searched. */
void editor_draw_search(struct editor *editor, const char *wanted, const char *found);

#endif
