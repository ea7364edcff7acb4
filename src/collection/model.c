/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/model.h"

#include "base/mem.h"

#include <string.h>

#include "base/ban.h"

void collection_model_free(struct collection_model *model)
{
    if (!model)
        return;
    stoa__arena_release(&model->arena);
    stoa__free(model);
}

static int compare(const char *name, const char *with, size_t size)
{
    const int order = strncmp(name, with, size);

    return order != 0 ? order : name[size] != '\0';
}

const struct collection_table *collection_find_table(const struct collection_model *model,
                                                     const char *name, size_t size)
{
    int32_t low = 0, high = model->table_count;

    if (size == 0 || memchr(name, '\0', size))
        return NULL;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        const int order = compare(model->tables[middle].name, name, size);

        if (order == 0)
            return &model->tables[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct collection_table *collection_find(const struct collection_model *model,
                                               const char *name, size_t size)
{
    const struct collection_table *table = collection_find_table(model, name, size);

    return table && table->role == ROLE_COLLECTION ? table : NULL;
}

bool collection_is_listed(const struct collection_table *table)
{
    return table->role == ROLE_COLLECTION && strcmp(table->name, COLLECTION_HISTORY) != 0;
}

static const struct collection_table *find_in(const struct collection_table *collection,
                                              int32_t kind, const char *name, size_t size)
{
    for (int32_t i = 0; i < collection->group_count[kind]; i++)
        if (compare(collection->groups[kind][i]->group, name, size) == 0)
            return collection->groups[kind][i];
    return NULL;
}

const struct collection_table *collection_find_group(const struct collection_table *collection,
                                                     int32_t kind, const char *name, size_t size)
{
    const struct collection_table *found = NULL;

    if (size == 0 || memchr(name, '\0', size))
        return NULL;
    if (kind != STOA_GROUP_ANY)
        return find_in(collection, kind, name, size);
    for (kind = ROLE_VECTOR; !found && kind <= ROLE_TIME_SERIES; kind++)
        found = find_in(collection, kind, name, size);
    return found;
}

int32_t collection_find_column(const struct collection_table *table, const char *name,
                               size_t size)
{
    if (size == 0 || memchr(name, '\0', size))
        return -1;
    for (int32_t i = 0; i < table->column_count; i++)
        if (compare(table->columns[i].name, name, size) == 0)
            return i;
    return -1;
}

const char *collection_type_name(int32_t type)
{
    static const char *const names[] = {"integer", "real", "text", "date_time"};

    return type >= TYPE_INTEGER && type <= TYPE_DATE_TIME ? names[type] : "null";
}

const char *collection_type_word(int32_t type)
{
    static const char *const words[] = {"INTEGER", "REAL", "TEXT", "DATE_TIME"};

    return type >= TYPE_INTEGER && type <= TYPE_DATE_TIME ? words[type] : "NULL";
}
