/* SPDX-License-Identifier: Apache-2.0 */
#include "text/identifier.h"

#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

static void names_are_quoted(void)
{
    stoa__buffer out = {0};

    CHECK_INT(stoa__identifier_quote("a\"b", 3, &out, NULL), STOA_OK);
    CHECK_INT(stoa__identifier_quote("\xc3\xa4", 2, &out, NULL), STOA_OK);
    CHECK_INT(stoa__buffer_terminate(&out), STOA_OK);
    CHECK_TEXT((const char *)out.data, "\"a\"\"b\"\"\xc3\xa4\"");
    stoa__buffer_release(&out);
}

static void names_no_engine_can_hold_are_refused(void)
{
    static char longest[STOA__NAME_BYTES_MAX + 1];
    stoa__buffer out = {0};
    stoa_error err;

    memset(longest, 'n', sizeof(longest));
    CHECK_INT(stoa__identifier_quote("", 0, &out, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "empty");
    CHECK_INT(stoa__identifier_quote("a\0b", 3, &out, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "the name 'a?b' holds a NUL");
    CHECK_INT(stoa__identifier_quote("a\xff", 2, &out, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "not UTF-8");
    CHECK_INT(stoa__identifier_quote(longest, sizeof(longest), &out, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "4097 bytes, more than 4096");
    CHECK_INT(out.size, 0);
    CHECK_INT(stoa__identifier_quote(longest, sizeof(longest) - 1, &out, &err), STOA_OK);
    out.size = 0;
    stoa__buffer_release(&out);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__identifier_quote("a", 1, &out, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(out.size, 0);
}

static void names_compare_without_case(void)
{
    CHECK(stoa__name_equal("Table", 5, "tABLE", 5));
    CHECK(!stoa__name_equal("table", 5, "table1", 6));
    CHECK(stoa__name_equal(NULL, 0, "", 0));
    CHECK(!stoa__name_equal("@", 1, "`", 1)); /* Bytes around the letters. */
    CHECK(!stoa__name_equal("[", 1, "{", 1));
    CHECK(!stoa__name_equal("\xc3\x84", 2, "\xc3\xa4", 2)); /* ASCII letters alone. */
    CHECK(stoa__name_is("SeLeCt", 6, "select"));
    CHECK(!stoa__name_is("selec", 5, "select"));
    CHECK(stoa__name_compare("a", 1, "B", 1) < 0);
    CHECK(stoa__name_compare("B", 1, "a", 1) > 0);
    CHECK(stoa__name_compare("ab", 2, "A", 1) > 0);
    CHECK(stoa__name_compare("\xff", 1, "a", 1) > 0);
}

TEST_MAIN({"names are quoted", names_are_quoted},
          {"names no engine can hold are refused", names_no_engine_can_hold_are_refused},
          {"names compare without case", names_compare_without_case})
