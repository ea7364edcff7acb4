/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stoa/collection.h: schema-first collections on the embedded engine.
 *
 * The schema is plain SQL. A table's name gives it its role:
 *
 *   Orchard                     a collection: a row is an element, with `id`, `label` and scalars
 *   Orchard_vector_rows         a vector group: id, vector_index (1, 2, ...), value columns
 *   Orchard_set_buyers          a set group: id and value columns, rows unique
 *   Orchard_time_series_yield   a time series group: id, a date column, further dimensions, values
 *   Orchard_time_series_files   one row of paths to files kept elsewhere
 *
 * A column declared INTEGER, REAL or TEXT is int64, float64 or utf8; a TEXT column whose name
 * starts with `date_` is a timestamp. A column with a foreign key is a relation: written by id or
 * by label, read as ids unless labels are asked for. There must be a collection Configuration.
 *
 * Everything here works on a connection of the SQLite engine; others answer UNSUPPORTED. The schema
 * is read and validated with the first call that needs it, kept, and read again when it changed.
 * A function that writes is one transaction, or a savepoint of the one that is open: what fails
 * leaves nothing behind, and the one that was open goes on. (In that one no statement is cut short,
 * for SQLite would take all of it back: a cancel is heard between statements and every 256 rows.)
 * All values of a call are checked before its first write. Errors have the form "Cannot
 * create_element: ..."; a missing element, attribute, group or collection is NOT_FOUND, a value of
 * the wrong type TYPE, what the tables refuse CONSTRAINT, a call that is wrong INVALID.
 *
 * Words used below
 *
 *   collection   Its name, case-sensitive.
 *   key          One value: INT64, an element's id, or TEXT, its label; text lies in `bytes`.
 *   keys         Such values, all of one type; none at all means every element.
 *   cells        Values by name, packed as named parameters are: a NAME before each (stoa/query.h).
 *   names        Values of type TEXT over `bytes`.
 *   arrays       Raw columns (stoa/ingest.h): INT64, BOOL, FLOAT64, TEXT, TIMESTAMP, DATE or NULL.
 *   rows given   An error counts those of a stream from 0, over all batches.
 *   rows read    Elements by id; vectors by vector_index; sets as inserted; time series by their
 *                dimensions. Columns in the order of their declaration.
 */
#ifndef STOA_COLLECTION_H
#define STOA_COLLECTION_H

#include "stoa/arrow.h"
#include "stoa/db.h"
#include "stoa/ingest.h"
#include "stoa/query.h"
#include "stoa/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Policies of this connection; they hold for later calls here.
 *
 *   trim     no | yes              strip blanks from both ends of every text written or looked up
 *   dates    canonical | raw       check dates and store one spelling, in UTC; or store as given
 *   nan      error | null          what a NaN is
 *   arrays   refuse | fan_out      an array whose name several groups have: refuse, or write all
 *   cells    error | null          a stored value that is not of its column's type, when read
 *   rules    all | basic           basic: the rules that other readers of such files know
 *
 * The first is the default. Unknown keys are INVALID.
 */
STOA_API stoa_status stoa_collection_set(stoa_conn conn, const stoa_option *options,
                                         int64_t option_count, stoa_error *err);

/* ---- schema ---- */

/*
 * Make a database file from a schema: `sql` is run in one transaction on a new file beside `path`,
 * validated, synced and renamed to `path`. Nothing at `path` is touched before. May block.
 *
 *   sql       Any statements, initial rows too; it cannot end the transaction.
 *   Options   if_exists     refuse | replace   replace: LOCKED while somebody has the old one open;
 *                                              one with journal=delete: while somebody is in it
 *             rules         all | basic
 *             journal       wal | delete       as stoa_open() (wal)
 *             schema_file   where to read the schema; `sql` is empty then
 *             read_only     no | yes           yes is READ_ONLY: for callers that pass theirs on
 */
STOA_API stoa_status stoa_collection_create(stoa_op op, const char *path, int64_t path_size,
                                        const char *sql, int64_t sql_size,
                                        const stoa_option *options, int64_t option_count,
                                        stoa_error *err);

/* Run `sql` on the connection in one transaction, validate the schema, commit. May block. */
STOA_API stoa_status stoa_collection_apply(stoa_conn conn, stoa_op op, const char *sql,
                                       int64_t sql_size, stoa_error *err);

