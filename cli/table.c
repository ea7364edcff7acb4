/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Box and markdown: columns in line. Rows are held back to find the widths. On a terminal all that
 * will be shown is held (at most rows_max rows: the first half, and the last half in a ring);
 * elsewhere the first ROWS_HELD settle the widths and later rows keep to them, so that a result of
 * any size takes little memory.
 */
#include "print.h"

#include "pager.h"
#include "text_width.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { ROWS_HELD = 1000, WIDTH_MIN = 8 };

/* A held value: escaped, with its width. */
struct held {
    char *text;
    int width, null;
};

struct table {
    const struct output *output;
    const struct columns *columns;
    FILE *file;
    int *widths;
    struct held *cells; /* `count` rows of columns->count. */
    int64_t count, capacity;
    int64_t head; /* Rows of `cells` from here are a ring; count when nothing was cut. */
    int64_t ring; /* Where the ring's oldest row is, from `head`. */
    int64_t rows; /* All there were. */
    int settled;  /* Widths stay as they are: rows were drawn with them. */
    int folded;   /* Too wide for the terminal even when narrowed: a line a value. */
};

void terminal_size(FILE *file, int *height, int *width)
{
    struct winsize size = {0};
    ioctl(fileno(file), TIOCGWINSZ, &size);
    *height = size.ws_row > 0 ? size.ws_row : 24;
    *width = size.ws_col > 0 ? size.ws_col : 80;
}

/* ---- holding rows ---- */

static struct held *row_of(const struct table *table, int64_t row)
{
    return table->cells + row * table->columns->count;
}

/* In markdown the sign between columns is escaped where it is part of a value. */
static void put_visible(const struct table *table, const char *text, size_t size, struct text *out)
{
    struct text plain = {0};

    cell_visible(&plain, text, size);
    for (const char *at = text_string(&plain); *at; at++) {
        if (*at == '|' && table->output->mode == MODE_MARKDOWN)
            text_char(out, '\\');
        text_char(out, *at);
    }
    text_release(&plain);
}

/* A column's name as it is drawn. */
static int name_width(const struct table *table, int32_t column)
{
    const char *name = table->columns->names[column];
    struct text text = {0};

    put_visible(table, name, strlen(name), &text);
    int width = text_width(text_string(&text), text.size);
    text_release(&text);
    return width;
}

static stoa_status hold_cell(const struct table *table, stoa_result result, int32_t column,
                             struct held *out, stoa_error *err)
{
    struct text text = {0};
    struct cell cell;
    stoa_status rc = cell_read(result, column, table->columns->kinds[column], &cell, err);

    if (rc != STOA_OK)
        return rc;
    if (cell.binary)
        cell_hex(&text, &cell);
    else if (cell.text)
        put_visible(table, cell.text, (size_t)cell.size, &text);
    else
        text_put(&text, "NULL");
    free(out->text);
    out->text = cli_string(text_string(&text));
    out->width = text_width(out->text, text.size);
    out->null = !cell.text;
    text_release(&text);
    if (!table->settled && out->width > table->widths[column])
        table->widths[column] = out->width;
    return STOA_OK;
}

static stoa_status hold_row(struct table *table, stoa_result result, int64_t row, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    if (row >= table->capacity) {
        int64_t capacity = table->capacity ? table->capacity * 2 : 64;
        size_t stride = (size_t)table->columns->count;
        table->cells = cli_grow(table->cells, (size_t)capacity * stride, sizeof *table->cells);
        memset(table->cells + (size_t)table->capacity * stride, 0,
               (size_t)(capacity - table->capacity) * stride * sizeof *table->cells);
        table->capacity = capacity;
    }
    for (int32_t i = 0; rc == STOA_OK && i < table->columns->count; i++)
        rc = hold_cell(table, result, i, row_of(table, row) + i, err);
    return rc;
}

/* Reads everything that will be shown; beyond rows_max the ring's oldest row gives way. */
static stoa_status hold_shown(struct table *table, stoa_result result, stoa_op op, stoa_error *err)
{
    int64_t most = table->output->rows_max;
    stoa_status rc;

    while ((rc = stoa_result_step(result, op, err)) == STOA_OK) {
        if (most > 0 && table->count == most) {
            table->head = most / 2;
            rc = hold_row(table, result, table->head + table->ring, err);
            table->ring = (table->ring + 1) % (most - table->head);
        } else {
            rc = hold_row(table, result, table->count, err);
            table->count += rc == STOA_OK;
        }
        if (rc != STOA_OK)
            break;
        table->rows++;
    }
    if (table->rows == table->count)
        table->head = table->count;
    return rc;
}

