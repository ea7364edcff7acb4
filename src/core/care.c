/* SPDX-License-Identifier: Apache-2.0 */
/* The care of a database: copies, checks, checkpoints, and databases attached. */
#include "core/conn.h"

#include "base/error.h"
#include "base/limits.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/db.h"
#include "core/target.h"

#include <string.h>

#include "base/ban.h"

/* A path or target: long, without NUL, not empty. */
static stoa_status copy_path(const char *what, const char *path, int64_t path_size,
                             char **out, stoa_error *err)
{
    size_t size = 0;
    stoa_status rc =
        stoa__text_size(what, path, path_size, STOA__TARGET_BYTES_MAX, &size, err);

    if (rc != STOA_OK)
        return rc;
    if (size == 0 || memchr(path, '\0', size))
        return stoa__fail(err, STOA_ERR_INVALID, "%s is empty or holds a NUL", what);
    *out = stoa__copy_text(path, size);
    return *out ? STOA_OK : stoa__fail_nomem(err);
}

stoa_status stoa_backup(stoa_conn conn, stoa_op op, const char *path, int64_t path_size,
                        int32_t replace, stoa_error *err)
{
    struct stoa__entry entry;
    char *copy = NULL;
    stoa_status rc;

    if (replace != 0 && replace != 1)
        return stoa__fail(err, STOA_ERR_INVALID, "replace is %d, not 0 or 1",
                          (int)replace);
    rc = copy_path("path", path, path_size, &copy, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK) {
        if (STOA__HAS(entry.engine, backup))
            rc = entry.engine->backup(entry.session->native, &entry.call, copy,
                                      replace == 1, err);
        else
            rc = stoa__unsupported(entry.engine, STOA_CAN_BACKUP, err);
        rc = stoa__leave(&entry, rc);
    }
    stoa__free(copy);
    return rc;
}

stoa_status stoa_restore(stoa_conn conn, stoa_op op, const char *path, int64_t path_size,
                         stoa_error *err)
{
    struct stoa__entry entry;
    char *copy = NULL;
    stoa_status rc = copy_path("path", path, path_size, &copy, err);

    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK) {
        if (STOA__HAS(entry.engine, restore))
            rc = entry.engine->restore(entry.session->native, &entry.call, copy, err);
        else
            rc = stoa__unsupported(entry.engine, STOA_CAN_BACKUP, err);
        rc = stoa__leave(&entry, rc);
    }
    stoa__free(copy);
    return rc;
}

static stoa_status check(struct stoa__entry *entry, int32_t level, int64_t *problems,
                         char *text, int64_t text_capacity, stoa_error *err)
{
    stoa__buffer first = {0};
    stoa_status rc;

    if (!STOA__HAS(entry->engine, check))
        return stoa__unsupported(entry->engine, STOA_CAN_CHECK, err);
    rc = entry->engine->check(entry->session->native, &entry->call, level, problems,
                              &first, err);
    if (rc == STOA_OK)
        stoa__text_out((const char *)first.data, first.size, text, text_capacity, NULL);
    else
        *problems = 0;
    stoa__buffer_release(&first);
    return rc;
}

stoa_status stoa_check(stoa_conn conn, stoa_op op, int32_t level, int64_t *problems,
                       char *text, int64_t text_capacity, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc;

    if (!problems)
        return stoa__fail_null(err, "problems");
    *problems = 0;
    if (!text)
        text_capacity = 0;
    if (text_capacity < 0)
        return stoa__fail(err, STOA_ERR_INVALID, "text_capacity is %lld",
                          (long long)text_capacity);
    if (text_capacity > 0)
        text[0] = '\0';
    if (level < STOA_CHECK_QUICK || level > STOA_CHECK_INTEGRITY)
        return stoa__fail(err, STOA_ERR_INVALID, "level is %d, not a STOA_CHECK",
                          (int)level);
    rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc != STOA_OK)
        return rc;
    return stoa__leave(&entry, check(&entry, level, problems, text, text_capacity, err));
}

stoa_status stoa_checkpoint(stoa_conn conn, stoa_op op, int32_t mode, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc;

    if (mode < STOA_CHECKPOINT_PASSIVE || mode > STOA_CHECKPOINT_TRUNCATE)
        return stoa__fail(err, STOA_ERR_INVALID, "mode is %d, not a STOA_CHECKPOINT",
                          (int)mode);
    rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc != STOA_OK)
        return rc;
    if (STOA__HAS(entry.engine, checkpoint))
        rc = entry.engine->checkpoint(entry.session->native, &entry.call, mode, err);
    else
        rc = stoa__unsupported(entry.engine, STOA_CAN_CHECKPOINT, err);
    return stoa__leave(&entry, rc);
}

stoa_status stoa_vacuum(stoa_conn conn, stoa_op op, stoa_error *err)
{
    struct stoa__entry entry;
    stoa_status rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);

    if (rc != STOA_OK)
        return rc;
    if (STOA__HAS(entry.engine, vacuum))
        rc = entry.engine->vacuum(entry.session->native, &entry.call, err);
    else
        rc = stoa__unsupported(entry.engine, STOA_CAN_VACUUM, err);
    return stoa__leave(&entry, rc);
}

static stoa_status fail_attach(const struct stoa__engine *engine, stoa_error *err)
{
    return stoa__fail(err, STOA_ERR_UNSUPPORTED,
                      "%s: attached databases are not supported", engine->name);
}

stoa_status stoa_attach(stoa_conn conn, stoa_op op, const char *target,
                        int64_t target_size, const char *name, int64_t name_size,
                        stoa_error *err)
{
    char *target_copy = NULL, *name_copy = NULL;
    struct stoa__entry entry;
    stoa_status rc = copy_path("target", target, target_size, &target_copy, err);

    if (rc == STOA_OK)
        rc = stoa__name_copy("name", name, name_size, &name_copy, err);
    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK) {
        if (STOA__HAS(entry.engine, attach))
            rc = entry.engine->attach(entry.session->native, &entry.call, target_copy,
                                      name_copy, err);
        else
            rc = fail_attach(entry.engine, err);
        rc = stoa__leave(&entry, rc);
    }
    stoa__free(target_copy);
    stoa__free(name_copy);
    return rc;
}

stoa_status stoa_detach(stoa_conn conn, stoa_op op, const char *name, int64_t name_size,
                        stoa_error *err)
{
    struct stoa__entry entry;
    char *copy = NULL;
    stoa_status rc = stoa__name_copy("name", name, name_size, &copy, err);

    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, op, err);
    if (rc == STOA_OK) {
        if (STOA__HAS(entry.engine, detach))
            rc = entry.engine->detach(entry.session->native, &entry.call, copy, err);
        else
            rc = fail_attach(entry.engine, err);
        rc = stoa__leave(&entry, rc);
    }
    stoa__free(copy);
    return rc;
}
