/* SPDX-License-Identifier: Apache-2.0 */
#include "core/target.h"

#include "base/mem.h"
#include "test.h"

static void check(const char *target, const char *masked)
{
    char *text = stoa__target_mask(target, strlen(target));

    CHECK_TEXT(text, masked);
    stoa__free(text);
}

static void secrets_are_masked(void)
{
    check("app.db", "app.db");
    check(":memory:", ":memory:");
    check("", "");
    check("sqlite:app.db?journal=wal", "sqlite:app.db?journal=wal");
    check("pg://ann:p%40ss@host/db", "pg://ann:***@host/db");
    check("pg://ann:p@ss@host/db?x=1", "pg://ann:***@host/db?x=1");
    check("pg://ann@host/a:b@c", "pg://ann@host/a:b@c");
    check("questdb:http://h:9000?Token=abc&tls=on",
          "questdb:http://h:9000?Token=***&tls=on");
    check("x:host=h;api_key=1;password=two words",
          "x:host=h;api_key=***;password=*** words");
    check("pg://u:p@h?password=", "pg://u:***@h?password=***");
    check("=", "=");
}

static void names_are_checked(void)
{
    static const struct {
        const char *name;
        int64_t size;
        const char *says;
    } wrong[] = {{"", 0, "empty"},   {NULL, 0, "empty"},   {NULL, 3, "name"},
                 {"a\0b", 3, "NUL"}, {"\xff", 1, "UTF-8"}, {"x", -2, "name"}};
    stoa_error err;
    char *copy;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        CHECK_INT(stoa__name_copy("name", wrong[i].name, wrong[i].size, &copy, &err),
                  STOA_ERR_INVALID);
        CHECK_HAS(err.text, wrong[i].says);
        CHECK(!copy);
    }
    CHECK_INT(stoa__name_copy("name", "table", STOA_NUL, &copy, &err), STOA_OK);
    CHECK_TEXT(copy, "table");
    stoa__free(copy);
    CHECK_INT(stoa__name_copy("name", "table", 3, &copy, &err), STOA_OK);
    CHECK_TEXT(copy, "tab");
    stoa__free(copy);
    CHECK_INT(stoa__name_copy_optional("name", NULL, 0, &copy, &err), STOA_OK);
    CHECK(!copy);
}

static void memory_may_fail(void)
{
    char *copy;

    stoa__mem_fail_nth = 0;
    CHECK(!stoa__target_mask("app.db", 6));
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__name_copy("name", "x", 1, &copy, NULL), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(stoa__mem_allocations(), 0);
}

TEST_MAIN({"secrets are masked", secrets_are_masked},
          {"names are checked", names_are_checked}, {"memory may fail", memory_may_fail})