/* ---- drawing ---- */

static void repeat(FILE *file, const char *piece, int count)
{
    for (; count > 0; count--)
        fputs(piece, file);
}

static void draw_rule(const struct table *table, const char *left, const char *middle,
                      const char *right)
{
    fputs(left, table->file);
    for (int32_t i = 0; i < table->columns->count; i++) {
        if (i > 0)
            fputs(middle, table->file);
        repeat(table->file, "─", table->widths[i] + 2);
    }
    fprintf(table->file, "%s\n", right);
}

static int is_right(const struct table *table, int32_t column)
{
    return table->columns->kinds[column] == KIND_NUMBER;
}

/* One value in its column's width, cut with an ellipsis where it must be. */
static void draw_cell(const struct table *table, int32_t column, const char *text, int width,
                      const char *color)
{
    int room = table->widths[column];
    size_t size = strlen(text);
    int cut = width > room && table->output->terminal && table->output->mode == MODE_BOX;
    int blanks = width < room ? room - width : 0;
    const char *end = *color ? "\x1b[0m" : "";

    if (cut) {
        size = text_fit(text, size, room - 1);
        blanks = room - 1 - text_width(text, size);
    }
    if (is_right(table, column) && !cut)
        repeat(table->file, " ", blanks);
    fprintf(table->file, "%s%.*s%s%s", color, (int)size, text, cut ? "…" : "", end);
    if (!is_right(table, column) || cut)
        repeat(table->file, " ", blanks);
}

static void draw_row(const struct table *table, const struct held *cells)
{
    int box = table->output->mode == MODE_BOX;
    for (int32_t i = 0; i < table->columns->count; i++) {
        const char *dim = table->output->color && cells[i].null ? "\x1b[2m" : "";
        fputs(box ? "│ " : "| ", table->file);
        draw_cell(table, i, cells[i].text, cells[i].width, dim);
        fputc(' ', table->file);
    }
    fputs(box ? "│\n" : "|\n", table->file);
}

static void draw_header(const struct table *table)
{
    const struct columns *columns = table->columns;
    int box = table->output->mode == MODE_BOX;
    const char *bold = table->output->color ? "\x1b[1m" : "";
    struct text name = {0};

    if (box)
        draw_rule(table, "┌", "┬", "┐");
    for (int32_t i = 0; i < columns->count; i++) {
        text_clear(&name);
        put_visible(table, columns->names[i], strlen(columns->names[i]), &name);
        int width = text_width(text_string(&name), name.size);
        fputs(box ? "│ " : "| ", table->file);
        draw_cell(table, i, text_string(&name), width, bold);
        fputc(' ', table->file);
    }
    fputs(box ? "│\n" : "|\n", table->file);
    if (box) {
        draw_rule(table, "├", "┼", "┤");
    } else {
        for (int32_t i = 0; i < columns->count; i++) {
            fputs("|", table->file);
            repeat(table->file, "-", table->widths[i] + 1);
            fputs(is_right(table, i) ? ":" : "-", table->file);
        }
        fputs("|\n", table->file);
    }
    text_release(&name);
}

/* A row as lines of `name = value`, where columns do not fit side by side. */
static void draw_folded(const struct table *table, const struct held *cells)
{
    struct text name = {0};
    int widest = 0;

    for (int32_t i = 0; i < table->columns->count; i++) {
        int width = name_width(table, i);
        widest = width > widest ? width : widest;
    }
    for (int32_t i = 0; i < table->columns->count; i++) {
        text_clear(&name);
        put_visible(table, table->columns->names[i], strlen(table->columns->names[i]), &name);
        repeat(table->file, " ", widest - name_width(table, i));
        fprintf(table->file, "%s = %s\n", text_string(&name), cells[i].text);
    }
    fputc('\n', table->file);
    text_release(&name);
}

static void draw_gap(const struct table *table)
{
    if (table->folded) {
        fputs("⋮\n\n", table->file);
        return;
    }
    for (int32_t i = 0; i < table->columns->count; i++) {
        fputs(table->output->mode == MODE_BOX ? "│ " : "| ", table->file);
        draw_cell(table, i, "⋮", 1, "");
        fputc(' ', table->file);
    }
    fputs(table->output->mode == MODE_BOX ? "│\n" : "|\n", table->file);
}

