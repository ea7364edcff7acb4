/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/rules.h"

#include "base/error.h"
#include "text/identifier.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct judge;

/* Note a finding. Answers its sentence; NULL when memory is out. */
static const char *find(struct judge *judge, const char *rule, const char *column,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
static const char *format_text(struct judge *judge, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

#include "base/ban.h"

struct judge {
    struct collection_model *model;
    struct collection_finding **end; /* Where the next one goes. */
    const struct collection_table *table;
    bool nomem;
};

/* ---- findings ---- */

static const char *format_text(struct judge *judge, const char *format, va_list args)
{
    va_list again;
    char *text = NULL;
    int size;

    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, args);
    if (size >= 0)
        text = stoa__arena_alloc(&judge->model->arena, (size_t)size + 1);
    if (text)
        (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    judge->nomem = judge->nomem || !text;
    return text;
}

static const char *find(struct judge *judge, const char *rule, const char *column,
                        const char *format, ...)
{
    struct collection_finding *finding =
        stoa__arena_alloc_zero(&judge->model->arena, 1, sizeof *finding);
    va_list args;

    judge->nomem = judge->nomem || !finding;
    if (!finding)
        return NULL;
    va_start(args, format);
    *finding = (struct collection_finding){.rule = rule,
                                           .table = judge->table ? judge->table->name : NULL,
                                           .column = column,
                                           .text = format_text(judge, format, args)};
    va_end(args);
    if (!finding->text)
        return NULL;
    *judge->end = finding;
    judge->end = &finding->next;
    return finding->text;
}

/* The same of a table that operations cannot work on. */
static void spoil(struct collection_table *table, const char *text)
{
    if (!table->unusable)
        table->unusable = text;
}

/* ---- what tables have ---- */

static const struct collection_column *column_at(const struct collection_table *table, int32_t at)
{
    return at < 0 ? NULL : &table->columns[at];
}

static int32_t key_count(const struct collection_table *table)
{
    int32_t count = 0;

    for (int32_t i = 0; i < table->column_count; i++)
        count += table->columns[i].key > 0;
    return count;
}

/* PRIMARY KEY DESC is no row id: nobody would number elements, and it may be NULL. */
static bool has_key_index(const struct collection_table *table)
{
    bool found = false;

    for (int32_t i = 0; i < table->index_count; i++)
        found = found || table->indexes[i].primary_key;
    return found && !table->without_rowid;
}

static bool index_has(const struct collection_index *index, const char *column)
{
    for (int32_t i = 0; i < index->column_count; i++)
        if (index->columns[i] && strcmp(index->columns[i], column) == 0)
            return true;
    return false;
}

static bool in_some_unique(const struct collection_table *table, const char *column)
{
    for (int32_t i = 0; i < table->index_count; i++)
        if (index_has(&table->indexes[i], column))
            return true;
    return false;
}

static bool refers_to_parent(const struct collection_table *table)
{
    const struct collection_column *id = column_at(table, table->id);

    return id && id->target && strcmp(id->target, table->parent_name) == 0;
}

static bool cascades(const struct collection_table *table)
{
    const struct collection_column *id = column_at(table, table->id);

    return id && id->on_delete == ACTION_CASCADE && id->on_update == ACTION_CASCADE;
}

/* ---- types, rules 1 and 2 ---- */

static void judge_types(struct judge *judge, const struct collection_table *table)
{
    for (int32_t i = 0; i < table->column_count; i++) {
        const struct collection_column *column = &table->columns[i];

        if (column->type == TYPE_UNKNOWN)
            find(judge, "type", column->name, "Unknown data type: %s (column '%s' of table '%s')",
                 column->declared, column->name, table->name);
    }
}

static void judge_configuration(struct judge *judge)
{
    if (!collection_find(judge->model, "Configuration", 13))
        find(judge, "1", NULL, "Schema must have a 'Configuration' table");
}

static void judge_name(struct judge *judge, const struct collection_table *table)
{
    if (table->role == ROLE_NONE)
        find(judge, "2", NULL,
             "Invalid collection name '%s': collection names cannot contain underscores",
             table->name);
}

/* ---- rules 3 to 7, S1, S2 ---- */

/* Whether a unique index on the label alone is there, and whether one is not partial. */
static void look_at_label(const struct collection_table *table, bool *unique, bool *whole)
{
    *unique = *whole = false;
    for (int32_t i = 0; i < table->index_count; i++) {
        const struct collection_index *index = &table->indexes[i];

        if (index->column_count != 1 || !index_has(index, "label"))
            continue;
        *unique = true;
        *whole = *whole || !index->partial;
    }
}

static void judge_label(struct judge *judge, const struct collection_table *table)
{
    const struct collection_column *label = column_at(table, table->label);
    const char *name = table->name;
    bool unique, whole;

    if (!label) {
        find(judge, "4", NULL, "Collection '%s' must have a 'label' column", name);
        return;
    }
    if (label->type != TYPE_STRING)
        find(judge, "5", "label", "Collection '%s' label column must be TEXT type", name);
    if (!label->not_null)
        find(judge, "6", "label", "Collection '%s' label column must have NOT NULL constraint",
             name);
    look_at_label(table, &unique, &whole);
    if (!whole)
        find(judge, unique ? "S2" : "7", "label",
             "Collection '%s' label column must have UNIQUE constraint", name);
}

static void judge_collection(struct judge *judge, struct collection_table *table)
{
    const struct collection_column *id = column_at(table, table->id);

    if (!id || id->key == 0)
        find(judge, "3", id ? "id" : NULL, "Collection '%s' must have 'id' as primary key",
             table->name);
    judge_label(judge, table);
    if (id && id->key > 0 &&
        (key_count(table) > 1 || id->type != TYPE_INTEGER || has_key_index(table)))
        spoil(table, find(judge, "S1", "id",
                          "Collection '%s' must have 'id' as a single INTEGER primary key",
                          table->name));
}

/* ---- groups ---- */

/* What all groups have alike: rules 8, 9, 12, 13 of vectors, S4 of sets, S5 of time series. */
struct family {
    const char *word;                          /* "Vector" */
    const char *parent, *id, *key, *cascade;   /* Numbers of the rules. */
};
static const struct family vectors = {"Vector", "8", "9", "12", "13"};
static const struct family sets = {"Set", "S4", "S4", "S4", "S4"};
static const struct family series = {"Time series", "S5", "S5", "S5", "S5"};

/* False when there is nothing more to judge. */
static bool judge_parent(struct judge *judge, const struct family *family,
                         struct collection_table *table)
{
    const char *text = NULL;

    if (!table->parent)
        text = find(judge, family->parent, NULL,
                    "%s table '%s' references non-existent collection '%s'", family->word,
                    table->name, table->parent_name);
    else if (table->id < 0)
        text = find(judge, family->id, NULL, "%s table '%s' must have 'id' column", family->word,
                    table->name);
    else
        return true;
    spoil(table, text);
    return table->id >= 0;
}

static void judge_key(struct judge *judge, const struct family *family,
                      const struct collection_table *table)
{
    if (!refers_to_parent(table))
        find(judge, family->key, "id",
             "%s table '%s' must have foreign key to parent collection '%s'", family->word,
             table->name, table->parent_name);
    else if (!cascades(table))
        find(judge, family->cascade, "id",
             "%s table '%s' FK to parent must use ON DELETE CASCADE ON UPDATE CASCADE",
             family->word, table->name);
}

/* Does the primary key, or a UNIQUE, hold exactly id and vector_index? */
static bool is_numbered(const struct collection_table *table)
{
    if (key_count(table) == 2 && table->columns[table->id].key > 0 &&
        table->columns[table->vector_index].key > 0)
        return true;
    for (int32_t i = 0; i < table->index_count; i++) {
        const struct collection_index *index = &table->indexes[i];

        if (!index->partial && index->column_count == 2 && index_has(index, "id") &&
            index_has(index, "vector_index"))
            return true;
    }
    return false;
}

static void judge_vector(struct judge *judge, struct collection_table *table)
{
    const bool goes_on = judge_parent(judge, &vectors, table);
    const struct collection_column *index = column_at(table, table->vector_index);
    const char *text;

    if (goes_on && table->columns[table->id].key > 0 && key_count(table) == 1)
        find(judge, "10", "id",
             "Vector table '%s' must have composite primary key (id, vector_index), not just 'id'",
             table->name);
    if (!index)
        find(judge, "11", NULL, "Vector table '%s' must have 'vector_index' column", table->name);
    if (!goes_on)
        return;
    judge_key(judge, &vectors, table);
    if (!index || (is_numbered(table) && index->type == TYPE_INTEGER))
        return;
    text = find(judge, "S3", "vector_index",
                "Vector table '%s' must have composite primary key (id, vector_index)",
                table->name);
    if (index->type != TYPE_INTEGER)
        spoil(table, text);
}

static void judge_set(struct judge *judge, struct collection_table *table)
{
    bool goes_on;

    if (table->index_count == 0)
        find(judge, "14", NULL, "Set table '%s' must have a UNIQUE constraint", table->name);
    for (int32_t i = 0; table->index_count > 0 && i < table->column_count; i++) {
        const struct collection_column *column = &table->columns[i];

        if (i != table->id && !column->target && !in_some_unique(table, column->name))
            find(judge, "15", column->name,
                 "Set table '%s' column '%s' must be part of a UNIQUE constraint", table->name,
                 column->name);
    }
    goes_on = judge_parent(judge, &sets, table);
    if (!goes_on)
        return;
    judge_key(judge, &sets, table);
    if (table->index_count > 0 && !in_some_unique(table, "id"))
        find(judge, "S4", "id", "Set table '%s' must have a UNIQUE constraint that holds 'id'",
             table->name);
}

static void judge_series(struct judge *judge, struct collection_table *table)
{
    const bool goes_on = judge_parent(judge, &series, table);

    if (goes_on)
        judge_key(judge, &series, table);
    if (table->date < 0 || (goes_on && table->columns[table->id].key == 0))
        spoil(table, find(judge, "S6", NULL,
                          "Time series table '%s' must have primary key (id, date column, ...)",
                          table->name));
}

static void judge_files(struct judge *judge, const struct collection_table *table)
{
    if (!table->parent)
        find(judge, "16", NULL,
             "Time series files table '%s' references non-existent collection '%s'", table->name,
             table->parent_name);
    for (int32_t i = 0; i < table->column_count; i++)
        if (table->columns[i].type != TYPE_STRING)
            find(judge, "17", table->columns[i].name,
                 "Time series files table '%s' column '%s' must be TEXT type (for file paths)",
                 table->name, table->columns[i].name);
}

static void judge_table(struct judge *judge, struct collection_table *table)
{
    switch (table->role) {
    case ROLE_COLLECTION:
        judge_collection(judge, table);
        break;
    case ROLE_VECTOR:
        judge_vector(judge, table);
        break;
    case ROLE_SET:
        judge_set(judge, table);
        break;
    case ROLE_TIME_SERIES:
        judge_series(judge, table);
        break;
    case ROLE_FILES:
        judge_files(judge, table);
        break;
    default:
        break;
    }
}

/* ---- rule 18 ---- */

/* Does the column count among the attributes of its collection? */
static bool is_attribute(const struct collection_table *table, int32_t at)
{
    const struct collection_column *column = &table->columns[at];

    if (at == table->id)
        return false;
    if (table->role == ROLE_COLLECTION)
        return at != table->label;
    return !column->target && at != table->vector_index && !column->dimension &&
           (table->role != ROLE_TIME_SERIES || strncmp(column->name, "date_", 5) != 0);
}

/* Is there an attribute of that name in the tables of the collection before `until`? */
static bool is_taken(const struct judge *judge, const struct collection_table *collection,
                     const struct collection_table *until, const char *name)
{
    const struct collection_model *model = judge->model;
    int32_t at = collection_find_column(collection, name, strlen(name));

    if (at >= 0 && is_attribute(collection, at))
        return true;
    for (const struct collection_table *table = model->tables; table < until; table++) {
        if (table->parent != collection || !table->group)
            continue;
        at = collection_find_column(table, name, strlen(name));
        if (at >= 0 && is_attribute(table, at))
            return true;
    }
    return false;
}

static void judge_attributes(struct judge *judge, const struct collection_table *collection)
{
    const struct collection_model *model = judge->model;

    for (int32_t i = 0; i < model->table_count; i++) {
        const struct collection_table *table = &model->tables[i];

        if (table->parent != collection || !table->group)
            continue;
        judge->table = table;
        for (int32_t at = 0; at < table->column_count; at++)
            if (is_attribute(table, at) &&
                is_taken(judge, collection, table, table->columns[at].name))
                find(judge, "18", table->columns[at].name,
                     "Duplicate attribute '%s' found in table '%s' (already defined in "
                     "collection '%s')",
                     table->columns[at].name, table->name, collection->name);
    }
}

/* ---- rules 19 to 22, S7 ---- */

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool has_id(const char *name)
{
    for (; *name; name++)
        if (name[0] == '_' && lower(name[1]) == 'i' && lower(name[2]) == 'd')
            return true;
    return false;
}

static bool is_named_well(const struct collection_column *column)
{
    const size_t size = strlen(column->target);

    return has_id(column->name) ||
           (strlen(column->name) > size && column->name[size] == '_' &&
            stoa__name_equal(column->name, size, column->target, size));
}

static void judge_actions(struct judge *judge, const struct collection_table *table,
                          const struct collection_column *column)
{
    if (column->on_delete == ACTION_SET_NULL && column->not_null)
        find(judge, "19", column->name,
             "Foreign key column '%s' in table '%s' has ON DELETE SET NULL but NOT NULL "
             "constraint",
             column->name, table->name);
    if (table->role == ROLE_TIME_SERIES)
        return;
    if (column->on_update != ACTION_CASCADE)
        find(judge, "20", column->name,
             "Foreign key '%s' in table '%s' must use ON UPDATE CASCADE", column->name,
             table->name);
    if (column->on_delete != ACTION_CASCADE && column->on_delete != ACTION_SET_NULL)
        find(judge, "21", column->name,
             "Foreign key '%s' in table '%s' must use ON DELETE SET NULL or ON DELETE CASCADE",
             column->name, table->name);
}

static void judge_relation(struct judge *judge, const struct collection_table *table,
                           const struct collection_column *column)
{
    const bool named = table->role == ROLE_COLLECTION || table->role == ROLE_FILES ||
                       (table->role == ROLE_VECTOR && column->position != table->id);

    judge_actions(judge, table, column);
    if (named && !is_named_well(column))
        find(judge, "22", column->name,
             "Foreign key column '%s' in table '%s' should follow naming pattern "
             "'<collection>_id'",
             column->name, table->name);
    if (!collection_find(judge->model, column->target, strlen(column->target)) ||
        !stoa__name_is(column->target_column, strlen(column->target_column), "id"))
        find(judge, "S7", column->name,
             "Foreign key '%s' in table '%s' must reference the 'id' of a collection",
             column->name, table->name);
}

static void judge_relations(struct judge *judge, const struct collection_table *table)
{
    for (int32_t i = 0; i < table->column_count; i++)
        if (table->columns[i].target)
            judge_relation(judge, table, &table->columns[i]);
}

/* ---- all of them ---- */

stoa_status collection_rules_find(struct collection_model *model, stoa_error *err)
{
    struct judge judge = {.model = model, .end = &model->findings};
    struct collection_table *const end = model->tables + model->table_count;
    struct collection_table *table;

    for (table = model->tables; table < end; table++)
        judge.table = table, judge_types(&judge, table);
    judge.table = NULL;
    judge_configuration(&judge);
    for (table = model->tables; table < end; table++)
        judge.table = table, judge_name(&judge, table);
    for (table = model->tables; table < end; table++)
        judge.table = table, judge_table(&judge, table);
    for (table = model->tables; table < end; table++)
        if (table->role == ROLE_COLLECTION && strcmp(table->name, "Configuration") != 0)
            judge_attributes(&judge, table);
    for (table = model->tables; table < end; table++)
        judge.table = table, judge_relations(&judge, table);
    return judge.nomem ? stoa__fail_nomem(err) : STOA_OK;
}

bool collection_rule_is_fatal(const struct collection_finding *finding)
{
    return finding->rule[0] != 'S';
}

stoa_status collection_rules_pass(const struct collection_model *model, bool all, stoa_error *err)
{
    const struct collection_finding *finding = model->findings;

    while (finding && !all && !collection_rule_is_fatal(finding))
        finding = finding->next;
    if (!finding)
        return STOA_OK;
    (void)stoa__fail(err, STOA_ERR_INVALID, "%s", finding->text);
    if (strcmp(finding->rule, "type") != 0)
        stoa__wrap(err, "Failed to validate schema");
    return STOA_ERR_INVALID;
}