/* All that is wrong with the schema, a row a finding: rule (utf8: "1".."22", "S1".."S7", "dates"),
 * fatal (bool: the collections cannot be used), table, column (utf8 or NULL), text (utf8). Dates
 * that are not canonical are counted, a row a column. No rows: all is well. May block. */
STOA_API stoa_status stoa_collection_check(stoa_conn conn, stoa_op op, stoa_result *out,
                                       stoa_error *err);

/*
 * Bring the database to a version by the scripts of a folder: `folder`/N/up.sql and down.sql, where
 * N is a number from 1. The version is PRAGMA user_version. A run is one transaction, or a
 * savepoint of the one that is open, which ends when the schema is valid by the rules of
 * stoa_collection_set(). BEGIN, COMMIT and END in scripts are passed over; the savepoints of others
 * are not theirs to end. One that holds PRAGMA foreign_keys = OFF is run without them, and every
 * row is looked at behind it. A failure tells the version that stays. Going down to 0, the schema
 * is not validated. May block.
 *
 *   target    A version; -1 = the newest of the folder.
 *   out       What was done, or would be: a row a version: version (int64), direction (utf8),
 *             statements (int64), applied (bool). May be NULL.
 *   Options   direction     up | down (up)   down runs down.sql from the newest to target + 1
 *             plan          no | yes         tell what would be run, run nothing
 *             dry_run       no | yes         run everything, validate, roll back
 *             per_version   no | yes         a transaction a version
 *             allow_newer   no | yes         accept a database that is newer than the folder
 *             history       no | yes         keep version, SHA-256 and time in the collection
 *                                            StoaMigration; scripts that changed are an error
 */
STOA_API stoa_status stoa_collection_migrate(stoa_conn conn, stoa_op op, const char *folder,
                                         int64_t folder_size, int64_t target,
                                         const stoa_option *options, int64_t option_count,
                                         stoa_result *out, stoa_error *err);

/*
 * The schema, a row a column: collection, kind ("scalar", "vector", "set", "time_series", "files"),
 * group (NULL for scalars and files), name, position (int64, from 0 in its table), type ("integer",
 * "real", "text", "date_time"), not_null, primary_key, dimension (bools), default_value (utf8, SQL
 * text), references_collection, references_column (utf8 or NULL), generated (bool). `id` and
 * `vector_index` of groups are left out; a time series begins with its date. May block.
 *
 *   collection   A size of 0: all of them.
 */
STOA_API stoa_status stoa_collection_list(stoa_conn conn, stoa_op op, const char *collection,
                                      int64_t collection_size, stoa_result *out, stoa_error *err);

/* A report of the schema, or of the data in a collection, as text: one value. A collection size of
 * 0: all of them. `out` is borrowed until the connection's next call or close. May block. */
STOA_API stoa_status stoa_collection_describe(stoa_conn conn, stoa_op op, const char *collection,
                                          int64_t collection_size, stoa_rows *out,
                                          stoa_error *err);
STOA_API stoa_status stoa_collection_summarize(stoa_conn conn, stoa_op op, const char *collection,
                                               int64_t collection_size, stoa_rows *out,
                                               stoa_error *err);

/* ---- one element ---- */

/*
 * Create an element. May block. Relations may be given by label, also to the element itself. One
 * that the table's own trigger or conflict clause ignores is CONSTRAINT. FULL: no ids are left.
 *
 *   cells     Its scalars, at least one. `id` may be among them.
 *   arrays    Columns of vector, set and time series groups, found by column name, or written
 *             'group.column'. Those of one group are its rows and of one length.
 *   id        Out.
 */
STOA_API stoa_status stoa_element_create(stoa_conn conn, stoa_op op, const char *collection,
                                         int64_t collection_size, const stoa_value *cells,
                                         int64_t cell_count, const uint8_t *bytes,
                                         int64_t bytes_size, const stoa_column *arrays,
                                         int64_t array_count, int64_t *id, stoa_error *err);

/* Change scalars, and replace the rows of each group an array names; an array of no rows clears it.
 * May block. */
STOA_API stoa_status stoa_element_update(stoa_conn conn, stoa_op op, const char *collection,
                                         int64_t collection_size, const stoa_value *key,
                                         const stoa_value *cells, int64_t cell_count,
                                         const uint8_t *bytes, int64_t bytes_size,
                                         const stoa_column *arrays, int64_t array_count,
                                         stoa_error *err);

