/* SPDX-License-Identifier: Apache-2.0 */
/* Modes, and those of them that write a row as it comes. */
#include "print.h"

#include "text_width.h"

#include <stdlib.h>
#include <string.h>

static const char *const mode_names[MODE_COUNT] = {
    "box", "csv", "json", "jsonl", "markdown", "line", "html", "tabs",
};

int mode_find(const char *name)
{
    for (int mode = 0; mode < MODE_COUNT; mode++)
        if (strcmp(name, mode_names[mode]) == 0)
            return mode;
    return -1;
}

const char *mode_name(enum mode mode)
{
    return mode_names[mode];
}

/* How a mode writes: before all rows, one value, what is around a row, and behind all. */
struct writer {
    void (*begin)(const struct columns *columns, struct text *text);
    void (*value)(const struct columns *columns, int32_t column, const struct cell *cell,
                  struct text *text);
    const char *row_begin, *row_end, *end;
};

/* ---- line ---- */

static void line_value(const struct columns *columns, int32_t column, const struct cell *cell,
                       struct text *text)
{
    int widest = 0;
    const char *name = columns->names[column];
    int width = text_width(name, strlen(name));

    for (int32_t i = 0; i < columns->count; i++) {
        int other = text_width(columns->names[i], strlen(columns->names[i]));
        widest = other > widest ? other : widest;
    }
    text_format(text, "%*s", widest - width, "");
    cell_visible(text, name, strlen(name));
    text_put(text, " = ");
    if (cell->binary)
        cell_hex(text, cell);
    else if (cell->text)
        cell_visible(text, cell->text, (size_t)cell->size);
    else
        text_put(text, "NULL");
    text_char(text, '\n');
}

/* ---- html ---- */

static void html_text(struct text *text, const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (value[i]) {
        case '&':
            text_put(text, "&amp;");
            break;
        case '<':
            text_put(text, "&lt;");
            break;
        case '>':
            text_put(text, "&gt;");
            break;
        case '"':
            text_put(text, "&quot;");
            break;
        default:
            text_char(text, value[i]);
        }
    }
}

static void html_begin(const struct columns *columns, struct text *text)
{
    text_put(text, "<table>\n<tr>");
    for (int32_t i = 0; i < columns->count; i++) {
        text_put(text, "<th>");
        html_text(text, columns->names[i], strlen(columns->names[i]));
        text_put(text, "</th>");
    }
    text_put(text, "</tr>\n");
}

static void html_value(const struct columns *columns, int32_t column, const struct cell *cell,
                       struct text *text)
{
    text_put(text, columns->kinds[column] == KIND_NUMBER ? "<td align=\"right\">" : "<td>");
    if (cell->binary)
        cell_hex(text, cell);
    else if (cell->text)
        html_text(text, cell->text, (size_t)cell->size);
    else
        text_put(text, "<i>NULL</i>");
    text_put(text, "</td>");
}

/* ---- all of them ---- */

static const struct writer writers[MODE_COUNT] = {
    [MODE_LINE] = {NULL, line_value, "", "", ""},
    [MODE_HTML] = {html_begin, html_value, "<tr>", "</tr>\n", "</table>\n"},
};

static stoa_status write_row(const struct writer *writer, stoa_result result,
                             const struct columns *columns, struct text *text, stoa_error *err)
{
    stoa_status rc = STOA_OK;
    text_put(text, writer->row_begin);
    for (int32_t i = 0; rc == STOA_OK && i < columns->count; i++) {
        struct cell cell;
        rc = cell_read(result, i, columns->kinds[i], &cell, err);
        if (rc == STOA_OK)
            writer->value(columns, i, &cell, text);
    }
    text_put(text, writer->row_end);
    return rc;
}

static stoa_status print_rows(const struct output *output, stoa_result result, stoa_op op,
                              const struct columns *columns, int64_t *rows, stoa_error *err)
{
    const struct writer *writer = &writers[output->mode];
    struct text text = {0};
    stoa_status rc;

    if (writer->begin)
        writer->begin(columns, &text);
    while ((rc = stoa_result_step(result, op, err)) == STOA_OK) {
        size_t whole = text.size;
        if (*rows == 0)
            progress_hide(output->progress);
        if (output->mode == MODE_LINE && *rows > 0)
            text_char(&text, '\n');
        rc = write_row(writer, result, columns, &text, err);
        if (rc != STOA_OK) {
            text.size = whole; /* Half a row is none. */
            break;
        }
        ++*rows;
        fwrite(text.data, 1, text.size, output->file);
        text_clear(&text);
    }
    fwrite(text_string(&text), 1, text.size, output->file);
    fputs(writer->end, output->file);
    text_release(&text);
    return rc;
}

static stoa_status print_columns(const struct output *output, stoa_result result, stoa_op op,
                                 const struct ArrowSchema *schema, int64_t *rows, stoa_error *err)
{
    struct columns columns = {.count = (int32_t)schema->n_children};
    stoa_status rc;

    columns.names = cli_new((size_t)columns.count, sizeof *columns.names);
    columns.kinds = cli_new((size_t)columns.count, sizeof *columns.kinds);
    for (int32_t i = 0; i < columns.count; i++) {
        columns.names[i] = schema->children[i]->name ? schema->children[i]->name : "";
        columns.kinds[i] = cell_kind(schema->children[i]);
    }
    if (output->mode == MODE_BOX || output->mode == MODE_MARKDOWN)
        rc = print_table(output, result, op, &columns, rows, err);
    else
        rc = print_rows(output, result, op, &columns, rows, err);
    free(columns.names);
    free(columns.kinds);
    return rc;
}

stoa_status print_result(const struct output *output, stoa_result result, stoa_op op, int64_t *rows,
                         stoa_error *err)
{
    struct ArrowSchema schema;
    stoa_status rc = stoa_result_schema(result, &schema, err);
    int file = output->mode == MODE_CSV || output->mode == MODE_TABS || output->mode == MODE_JSON ||
               output->mode == MODE_JSONL;

    *rows = 0;
    if (rc != STOA_OK)
        return rc;
    if (schema.n_children > 0)
        rc = file ? print_file(output, result, op, rows, err)
                  : print_columns(output, result, op, &schema, rows, err);
    stoa_schema_release(&schema);
    return rc < 0 ? rc : STOA_OK;
}