static void draw_held(const struct table *table)
{
    int64_t ring = table->count - table->head;

    if (!table->folded)
        draw_header(table);
    for (int64_t i = 0; i < table->count; i++) {
        int64_t row = i < table->head ? i : table->head + (table->ring + i - table->head) % ring;
        if (i == table->head)
            draw_gap(table);
        if (table->folded)
            draw_folded(table, row_of(table, row));
        else
            draw_row(table, row_of(table, row));
    }
}

static void draw_foot(const struct table *table)
{
    if (table->output->mode == MODE_BOX && !table->folded)
        draw_rule(table, "└", "┴", "┘");
    if (table->output->mode == MODE_BOX && table->output->terminal) {
        fprintf(table->file, "%lld row%s", (long long)table->rows, table->rows == 1 ? "" : "s");
        if (table->rows > table->count)
            fprintf(table->file, " (%lld shown)", (long long)table->count);
        fputc('\n', table->file);
    }
}

/* ---- fitting ---- */

/* Narrows the widest columns until the box fits the terminal; folds when nothing is left. */
static void narrow(struct table *table)
{
    int height, room, total = 1;

    terminal_size(table->output->file, &height, &room);
    for (int32_t i = 0; i < table->columns->count; i++)
        total += table->widths[i] + 3;
    while (total > room) {
        int32_t widest = 0;
        for (int32_t i = 1; i < table->columns->count; i++)
            if (table->widths[i] > table->widths[widest])
                widest = i;
        if (table->widths[widest] <= WIDTH_MIN) {
            table->folded = 1;
            return;
        }
        table->widths[widest]--;
        total--;
    }
}

static int is_long(const struct table *table)
{
    int height, width;
    terminal_size(table->output->file, &height, &width);
    return table->output->pager && table->count + 6 > height;
}

/* Everything is held: draw it, by the pager when it is longer than the screen. */
static void draw_shown(struct table *table)
{
    struct pager pager = {0};
    int paged;

    if (table->output->mode == MODE_BOX)
        narrow(table);
    progress_hide(table->output->progress);
    paged = is_long(table);
    if (paged) {
        fflush(table->output->file);
        pager = pager_begin(table->output->pager);
    }
    if (pager.file)
        table->file = pager.file;
    draw_held(table);
    draw_foot(table);
    table->file = table->output->file;
    if (paged)
        pager_end(&pager);
}

/* Into a file or a pipe: the first rows settle the widths. */
static stoa_status stream_rows(struct table *table, stoa_result result, stoa_op op, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    int drawn = 0;

    while ((rc = stoa_result_step(result, op, err)) == STOA_OK) {
        if (table->count == ROWS_HELD || drawn) {
            if (!drawn)
                draw_held(table);
            drawn = table->settled = 1;
            rc = hold_row(table, result, 0, err);
            if (rc == STOA_OK)
                draw_row(table, row_of(table, 0));
        } else {
            rc = hold_row(table, result, table->count, err);
            table->count += rc == STOA_OK;
            table->head = table->count;
        }
        if (rc != STOA_OK)
            break;
        table->rows++;
    }
    if (!drawn)
        draw_held(table);
    draw_foot(table);
    return rc;
}

stoa_status print_table(const struct output *output, stoa_result result, stoa_op op,
                        const struct columns *columns, int64_t *rows, stoa_error *err)
{
    struct table table = {.output = output, .columns = columns, .file = output->file};
    stoa_status rc;

    table.widths = cli_new((size_t)columns->count, sizeof *table.widths);
    for (int32_t i = 0; i < columns->count; i++) {
        table.widths[i] = name_width(&table, i);
        if (output->mode == MODE_MARKDOWN && table.widths[i] < 2)
            table.widths[i] = 2;
    }
    if (output->terminal) {
        rc = hold_shown(&table, result, op, err);
        if (rc == STOA_DONE)
            draw_shown(&table);
    } else {
        rc = stream_rows(&table, result, op, err);
    }
    for (int64_t i = 0; i < table.capacity * columns->count; i++)
        free(table.cells[i].text);
    free(table.cells);
    free(table.widths);
    *rows = table.rows;
    return rc;
}