/* Delete an element; its groups go with it, relations to it as they are declared. May block. */
STOA_API stoa_status stoa_element_delete(stoa_conn conn, stoa_op op, const char *collection,
                                         int64_t collection_size, const stoa_value *key,
                                         const uint8_t *bytes, int64_t bytes_size,
                                         stoa_error *err);

/*
 * Read a whole element: a row an attribute, of two values: its name and its value; those of group
 * columns are LIST, aligned within a group. A name that is in several of them is written
 * 'group.column'. `out` is borrowed until the connection's next call or close. May block.
 *
 *   Options   groups      all | none | scalar | vector | set | time_series   which attributes (all)
 *             relations   id | label
 *             dates       timestamp | text
 */
STOA_API stoa_status stoa_element_read(stoa_conn conn, stoa_op op, const char *collection,
                                       int64_t collection_size, const stoa_value *key,
                                       const uint8_t *bytes, int64_t bytes_size,
                                       const stoa_option *options, int64_t option_count,
                                       stoa_rows *out, stoa_error *err);

/* ---- many elements ---- */

/*
 * Create elements from a stream: a scalar or relation a column; list<T> is a column of a vector or
 * set group; list<struct<...>> named like a group its rows. A NULL list has no rows. Labels resolve
 * also to elements of the same call. All or nothing; the error names row and column. May block.
 * Calls back. `rows` is taken on success.
 *
 *   out   The ids in the order of the rows: a column `id`. May be NULL.
 */
STOA_API stoa_status stoa_elements_create(stoa_conn conn, stoa_op op, const char *collection,
                                          int64_t collection_size, struct ArrowArrayStream *rows,
                                          stoa_result *out, stoa_error *err);

/* Update elements named by a column `id` or `label`: a NULL scalar sets NULL, a NULL list leaves
 * its group alone, an empty one clears it. Likewise. `count` may be NULL. */
STOA_API stoa_status stoa_elements_update(stoa_conn conn, stoa_op op, const char *collection,
                                          int64_t collection_size, struct ArrowArrayStream *rows,
                                          int64_t *count, stoa_error *err);

/* Delete the elements named by `keys`; at least one. May block. */
STOA_API stoa_status stoa_elements_delete(stoa_conn conn, stoa_op op, const char *collection,
                                          int64_t collection_size, const stoa_value *keys,
                                          int64_t key_count, const uint8_t *bytes,
                                          int64_t bytes_size, stoa_error *err);

STOA_API stoa_status stoa_elements_count(stoa_conn conn, stoa_op op, const char *collection,
                                         int64_t collection_size, int64_t *count, stoa_error *err);

/*
 * Read attributes of elements, a row an element: `id`, then a column an attribute; those of groups
 * are lists (empty where an element has no rows). No names: ids alone. May block.
 *
 *   names     Scalars, columns of groups, or 'group.column'.
 *   keys      Rows come in their order; one that is missing is NOT_FOUND. None: all, by id.
 *   Options   relations   id | label          labels are dictionary-encoded text
 *             dates       timestamp | text    timestamp[ns, UTC]; text as it is stored
 *             kind        any | scalar | vector | set | time_series    where names are looked for
 *             as          declared | integer | float | text   another than the declared type is
 *                                             TYPE; float takes integers
 *
 * Of a name in several groups: with a kind, the group of that name or else the first is meant;
 * without, it is INVALID. A stored value that is not of its column's type, a date that cannot be
 * read, and one that 64 bits of nanoseconds do not hold are TYPE when their batch is read; the
 * error names element and column.
 */
STOA_API stoa_status stoa_elements_read(stoa_conn conn, stoa_op op, const char *collection,
                                        int64_t collection_size, const stoa_value *names,
                                        int64_t name_count, const stoa_value *keys,
                                        int64_t key_count, const uint8_t *bytes,
                                        int64_t bytes_size, const stoa_option *options,
                                        int64_t option_count, stoa_result *out, stoa_error *err);

/* ---- groups ---- */

/* The kind of a group. ANY finds the first of that name, in the order below. */
enum {
    STOA_GROUP_ANY = 0,
    STOA_GROUP_VECTOR = 1,
    STOA_GROUP_SET = 2,
    STOA_GROUP_TIME_SERIES = 3
};

/*
 * Read the rows of a group: `id`, then `vector_index` or the dimensions, then the value columns.
 * May block.
 *
 *   names     Value columns; none: all.
 *   keys      In order of id whatever their order; one that is missing is NOT_FOUND.
 *   cells     Values of dimensions the rows must have (time series). May be none.
 *   begin, end   [begin, end) in nanoseconds on the date column; INT64_MIN and INT64_MAX = all.
 *   Options   relations, dates   as stoa_elements_read()
 */
