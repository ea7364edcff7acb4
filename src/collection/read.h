/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the reads share.
 *
 *   read_column.c   a column of a table as one of a result: its type, its SQL, its values
 *   read_stream.c   a statement's rows as they come, a result over one cursor of the engine
 *   read_list.c     elements and the rows of their groups, walked together, as lists
 *   read_key.c      names, keys and options of a call
 *
 * Statements name the columns they answer with c0, c1, ...; c0 is the element's id. Parameters that
 * keys are compared with are written +?1: of a bare one SQLite looks at the value to choose a plan
 * (STAT4), and plans anew whenever another is bound. What a reader keeps lies in its own arena, and
 * outlives the call and the model.
 */
#ifndef STOA_COLLECTION_READ_H
#define STOA_COLLECTION_READ_H

#include "collection/output.h"
#include "collection/sql.h"

/* ---- options ---- */

enum read_kind {
    READ_KIND_ANY,
    READ_KIND_SCALAR,
    READ_KIND_VECTOR,
    READ_KIND_SET,
    READ_KIND_SERIES
};
enum read_as { READ_AS_DECLARED, READ_AS_INTEGER, READ_AS_FLOAT, READ_AS_TEXT };
enum read_groups {
    READ_GROUPS_ALL,
    READ_GROUPS_NONE,
    READ_GROUPS_SCALAR,
    READ_GROUPS_VECTOR,
    READ_GROUPS_SET,
    READ_GROUPS_SERIES
};

struct collection_read_options {
    int32_t labels; /* relations=label */
    int32_t text;   /* dates=text */
    int32_t kind;   /* enum read_kind */
    int32_t as;     /* enum read_as */
    int32_t groups; /* enum read_groups */
};
/* Which of the options a function knows. */
enum { READ_KNOWS_RELATIONS = 1, READ_KNOWS_DATES = 2, READ_KNOWS_KIND = 4, READ_KNOWS_GROUPS = 8 };
stoa_status collection_read_options(const stoa_option *options, int64_t count, int32_t knows,
                                    struct collection_read_options *out, stoa_error *err);

/* ---- what a call was given ---- */

/* Packed values that were checked. */
struct read_packed {
    const stoa_value *values;
    int64_t count;
    const uint8_t *bytes;
    int64_t bytes_size;
};
/* Count and bytes fit, and each value is one; `what` is "name", say. */
stoa_status collection_read_check_values(const struct read_packed *packed, const char *what,
                                         stoa_error *err);
/* And all are text. */
stoa_status collection_read_check_names(const struct read_packed *names, const char *what,
                                        stoa_error *err);
/* All of one type, INT64 or TEXT. */
stoa_status collection_read_check_keys(const struct read_packed *keys, stoa_error *err);
/* A text of a packed value, blanks off both ends if that is the policy. */
const char *collection_read_text(const struct collection_call *call, const stoa_value *value,
                                 const uint8_t *bytes, size_t *size);

/* NOT_FOUND, "Element not found: ...". */
stoa_status collection_read_fail_missing(const struct collection_call *call,
                                         const struct collection_table *collection,
                                         const stoa_value *key, const uint8_t *bytes,
                                         stoa_error *err);
/* The ids of the keys, in their order, as int64_t in `ids`; NOT_FOUND names the first that is
 * missing. */
stoa_status collection_read_key_ids(struct collection_call *call,
                                    const struct collection_table *collection,
                                    const struct read_packed *keys, stoa__buffer *ids,
                                    stoa_error *err);
/* "[1,2,3]" of ids, sorted, each once, appended. */
stoa_status collection_read_ids_json(stoa__buffer *ids, stoa__buffer *out, stoa_error *err);

/* An attribute that was asked for. */
struct read_attribute {
    const struct collection_table *table;
    int32_t column;
    const char *name; /* As it was asked for; in the arena of whoever looked it up. */
};
/* Find one by name: a scalar, a column of a group, or 'group.column'. */
stoa_status collection_read_find(const struct collection_call *call,
                                 const struct collection_table *collection, int32_t kind,
                                 const char *name, size_t size, stoa__arena *arena,
                                 struct read_attribute *out, stoa_error *err);

/* ---- columns ---- */

/* How a stored column becomes one of a result. */
struct read_column {
    const char *name;   /* In the result. */
    const char *stored; /* In the table, for errors. */
    int32_t type;       /* enum collection_type, as stored. */
    enum read_form { READ_PLAIN, READ_DATE, READ_WIDE, READ_LABEL } form;
    bool nullable;
};

/* c0 of every statement. */
extern const struct read_column collection_read_id_column;

stoa_status collection_read_column_init(const struct collection_call *call,
                                        const struct collection_column *column, const char *name,
                                        const struct collection_read_options *options,
                                        stoa__arena *arena, struct read_column *out,
                                        stoa_error *err);
