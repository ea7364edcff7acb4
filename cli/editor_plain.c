/* SPDX-License-Identifier: Apache-2.0 */
#include "editor.h"
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/* Whether what was typed ends the statement; its last line end is cut off then. */
static int take_line(struct editor *editor, const char *line, size_t size)
{
    struct text *text = &editor->text;

    text_add(text, line, size);
    if (!editor->complete(text->data))
        return 0;
    if (text->data[text->size - 1] == '\n')
        text->data[--text->size] = '\0';
    return 1;
}

int editor_read_plain(struct editor *editor)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;

    text_clear(&editor->text);
    interrupt_clear();
    do {
        fputs(editor->text.size > 0 ? editor->more : editor->prompt, stdout);
        fflush(stdout);
        size = getline(&line, &capacity, stdin);
    } while (size > 0 && !take_line(editor, line, (size_t)size));
    free(line);
    clearerr(stdin);
    return size > 0 ? EDITOR_DONE : interrupt_seen() ? EDITOR_CLEARED : EDITOR_CLOSED;
}