STOA_API stoa_status stoa_group_read(stoa_conn conn, stoa_op op, const char *collection,
                                     int64_t collection_size, int32_t kind, const char *group,
                                     int64_t group_size, const stoa_value *names,
                                     int64_t name_count, const stoa_value *keys, int64_t key_count,
                                     const stoa_value *cells, int64_t cell_count,
                                     const uint8_t *bytes, int64_t bytes_size, int64_t begin,
                                     int64_t end, const stoa_option *options, int64_t option_count,
                                     stoa_result *out, stoa_error *err);

/* Replace one element's rows in a group by `row_count` rows; no columns at all clear it. Columns of
 * no rows are INVALID, since a misspelt name must not wipe data. May block. */
STOA_API stoa_status stoa_group_write(stoa_conn conn, stoa_op op, const char *collection,
                                      int64_t collection_size, int32_t kind, const char *group,
                                      int64_t group_size, const stoa_value *key,
                                      const uint8_t *bytes, int64_t bytes_size,
                                      const stoa_column *columns, int64_t column_count,
                                      int64_t row_count, stoa_error *err);

/*
 * Write rows of many elements into a group: a column `id` or `label`, and columns of the group; a
 * vector's rows are numbered in their order unless `vector_index` is given. All or nothing. May
 * block. Calls back. `rows` is taken on success; `row_count` may be NULL.
 *
 *   Options   mode   replace   the rows of the elements that are named (the default)
 *                    append    a row that is there is CONSTRAINT; vectors go on counting
 *                    merge     a row that is there is updated in the columns given
 */
STOA_API stoa_status stoa_group_write_stream(stoa_conn conn, stoa_op op, const char *collection,
                                             int64_t collection_size, int32_t kind,
                                             const char *group, int64_t group_size,
                                             struct ArrowArrayStream *rows,
                                             const stoa_option *options, int64_t option_count,
                                             int64_t *row_count, stoa_error *err);

/* Replace one column of an element's vector (all other columns keep their values; INVALID when they
 * hold data and the length differs) or set (INVALID when it has other columns). `kind` VECTOR or
 * SET. An empty array clears. May block. */
STOA_API stoa_status stoa_attribute_write(stoa_conn conn, stoa_op op, const char *collection,
                                          int64_t collection_size, int32_t kind,
                                          const stoa_value *key, const uint8_t *bytes,
                                          int64_t bytes_size, const stoa_column *array,
                                          stoa_error *err);

/* Let the element labelled `from` relate to the one labelled `to` in the scalar `attribute`; a NULL
 * `to` clears it. May block. */
STOA_API stoa_status stoa_relation_write(stoa_conn conn, stoa_op op, const char *collection,
                                         int64_t collection_size, const char *attribute,
                                         int64_t attribute_size, const char *from,
                                         int64_t from_size, const char *to, int64_t to_size,
                                         stoa_error *err);

/* ---- time series ---- */

/* Insert or update one row, keyed by the element and all dimensions. May block.
 *
 *   cells     Dimensions and values.
 *   Options   mode   merge | replace   columns not given keep their values, or get their default
 */
STOA_API stoa_status stoa_series_upsert(stoa_conn conn, stoa_op op, const char *collection,
                                        int64_t collection_size, const char *group,
                                        int64_t group_size, const stoa_value *key,
                                        const stoa_value *cells, int64_t cell_count,
                                        const uint8_t *bytes, int64_t bytes_size,
                                        const stoa_option *options, int64_t option_count,
                                        stoa_error *err);

/*
 * The last value of `attribute` that is not NULL at or before each instant: `id`, `at` (timestamp)
 * when several instants are asked for, further dimensions that are not fixed, and the attribute. An
 * element without such a value has NULL. May block.
 *
 *   instants   Values of TIMESTAMP, DATE or TEXT, at least one. Dates are compared as text.
 *   keys       Rows come in the order of id; one that is missing is NOT_FOUND.
 *   cells      Values of further dimensions the rows must have. Of those not fixed, a row a set of
 *              values that has one; they are looked for among all rows up to the instant.
 *   Options    dates   timestamp | text
 */