/* TYPE when `as` is not what the column holds. */
stoa_status collection_read_column_as(const struct collection_call *call,
                                      const struct collection_table *collection,
                                      const struct read_attribute *attribute, int32_t as,
                                      struct read_column *column, stoa_error *err);
/* The column of the table called `alias` in a statement, AS c{number}. */
void collection_read_column_sql(stoa__buffer *text, const char *alias,
                                const struct collection_column *column,
                                const struct read_column *read, int32_t number);
/* Fill in a field of a result; or of the statement's rows, before they go through
 * collection_read_column_convert(). */
stoa_status collection_read_column_field(const struct read_column *column, stoa__arena *arena,
                                         struct stoa__arrow_type *out, stoa_error *err);
stoa_status collection_read_column_field_list(const struct read_column *column, stoa__arena *arena,
                                              struct stoa__arrow_type *out, stoa_error *err);
enum stoa__arrow_kind collection_read_column_kind(const struct read_column *column);

/* Who reads, after the call is over. */
struct read_run {
    const struct stoa__engine *engine;
    void *session;
    const char *operation;
    bool cells_null;
    int64_t batch_rows;
};
struct read_run collection_read_run_of(const struct collection_call *call);

/* Change an array of the statement's into one of the result's, in place. `ids`: of its rows. */
stoa_status collection_read_column_convert(const struct read_run *run,
                                           const struct read_column *column,
                                           struct ArrowArray *slot, const int64_t *ids,
                                           stoa_error *err);
/* A date's text as nanoseconds: TYPE, naming element and column. */
stoa_status collection_read_date_ns(const struct read_run *run, const struct read_column *column,
                                    int64_t id, const char *text, size_t size, int64_t *out,
                                    stoa_error *err);
/* One value as it is stored, made what its column says; a foreign one is TYPE, or NULL. */
stoa_status collection_read_column_value(const struct read_run *run,
                                         const struct read_column *column, int64_t id,
                                         const uint8_t *bytes, stoa_value *value, stoa_error *err);
/* Append such a value to a builder's column. */
stoa_status collection_read_column_append(struct stoa__column *out, const stoa_value *value,
                                          const uint8_t *bytes, stoa_error *err);

/* ---- statements ---- */

/* A statement that runs; c0 and on are `columns`. */
struct read_statement {
    struct read_run run;
    void *native, *cursor;
    char *text; /* To look for a value that is not of its column's type. In `arena`. */
    struct stoa__params params;
    struct read_column *columns;
    int32_t column_count;
};
/* Prepare and run `text`, which is freed. `columns` lie in `arena`, into which all else is copied.
 * It is closed by collection_read_statement_close(), also after a failure. */
stoa_status collection_read_statement_open(struct read_statement *statement,
                                           struct collection_call *call, stoa__buffer *text,
                                           const struct read_packed *params, int64_t batch_rows,
                                           stoa__arena *arena, stoa_error *err);
/* The same in steps, for one that runs again and again, its params set before each run; `text` is
 * emptied, not freed. */
stoa_status collection_read_statement_prepare(struct read_statement *statement,
                                              struct collection_call *call, stoa__buffer *text,
                                              stoa__arena *arena, stoa_error *err);
stoa_status collection_read_statement_run(struct read_statement *statement, stoa__call *call,
                                          int64_t batch_rows, stoa_error *err);
stoa_status collection_read_statement_rows(struct read_statement *statement, stoa__call *call,
                                           int64_t rows_max, struct stoa__row_writer *out,
                                           stoa_error *err);
void collection_read_statement_end(struct read_statement *statement);
/* Its next batch, not yet converted. */
stoa_status collection_read_statement_next(struct read_statement *statement, stoa__call *call,
                                           struct ArrowArray *out, stoa_error *err);
/* Convert the columns of a batch of it. */
stoa_status collection_read_statement_convert(const struct read_statement *statement,
                                              struct ArrowArray *batch, stoa_error *err);
void collection_read_statement_close(struct read_statement *statement);

/* A result over such a statement. `arena` and `text` are taken, also on failure. */
stoa_status collection_read_stream(struct collection_call *call, stoa__buffer *text,
                                   const struct read_packed *params, struct read_column *columns,
                                   int32_t column_count, stoa__arena *arena, stoa_result *out,
                                   stoa_error *err);

/* ---- lists ---- */

/* All elements of `collection`, by id, with attributes of groups as lists. */
stoa_status collection_read_lists(struct collection_call *call,
                                  const struct collection_table *collection,
                                  const struct read_attribute *attributes,
                                  const struct read_column *columns, int32_t count,
                                  stoa__arena *arena, stoa_result *out, stoa_error *err);
/* "ORDER BY ..." of a group's rows, `alias` or not, with or without the id in front. */
void collection_read_group_order(stoa__buffer *text, const struct collection_table *group);

#endif
