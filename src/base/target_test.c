/* SPDX-License-Identifier: Apache-2.0 */
#include "base/settings.h"

#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

static void check(const char *text, const char *engine, const char *rest,
                  const char *pairs)
{
    stoa__settings settings = {0};
    struct stoa__target target;
    char got[256] = "";
    stoa_error err = {0};

    CHECK_INT(stoa__target_parse(text, strlen(text), &settings, &target, &err), STOA_OK);
    CHECK_TEXT(target.engine, engine);
    CHECK_TEXT(target.rest, rest);
    for (size_t i = 0; i < settings.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s[%s]",
                 settings.entries[i].key, settings.entries[i].value);
    CHECK_TEXT(got, pairs);
    stoa__settings_release(&settings);
}

static void paths_are_sqlite_files(void)
{
    check("app.db", "sqlite", "app.db", "");
    check("./a:b", "sqlite", "./a:b", "");
    check("/tmp/x.db?mode=ro", "sqlite", "/tmp/x.db?mode=ro", "");
    check("C:\\data\\x.db", "sqlite", "C:\\data\\x.db", "");
    check("c:x?y=z", "sqlite", "c:x?y=z", "");
    check(":memory:", "sqlite", ":memory:", "");
    check("100%25", "sqlite", "100%25", "");
    check("a b:c", "sqlite", "a b:c", "");
    check("1st:x", "sqlite", "1st:x", "");
    check("app.db:old", "sqlite", "app.db:old", "");
    check("sqlite", "sqlite", "sqlite", "");
    check("\xc3\xa9t\xc3\xa9:1", "sqlite", "\xc3\xa9t\xc3\xa9:1", "");
}

static void schemes_name_engines(void)
{
    check("sqlite:app.db", "sqlite", "app.db", "");
    check("sqlite:", "sqlite", "", "");
    check("sqlite::memory:", "sqlite", ":memory:", "");
    check("sqlite:C:\\x.db?mode=ro", "sqlite", "C:\\x.db", "mode[ro]");
    check("sqlite:/a//b", "sqlite", "/a//b", "");
    check("duckdb:x?a=1&b=2", "duckdb", "x", "a[1]b[2]");
    check("my-engine_2+tls:x", "my-engine_2+tls", "x", "");
    check("sqlite:app.db?", "sqlite", "app.db", "");
}

static void escapes_are_decoded_behind_a_scheme(void)
{
    check("sqlite:a%20b%3f%25.db?na%6de=x%26y%3D%2f", "sqlite", "a b?%.db",
          "name[x&y=/]");
    check("sqlite:a+b?c=d+e", "sqlite", "a+b", "c[d+e]");
    check("sqlite:x?a==&b=?", "sqlite", "x", "a[=]b[?]");
    check("sqlite:x?a=", "sqlite", "x", "a[]");
}

static void urls_stay_whole(void)
{
    check("postgresql://u:p@h/db?x=y", "postgresql", "//u:p@h/db?x=y", "");
    check("questdb://host:9000?a=%20", "questdb", "//host:9000?a=%20", "");
    check("adbc://", "adbc", "//", "");
}

static void check_bad(const char *text, size_t size, const char *right)
{
    struct stoa__target target = {"x", "x"};
    stoa__settings settings = {0};
    stoa_error err;

    CHECK_INT(stoa__target_parse(text, size, &settings, &target, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, right);
    CHECK(!target.engine && !target.rest);
    CHECK_INT(settings.count, 0);
    stoa__settings_release(&settings);
}

#define CHECK_BAD(text, right) check_bad(text, sizeof(text) - 1, right)

static void bad_targets_are_refused(void)
{
    static char longest[STOA__TARGET_BYTES_MAX + 1];

    memset(longest, 'x', sizeof longest);
    check_bad(NULL, 0, "the target is empty");
    CHECK_BAD("", "the target is empty");
    CHECK_BAD("a\0b", "the target has a NUL byte");
    CHECK_BAD("sqlite:a%00b", "the target has a NUL byte");
    CHECK_BAD("sqlite:x?a=1&b=%00", "setting 2 behind the '?': its value has a NUL byte");
    CHECK_BAD("sqlite:50%",
              "the target has a '%' without two hexadecimal digits behind it; "
              "write %25 for the character itself");
    CHECK_BAD("sqlite:x?secret%4",
              "setting 1 behind the '?': it has no '='; write key=value");
    CHECK_BAD("sqlite:x?a=%4",
              "setting 1 behind the '?': its value has a '%' without two "
              "hexadecimal digits behind it; write %25 for the character itself");
    CHECK_BAD("sqlite:x?%zz=1",
              "setting 1 behind the '?': its key has a '%' without two "
              "hexadecimal digits behind it; write %25 for the character itself");
    CHECK_BAD("sqlite:x?a=1&&b=2",
              "setting 2 behind the '?': it has no '='; write key=value");
    CHECK_BAD("sqlite:x?=1", "the key of a setting is empty");
    CHECK_BAD("sqlite:x?a=1&a=2", "the setting 'a' is given twice");
    check_bad(longest, sizeof longest, "the target is longer than 65536 bytes");
}

static void too_many_settings_are_refused(void)
{
    char text[2000] = "sqlite:x?a=1";
    size_t size = strlen(text);

    for (int i = 0; i < STOA__OPTION_COUNT_MAX; i++, size += 4)
        memcpy(text + size, "&a=1", 5);
    check_bad(text, size, "more than 256 settings stand behind the '?'");
}

static void every_allocation_failure_leaves_nothing(void)
{
    static const char text[] = "sqlite:app.db?mode=ro&cache=64k";

    for (int64_t nth = 0;; nth++) {
        struct stoa__target target;
        stoa__settings settings = {0};
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = stoa__target_parse(text, sizeof text - 1, &settings, &target, NULL);
        stoa__mem_fail_nth = -1;
        CHECK_INT(settings.count, rc == STOA_OK ? 2 : 0);
        CHECK((target.engine != NULL) == (rc == STOA_OK));
        stoa__settings_release(&settings);
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    CHECK_INT(stoa__mem_allocations(), 0);
}

TEST_MAIN({"paths are SQLite files", paths_are_sqlite_files},
          {"schemes name engines", schemes_name_engines},
          {"escapes are decoded behind a scheme", escapes_are_decoded_behind_a_scheme},
          {"URLs stay whole", urls_stay_whole},
          {"bad targets are refused", bad_targets_are_refused},
          {"too many settings are refused", too_many_settings_are_refused},
          {"every allocation failure leaves nothing",
           every_allocation_failure_leaves_nothing})
