/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/walk.h"

#include "text/identifier.h"

#include <string.h>

#include "base/ban.h"

/* ---- reading cells ---- */

struct stoa__cell adbc_field(const struct stoa__cell *row, const char *name)
{
    struct stoa__cell out = {.null = true};

    for (int32_t i = 0; !row->null && i < row->type->child_count; i++)
        if (strcmp(row->type->children[i].name, name) == 0) {
            stoa__cell_child(row, i, &out);
            break;
        }
    return out;
}

bool adbc_is_text(const struct stoa__cell *cell)
{
    return !cell->null &&
           (cell->type->kind == STOA__ARROW_UTF8 || cell->type->kind == STOA__ARROW_LARGE_UTF8 ||
            cell->type->kind == STOA__ARROW_UTF8_VIEW);
}

struct adbc_text adbc_text_of(const struct stoa__cell *row, const char *name)
{
    struct stoa__cell cell = adbc_field(row, name);
    struct adbc_text out = {NULL, 0};

    if (adbc_is_text(&cell))
        out.data = (const char *)stoa__cell_bytes(&cell, &out.size);
    return out;
}

bool adbc_text_is(struct adbc_text text, const char *word)
{
    return text.data && stoa__name_is(text.data, (size_t)text.size, word);
}

static bool is_integer(const struct stoa__cell *cell)
{
    return !cell->null && cell->type->kind >= STOA__ARROW_BOOL &&
           cell->type->kind <= STOA__ARROW_UINT64;
}

int64_t adbc_integer_of(const struct stoa__cell *row, const char *name, int64_t otherwise)
{
    struct stoa__cell cell = adbc_field(row, name);

    return is_integer(&cell) ? stoa__cell_int64(&cell) : otherwise;
}

int64_t adbc_items_of(const struct stoa__cell *row, const char *name, struct stoa__cell *list)
{
    int64_t first, count = 0;

    *list = adbc_field(row, name);
    if (!list->null && (list->type->kind == STOA__ARROW_LIST ||
                        list->type->kind == STOA__ARROW_LARGE_LIST))
        stoa__cell_items(list, &first, &count);
    return count;
}

/* ---- rows ---- */

stoa_status adbc_put_text(struct adbc_walk *walk, int32_t column, struct adbc_text text)
{
    struct stoa__column *out = &walk->builder.root.children[column];

    if (!text.data)
        return stoa__column_append_null(out, walk->err);
    return stoa__column_append_bytes(out, text.data, text.size, walk->err);
}

stoa_status adbc_put_word(struct adbc_walk *walk, int32_t column, const char *word)
{
    return adbc_put_text(walk, column,
                    (struct adbc_text){word, word ? (int64_t)strlen(word) : 0});
}

stoa_status adbc_put_number(struct adbc_walk *walk, int32_t column, int64_t number)
{
    return stoa__column_append_int64(&walk->builder.root.children[column], number, walk->err);
}

stoa_status adbc_end_row(struct adbc_walk *walk)
{
    return stoa__column_end_struct(&walk->builder.root, walk->err);
}
