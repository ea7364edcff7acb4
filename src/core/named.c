/* SPDX-License-Identifier: Apache-2.0 */
#include "core/named.h"

#include "base/error.h"
#include "base/mem.h"
#include "core/capability.h"
#include "core/target.h"
#include "text/identifier.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

static void named_free(struct stoa__named *named)
{
    stoa__free(named->name);
    stoa__free(named);
}

static void named_end(struct stoa__grave *grave)
{
    struct stoa__named *named = (struct stoa__named *)stoa__leaf_end(grave);
    const struct stoa__engine *engine = named->leaf.session->engine;

    if (named->native && named->leaf.link.kind == STOA__KIND_SCAN)
        engine->scan_drop(named->native);
    else if (named->native)
        engine->function_drop(named->native);
    named_free(named);
}

stoa_status stoa__named_open(struct stoa__entry *entry, enum stoa__kind kind, const char *name,
                             int32_t parameter_count, struct stoa__named **out, uint64_t *id,
                             stoa_error *err)
{
    static const struct stoa__class scan_class = {.kind = STOA__KIND_SCAN,
                                                  .destroy = stoa__leaf_destroy};
    static const struct stoa__class function_class = {.kind = STOA__KIND_FUNCTION,
                                                      .destroy = stoa__leaf_destroy};
    struct stoa__named *named = stoa__alloc_zero(1, sizeof *named);
    stoa_status rc;

    assert(kind == STOA__KIND_SCAN || kind == STOA__KIND_FUNCTION);
    if (!named)
        return stoa__fail_nomem(err);
    named->leaf.session = entry->session;
    named->leaf.conn = entry->leaf->conn;
    named->parameter_count = parameter_count;
    named->name = stoa__copy_text(name, strlen(name));
    named->leaf.link.name = named->name;
    rc = named->name ? stoa__leaf_open(&named->leaf,
                                       kind == STOA__KIND_SCAN ? &scan_class : &function_class,
                                       &entry->leaf->object, named_end, id, err)
                     : stoa__fail_nomem(err);
    if (rc == STOA_OK)
        *out = named;
    else
        named_free(named);
    return rc;
}

/* Close those of a kind and name, or only what `instead` replaces; how many there were. */
static int64_t close_named(struct stoa__session *session, enum stoa__kind kind, const char *name,
                           const struct stoa__named *instead)
{
    int64_t count = 0;

    for (struct stoa__leaf_link *link = session->leaves; link; link = link->next) {
        const struct stoa__named *named = (const struct stoa__named *)stoa__leaf_of_link(link);

        if (link->kind != kind || named == instead ||
            !stoa__name_equal(link->name, strlen(link->name), name, strlen(name)) ||
            atomic_load(&named->leaf.object.closed) != 0 ||
            (instead && named->parameter_count != instead->parameter_count))
            continue;
        stoa__object_close(link->id, link->kind);
        count++;
    }
    return count;
}

void stoa__named_replace(const struct stoa__named *named)
{
    (void)close_named(named->leaf.session, named->leaf.link.kind, named->name, named);
}

static stoa_status drop(struct stoa__entry *entry, enum stoa__kind kind, const char *name,
                        stoa_error *err)
{
    const bool scans = kind == STOA__KIND_SCAN;

    if (scans ? !STOA__HAS(entry->engine, scan_add) : !STOA__HAS(entry->engine, function_add))
        return stoa__unsupported(entry->engine, scans ? STOA_CAN_SCANS : STOA_CAN_FUNCTIONS, err);
    if (close_named(entry->session, kind, name, NULL) > 0)
        return STOA_OK;
    return stoa__fail(err, STOA_ERR_NOT_FOUND, "there is no %s '%s'",
                      scans ? "scan" : "function", name);
}

stoa_status stoa__named_drop(stoa_conn conn, enum stoa__kind kind, const char *name,
                             int64_t name_size, stoa_error *err)
{
    struct stoa__entry entry;
    char *copy = NULL;
    stoa_status rc = stoa__name_copy("name", name, name_size, &copy, err);

    if (rc == STOA_OK)
        rc = stoa__enter(&entry, conn.id, STOA__KIND_CONN, (stoa_op){0}, err);
    if (rc == STOA_OK)
        rc = stoa__leave(&entry, drop(&entry, kind, copy, err));
    stoa__free(copy);
    return rc;
}
