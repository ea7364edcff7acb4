/* SPDX-License-Identifier: Apache-2.0 */
/* What a database holds, asked of the engine. */
#include "stoa/catalog.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/conn.h"
#include "core/result.h"
#include "core/target.h"

#include "base/ban.h"

static stoa_status catalog(struct stoa__entry *entry, int32_t what, const char *database,
                           const char *table, uint64_t *id, stoa_error *err)
{
    struct stoa__result *result;
    stoa_status rc;

    if (!STOA__HAS(entry->engine, catalog))
        return stoa__unsupported(entry->engine, STOA_CAN_CATALOG, err);
    if (what == STOA_CATALOG_STATISTICS && !entry->engine->keeps_statistics)
        return stoa__fail(err, STOA_ERR_UNSUPPORTED, "%s: statistics are not listed",
                          entry->engine->name);
    result = stoa__result_new(entry, err);
    if (!result)
        return STOA_ERR_NOMEM;
    rc = entry->engine->catalog(entry->session->native, &entry->call, what, database,
                                table, &result->cursor, err);
    if (rc == STOA_OK)
        rc = stoa__result_publish(result, id, err);
    if (rc != STOA_OK)
        stoa__result_free(result);
    return rc;
}

stoa_status stoa_catalog(stoa_conn conn, stoa_op op, int32_t what, const char *database,
                         int64_t database_size, const char *table, int64_t table_size,
                         stoa_result *out, stoa_error *err)
{
    char *database_copy = NULL, *table_copy = NULL;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (stoa_result){0};
    if (what < STOA_CATALOG_DATABASES || what > STOA_CATALOG_STATISTICS)
        return stoa__fail(err, STOA_ERR_INVALID, "what is %d, not a STOA_CATALOG",
                          (int)what);
    rc = stoa__name_copy_optional("database", database, database_size, &database_copy,
                                  err);
    if (rc == STOA_OK)
        rc = stoa__name_copy_optional("table", table, table_size, &table_copy, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry,
                         catalog(&entry, what, database_copy, table_copy, &out->id, err));
    stoa__free(database_copy);
    stoa__free(table_copy);
    return rc;
}

static stoa_status table_schema(struct stoa__entry *entry, const char *database,
                                const char *table, struct ArrowSchema *out,
                                stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    stoa__arena arena = {0};
    stoa_status rc;

    if (!STOA__HAS(entry->engine, table_type))
        return stoa__unsupported(entry->engine, STOA_CAN_CATALOG, err);
    rc = entry->engine->table_type(entry->session->native, &entry->call, database, table,
                                   &arena, &type, err);
    if (rc == STOA_OK)
        rc = stoa__arrow_type_export(type, out, err);
    stoa__arena_release(&arena);
    return rc;
}

stoa_status stoa_table_schema(stoa_conn conn, stoa_op op, const char *database,
                              int64_t database_size, const char *table,
                              int64_t table_size, struct ArrowSchema *out,
                              stoa_error *err)
{
    char *database_copy = NULL, *table_copy = NULL;
    struct stoa__entry entry;
    stoa_status rc;

    if (!out)
        return stoa__fail_null(err, "out");
    *out = (struct ArrowSchema){0};
    rc = stoa__name_copy_optional("database", database, database_size, &database_copy,
                                  err);
    if (rc == STOA_OK)
        rc = stoa__name_copy("table", table, table_size, &table_copy, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry,
                         table_schema(&entry, database_copy, table_copy, out, err));
    stoa__free(database_copy);
    stoa__free(table_copy);
    return rc;
}
