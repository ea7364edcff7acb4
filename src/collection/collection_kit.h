/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the collections share: the sample schema, a database of it, and short calls. */
#ifndef STOA_COLLECTION_COLLECTION_KIT_H
#define STOA_COLLECTION_COLLECTION_KIT_H

#include "stoa/collection.h"
#include "support/app.h"

#define KIT_CONFIGURATION                                                                     \
    "CREATE TABLE Configuration (id INTEGER PRIMARY KEY, label TEXT UNIQUE NOT NULL, "        \
    "discount REAL DEFAULT 0.1) STRICT;\n"
#define KIT_REGION                                                                            \
    "CREATE TABLE Region (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL) " \
    "STRICT;\n"
#define KIT_ORCHARD                                                                           \
    "CREATE TABLE Orchard (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT UNIQUE NOT NULL, " \
    "tree_count INTEGER NOT NULL DEFAULT 0, area REAL, date_planted TEXT, soil INTEGER, "     \
    "region_id INTEGER REFERENCES Region(id) ON DELETE SET NULL ON UPDATE CASCADE, "          \
    "orchard_neighbour INTEGER REFERENCES Orchard(id) ON DELETE SET NULL ON UPDATE CASCADE) " \
    "STRICT;\n"
#define KIT_PARENT "id INTEGER NOT NULL REFERENCES Orchard(id) ON DELETE CASCADE ON UPDATE CASCADE"
#define KIT_ROWS                                                                              \
    "CREATE TABLE Orchard_vector_rows (" KIT_PARENT ", vector_index INTEGER NOT NULL, "       \
    "spacing REAL, variety TEXT, PRIMARY KEY (id, vector_index)) STRICT;\n"
#define KIT_BUYERS                                                                            \
    "CREATE TABLE Orchard_set_buyers (" KIT_PARENT ", region_sold_to INTEGER "                \
    "REFERENCES Region(id) ON DELETE CASCADE ON UPDATE CASCADE, UNIQUE (id, region_sold_to)) " \
    "STRICT;\n"
#define KIT_YIELD                                                                             \
    "CREATE TABLE Orchard_time_series_yield (" KIT_PARENT ", date_time TEXT NOT NULL, "       \
    "block INTEGER NOT NULL, tonnes REAL, grade INTEGER, PRIMARY KEY (id, date_time, block)) " \
    "STRICT;\n"
#define KIT_FILES                                                                             \
    "CREATE TABLE Orchard_time_series_files (drone_images TEXT, harvest_log TEXT) STRICT;\n"
#define KIT_SCHEMA                                                                            \
    KIT_CONFIGURATION KIT_REGION KIT_ORCHARD KIT_ROWS KIT_BUYERS KIT_YIELD KIT_FILES

static inline void kit_must(stoa_status rc, const stoa_error *err, const char *what)
{
    app_must(rc, err, what);
}

/* In memory, with the tables `sql` makes. */
static inline stoa_conn kit_open(const char *sql, stoa_db *db)
{
    stoa_conn conn;

    *db = app_open(":memory:", NULL);
    conn = app_connect(*db);
    app_run(conn, sql);
    return conn;
}

/* All rows of a result as app_rows() writes them; closes it. Owned by the caller. */
static inline char *kit_rows(stoa_result result)
{
    struct ArrowSchema schema;
    char *out = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);
    stoa_error err;
    stoa_status rc;
    int32_t count;

    app_must(stoa_result_schema(result, &schema, &err), &err, "schema");
    count = (int32_t)schema.n_children;
    schema.release(&schema);
    for (int64_t row = 0; (rc = stoa_result_step(result, NO_OP, &err)) == STOA_OK; row++)
        for (int32_t i = 0; i < count; i++) {
            const char *value = "NULL";
            int64_t value_size;
            int32_t null = 0;

            app_must(stoa_result_is_null(result, i, &null, &err), &err, "null");
            if (!null)
                app_must(stoa_result_text(result, i, &value, &value_size, &err), &err, "text");
            fprintf(text, "%s%s", i > 0 ? "|" : row > 0 ? "\n" : "", value);
        }
    app_must(rc, &err, "step");
    stoa_result_close(result);
    fclose(text);
    return out;
}

/* The text of a report. Owned by the caller. */
static inline char *kit_text(const stoa_rows *rows)
{
    char *text;

    CHECK_INT(rows->row_count, 1);
    CHECK_INT(rows->column_count, 1);
    CHECK_INT(rows->values[0].type, STOA_TYPE_TEXT);
    text = strndup((const char *)rows->bytes + rows->values[0].a, (size_t)rows->values[0].b);
    CHECK(text != NULL);
    return text;
}

#endif
