/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of write inside a dry run, and the database as it was behind it. */
#include "collection/collection_kit.h"

static stoa_error err;
static stoa_conn conn;

static void must(stoa_status rc) { app_must(rc, &err, "call"); }

/* All there is, as text. Owned by the caller. */
static char *dump(void)
{
    static const char *const tables[] = {"sqlite_schema",
                                         "Configuration",
                                         "Region",
                                         "Orchard",
                                         "Orchard_vector_rows",
                                         "Orchard_set_buyers",
                                         "Orchard_time_series_yield",
                                         "Orchard_time_series_files",
                                         "pragma_user_version"};
    char *out = NULL, sql[100];
    size_t size = 0;
    FILE *text = open_memstream(&out, &size);

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char *rows;

        (void)snprintf(sql, sizeof sql, "SELECT * FROM %s", tables[i]);
        rows = app_rows(conn, sql);
        fprintf(text, "%s\n%s\n", tables[i], rows);
        free(rows);
    }
    fclose(text);
    return out;
}

/* Text at `at` in the bytes below. */
static stoa_value text_at(int32_t type, int64_t at, int64_t size)
{
    return (stoa_value){.type = type, .a = at, .b = size};
}

static void write_everything(void)
{
    static const char bytes[] = "labelNewtree_countpath2024-05-05date_timeblock";
    const uint8_t *at = (const uint8_t *)bytes;
    const int64_t size = sizeof bytes - 1;
    const stoa_value cells[] = {text_at(STOA_TYPE_NAME, 0, 5),
                                text_at(STOA_TYPE_TEXT, 5, 3),
                                text_at(STOA_TYPE_NAME, 8, 10),
                                {.type = STOA_TYPE_INT64, .a = 3}};
    const stoa_value row[] = {text_at(STOA_TYPE_NAME, 32, 9),
                              text_at(STOA_TYPE_TEXT, 22, 10),
                              text_at(STOA_TYPE_NAME, 41, 5),
                              {.type = STOA_TYPE_INT64, .a = 1}};
    const double spacing[] = {1.5, 2.5};
    const stoa_column column = {.name = "spacing",
                                .name_size = 7,
                                .type = STOA_TYPE_FLOAT64,
                                .layout = STOA_LAYOUT_FIXED,
                                .count = 2,
                                .data = spacing,
                                .data_size = sizeof spacing};
    stoa_value key = {.type = STOA_TYPE_INT64};
    int64_t id;

    must(stoa_begin(conn, NO_OP, STOA_BEGIN_WRITE, &err));
    must(stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 4, at, size, &column, 1, &id,
                             &err));
    must(stoa_commit(conn, NO_OP, &err));
    key.a = id;
    must(stoa_element_update(conn, NO_OP, "Orchard", 7, &key, cells + 2, 2, at, size, NULL, 0,
                             &err));
    must(stoa_group_write(conn, NO_OP, "Orchard", 7, STOA_GROUP_VECTOR, "rows", 4, &key, at, size,
                          &column, 1, 2, &err));
    must(stoa_series_upsert(conn, NO_OP, "Orchard", 7, "yield", 5, &key, row, 4, at, size, NULL,
                            0, &err));
    must(stoa_relation_write(conn, NO_OP, "Orchard", 7, "region_id", 9, "New", 3, "North", 5,
                             &err));
    must(stoa_collection_apply(conn, NO_OP,
                               "CREATE TABLE Extra (id INTEGER PRIMARY KEY, "
                               "label TEXT UNIQUE NOT NULL)",
                               STOA_NUL, &err));
    CHECK_INT(
        stoa_element_create(conn, NO_OP, "Orchard", 7, cells, 4, at, size, NULL, 0, &id, &err),
        STOA_ERR_CONSTRAINT); /* The label is taken; the dry run goes on. */
    CHECK_ROWS(conn, "SELECT label, tree_count, region_id FROM Orchard WHERE id > 1", "New|3|1");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_vector_rows", "2");
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard_time_series_yield", "1");
    key.a = 1;
    must(stoa_element_delete(conn, NO_OP, "Orchard", 7, &key, at, size, &err));
    CHECK_ROWS(conn, "SELECT count(*) FROM Orchard", "1");
}

static void every_kind_of_write_is_taken_back(void)
{
    stoa_db db;
    char *before, *after;

    conn = kit_open(KIT_SCHEMA "INSERT INTO Region (label) VALUES ('North');"
                               "INSERT INTO Orchard (label) VALUES ('Hill');",
                    &db);
    before = dump();
    for (int i = 0; i < 2; i++) {
        must(stoa_dry_run_begin(conn, NO_OP, &err));
        write_everything();
        must(stoa_dry_run_end(conn, NO_OP, &err));
        after = dump();
        CHECK_TEXT(after, before);
        free(after);
    }
    write_everything();
    after = dump();
    CHECK(strcmp(after, before) != 0);
    free(after);
    free(before);
    stoa_db_close(db);
}

TEST_MAIN({"every kind of write is taken back", every_kind_of_write_is_taken_back})
