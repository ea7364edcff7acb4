/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/mem.h"
#include "test.h"

#include <errno.h>

static void every_field_is_set(void)
{
    stoa_error err;

    memset(&err, 0x5a, sizeof err);
    CHECK_INT(stoa__fail(&err, STOA_ERR_BUSY, "%s %d", "row", 7), STOA_ERR_BUSY);
    CHECK_INT(err.code, STOA_ERR_BUSY);
    CHECK_INT(err.engine_code, 0);
    CHECK_INT(err.flags, 0);
    CHECK_INT(err.position, -1);
    CHECK_INT(err.text_size, 5);
    CHECK_TEXT(err.text, "row 7");
    for (size_t i = 0; i < sizeof err.sqlstate; i++)
        CHECK_INT(err.sqlstate[i], 0);
}

static void details_are_added(void)
{
    stoa_error err, copy;

    stoa__fail(&err, STOA_ERR_SYNTAX, "near 'x'");
    stoa__error_engine(&err, 1234, "42601");
    stoa__error_position(&err, 17);
    stoa__error_flag(&err, STOA_ERROR_RETRYABLE);
    stoa__error_flag(&err, STOA_ERROR_IN_DOUBT);
    stoa__error_copy(&copy, &err);
    CHECK_INT(copy.engine_code, 1234);
    CHECK_TEXT(copy.sqlstate, "42601");
    CHECK_INT(copy.position, 17);
    CHECK_INT(copy.flags, STOA_ERROR_RETRYABLE | STOA_ERROR_IN_DOUBT);
    stoa__error_engine(&err, 1, "longer than five");
    CHECK_TEXT(err.sqlstate, "longe");
    stoa__error_engine(&err, 1, NULL);
    CHECK_TEXT(err.sqlstate, "");
}

static void null_is_accepted_everywhere(void)
{
    stoa_error err;

    CHECK_INT(stoa__fail(NULL, STOA_ERR_IO, "x"), STOA_ERR_IO);
    CHECK_INT(stoa__fail_nomem(NULL), STOA_ERR_NOMEM);
    CHECK_INT(stoa__fail_errno(NULL, ENOSPC, "x"), STOA_ERR_FULL);
    stoa__wrap(NULL, "x");
    stoa__error_append(NULL, "x");
    stoa__error_engine(NULL, 1, NULL);
    stoa__error_position(NULL, 1);
    stoa__error_flag(NULL, 1);
    stoa__fail(&err, STOA_ERR_IO, "x");
    stoa__error_copy(NULL, &err);
}

static void context_goes_before_and_behind(void)
{
    stoa_error err;

    stoa__fail(&err, STOA_ERR_IO, "disk gone");
    stoa__wrap(&err, "recover segment %d", 42);
    stoa__error_append(&err, "tried %d times", 3);
    CHECK_TEXT(err.text, "recover segment 42: disk gone; tried 3 times");
    CHECK_INT(err.text_size, (int)strlen(err.text));
    CHECK_INT(err.code, STOA_ERR_IO);
}

static void an_argument_may_be_the_text_itself(void)
{
    stoa_error err;

    stoa__fail(&err, STOA_ERR_IO, "inner");
    stoa__fail(&err, STOA_ERR_NETWORK, "outer (%s)", err.text);
    CHECK_TEXT(err.text, "outer (inner)");
}

/* Fill up to `before` bytes, then add one character of each size. */
static void check_cut(const char *character, size_t before, int32_t size)
{
    char text[2000];
    stoa_error err;

    memset(text, 'a', before);
    strncpy(text + before, character, sizeof text - before);
    stoa__fail(&err, STOA_ERR_IO, "%s%s", text, "tail");
    CHECK_INT(err.text_size, size);
    CHECK_INT(err.text[err.text_size], 0);
    CHECK_INT(strlen(err.text), (size_t)size);
}

static void long_text_is_cut_between_characters(void)
{
    check_cut("b", 1023, 1023);
    check_cut("\xc3\xa9", 1022, 1022);
    check_cut("\xc3\xa9", 1021, 1023);
    check_cut("\xe2\x82\xac", 1022, 1022);
    check_cut("\xe2\x82\xac", 1021, 1021);
    check_cut("\xe2\x82\xac", 1020, 1023);
    check_cut("\xf0\x9f\x98\x80", 1020, 1020);
    check_cut("\xf0\x9f\x98\x80", 1021, 1021);
    check_cut("\xf0\x9f\x98\x80", 1022, 1022);
    check_cut("\xf0\x9f\x98\x80", 1019, 1023);
}

static void context_and_additions_are_cut_too(void)
{
    char text[1500];
    stoa_error err;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    stoa__fail(&err, STOA_ERR_IO, "end");
    stoa__wrap(&err, "%s", text);
    CHECK_INT(err.text_size, 1023);
    stoa__error_append(&err, "more");
    CHECK_INT(err.text_size, 1023);
    stoa__fail(&err, STOA_ERR_IO, "%.1020s", text);
    stoa__error_append(&err, "more");
    CHECK_INT(err.text_size, 1023);
    CHECK_TEXT(err.text + 1018, "xx; m");
}

