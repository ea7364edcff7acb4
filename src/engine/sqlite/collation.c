/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's collations. SQLite's create_collation does not run its destructor when it fails;
 * the core then still owns user_data, as our rule is, so that is what we want. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sqlite/function.h"

#include "base/ban.h"

struct collation {
    stoa_compare compare;
    void *user_data;
    stoa_release release;
};

static int on_compare(void *self, int a_size, const void *a, int b_size, const void *b)
{
    const struct collation *collation = self;
    return collation->compare(collation->user_data, a, a_size, b, b_size);
}

static void on_destroy(void *self)
{
    struct collation *collation = self;
    if (collation->release)
        collation->release(collation->user_data);
    stoa__free(collation);
}

stoa_status sqlite_collation_add(void *self, const char *name, stoa_compare compare,
                                 void *user_data, stoa_release release, stoa_error *err)
{
    static const char *const own[] = {"binary", "nocase", "rtrim"};
    struct sqlite_session *session = self;
    struct collation *collation = NULL;

    if (*name == '\0')
        return stoa__fail(err, STOA_ERR_INVALID, "a collation needs a name");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (sqlite3_stricmp(name, own[i]) == 0)
            return stoa__fail(err, STOA_ERR_EXISTS,
                              "collation '%s' is SQLite's own, and indexes are sorted by it", name);
    if (compare) {
        collation = stoa__alloc_zero(1, sizeof *collation);
        if (!collation)
            return stoa__fail_nomem(err);
        *collation = (struct collation){compare, user_data, release};
    }
    int code = sqlite3_create_collation_v2(session->db, name, SQLITE_UTF8, collation,
                                           compare ? on_compare : NULL,
                                           compare ? on_destroy : NULL);
    session->dirty = true;
    if (code == SQLITE_OK) {
        if (!compare && release)
            release(user_data);
        return STOA_OK;
    }
    stoa__free(collation);
    if ((code & 0xff) == SQLITE_BUSY)
        return stoa__fail(err, STOA_ERR_BUSY,
                          "collation '%s' cannot be changed while statements run", name);
    return sqlite_fail(session, code, err);
}
