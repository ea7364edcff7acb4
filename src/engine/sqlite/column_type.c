/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metadata table: the Arrow type of each column that its declared type does not fully
 * tell.
 *
 *   CREATE TABLE stoa_column_type(
 *     tbl TEXT NOT NULL COLLATE NOCASE, col TEXT NOT NULL COLLATE NOCASE,
 *     format TEXT NOT NULL,       Arrow's format string of the column, for whoever looks
 *     field BLOB,                 the whole field, see column_field.c; NULL: `format` is all
 *     sql_hash INTEGER NOT NULL,  hash of the table's CREATE text at the time
 *     PRIMARY KEY(tbl, col)) STRICT, WITHOUT ROWID
 *
 * A row counts only while `sql_hash` fits the table's text in sqlite_schema: whoever
 * dropped, recreated or altered the table did not tell us what its columns are now.
 *
 * Version: the first byte of `field` is the layout's number. A row of a layout we don't
 * know was written by a newer Stoa, and is passed over: its column is read by its
 * declared type, which every layout keeps true. Rows of newer layouts are replaced when
 * the table is made anew.
 */
#include "engine/sqlite/column_type.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/type.h"
#include "text/hash.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/* Tables remembered; a plan asks once a column. */
enum { ENTRY_COUNT_MAX = 64 };

struct kept_type {
    const char *column;
    const char *format;
    const uint8_t *field; /* NULL: none. */
    size_t field_size;
    struct kept_type *next;
};

/* What is known of one table. */
struct entry {
    struct entry *next;
    stoa__arena arena;
    const char *database, *table;
    int64_t schema_version;
    int64_t
        changes; /* The session's own, ever: its writes to the metadata table count. */
    bool has_types, has_facts;
    struct kept_type *types;
    struct sqlite_table_facts facts;
};

struct sqlite_type_cache {
    struct entry *first;
    int32_t count;
    sqlite3_stmt *version; /* Of the main database, kept: it is asked once a column. */
};

/* ---- statements of our own ---- */

struct query {
    struct sqlite_session *session;
    stoa__call *before;
    sqlite3_stmt *stmt;
    bool dirty;
    stoa_error *err;
};

/* Prepare `begin` "database" `end`, or `begin` alone where `database` is NULL. Whatever
 * fails, end_query() is owed. */
static stoa_status begin_query(struct query *query, struct sqlite_session *session,
                               stoa__call *call, const char *begin, const char *database,
                               const char *end, stoa_error *err)
{
    stoa__buffer sql = {0};
    stoa_status rc = stoa__buffer_append_text(&sql, begin);

    *query = (struct query){.session = session, .dirty = session->dirty, .err = err};
    query->before = sqlite_enter(session, call);
    if (rc == STOA_OK && database)
        rc = stoa__identifier_quote(database, strlen(database), &sql, err);
    if (rc == STOA_OK && database)
        rc = stoa__buffer_append_text(&sql, end);
    if (rc == STOA_OK) {
        const int code = sqlite3_prepare_v2(session->db, (const char *)sql.data,
                                            (int)sql.size, &query->stmt, NULL);

        rc = code == SQLITE_OK ? STOA_OK : sqlite_fail(session, code, err);
    } else if (rc == STOA_ERR_NOMEM) {
        rc = stoa__fail_nomem(err);
    }
    stoa__buffer_release(&sql);
    return rc;
}

/* OK: a row. */
static stoa_status step_query(struct query *query)
{
    const int code = sqlite3_step(query->stmt);

    if (code == SQLITE_ROW)
        return STOA_OK;
    return code == SQLITE_DONE ? STOA_DONE
                               : sqlite_fail(query->session, code, query->err);
}

static void end_query(struct query *query)
{
    sqlite3_finalize(query->stmt);
    sqlite_leave(query->session, query->before);
    query->session->dirty = query->dirty; /* Our own text: it changed nothing. */
}

/* ---- the cache ---- */

static void free_entry(struct entry *entry)
{
    stoa__arena_release(&entry->arena);
    stoa__free(entry);
}

void sqlite_type_cache_clear(struct sqlite_session *session)
{
    struct sqlite_type_cache *cache = session->type_cache;

    while (cache && cache->first) {
        struct entry *entry = cache->first;

        cache->first = entry->next;
        free_entry(entry);
    }
    if (cache)
        sqlite3_finalize(cache->version);
    stoa__free(cache);
    session->type_cache = NULL;
}

