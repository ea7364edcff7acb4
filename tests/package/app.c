/* SPDX-License-Identifier: Apache-2.0 */
/* An application: prints the version of Stoa, of Stoa's SQLite, and of its own SQLite. */
#include <stdio.h>
#include <stoa.h>
#ifdef OWN_SQLITE
#include <sqlite3.h>
#endif

int main(void)
{
    stoa_op no_op = {0};
    stoa_db db = {0};
    stoa_error err;
    char version[32] = "";

    if (stoa_open(no_op, ":memory:", STOA_NUL, NULL, 0, &db, &err) != STOA_OK ||
        stoa_db_property(db, "engine_version", STOA_NUL, version,
                         (int64_t)sizeof(version), NULL, &err) != STOA_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%s %s", stoa_version(), version);
#ifdef OWN_SQLITE
    sqlite3 *own = NULL;

    if (sqlite3_open(":memory:", &own) != SQLITE_OK)
        return 1;
    printf(" %s", sqlite3_libversion());
    sqlite3_close(own);
#endif
    printf("\n");
    stoa_db_close(db);
    return 0;
}
