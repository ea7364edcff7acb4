/* SPDX-License-Identifier: Apache-2.0 */
/* Modes that write a row as it comes. */
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

/* How a mode writes: before all rows, one value, after a row. `text` is the row being made. */
struct writer {
    void (*begin)(const struct columns *columns, struct text *text);
    void (*value)(const struct columns *columns, int32_t column, const struct cell *cell,
                  struct text *text);
    void (*row_end)(const struct columns *columns, int64_t row, struct text *text);
    const char *row_begin;
    const char *end;
};

/* ---- csv ---- */

static void csv_text(struct text *text, const char *value, size_t size)
{
    int quoted = size == 0;
    for (size_t i = 0; i < size; i++)
        quoted |= value[i] == ',' || value[i] == '"' || value[i] == '\n' || value[i] == '\r';
    if (!quoted) {
        text_add(text, value, size);
        return;
    }
    text_char(text, '"');
    for (size_t i = 0; i < size; i++) {
        if (value[i] == '"')
            text_char(text, '"');
        text_char(text, value[i]);
    }
    text_char(text, '"');
}

static void csv_begin(const struct columns *columns, struct text *text)
{
    for (int32_t i = 0; i < columns->count; i++) {
        if (i > 0)
            text_char(text, ',');
        csv_text(text, columns->names[i], strlen(columns->names[i]));
    }
    text_char(text, '\n');
}

static void csv_value(const struct columns *columns, int32_t column, const struct cell *cell,
                      struct text *text)
{
    (void)columns;
    if (column > 0)
        text_char(text, ',');
    if (cell->binary)
        cell_hex(text, cell);
    else if (cell->text)
        csv_text(text, cell->text, (size_t)cell->size);
}

static void line_end(const struct columns *columns, int64_t row, struct text *text)
{
    (void)columns;
    (void)row;
    text_char(text, '\n');
}

/* ---- tabs ---- */

/* Tabs, line ends and backslashes inside a value would break the line: they are escaped. */
static void tabs_value(const struct columns *columns, int32_t column, const struct cell *cell,
                       struct text *text)
{
    (void)columns;
    if (column > 0)
        text_char(text, '\t');
    if (cell->binary) {
        cell_hex(text, cell);
        return;
    }
    for (int64_t i = 0; i < cell->size; i++) {
        char byte = cell->text[i];
        if (byte == '\t')
            text_put(text, "\\t");
        else if (byte == '\n')
            text_put(text, "\\n");
        else if (byte == '\\')
            text_put(text, "\\\\");
        else
            text_char(text, byte);
    }
}

/* ---- json and jsonl ---- */

/* JSON has no word for NaN and the infinities. */
static int is_json_number(const struct cell *cell)
{
    const char *digit = cell->text + (cell->text[0] == '-');
    return *digit >= '0' && *digit <= '9';
}

static void json_value(const struct columns *columns, int32_t column, const struct cell *cell,
                       struct text *text)
{
    enum kind kind = columns->kinds[column];

    text_put(text, column > 0 ? "," : "{");
    cell_json_string(text, columns->names[column], strlen(columns->names[column]));
    text_char(text, ':');
    if (!cell->text || (kind == KIND_NUMBER && !is_json_number(cell))) {
        text_put(text, "null");
    } else if (cell->binary) {
        text_char(text, '"');
        cell_hex(text, cell);
        text_char(text, '"');
    } else if (kind == KIND_NUMBER || kind == KIND_BOOL || kind == KIND_NESTED) {
        text_add(text, cell->text, (size_t)cell->size);
    } else {
        cell_json_string(text, cell->text, (size_t)cell->size);
    }
}

static void jsonl_row_end(const struct columns *columns, int64_t row, struct text *text)
{
    (void)columns;
    (void)row;
    text_put(text, "}\n");
}

static void json_row_end(const struct columns *columns, int64_t row, struct text *text)
{
    (void)columns;
    (void)row;
    text_char(text, '}');
}

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

static void html_row_end(const struct columns *columns, int64_t row, struct text *text)
{
    (void)columns;
    (void)row;
    text_put(text, "</tr>\n");
}

/* ---- all of them ---- */

static const struct writer writers[MODE_COUNT] = {
    [MODE_CSV] = {csv_begin, csv_value, line_end, "", ""},
    [MODE_TABS] = {NULL, tabs_value, line_end, "", ""},
    [MODE_JSON] = {NULL, json_value, json_row_end, "", "]\n"},
    [MODE_JSONL] = {NULL, json_value, jsonl_row_end, "", ""},
    [MODE_LINE] = {NULL, line_value, NULL, "", ""},
    [MODE_HTML] = {html_begin, html_value, html_row_end, "<tr>", "</table>\n"},
};

/* What stands before a row beyond its own beginning: JSON's brackets and commas. */
static void separate(enum mode mode, int64_t row, struct text *text)
{
    if (mode == MODE_JSON)
        text_put(text, row == 0 ? "[" : ",\n");
    if (mode == MODE_LINE && row > 0)
        text_char(text, '\n');
}

static stoa_status write_row(const struct writer *writer, stoa_result result, int64_t row,
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
    if (writer->row_end)
        writer->row_end(columns, row, text);
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
        separate(output->mode, *rows, &text);
        rc = write_row(writer, result, *rows, columns, &text, err);
        if (rc != STOA_OK) {
            text.size = whole; /* Half a row is none. */
            break;
        }
        ++*rows;
        fwrite(text.data, 1, text.size, output->file);
        text_clear(&text);
    }
    fwrite(text_string(&text), 1, text.size, output->file);
    if (output->mode == MODE_JSON && *rows == 0)
        fputc('[', output->file);
    fputs(writer->end, output->file);
    text_release(&text);
    return rc;
}

stoa_status print_result(const struct output *output, stoa_result result, stoa_op op, int64_t *rows,
                         stoa_error *err)
{
    struct columns columns = {0};
    struct ArrowSchema schema;
    stoa_status rc = stoa_result_schema(result, &schema, err);

    *rows = 0;
    if (rc != STOA_OK)
        return rc;
    columns.count = (int32_t)schema.n_children;
    columns.names = cli_new((size_t)columns.count, sizeof *columns.names);
    columns.kinds = cli_new((size_t)columns.count, sizeof *columns.kinds);
    for (int32_t i = 0; i < columns.count; i++) {
        columns.names[i] = schema.children[i]->name ? schema.children[i]->name : "";
        columns.kinds[i] = cell_kind(schema.children[i]);
    }
    if (columns.count > 0)
        rc = output->mode == MODE_BOX || output->mode == MODE_MARKDOWN
                 ? print_table(output, result, op, &columns, rows, err)
                 : print_rows(output, result, op, &columns, rows, err);
    free(columns.names);
    free(columns.kinds);
    stoa_schema_release(&schema);
    return rc < 0 ? rc : STOA_OK;
}
