/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema of a database read as collections: what each table is, by its name, and its columns.
 * Immutable once loaded; one arena holds all of it. Names are NUL-terminated and compared as they
 * are spelt. Tables and collections lie in byte order of their names.
 */
#ifndef STOA_COLLECTION_MODEL_H
#define STOA_COLLECTION_MODEL_H

#include "base/arena.h"
#include "stoa/collection.h"

#include <stdbool.h>

/* Where the history of migrations is kept: a collection, so that others can open the file. */
#define COLLECTION_HISTORY "StoaMigration"

enum collection_role {
    ROLE_COLLECTION,
    ROLE_VECTOR,      /* = STOA_GROUP_VECTOR, and so on. */
    ROLE_SET,
    ROLE_TIME_SERIES,
    ROLE_FILES,
    ROLE_NONE /* An underscore in its name, and no such shape. */
};

/* As the reference numbers them; NULL is a parameter's alone, UNKNOWN a refused column's. */
enum collection_type {
    TYPE_UNKNOWN = -1,
    TYPE_INTEGER = 0,
    TYPE_FLOAT = 1,
    TYPE_STRING = 2,
    TYPE_DATE_TIME = 3,
    TYPE_NULL = 4
};

/* What a foreign key does. */
enum collection_action { ACTION_NONE, ACTION_CASCADE, ACTION_SET_NULL, ACTION_OTHER };

struct collection_column {
    const char *name;
    int32_t position; /* In its table, from 0. */
    int32_t type;     /* enum collection_type */
    const char *declared; /* The type as it is written. */
    bool not_null;    /* Declared so, or an INTEGER PRIMARY KEY. */
    int32_t key;      /* Place in the primary key, from 1; 0: not in it. */
    bool generated;   /* Read, never written. */
    bool dimension;   /* Of a time series: in the primary key and not `id`. */
    const char *default_value; /* SQL text, or NULL. */
    const char *target;        /* The table of a foreign key, as that is spelt, or NULL; */
    const char *target_column; /* "id" when not said. */
    int32_t on_delete, on_update; /* enum collection_action */
};

/* A unique one; others are not kept. The key of a rowid table that is an alias has none. */
struct collection_index {
    bool partial;
    bool primary_key;
    const char *const *columns; /* NULL for an expression. */
    int32_t column_count;
};

struct collection_table {
    const char *name;
    int32_t role;                        /* enum collection_role */
    const char *group;                   /* NULL for collections and files. */
    const struct collection_table *parent; /* The collection; itself for one; NULL: none. */
    const char *parent_name;
    bool without_rowid;
    struct collection_column *columns; /* Declaration order. */
    int32_t column_count;
    struct collection_index *indexes;
    int32_t index_count;
    int32_t id;    /* Positions; -1: it has none. */
    int32_t label; /* Of a collection. */
    int32_t vector_index;
    int32_t date;  /* Of a time series: the dimension `date_time`, else the first in the key. */
    const char *unusable; /* The text of the rule it breaks, when operations cannot work on it. */
    /* Of a collection: its groups of each kind, in byte order of their tables; and its files. */
    const struct collection_table *const *groups[ROLE_FILES];
    int32_t group_count[ROLE_FILES];
    const struct collection_table *files;
};

/* Something that is wrong with the schema. */
struct collection_finding {
    const char *rule;   /* "type", "1" to "22", "S1" to "S7" */
    const char *table;  /* NULL: none. */
    const char *column; /* NULL: none. */
    const char *text;   /* The whole sentence. */
    struct collection_finding *next;
};

#define COLLECTION_ID_HIGH (INT64_C(1) << 62)

struct collection_model {
    stoa__arena arena;
    int64_t schema_version; /* It was read at, and */
    int64_t schema_changes; /* what the engine says beside: schema_mark() in engine/engine.h. */
    struct collection_table *tables; /* All of them. */
    int32_t table_count;
    bool high_ids; /* AUTOINCREMENT was near its end, COLLECTION_ID_HIGH, when it was read. */
    struct collection_finding *findings; /* In the order in which they are to be reported. */
};

/* Accepts NULL. */
void collection_model_free(struct collection_model *model);

/* NULL when it is not there (or not a collection). */
const struct collection_table *collection_find_table(const struct collection_model *model,
                                                     const char *name, size_t size);
const struct collection_table *collection_find(const struct collection_model *model,
                                               const char *name, size_t size);
/* A collection, and not the history of migrations, which lists and reports leave out. */
bool collection_is_listed(const struct collection_table *table);
/* `kind` is STOA_GROUP_*. */
const struct collection_table *collection_find_group(const struct collection_table *collection,
                                                     int32_t kind, const char *name, size_t size);
/* -1 when it is not there. */
int32_t collection_find_column(const struct collection_table *table, const char *name,
                               size_t size);

/* "integer", "real", "text", "date_time"; and "INTEGER", "REAL", "TEXT", "DATE_TIME". */
const char *collection_type_name(int32_t type);
const char *collection_type_word(int32_t type);

#endif
