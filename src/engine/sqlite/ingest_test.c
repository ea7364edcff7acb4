/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include "engine/sqlite/ingest_kit.h"

#define TABLE "id l;px g;name u"
static const char rows_of_table[] = "{\"id\":1,\"px\":1.5,\"name\":\"a\"}\n"
                                    "{\"id\":2,\"px\":null,\"name\":\"\"}\n"
                                    "{\"id\":null,\"px\":-2.25,\"name\":null}\n"
                                    "{\"id\":4,\"px\":0.0,\"name\":\"d\xc3\xa9\"}";

static void create_makes_the_table_and_writes_it(void)
{
    struct kit kit = kit_open(":memory:", "");

    KIT_OK(kit_write(&kit, STOA__INGEST_CREATE, "t", TABLE, rows_of_table));
    CHECK_TEXT(kit_text(&kit, "SELECT id, px, name, typeof(px), typeof(name) FROM t"),
               "1|1.5|a|real|text\n2|NULL||null|text\nNULL|-2.25|NULL|real|null\n"
               "4|0.0|d\xc3\xa9|real|text\n");
    CHECK_TEXT(kit_text(&kit, "SELECT sql FROM sqlite_schema WHERE name = 't'"),
               "CREATE TABLE \"t\"(\"id\" INTEGER, \"px\" REAL, \"name\" TEXT)\n");
    kit_close(&kit);
}

TEST_MAIN({"create makes the table and writes it", create_makes_the_table_and_writes_it})
