/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a CSV file of a collection or group. The first byte says which, and how it is
 * imported. A file that is refused changes nothing; one that is taken is there as it is written
 * again: exported, imported and exported, it is the same.
 */
#include "stoa.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema[] =
    "CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL) STRICT;"
    "CREATE TABLE Orchard (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL,"
    " n INTEGER, area REAL, date_planted TEXT, code TEXT UNIQUE,"
    " orchard_next INTEGER REFERENCES Orchard(id) ON DELETE SET NULL ON UPDATE CASCADE) STRICT;"
    "CREATE TABLE Orchard_vector_rows ("
    " id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,"
    " vector_index INTEGER NOT NULL, spacing REAL, PRIMARY KEY (id, vector_index)) STRICT;"
    "CREATE TABLE Orchard_set_tags ("
    " id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,"
    " tag TEXT, UNIQUE (id, tag)) STRICT;"
    "CREATE TABLE Orchard_time_series_yield ("
    " id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE,"
    " date_time TEXT NOT NULL, block INTEGER NOT NULL, tonnes REAL,"
    " PRIMARY KEY (id, date_time, block)) STRICT;"
    "INSERT INTO Orchard (id, label, n, code) VALUES (1, 'a', 1, 'x'), (2, 'b c', 2, 'y');"
    "INSERT INTO Orchard_vector_rows VALUES (1, 1, 0.5);"
    "INSERT INTO Orchard_set_tags VALUES (1, 't');"
    "INSERT INTO Orchard_time_series_yield VALUES (2, '2024-01-01T00:00:00', 1, 0.5)";

static const char *const groups[] = {"", "rows", "tags", "yield"};
static const char *const modes[] = {"replace", "append", "merge", "replace"};

static stoa_conn conn;
static const stoa_op no_op;

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void run(const char *sql)
{
    expect(stoa_run(conn, no_op, sql, STOA_NUL, NULL, 0, NULL, 0, NULL, NULL) >= 0);
}

static void prepare(void)
{
    stoa_db db;

    if (conn.id)
        return;
    expect(stoa_open(no_op, ":memory:", STOA_NUL, NULL, 0, &db, NULL) == STOA_OK);
    expect(stoa_connect(db, no_op, NULL, 0, &conn, NULL) == STOA_OK);
    run(schema);
}

/* What exports as text. Owned by the caller. */
static char *written(const char *group, size_t *size)
{
    /* In memory, where a sync costs nothing. */
    char folder[32] = "/dev/shm/stoa-fuzz-XXXXXX", path[64];
    struct stat status;
    stoa_error err;
    char *text;
    FILE *file;

    if (!mkdtemp(folder)) {
        (void)snprintf(folder, sizeof folder, "/tmp/stoa-fuzz-XXXXXX");
        expect(mkdtemp(folder) != NULL);
    }
    (void)snprintf(path, sizeof path, "%s/file.csv", folder);
    expect(stoa_collection_export_csv(conn, no_op, "Orchard", STOA_NUL, STOA_GROUP_ANY, group,
                                      STOA_NUL, path, STOA_NUL, NULL, 0, NULL, &err) == STOA_OK);
    file = fopen(path, "r");
    expect(file && fstat(fileno(file), &status) == 0);
    *size = (size_t)status.st_size;
    text = malloc(*size + 1);
    expect(text && fread(text, 1, *size, file) == *size);
    fclose(file);
    unlink(path);
    rmdir(folder);
    return text;
}

static stoa_status import(const char *group, const void *text, size_t size,
                          const stoa_option *options, int64_t count)
{
    const int fd = memfd_create("csv", MFD_CLOEXEC);
    stoa_import_done done = {.struct_size = sizeof done};
    stoa_error err = {0};
    stoa_result skipped;
    char path[64];
    stoa_status rc;

    expect(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = stoa_collection_import_csv(conn, no_op, "Orchard", STOA_NUL, STOA_GROUP_ANY, group,
                                    STOA_NUL, path, STOA_NUL, options, count, &done, &skipped,
                                    &err);
    close(fd);
    stoa_result_close(skipped);
    expect(rc == STOA_OK || (err.code == rc && err.text_size > 0 && rc != STOA_ERR_INTERNAL));
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t bits = size > 0 ? data[0] : 0;
    const char *const group = groups[bits & 3];
    const stoa_option options[] = {{"mode", modes[bits >> 2 & 3]},
                                   {"columns", bits & 16 ? "some" : "all"},
                                   {"on_error", bits & 32 ? "skip" : "refuse"},
                                   {"date_time_format", "%d/%m/%Y %H:%M"}};
    size_t once_size, again_size;
    char *once, *again;
    stoa_status rc;

    if (size == 0 || size > 1 << 14)
        return 0;
    prepare();
    run("BEGIN");
    once = written(group, &once_size);
    rc = import(group, data + 1, size - 1, options, bits & 64 ? 4 : 3);
    if (rc == STOA_OK) {
        free(once);
        once = written(group, &once_size);
        expect(import(group, once, once_size, NULL, 0) == STOA_OK);
    }
    again = written(group, &again_size);
    expect(once_size == again_size && memcmp(once, again, once_size) == 0);
    free(once);
    free(again);
    run("ROLLBACK");
    return 0;
}
