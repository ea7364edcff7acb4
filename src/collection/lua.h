/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object behind a stoa_lua, and what its parts share. Everything that runs inside Lua may be
 * left by a longjmp at any call of Lua's, so what has to be freed is the runner's: in `scratch`,
 * which the next method and the end of the run empty, or in buffers that are kept.
 *
 *   lua.c          the handle, memory, cancelling, the environment
 *   lua_api.c      Lua's library
 *   lua_take.c     arguments: Lua's values as cells, columns and texts
 *   lua_push.c     answers: rows and batches as Lua's values
 *   lua_json.c     what a script returns, as JSON
 *   lua_string.c   what of the string library matches patterns, by lua_pattern.c
 *   lua_path.c     where CSV files may lie
 *   lua_db*.c      the methods of `db`
 */
#ifndef STOA_COLLECTION_LUA_H
#define STOA_COLLECTION_LUA_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/call.h"
#include "base/object.h"
#include "collection/lua_api.h"
#include "stoa/collection.h"

/* Of one method. Methods that call the script back use none of it. */
struct lua_scratch {
    stoa_result result;
    struct ArrowSchema schema;
    struct ArrowArray batch;
    stoa__arena arena;
    stoa__buffer cells;   /* stoa_value: NAME and value by turns, or values alone */
    stoa__buffer bytes;   /* Texts of cells and keys. */
    stoa__buffer columns; /* stoa_column: they lie in the arena and in Lua's strings. */
    stoa__buffer text;
};

struct lua_text {
    const char *text;
    int64_t size;
};

struct lua_runner {
    struct stoa__object object; /* A child of the connection. */
    struct lua_api lua;
    lua_State *main;
    lua_State *state; /* The coroutine that runs: where methods take and push. */
    stoa_conn conn;
    char *path; /* As the database was opened. */
    size_t bytes; /* Lua's. */
    bool over;    /* It asked for more than there may be. */
    _Atomic bool running;

    /* Of the run. */
    stoa__call call;
    stoa_op op;
    struct lua_text script;
    bool loaded;
    const char *operation; /* The method, for texts. */
    stoa_error failure;    /* The last one that was raised in Lua. */
    struct lua_scratch scratch;
    stoa__buffer keys; /* Of tables that are written as JSON. */
    stoa__buffer json; /* The caller's until the next run. */
};

/* The runner that runs on this thread, now in `state`. */
struct lua_runner *collection_lua_runner_of(lua_State *state);

/* ---- failing: none of these returns ---- */

/* Raise runner->failure in Lua, with the place in the script before it. */
_Noreturn void collection_lua_raise(struct lua_runner *runner);
/* "Cannot {operation}: {format}" */
_Noreturn void collection_lua_refuse(struct lua_runner *runner, stoa_status status,
                                     const char *format, ...) __attribute__((format(printf, 3, 4)));
/* It is time to stop, as runner->failure says: raise it, and again at every instruction from now
 * on, or a script could go on in its own pcall(). */
_Noreturn void collection_lua_stop(struct lua_runner *runner, lua_State *state);
_Noreturn void collection_lua_raise_nomem(struct lua_runner *runner);
/* Raises what `rc` is, whose text is in runner->failure, unless it is a success. */
void collection_lua_must(struct lua_runner *runner, stoa_status rc);

void collection_lua_scratch_empty(struct lua_scratch *scratch);
void collection_lua_scratch_release(struct lua_scratch *scratch);

/* ---- taking ---- */

/* Argument number `index`, which must be a string, or an integer. Texts live as long as they are on
 * the stack. */
struct lua_text collection_lua_take_text(struct lua_runner *runner, int index, const char *name);
int64_t collection_lua_take_integer(struct lua_runner *runner, int index, const char *name);
void collection_lua_take_table(struct lua_runner *runner, int index, const char *name);

/* The table at `index` as cells (single values) and, with `arrays`, columns (tables). */
void collection_lua_take_cells(struct lua_runner *runner, int index, bool arrays);
/* A list of values, with holes for NULL, as cells without names. */
void collection_lua_take_values(struct lua_runner *runner, int index);
/* A table of columns; how many rows. Of a time series the dimensions say how many. */
int64_t collection_lua_take_columns(struct lua_runner *runner, int index);
int64_t collection_lua_take_series(struct lua_runner *runner, int index, struct lua_text collection,
                                   struct lua_text group);

/* What was taken. */
static inline const stoa_value *collection_lua_cells(const struct lua_runner *runner)
{
    return (const stoa_value *)(const void *)runner->scratch.cells.data;
}

static inline int64_t collection_lua_cell_count(const struct lua_runner *runner)
{
    return (int64_t)(runner->scratch.cells.size / sizeof(stoa_value));
}

static inline const stoa_column *collection_lua_columns(const struct lua_runner *runner)
{
    return (const stoa_column *)(const void *)runner->scratch.columns.data;
}

static inline int64_t collection_lua_column_count(const struct lua_runner *runner)
{
    return (int64_t)(runner->scratch.columns.size / sizeof(stoa_column));
}

/* ---- answers ---- */

/* Columns of stoa_collection_list(). */
enum {
    LIST_KIND = 1,
    LIST_GROUP = 2,
    LIST_NAME = 3,
    LIST_TYPE = 5,
    LIST_NOT_NULL = 6,
    LIST_PRIMARY_KEY = 7,
    LIST_DIMENSION = 8,
    LIST_DEFAULT_VALUE = 9,
    LIST_REFERENCES_COLLECTION = 10,
    LIST_REFERENCES_COLUMN = 11
};

/* A text of the first row; "" for NULL. */
struct lua_text collection_lua_row_text(const stoa_rows *rows, int64_t index);
bool collection_lua_text_is(struct lua_text text, const char *value);

void collection_lua_push_text(struct lua_runner *runner, const char *text, size_t size);
/* A value of `rows`; the items of a list without NULL when `dense`. */
void collection_lua_push_value(struct lua_runner *runner, const stoa_rows *rows,
                               const stoa_value *value, bool dense);
/* The row of an array: a list is a table, without NULL when `dense`. */
void collection_lua_push_cell(struct lua_runner *runner, const struct ArrowSchema *schema,
                              const struct ArrowArray *array, int64_t row, bool dense);
/* How many items the list in a row has. */
int64_t collection_lua_list_size(const struct ArrowSchema *schema, const struct ArrowArray *array,
                                 int64_t row);
/* The next batch of the scratch's result into the scratch; false behind the last. */
bool collection_lua_next_batch(struct lua_runner *runner);
/* table[name] = the value on top, which goes; the table is at `index`. */
void collection_lua_set_field(struct lua_runner *runner, int index, const char *name, size_t size);

/* Append the value at `index` as JSON, or refuse. */
void collection_lua_write_json(struct lua_runner *runner, int index, stoa__buffer *out);

/* string.find, match, gmatch and gsub. */
void collection_lua_add_patterns(struct lua_runner *runner);

/* ---- methods ---- */

struct lua_method {
    const char *name;
    int (*run)(struct lua_runner *runner, const struct lua_method *method);
    int32_t kind;       /* A STOA_GROUP_*, or what else tells alike methods apart. */
    const char *detail; /* Likewise. */
};

/* Lists that end with a NULL name. */
extern const struct lua_method collection_lua_db_methods[];
extern const struct lua_method collection_lua_db_read_methods[];
extern const struct lua_method collection_lua_db_list_methods[];

/* Where a CSV file may lie: `path` inside of the database's folder, in the scratch. */
struct lua_text collection_lua_resolve_path(struct lua_runner *runner, struct lua_text path);

#endif