STOA_API stoa_status stoa_series_asof(stoa_conn conn, stoa_op op, const char *collection,
                                      int64_t collection_size, const char *group,
                                      int64_t group_size, const char *attribute,
                                      int64_t attribute_size, const stoa_value *instants,
                                      int64_t instant_count, const stoa_value *keys,
                                      int64_t key_count, const stoa_value *cells,
                                      int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                                      const stoa_option *options, int64_t option_count,
                                      stoa_result *out, stoa_error *err);

/* The same for pairs: a stream with `id` or `label` and `at`; its rows come back in their order,
 * with the attribute behind them. Further dimensions are cells, or columns of the pairs. May block.
 * Calls back. `pairs` is taken on success. */
STOA_API stoa_status stoa_series_asof_join(stoa_conn conn, stoa_op op, const char *collection,
                                           int64_t collection_size, const char *group,
                                           int64_t group_size, const char *attribute,
                                           int64_t attribute_size, struct ArrowArrayStream *pairs,
                                           const stoa_value *cells, int64_t cell_count,
                                           const uint8_t *bytes, int64_t bytes_size,
                                           stoa_result *out, stoa_error *err);

/* The paths of a collection: a row a column, its name and its path or NULL. NOT_FOUND when it has
 * no such table. `out` is borrowed until the connection's next call or close. May block. */
STOA_API stoa_status stoa_files_read(stoa_conn conn, stoa_op op, const char *collection,
                                     int64_t collection_size, stoa_rows *out, stoa_error *err);

/* Set paths. Options: mode merge | replace: columns not given keep their paths, or become NULL. No
 * cells do nothing. May block. */
STOA_API stoa_status stoa_files_write(stoa_conn conn, stoa_op op, const char *collection,
                                      int64_t collection_size, const stoa_value *cells,
                                      int64_t cell_count, const uint8_t *bytes, int64_t bytes_size,
                                      const stoa_option *options, int64_t option_count,
                                      stoa_error *err);

/* ---- CSV ---- */

/*
 * Write the scalars (a group size of 0) or a group of a collection to a CSV file. Relations are
 * labels; the file appears when it is complete, folders are made. May block. `rows` may be NULL.
 *
 *   Options   date_time_format   a strftime pattern; empty: ISO 8601
 *             enum_labels        JSON of attribute, locale, label, value:
 *                                {"soil": {"en": {"clay": 1}}}
 *             locale             which of several (the first)
 *             separator          one ASCII character or "tab" (,)
 *             separator_line     yes | no        the line `sep=,` first
 */
STOA_API stoa_status stoa_collection_export_csv(stoa_conn conn, stoa_op op, const char *collection,
                                                int64_t collection_size, int32_t kind,
                                                const char *group, int64_t group_size,
                                                const char *path, int64_t path_size,
                                                const stoa_option *options, int64_t option_count,
                                                int64_t *rows, stoa_error *err);

/* What an import did. Starts with its size, which the caller sets. */
typedef struct stoa_import_done {
    int64_t struct_size;
    int64_t rows;     /* Read. */
    int64_t inserted;
    int64_t updated;
    int64_t deleted;
    int64_t skipped;
} stoa_import_done;

/*
 * Read such a file into the collection or group: all of it or nothing. Known labels keep their ids.
 * May block.
 *
 *   out       May be NULL.
 *   skipped   With on_error=skip, the rows passed over: line (int64), column, text (utf8). May be
 *             NULL.
 *   Options   mode             replace | append | merge    replace: the file is all there is then
 *             columns          all | some                  some: those in the header alone
 *             on_error         refuse | skip    skip: a row that is wrong; a relation to a row of
 *                                               this file that is not there is left out alone
 *             open_transaction allow | refuse
 *             separator        auto, one character or "tab"
 *             date_time_format, enum_labels                as above
 */
STOA_API stoa_status stoa_collection_import_csv(stoa_conn conn, stoa_op op, const char *collection,
                                                int64_t collection_size, int32_t kind,
                                                const char *group, int64_t group_size,
                                                const char *path, int64_t path_size,
                                                const stoa_option *options, int64_t option_count,
                                                stoa_import_done *out, stoa_result *skipped,
                                                stoa_error *err);

/* ---- single answers ---- */

/*
 * Run one statement and give the first column of its first row as `type` (INT64, FLOAT64, TEXT or
 * TIMESTAMP): NULL when there is no row, it is NULL or of another type; FLOAT64 takes integers.
 * More than one statement is INVALID. `out` is borrowed until the connection's next call or close.
 * May block.
 */
