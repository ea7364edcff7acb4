/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and errors for a person or a pipe. On a terminal the first rows are held back to find the
 * widths of the columns; later rows keep to them. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_HELD = 500, WIDTH_MAX = 60 };

struct table {
    int32_t column_count;
    int *widths;
    char **held; /* Texts of the rows held back, row by row; NULL is NULL. */
    size_t held_count;
};

/* Code points, as a terminal is about that wide. */
static int text_width(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, int width, int32_t column)
{
    printf("%s%s", column > 0 ? "  " : "", text ? text : "NULL");
    for (int used = text ? text_width(text) : 4; used < width; used++)
        putchar(' ');
}

static void print_held(struct table *table)
{
    for (size_t i = 0; i < table->held_count; i++) {
        int32_t column = (int32_t)(i % (size_t)table->column_count);
        print_cell(table->held[i], table->widths[column], column);
        if (column == table->column_count - 1)
            putchar('\n');
        free(table->held[i]);
    }
    table->held_count = 0;
}

static void widen(struct table *table, int32_t column, const char *text)
{
    int width = text ? text_width(text) : 4;
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    if (width > table->widths[column])
        table->widths[column] = width;
}

/* The current row's text in `column`; NULL for NULL. Borrowed until the next step. */
static stoa_status cell_text(stoa_result result, int32_t column, const char **text,
                             stoa_error *err)
{
    int32_t null = 0;
    int64_t size;
    stoa_status rc = stoa_result_is_null(result, column, &null, err);
    *text = NULL;
    return rc == STOA_OK && !null ? stoa_result_text(result, column, text, &size, err) : rc;
}

static stoa_status aligned_row(stoa_result result, struct table *table, int holding,
                               stoa_error *err)
{
    stoa_status rc = STOA_OK;
    for (int32_t i = 0; rc == STOA_OK && i < table->column_count; i++) {
        const char *text = NULL;
        rc = cell_text(result, i, &text, err);
        if (rc != STOA_OK)
            break;
        if (holding) {
            table->held[table->held_count++] = text ? strdup(text) : NULL;
            widen(table, i, text);
        } else {
            print_cell(text, table->widths[i], i);
        }
    }
    if (!holding)
        putchar('\n');
    return rc;
}

static stoa_status print_aligned(stoa_result result, stoa_op op, const struct ArrowSchema *schema,
                                 stoa_error *err)
{
    struct table table = {.column_count = (int32_t)schema->n_children};
    size_t cells = (size_t)table.column_count * (ROWS_HELD + 1);
    stoa_status rc = STOA_OK;
    int64_t rows = 0;

    table.widths = calloc((size_t)table.column_count, sizeof *table.widths);
    table.held = calloc(cells, sizeof *table.held);
    if (!table.widths || !table.held) {
        fputs("stoa: out of memory\n", stderr);
        exit(CLI_FAILED);
    }
    for (int32_t i = 0; i < table.column_count; i++) {
        table.held[table.held_count++] = strdup(schema->children[i]->name);
        widen(&table, i, schema->children[i]->name);
    }
    while (rc == STOA_OK && (rc = stoa_result_step(result, op, err)) == STOA_OK) {
        if (rows == ROWS_HELD)
            print_held(&table);
        rc = aligned_row(result, &table, rows++ < ROWS_HELD, err);
    }
    print_held(&table);
    free(table.held);
    free(table.widths);
    return rc;
}

/* Tabs, line ends and backslashes inside a value would break the line: they are escaped. */
static void print_escaped(const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '\t':
            fputs("\\t", stdout);
            break;
        case '\n':
            fputs("\\n", stdout);
            break;
        case '\\':
            fputs("\\\\", stdout);
            break;
        default:
            putchar(*text);
        }
    }
}

static stoa_status print_tabs(stoa_result result, stoa_op op, const struct ArrowSchema *schema,
                              stoa_error *err)
{
    stoa_status rc;
    while ((rc = stoa_result_step(result, op, err)) == STOA_OK) {
        for (int32_t i = 0; rc == STOA_OK && i < schema->n_children; i++) {
            const char *text = NULL;
            rc = cell_text(result, i, &text, err);
            if (i > 0)
                putchar('\t');
            print_escaped(text ? text : "");
        }
        putchar('\n');
        if (rc != STOA_OK)
            break;
    }
    return rc;
}

stoa_status cli_print(stoa_result result, stoa_op op, stoa_error *err)
{
    struct ArrowSchema schema;
    stoa_status rc = stoa_result_schema(result, &schema, err);
    if (rc != STOA_OK)
        return rc;
    if (schema.n_children > 0)
        rc = isatty(STDOUT_FILENO) ? print_aligned(result, op, &schema, err)
                                   : print_tabs(result, op, &schema, err);
    stoa_schema_release(&schema);
    return rc < 0 ? rc : STOA_OK;
}

void cli_print_error(const stoa_error *error, const char *sql)
{
    fflush(stdout);
    fprintf(stderr, "stoa: %s\n", error->text);
    if (!sql || error->position < 0 || (size_t)error->position > strlen(sql))
        return;
    const char *at = sql + error->position;
    const char *start = at;
    while (start > sql && start[-1] != '\n')
        start--;
    fprintf(stderr, "  %.*s\n  %*s^\n", (int)strcspn(start, "\n"), start, (int)(at - start), "");
}