static stoa_status any_version(struct sqlite_session *session, stoa__call *call,
                               const char *database, int64_t *out, stoa_error *err)
{
    struct query query;
    stoa_status rc =
        begin_query(&query, session, call, "PRAGMA ", database, ".schema_version", err);

    if (rc == STOA_OK)
        rc = step_query(&query);
    if (rc == STOA_OK)
        *out = sqlite3_column_int64(query.stmt, 0);
    end_query(&query);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status main_version(struct sqlite_session *session, stoa__call *call,
                                int64_t *out, stoa_error *err)
{
    static const char sql[] = "PRAGMA main.schema_version";
    struct sqlite_type_cache *cache = session->type_cache;
    stoa__call *before = sqlite_enter(session, call);
    stoa_status rc = STOA_OK;
    int code = SQLITE_OK;

    if (!cache->version)
        code = sqlite3_prepare_v3(session->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &cache->version, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(cache->version);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(cache->version, 0);
    else
        rc = sqlite_fail(session, code, err);
    sqlite3_reset(cache->version);
    sqlite_leave(session, before);
    return rc;
}

static stoa_status schema_version(struct sqlite_session *session, stoa__call *call,
                                  const char *database, int64_t *out, stoa_error *err)
{
    *out = 0;
    return sqlite3_stricmp(database, "main") == 0
               ? main_version(session, call, out, err)
               : any_version(session, call, database, out, err);
}

static stoa_status make_entry(struct sqlite_type_cache *cache, const char *database,
                              const char *table, struct entry **out, stoa_error *err)
{
    struct entry *entry = stoa__alloc_zero(1, sizeof *entry);

    if (entry) {
        entry->database =
            stoa__arena_copy_text(&entry->arena, database, strlen(database));
        entry->table = stoa__arena_copy_text(&entry->arena, table, strlen(table));
    }
    if (!entry || !entry->database || !entry->table) {
        if (entry)
            free_entry(entry);
        return stoa__fail_nomem(err);
    }
    entry->next = cache->first;
    cache->first = entry;
    cache->count++;
    *out = entry;
    return STOA_OK;
}

/* Forget the entry behind `*link`. */
static void drop_entry(struct sqlite_type_cache *cache, struct entry **link)
{
    struct entry *entry = *link;

    *link = entry->next;
    cache->count--;
    free_entry(entry);
}

/* The table's entry, made new where the schema made it old. Our own writes do not make old
 * what is known of the table, but what the metadata table says of it. */
static stoa_status find_entry(struct sqlite_session *session, stoa__call *call,
                              const char *database, const char *table, struct entry **out,
                              stoa_error *err)
{
    const int64_t changes = sqlite3_total_changes64(session->db);
    struct sqlite_type_cache *cache = session->type_cache;
    struct entry old = {0};
    int64_t version;
    stoa_status rc;

    if (!cache)
        session->type_cache = cache = stoa__alloc_zero(1, sizeof *cache);
    if (!cache)
        return stoa__fail_nomem(err);
    rc = schema_version(session, call, database, &version, err);
    if (rc != STOA_OK)
        return rc;
    for (struct entry **at = &cache->first; *at; at = &(*at)->next) {
        if (sqlite3_stricmp((*at)->database, database) != 0 ||
            sqlite3_stricmp((*at)->table, table) != 0)
            continue;
        *out = *at;
        if ((*at)->schema_version == version &&
            ((*at)->changes == changes || !(*at)->has_types))
            return STOA_OK;
        old = **at;
        drop_entry(cache, at);
        break;
    }
    while (cache->count >= ENTRY_COUNT_MAX)
        drop_entry(cache, &cache->first);
    rc = make_entry(cache, database, table, out, err);
    if (rc != STOA_OK)
        return rc;
    (*out)->schema_version = version;
    (*out)->changes = changes;
    if (old.schema_version == version) {
        (*out)->has_facts = old.has_facts;
        (*out)->facts = old.facts;
    }
    return STOA_OK;
}

/* ---- facts ---- */

static stoa_status load_facts(struct sqlite_session *session, stoa__call *call,
                              struct entry *entry, stoa_error *err)
{
    struct query query;
    stoa_status rc =
        begin_query(&query, session, call,
                    "SELECT strict, NOT wr AND 1 = (SELECT count(*) FROM "
                    "pragma_table_info(?1, ?2) WHERE pk)"
                    " FROM pragma_table_list(?1) WHERE schema = ?2 COLLATE NOCASE",
                    NULL, NULL, err);

    if (rc == STOA_OK) {
        sqlite3_bind_text(query.stmt, 1, entry->table, -1, SQLITE_STATIC);
        sqlite3_bind_text(query.stmt, 2, entry->database, -1, SQLITE_STATIC);
        rc = step_query(&query);
    }
    if (rc == STOA_OK) {
        entry->facts.strict = sqlite3_column_int(query.stmt, 0) != 0;
        entry->facts.rowid_alias = sqlite3_column_int(query.stmt, 1) != 0;
    }
    end_query(&query);
    entry->has_facts = rc >= 0;
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_table_facts(struct sqlite_session *session, stoa__call *call,
                               const char *database, const char *table,
                               struct sqlite_table_facts *out, stoa_error *err)
{
    struct entry *entry = NULL;
    stoa_status rc = find_entry(session, call, database, table, &entry, err);

    *out = (struct sqlite_table_facts){0};
    if (rc == STOA_OK && !entry->has_facts)
        rc = load_facts(session, call, entry, err);
    if (rc == STOA_OK)
        *out = entry->facts;
    return rc;
}

/* ---- reading ---- */

static int64_t text_hash(const unsigned char *text, int size)
{
    return text ? (int64_t)stoa__hash(text, (size_t)size, 0) : 0;
}

/* One row: column, format, field, hash, the table's text. */
static stoa_status keep_type(struct query *query, struct entry *entry)
{
    sqlite3_stmt *stmt = query->stmt;
    const unsigned char *column = sqlite3_column_text(stmt, 0);
    const unsigned char *format = sqlite3_column_text(stmt, 1);
    const void *field = sqlite3_column_blob(stmt, 2);
    const size_t field_size = (size_t)sqlite3_column_bytes(stmt, 2);
    const unsigned char *sql = sqlite3_column_text(stmt, 4);
    struct kept_type *type;

    if (!column || !format || !sql ||
        sqlite3_column_int64(stmt, 3) != text_hash(sql, sqlite3_column_bytes(stmt, 4)))
        return STOA_OK;
    type = stoa__arena_alloc_zero(&entry->arena, 1, sizeof *type);
    if (!type)
        return stoa__fail_nomem(query->err);
    type->column = stoa__arena_copy_text(&entry->arena, (const char *)column,
                                         strlen((const char *)column));
    type->format = stoa__arena_copy_text(&entry->arena, (const char *)format,
                                         strlen((const char *)format));
    if (field && field_size > 0) {
        uint8_t *copy = stoa__arena_alloc(&entry->arena, field_size);

        if (copy)
            memcpy(copy, field, field_size);
        type->field = copy;
        type->field_size = field_size;
    }
    if (!type->column || !type->format || (field_size > 0 && !type->field))
        return stoa__fail_nomem(query->err);
    type->next = entry->types;
    entry->types = type;
    return STOA_OK;
}

static stoa_status load_types(struct sqlite_session *session, stoa__call *call,
                              struct entry *entry, stoa_error *err)
{
    static const char begin[] = "SELECT col, format, field, sql_hash, (SELECT sql FROM ";
    struct query query;
    stoa__buffer end = {0};
    stoa_status rc = stoa__buffer_append_text(
        &end, ".sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE) FROM ");

    if (rc == STOA_OK)
        rc = stoa__identifier_quote(entry->database, strlen(entry->database), &end, err);
    if (rc == STOA_OK)
        rc = stoa__buffer_append_text(&end, ".stoa_column_type WHERE tbl = ?1");
    if (rc == STOA_OK)
        rc = stoa__buffer_terminate(&end);
    if (rc != STOA_OK) {
        stoa__buffer_release(&end);
        return rc == STOA_ERR_NOMEM ? stoa__fail_nomem(err) : rc;
    }
    rc = begin_query(&query, session, call, begin, entry->database,
                     (const char *)end.data, err);
    if (rc == STOA_OK)
        sqlite3_bind_text(query.stmt, 1, entry->table, -1, SQLITE_STATIC);
    /* Another layout of the table itself is a newer one: then there is nothing to
     * read. */
    const bool foreign = rc == STOA_ERR_NOT_FOUND || rc == STOA_ERR_INVALID;

    while (rc == STOA_OK) {
        rc = step_query(&query);
        if (rc == STOA_OK)
            rc = keep_type(&query, entry);
    }
    end_query(&query);
    stoa__buffer_release(&end);
    entry->has_types = rc == STOA_DONE || foreign;
    entry->changes = sqlite3_total_changes64(session->db);
    return entry->has_types ? STOA_OK : rc;
}

/* Does the database have the metadata table? Free: the schema is in memory. */
static bool has_table(struct sqlite_session *session, const char *database)
{
    return sqlite3_table_column_metadata(session->db, database, "stoa_column_type", NULL,
                                         NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* What cannot be read is passed over: see the top. */
static stoa_status make_type(const struct kept_type *kept, stoa__arena *arena,
                             struct stoa__arrow_type **type, stoa_error *err)
{
    const stoa_status rc =
        kept->field ? sqlite_field_decode(kept->field, kept->field_size, arena, type, err)
                    : stoa__arrow_type_simple(kept->format, "", true, arena, type, err);

    if (rc == STOA_OK || rc == STOA_ERR_NOMEM)
        return rc;
    *type = NULL;
    return STOA_OK;
}

stoa_status sqlite_column_type_read(struct sqlite_session *session, stoa__call *call,
                                    const char *database, const char *table,
                                    const char *column, stoa__arena *arena,
                                    struct stoa__arrow_type **type, stoa_error *err)
{
    struct entry *entry = NULL;
    stoa_status rc;

    *type = NULL;
    if (!database)
        database = "main";
    if (!has_table(session, database))
        return STOA_OK;
    rc = find_entry(session, call, database, table, &entry, err);
    if (rc == STOA_OK && !entry->has_types)
        rc = load_types(session, call, entry, err);
    if (rc != STOA_OK)
        return rc;
    for (const struct kept_type *at = entry->types; at; at = at->next)
        if (sqlite3_stricmp(at->column, column) == 0)
            return make_type(at, arena, type, err);
    return STOA_OK;
}

/* ---- writing ---- */

static stoa_status make_table(struct sqlite_session *session, stoa__call *call,
                              const char *database, stoa_error *err)
{
    struct query query;
    stoa_status rc;

    if (has_table(session, database))
        return STOA_OK;
    rc =
        begin_query(&query, session, call, "CREATE TABLE IF NOT EXISTS ", database,
                    ".stoa_column_type("
                    "tbl TEXT NOT NULL COLLATE NOCASE, col TEXT NOT NULL COLLATE NOCASE, "
                    "format TEXT NOT NULL, field BLOB, sql_hash INTEGER NOT NULL, "
                    "PRIMARY KEY(tbl, col)) STRICT, WITHOUT ROWID",
                    err);
    if (rc == STOA_OK)
        rc = step_query(&query);
    end_query(&query);
    return rc == STOA_DONE ? STOA_OK : rc;
}

static stoa_status hash_table(struct sqlite_session *session, stoa__call *call,
                              const char *database, const char *table, int64_t *out,
                              stoa_error *err)
{
    struct query query;
    stoa_status rc = begin_query(
        &query, session, call, "SELECT sql FROM ", database,
        ".sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE", err);

    if (rc == STOA_OK) {
        sqlite3_bind_text(query.stmt, 1, table, -1, SQLITE_STATIC);
        rc = step_query(&query);
    }
    if (rc == STOA_OK) {
        const unsigned char *sql = sqlite3_column_text(query.stmt, 0);

        *out = text_hash(sql, sqlite3_column_bytes(query.stmt, 0));
        rc = sql ? STOA_OK : stoa__fail_nomem(err);
    } else if (rc == STOA_DONE) {
        rc = stoa__fail(err, STOA_ERR_NOT_FOUND, "there is no table '%s'", table);
    }
    end_query(&query);
    return rc;
}

static stoa_status write_row(struct sqlite_session *session, stoa__call *call,
                             const char *database, const char *table,
                             const struct stoa__arrow_type *column,
                             const stoa__buffer *field, int64_t hash, stoa_error *err)
{
    struct query query;
    stoa_status rc =
        begin_query(&query, session, call, "INSERT OR REPLACE INTO ", database,
                    ".stoa_column_type(tbl, col, format, field, sql_hash)"
                    " VALUES(?1, ?2, ?3, ?4, ?5)",
                    err);

    if (rc == STOA_OK) {
        sqlite3_bind_text(query.stmt, 1, table, -1, SQLITE_STATIC);
        sqlite3_bind_text(query.stmt, 2, column->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(query.stmt, 3, column->format, -1, SQLITE_STATIC);
        sqlite3_bind_blob64(query.stmt, 4, field->data, field->size, SQLITE_STATIC);
        sqlite3_bind_int64(query.stmt, 5, hash);
        rc = step_query(&query);
    }
    end_query(&query);
    return rc == STOA_DONE ? STOA_OK : rc;
}

stoa_status sqlite_column_type_write(struct sqlite_session *session, stoa__call *call,
                                     const char *database, const char *table,
                                     const struct stoa__arrow_type *column,
                                     stoa_error *err)
{
    stoa__buffer field = {0};
    int64_t hash = 0;
    stoa_status rc;

    if (!database)
        database = "main";
    rc = make_table(session, call, database, err);
    if (rc == STOA_OK)
        rc = hash_table(session, call, database, table, &hash, err);
    if (rc == STOA_OK)
        rc = sqlite_field_encode(column, &field, err);
    if (rc == STOA_OK)
        rc = write_row(session, call, database, table, column, &field, hash, err);
    stoa__buffer_release(&field);
    return rc;
}