static void bytes_that_are_no_utf8_are_replaced(void)
{
    stoa_error err;

    stoa__fail(&err, STOA_ERR_IO, "%s",
               "a\xff"
               "b\xc3(\xed\xa0\x80\xc0\x80\xf5|\xc3\xa9\xe2\x82");
    CHECK_TEXT(err.text, "a?b?(??????|\xc3\xa9??");
    stoa__fail(&err, STOA_ERR_IO, "%s", "\xf4\x90\x80\x80\xf0\x80\x80\x80\xe0\x80\x80");
    CHECK_TEXT(err.text, "???????????");
    stoa__fail(&err, STOA_ERR_IO, "%s", "\xf4\x8f\xbf\xbf\xef\xbf\xbf\xe0\xa0\x80");
    CHECK_TEXT(err.text, "\xf4\x8f\xbf\xbf\xef\xbf\xbf\xe0\xa0\x80");
}

static void errno_becomes_a_status(void)
{
    stoa_error err;

    CHECK_INT(stoa__fail_errno(&err, ENOENT, "open '%s'", "x.db"), STOA_ERR_NOT_FOUND);
    CHECK_TEXT(err.text, "open 'x.db': No such file or directory");
    CHECK_INT(err.engine_code, ENOENT);
    CHECK_INT(err.code, STOA_ERR_NOT_FOUND);
    CHECK_INT(stoa__fail_errno(&err, ENOSPC, "w"), STOA_ERR_FULL);
    CHECK_INT(stoa__fail_errno(&err, EDQUOT, "w"), STOA_ERR_FULL);
    CHECK_INT(stoa__fail_errno(&err, EROFS, "w"), STOA_ERR_READ_ONLY);
    CHECK_INT(stoa__fail_errno(&err, EACCES, "w"), STOA_ERR_READ_ONLY);
    CHECK_INT(stoa__fail_errno(&err, EIO, "w"), STOA_ERR_IO);
    CHECK_INT(stoa__fail_errno(&err, 99999, "w"), STOA_ERR_IO);
}

static void text_sizes_are_checked(void)
{
    stoa_error err;
    size_t size = 9;

    CHECK_INT(stoa__text_size("sql", "abc", 2, 10, &size, &err), STOA_OK);
    CHECK_INT(size, 2);
    CHECK_INT(stoa__text_size("sql", "abc", STOA_NUL, 3, &size, &err), STOA_OK);
    CHECK_INT(size, 3);
    CHECK_INT(stoa__text_size("sql", NULL, 0, 3, &size, &err), STOA_OK);
    CHECK_INT(size, 0);
    size = 9;
    CHECK_INT(stoa__text_size("sql", NULL, STOA_NUL, 3, &size, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "sql is NULL");
    CHECK_INT(size, 0);
    CHECK_INT(stoa__text_size("sql", NULL, 3, 3, &size, &err), STOA_ERR_INVALID);
    CHECK_INT(stoa__text_size("sql", "abc", -2, 3, &size, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, "sql is negative (-2)");
    CHECK_INT(stoa__text_size("sql", "abcd", STOA_NUL, 3, &size, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "sql is longer than 3 bytes");
    CHECK_INT(stoa__text_size("sql", "abcd", INT64_MAX, 3, &size, &err),
              STOA_ERR_INVALID);
}

static void failing_never_allocates(void)
{
    stoa_error err;

    stoa__mem_fail_repeat = true;
    stoa__mem_fail_nth = 0;
    stoa__fail(&err, STOA_ERR_NOMEM, "%s", "still says why");
    stoa__wrap(&err, "while opening");
    stoa__fail_errno(&err, EIO, "read");
    CHECK_INT(stoa__mem_fail_nth, 0);
}

static void every_status_has_a_name(void)
{
    CHECK_TEXT(stoa_status_name(STOA_OK), "STOA_OK");
    CHECK_TEXT(stoa_status_name(STOA_DONE), "STOA_DONE");
    CHECK_TEXT(stoa_status_name(STOA_TIMEOUT_EMPTY), "STOA_TIMEOUT_EMPTY");
    CHECK_TEXT(stoa_status_name(STOA_ERR_INVALID), "STOA_ERR_INVALID");
    CHECK_TEXT(stoa_status_name(STOA_ERR_CONSTRAINT), "STOA_ERR_CONSTRAINT");
    CHECK_TEXT(stoa_status_name(STOA_ERR_TIMEOUT), "STOA_ERR_TIMEOUT");
    CHECK_TEXT(stoa_status_name(STOA_ERR_INTERNAL), "STOA_ERR_INTERNAL");
    CHECK_TEXT(stoa_status_name(3), "STOA_ERR_UNKNOWN");
    CHECK_TEXT(stoa_status_name(STOA_ERR_INTERNAL - 1), "STOA_ERR_UNKNOWN");
    CHECK_TEXT(stoa_status_name(INT32_MIN), "STOA_ERR_UNKNOWN");
}

static void version_text_and_number_agree(void)
{
    int major = 0, minor = 0, patch = 0;

    CHECK_INT(sscanf(stoa_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    CHECK_INT(stoa_version_number(), major * 1000000 + minor * 1000 + patch);
}

TEST_MAIN({"every field is set", every_field_is_set},
          {"details are added", details_are_added},
          {"NULL is accepted everywhere", null_is_accepted_everywhere},
          {"context goes before and behind", context_goes_before_and_behind},
          {"an argument may be the text itself", an_argument_may_be_the_text_itself},
          {"long text is cut between characters", long_text_is_cut_between_characters},
          {"context and additions are cut too", context_and_additions_are_cut_too},
          {"bytes that are no UTF-8 are replaced", bytes_that_are_no_utf8_are_replaced},
          {"errno becomes a status", errno_becomes_a_status},
          {"text sizes are checked", text_sizes_are_checked},
          {"failing never allocates", failing_never_allocates},
          {"every status has a name", every_status_has_a_name},
          {"version text and number agree", version_text_and_number_agree})
