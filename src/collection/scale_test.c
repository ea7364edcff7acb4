/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A million elements, and a gigabyte of CSV in memory that does not grow with it: with
 * STOA_TEST_LONG=1; else a hundredth of them.
 */
#include "collection/collection_kit.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sanitizer has its own ideas of memory. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MEMORY 0
#endif
#endif
#ifndef OWN_MEMORY
#define OWN_MEMORY 1
#endif

enum { ROWS = 10000, TEXT_SIZE = 1000, GROWTH_KB_MAX = 64 << 10 };

static stoa_error err;

static int64_t row_count(void)
{
    return getenv("STOA_TEST_LONG") ? 100 * INT64_C(10000) : ROWS;
}

/* The most this process has had, in kilobytes. */
static int64_t memory_kb(void)
{
    struct rusage usage;

    CHECK_INT(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static void write_csv(const char *path, int64_t rows)
{
    char text[TEXT_SIZE + 1];
    FILE *file = fopen(path, "w");

    CHECK(file != NULL);
    memset(text, 'x', TEXT_SIZE);
    text[TEXT_SIZE] = '\0';
    fprintf(file, "sep=,\nlabel,n,notes,many_next\n");
    for (int64_t i = 0; i < rows; i++)
        fprintf(file, "e%lld,%lld,%s,\n", (long long)i, (long long)i, text);
    CHECK_INT(fclose(file), 0);
}

static stoa_import_done import(stoa_conn conn, const char *path)
{
    stoa_import_done done = {.struct_size = sizeof done};

    app_must(stoa_collection_import_csv(conn, NO_OP, "Many", STOA_NUL, STOA_GROUP_ANY, NULL, 0,
                                        path, STOA_NUL, NULL, 0, &done, NULL, &err),
             &err, "import");
    return done;
}

static void check_same_file(const char *one, const char *other)
{
    char a[65536], b[65536];
    FILE *first = fopen(one, "r"), *second = fopen(other, "r");
    size_t size;

    CHECK(first && second);
    do {
        size = fread(a, 1, sizeof a, first);
        CHECK(fread(b, 1, sizeof b, second) == size && memcmp(a, b, size) == 0);
    } while (size > 0);
    fclose(first);
    fclose(second);
}

/* Inserted, exported, and imported over itself. */
static void a_large_file_takes_no_more_memory_than_a_small_one(void)
{
    char *path = test_path("many.db"), *csv = test_path("many.csv"), *back = test_path("back.csv");
    const int64_t rows = row_count();
    stoa_import_done done;
    stoa_db db = app_open(path, NULL);
    const stoa_conn conn = app_connect(db);
    int64_t before, count;

    app_run(conn, KIT_CONFIGURATION
            "CREATE TABLE Many (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, n INTEGER, "
            "notes TEXT, many_next INTEGER REFERENCES Many(id) ON DELETE SET NULL ON UPDATE "
            "CASCADE) STRICT");
    write_csv(csv, ROWS / 10);
    CHECK_INT(import(conn, csv).inserted, ROWS / 10);
    before = memory_kb();
    write_csv(csv, rows);
    done = import(conn, csv);
    CHECK_INT(done.updated, ROWS / 10);
    CHECK_INT(done.inserted, rows - ROWS / 10);
    app_must(stoa_collection_export_csv(conn, NO_OP, "Many", STOA_NUL, STOA_GROUP_ANY, NULL, 0,
                                        back, STOA_NUL, NULL, 0, &count, &err),
             &err, "export");
    CHECK_INT(count, rows);
    check_same_file(csv, back);
    done = import(conn, back);
    CHECK_INT(done.updated, rows);
    CHECK_INT(done.inserted + done.deleted, 0);
    printf("# %lld rows: %lld kB more memory\n", (long long)rows,
           (long long)(memory_kb() - before));
    if (OWN_MEMORY)
        CHECK(memory_kb() - before < GROWTH_KB_MAX);
    stoa_conn_close(conn);
    app_shutdown(db);
    free(path);
    free(csv);
    free(back);
}

TEST_MAIN({"a large file takes no more memory than a small one",
           a_large_file_takes_no_more_memory_than_a_small_one})
