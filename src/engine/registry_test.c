/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/registry.h"

#include "test.h"

static void every_engine_is_found_by_its_name(void)
{
    int32_t count = 0;

    for (; stoa__engine_at(count); count++) {
        const struct stoa__engine *engine = stoa__engine_at(count);

        CHECK_INT(engine->struct_size, sizeof(struct stoa__engine));
        CHECK(engine->name && engine->example && engine->open && engine->close);
        CHECK(strncmp(engine->example, engine->name, strlen(engine->name)) == 0);
        CHECK(stoa__engine_find(engine->name, NULL) == engine);
    }
    CHECK(count >= 2);
    CHECK(!stoa__engine_at(-1) && !stoa__engine_at(INT32_MAX));
}

static void an_unknown_engine_is_named_and_the_nearest_suggested(void)
{
    stoa_error err;

    CHECK(!stoa__engine_find("sqlit", &err));
    CHECK_INT(err.code, STOA_ERR_NOT_FOUND);
    CHECK_HAS(err.text, "did you mean 'sqlite'?");
    CHECK(!stoa__engine_find("mongo-something-else", &err));
    CHECK_HAS(err.text, "'mongo-something-else'");
    CHECK_HAS(err.text, "stoa_engines()");
    CHECK(!stoa__engine_find("", &err));
}

/* What a table says it can do it has functions for. */
static void capabilities_agree_with_the_functions(void)
{
    for (int32_t i = 0; stoa__engine_at(i); i++) {
        const struct stoa__engine *engine = stoa__engine_at(i);
        const struct {
            int capability;
            bool there;
        } list[] = {
            {STOA_CAN_SQL, engine->execute},         {STOA_CAN_PREPARE, engine->prepare},
            {STOA_CAN_TRANSACTIONS, engine->begin},  {STOA_CAN_SAVEPOINTS, engine->savepoint},
            {STOA_CAN_INGEST, engine->ingest_append}, {STOA_CAN_SCANS, engine->scan_add},
            {STOA_CAN_FUNCTIONS, engine->function_add}, {STOA_CAN_BLOBS, engine->blob_open},
            {STOA_CAN_COLLATIONS, engine->collation_add}, {STOA_CAN_BACKUP, engine->backup},
            {STOA_CAN_CHECK, engine->check},         {STOA_CAN_CHECKPOINT, engine->checkpoint},
            {STOA_CAN_VACUUM, engine->vacuum},       {STOA_CAN_CATALOG, engine->catalog},
            {STOA_CAN_READ, engine->read_table},
        };

        for (size_t k = 0; k < sizeof(list) / sizeof(*list); k++)
            if (((engine->capabilities >> list[k].capability) & 1) != list[k].there) {
                printf("# %s: capability %d\n", engine->name, list[k].capability);
                test_fail();
            }
    }
}

TEST_MAIN({"every engine is found by its name", every_engine_is_found_by_its_name},
          {"an unknown engine is named and the nearest suggested",
           an_unknown_engine_is_named_and_the_nearest_suggested},
          {"capabilities agree with the functions", capabilities_agree_with_the_functions})
