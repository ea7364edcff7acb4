/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of CSV files share. */
#ifndef STOA_COLLECTION_CSV_KIT_H
#define STOA_COLLECTION_CSV_KIT_H

#include "collection/collection_kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Up to four settings, "key=value", one a line. */
struct csv_settings {
    char text[1024];
    stoa_option options[4];
    int64_t count;
};

static inline void csv_settings_read(struct csv_settings *out, const char *text)
{
    char *at = out->text;

    CHECK(strlen(text) < sizeof out->text);
    memcpy(out->text, text, strlen(text) + 1);
    for (out->count = 0; *at; out->count++) {
        char *equals = strchr(at, '='), *end = strchr(at, '\n');

        *equals = '\0';
        out->options[out->count] = (stoa_option){at, equals + 1};
        if (!end)
            end = equals + 1 + strlen(equals + 1);
        at = end + (*end != '\0');
        *end = '\0';
    }
}

static inline void csv_write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    CHECK(file && fwrite(text, 1, size, file) == size && fclose(file) == 0);
}

/* Owned by the caller. */
static inline char *csv_read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    CHECK(file && text);
    CHECK(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
    fclose(file);
    return text;
}

static inline stoa_status csv_try_export(stoa_conn conn, const char *group, const char *path,
                                         const char *settings, int64_t *rows, stoa_error *err)
{
    struct csv_settings parsed;

    csv_settings_read(&parsed, settings);
    return stoa_collection_export_csv(conn, NO_OP, "Orchard", STOA_NUL, STOA_GROUP_ANY, group,
                                      STOA_NUL, path, STOA_NUL, parsed.options, parsed.count, rows,
                                      err);
}

/* What a file with `text` gives. */
static inline stoa_status csv_try_import(stoa_conn conn, const char *group, const char *text,
                                         const char *settings, stoa_import_done *done,
                                         stoa_result *skipped, stoa_error *err)
{
    struct csv_settings parsed;
    char *path = test_path("import.csv");
    stoa_status rc;

    csv_settings_read(&parsed, settings);
    csv_write_file(path, text, strlen(text));
    *done = (stoa_import_done){.struct_size = sizeof *done};
    rc = stoa_collection_import_csv(conn, NO_OP, "Orchard", STOA_NUL, STOA_GROUP_ANY, group,
                                    STOA_NUL, path, STOA_NUL, parsed.options, parsed.count, done,
                                    skipped, err);
    free(path);
    return rc;
}

static inline stoa_import_done csv_import(stoa_conn conn, const char *group, const char *text,
                                          const char *settings)
{
    stoa_import_done done;
    stoa_error err;

    app_must(csv_try_import(conn, group, text, settings, &done, NULL, &err), &err, "import");
    return done;
}

#endif
