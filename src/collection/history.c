/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/history.h"

#include "base/error.h"
#include "collection/sql.h"
#include "text/hex.h"
#include "text/sha256.h"

#include <string.h>

#include "base/ban.h"

enum { SUM_SIZE = 2 * STOA__SHA256_SIZE };

static const char table_sql[] =
    "CREATE TABLE main." COLLECTION_HISTORY " (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "
    "sha256 TEXT NOT NULL, date_applied TEXT NOT NULL) STRICT";

static stoa_status run(struct collection_call *call, const char *text, const stoa_value *values,
                       int64_t count, const stoa__buffer *bytes, struct collection_sql *sql,
                       stoa_error *err)
{
    stoa_status rc = collection_sql_open(sql, call, text, strlen(text), err);

    if (rc == STOA_OK)
        rc = collection_sql_row(sql, values, count, bytes ? bytes->data : NULL,
                                bytes ? (int64_t)bytes->size : 0, err);
    return rc;
}

stoa_status collection_history_exists(struct collection_call *call, bool *exists, stoa_error *err)
{
    struct collection_sql sql = {0};
    const stoa_status rc = collection_sql_once(
        &sql, call,
        "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = "
        "'" COLLECTION_HISTORY "'",
        err);

    *exists = rc == STOA_OK && collection_row_int64(&sql.row, 0) > 0;
    collection_sql_close(&sql);
    return rc;
}

/* The sum of its up.sql as hexadecimal digits. */
static stoa_status sum_of(const struct collection_call *call,
                          const struct migration_folder *folder, const struct migration *migration,
                          stoa__buffer *out, stoa_error *err)
{
    uint8_t sum[STOA__SHA256_SIZE];
    stoa__buffer script = {0};
    stoa_status rc = collection_migration_script(folder, migration, false, &script, err);

    if (rc == STOA_OK) {
        stoa__sha256(script.data, script.size, sum);
        if (stoa__hex_encode(sum, sizeof sum, out) != STOA_OK)
            rc = stoa__fail_nomem(err);
    } else {
        stoa__wrap(err, "Cannot %s", call->operation);
    }
    stoa__buffer_release(&script);
    return rc;
}

static stoa_status insert(struct collection_call *call, const struct migration_folder *folder,
                          const struct migration *migration, stoa_error *err)
{
    const stoa_value values[] = {{.type = STOA_TYPE_INT64, .a = migration->version},
                                 {.type = STOA_TYPE_TEXT, .b = SUM_SIZE}};
    struct collection_sql sql = {0};
    stoa__buffer sum = {0};
    stoa_status rc = sum_of(call, folder, migration, &sum, err);

    if (rc == STOA_OK)
        rc = run(call,
                 "INSERT OR REPLACE INTO main." COLLECTION_HISTORY
                 " (id, label, sha256, date_applied) "
                 "VALUES (?1, ?1, ?2, strftime('%Y-%m-%dT%H:%M:%S', 'now'))",
                 values, 2, &sum, &sql, err);
    collection_sql_close(&sql);
    stoa__buffer_release(&sum);
    return rc < 0 ? rc : STOA_OK;
}

stoa_status collection_history_begin(struct collection_call *call,
                                     const struct migration_folder *folder, int64_t version,
                                     stoa_error *err)
{
    struct collection_sql sql = {0};
    stoa_status rc = run(call, table_sql, NULL, 0, NULL, &sql, err);

    collection_sql_close(&sql);
    rc = rc < 0 ? rc : STOA_OK;
    for (int64_t i = 0; rc == STOA_OK && i < folder->count; i++)
        if (folder->migrations[i].version <= version)
            rc = insert(call, folder, &folder->migrations[i], err);
    return rc;
}

static stoa_status check_one(struct collection_call *call, const struct migration_folder *folder,
                             const struct migration *migration, stoa_error *err)
{
    const stoa_value value = {.type = STOA_TYPE_INT64, .a = migration->version};
    struct collection_sql sql = {0};
    stoa__buffer sum = {0};
    size_t size = 0;
    const char *kept = NULL;
    stoa_status rc = sum_of(call, folder, migration, &sum, err);

    if (rc == STOA_OK)
        rc = run(call, "SELECT sha256 FROM main." COLLECTION_HISTORY " WHERE id = ?1", &value, 1,
                 NULL, &sql, err);
    if (rc == STOA_OK)
        kept = collection_row_text(&sql.row, 0, &size);
    if (rc == STOA_DONE)
        rc = collection_fail(call, err, STOA_ERR_INVALID, "migration %lld was never applied",
                             (long long)migration->version);
    else if (rc == STOA_OK && (size != sum.size || memcmp(kept, sum.data, size) != 0))
        rc = collection_fail(call, err, STOA_ERR_INVALID,
                             "migration %lld was changed after it was applied",
                             (long long)migration->version);
    collection_sql_close(&sql);
    stoa__buffer_release(&sum);
    return rc;
}

stoa_status collection_history_check(struct collection_call *call,
                                     const struct migration_folder *folder, int64_t version,
                                     stoa_error *err)
{
    stoa_status rc = STOA_OK;

    for (int64_t i = 0; rc == STOA_OK && i < folder->count; i++)
        if (folder->migrations[i].version <= version)
            rc = check_one(call, folder, &folder->migrations[i], err);
    return rc;
}

stoa_status collection_history_note(struct collection_call *call,
                                    const struct migration_folder *folder,
                                    const struct migration *migration, bool down, stoa_error *err)
{
    const stoa_value value = {.type = STOA_TYPE_INT64, .a = migration->version};
    struct collection_sql sql = {0};
    stoa_status rc;

    if (!down)
        return insert(call, folder, migration, err);
    rc = run(call, "DELETE FROM main." COLLECTION_HISTORY " WHERE id = ?1", &value, 1, NULL, &sql,
             err);
    collection_sql_close(&sql);
    return rc < 0 ? rc : STOA_OK;
}