STOA_API stoa_status stoa_query_cell(stoa_conn conn, stoa_op op, const char *sql, int64_t sql_size,
                                     const stoa_value *params, int64_t param_count,
                                     const uint8_t *bytes, int64_t bytes_size, int32_t type,
                                     stoa_rows *out, stoa_error *err);

/* ---- scripts ---- */

/* A Lua 5.4 with the collections of its connection, and nothing else of the machine, in it. Used by
 * one thread at a time, but may move; a second one is answered BUSY. While a script runs its
 * connection is that thread's alone. */
typedef struct stoa_lua {
    uint64_t id;
} stoa_lua;

/*
 * Make a runner; it is closed with its connection, and stays as it is when that is reset. Lua's
 * library is looked for by the names it has on various systems, or where the environment's STOA_LUA
 * says; NOT_FOUND names all that was tried.
 *
 * Scripts have Lua's base (without dofile, loadfile, bytecode and __gc), string, table, math,
 * coroutine and utf8, and the global `db`, whose methods are called by colon:
 *
 *   path() current_version() is_healthy() describe() describe_collection(collection)
 *   summarize_collection(collection)
 *   create_element(collection, attributes)      the new id; arrays are groups' columns
 *   update_element(collection, id, attributes)  delete_element(collection, id)
 *   begin_transaction() commit() rollback() in_transaction() transaction(f)
 *   begin_dry_run() end_dry_run() in_dry_run() dry_run(f)      f(db); answer as f does
 *   query_string(sql, parameters) query_integer query_float
 *   read_element_ids(collection) number_of_elements(collection)
 *   read_scalar_integers(collection, attribute) _floats _strings     a hole for NULL
 *   read_vector_integers(collection, attribute) _floats _strings     lists; read_set_... likewise:
 *                                               elements without rows are left out, NULLs too
 *   read_scalars_by_id(collection, id) read_vectors_by_id read_sets_by_id read_element_by_id
 *   read_scalar_relation(collection, attribute)     labels
 *   update_vector_group(collection, group, id, columns) update_set_group     {} clears
 *   read_time_series_group(collection, group, id) update_time_series_group(..., columns)
 *   upsert_time_series_row(collection, group, id, row)
 *   read_time_series_row(collection, group, attribute, date_time)    a value an element
 *   has_time_series_files(collection) list_time_series_files_columns(collection)
 *   read_time_series_files(collection) update_time_series_files(collection, paths)
 *   get_scalar_metadata(collection, attribute) get_vector_metadata(collection, group)
 *   get_set_metadata get_time_series_metadata list_scalar_attributes(collection)
 *   list_vector_groups(collection) list_set_groups list_time_series_groups
 *   export_csv(collection, group, path, options) import_csv    inside of the database's folder
 *
 * Values are integers, floats, strings and nil, dates are strings, and tables 1...n lists. A
 * column may have holes, which are NULL; in a time series the dimensions say how many rows there
 * are. Upserted rows and files replace what is not given; all else is by the connection's policies
 * (stoa_collection_set()). SQL is not confined: it can do what the connection can.
 */
STOA_API stoa_status stoa_lua_open(stoa_conn conn, stoa_lua *out, stoa_error *err);

/*
 * Run a script. Globals stay from run to run. A script is no transaction by itself: what it wrote
 * before it failed is written. "Failed to run Lua script: ..." has the place in the script and the
 * text of what failed, whose status is the answer; SYNTAX when it cannot be read, CALLBACK when it
 * raised an error of its own, FULL when it needs more than 256 MiB. A cancel is heard between two
 * instructions of Lua's, inside of methods and of patterns (which are matched here, all of a
 * pattern being checked before). May block.
 *
 *   script      Text, no bytecode.
 *   json        Out: the first value it returned as JSON, NUL-terminated; "" if there was none.
 *               Keys 1...n are an array (so is an empty table), others an object in the order of
 *               its keys; NaN and infinities are null. "Cannot run: ..." refuses functions and the
 *               like, a depth over 32, more than 64 MiB, what is not UTF-8, and keys that are
 *               written alike. Borrowed until the runner's next run or close.
 */
STOA_API stoa_status stoa_lua_run(stoa_lua lua, stoa_op op, const char *script,
                                  int64_t script_size, const char **json, int64_t *json_size,
                                  stoa_error *err);
STOA_API void stoa_lua_close(stoa_lua lua);

#ifdef __cplusplus
}
#endif

#endif
