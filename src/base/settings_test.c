/* SPDX-License-Identifier: Apache-2.0 */
#include "base/settings.h"

#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

struct target {
    bool sync;
    int64_t rows, cache, timeout;
    const char *name, *password;
    int32_t journal;
};

#define FIELD(member) offsetof(struct target, member)
#define INT_SETTING STOA__SETTING_INT, FIELD(rows)

static const struct stoa__setting table[] = {
    {"sync", STOA__SETTING_BOOL, FIELD(sync), 0, 0, NULL, false},
    {"rows", STOA__SETTING_INT, FIELD(rows), -5, 1000, NULL, false},
    {"cache", STOA__SETTING_SIZE, FIELD(cache), 0, INT64_MAX, NULL, false},
    {"timeout", STOA__SETTING_DURATION, FIELD(timeout), 0, 0, NULL, false},
    {"name", STOA__SETTING_TEXT, FIELD(name), 0, 0, NULL, false},
    {"password", STOA__SETTING_TEXT, FIELD(password), 0, 0, NULL, true},
    {"journal", STOA__SETTING_CHOICE, FIELD(journal), 0, 0, "wal|delete|memory", false},
};
static const size_t table_count = sizeof table / sizeof table[0];

/* Read one pair; on success the settings end here and text fields die with them. */
static stoa_status read_pair(const char *key, const char *value, struct target *target,
                             stoa_error *err)
{
    stoa__settings settings = {0};
    stoa_status rc = stoa__settings_add_pair(&settings, key, value, err);

    if (rc == STOA_OK)
        rc = stoa__settings_read(&settings, "sqlite", table, table_count, target, err);
    if (rc == STOA_OK)
        rc = stoa__settings_finish(&settings, "sqlite", err);
    stoa__settings_release(&settings);
    return rc;
}

static void check_bad(const char *key, const char *value, const char *text)
{
    struct target target = {0}, untouched = {0};
    stoa_error err;

    CHECK_INT(read_pair(key, value, &target, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, text);
    CHECK(memcmp(&target, &untouched, sizeof target) == 0);
}

static void booleans_are_read(void)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    struct target target = {0};

    for (int i = 0; i < 4; i++) {
        CHECK_INT(read_pair("sync", yes[i], &target, NULL), STOA_OK);
        CHECK(target.sync);
        CHECK_INT(read_pair("sync", no[i], &target, NULL), STOA_OK);
        CHECK(!target.sync);
    }
    check_bad("sync", "maybe",
              "sqlite: the setting 'sync' must be true or false; it is 'maybe'");
    check_bad("sync", "", "sqlite: the setting 'sync' must be true or false; it is ''");
}

static int64_t number(const char *key, const char *value)
{
    struct target target = {0};

    CHECK_INT(read_pair(key, value, &target, NULL), STOA_OK);
    return target.rows + target.cache + target.timeout;
}

static void numbers_are_read(void)
{
    struct target target;

    CHECK_INT(number("rows", "1000"), 1000);
    CHECK_INT(number("rows", "-5"), -5);
    CHECK_INT(number("rows", "007"), 7);
    check_bad("rows", "1001",
              "sqlite: the setting 'rows' must be a whole number from -5 to 1000; it is "
              "'1001'");
    CHECK_INT(read_pair("rows", "-6", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "9223372036854775808", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "18446744073709551617", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "+1", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "1 ", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", " 1", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "-", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("rows", "0x10", &target, NULL), STOA_ERR_INVALID);
}

static void sizes_are_read(void)
{
    struct target target;

    CHECK_INT(number("cache", "4096"), 4096);
    CHECK_INT(number("cache", "64k"), 65536);
    CHECK_INT(number("cache", "16M"), 16 << 20);
    CHECK_INT(number("cache", "1G"), 1 << 30);
    CHECK_INT(number("cache", "8589934591G"), INT64_C(8589934591) << 30);
    CHECK_INT(number("cache", "9223372036854775807"), INT64_MAX);
    CHECK_INT(read_pair("cache", "8589934592G", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("cache", "-1", &target, NULL), STOA_ERR_INVALID);
    check_bad(
        "cache", "1T",
        "sqlite: the setting 'cache' must be a size such as 4096, 64k or 16M, from 0 to "
        "9223372036854775807 bytes; it is '1T'");
}

static void durations_are_read(void)
{
    struct target target;

    CHECK_INT(number("timeout", "250"), 250);
    CHECK_INT(number("timeout", "250ms"), 250);
    CHECK_INT(number("timeout", "2s"), 2000);
    CHECK_INT(number("timeout", "5min"), 300000);
    CHECK_INT(number("timeout", "1h"), 3600000);
    CHECK_INT(number("timeout", "-1"), -1);
    CHECK_INT(number("timeout", "none"), -1);
    CHECK_INT(read_pair("timeout", "-2", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("timeout", "-1s", &target, NULL), STOA_ERR_INVALID);
    CHECK_INT(read_pair("timeout", "9223372036854775807h", &target, NULL),
              STOA_ERR_INVALID);
    check_bad(
        "timeout", "soon",
        "sqlite: the setting 'timeout' must be a time such as 250ms, 2s, 5min or 1h, or "
        "none; it is 'soon'");
}

static void choices_are_read(void)
{
    struct target target = {.journal = 9};

    CHECK_INT(read_pair("journal", "wal", &target, NULL), STOA_OK);
    CHECK_INT(target.journal, 0);
    CHECK_INT(read_pair("journal", "memory", &target, NULL), STOA_OK);
    CHECK_INT(target.journal, 2);
    check_bad(
        "journal", "delte",
        "sqlite: the setting 'journal' must be one of wal|delete|memory; it is 'delte'; "
        "did you mean 'delete'?");
    check_bad(
        "journal", "w",
        "sqlite: the setting 'journal' must be one of wal|delete|memory; it is 'w'");
    check_bad("journal", "",
              "sqlite: the setting 'journal' must be one of wal|delete|memory; "
              "it is ''");
    check_bad("journal", "wal|delete",
              "sqlite: the setting 'journal' must be one of wal|delete|memory; it is "
              "'wal|delete'");
}

static void unknown_keys_are_named_and_the_nearest_suggested(void)
{
    check_bad("jurnal", "wal",
              "sqlite: unknown setting 'jurnal' (did you mean 'journal'?)");
    check_bad("Sync", "true", "sqlite: unknown setting 'Sync' (did you mean 'sync'?)");
    check_bad("colour", "red", "sqlite: unknown setting 'colour'");
}

static void each_layer_reads_its_own(void)
{
    static const struct stoa__setting other[] = {
        {"batch_rows", INT_SETTING, 0, 10, NULL, false},
        {"sync", STOA__SETTING_BOOL, FIELD(sync), 0, 0, NULL, false},
    };
    const stoa_option options[] = {
        {"batch_rows", "3"}, {"sync", "on"}, {"batch_row", "4"}};
    struct target a = {0}, b = {0};
    stoa__settings settings = {0};
    stoa_error err;

    CHECK_INT(stoa__settings_add(&settings, options, 3, NULL), STOA_OK);
    CHECK_INT(stoa__settings_read(&settings, "a", table, table_count, &a, NULL), STOA_OK);
    CHECK_INT(stoa__settings_read(&settings, "b", other, 2, &b, NULL), STOA_OK);
    CHECK(a.sync && b.sync);
    CHECK_INT(b.rows, 3);
    CHECK_INT(stoa__settings_finish(&settings, "open", &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text,
               "open: unknown setting 'batch_row' (did you mean 'batch_rows'?)");
    stoa__settings_release(&settings);
    CHECK_INT(stoa__settings_finish(&settings, "open", &err), STOA_OK);
}

static void later_pairs_win(void)
{
    const stoa_option first[] = {{"rows", "1"}, {"name", "a"}},
                      second[] = {{"rows", "2"}};
    struct target target = {0};
    stoa__settings settings = {0};

    CHECK_INT(stoa__settings_add(&settings, first, 2, NULL), STOA_OK);
    CHECK_INT(stoa__settings_read(&settings, "x", table, table_count, &target, NULL),
              STOA_OK);
    CHECK_INT(target.rows, 1);
    CHECK_INT(stoa__settings_add(&settings, second, 1, NULL), STOA_OK);
    CHECK_INT(settings.count, 2);
    CHECK_INT(stoa__settings_finish(&settings, "x", NULL), STOA_ERR_INVALID);
    CHECK_INT(stoa__settings_read(&settings, "x", table, table_count, &target, NULL),
              STOA_OK);
    CHECK_INT(target.rows, 2);
    CHECK_TEXT(target.name, "a");
    CHECK_INT(stoa__settings_finish(&settings, "x", NULL), STOA_OK);
    stoa__settings_release(&settings);
}

static void what_is_given_is_copied(void)
{
    char key[] = "name", value[] = "mine";
    struct target target = {0};
    stoa__settings settings = {0};

    CHECK_INT(stoa__settings_add_pair(&settings, key, value, NULL), STOA_OK);
    key[0] = value[0] = 'x';
    CHECK_INT(stoa__settings_read(&settings, "x", table, table_count, &target, NULL),
              STOA_OK);
    CHECK_TEXT(target.name, "mine");
    stoa__settings_release(&settings);
}

static void check_add(const stoa_option *options, int64_t count, const char *text)
{
    stoa__settings settings = {0};
    stoa_error err;

    CHECK_INT(stoa__settings_add_pair(&settings, "rows", "7", NULL), STOA_OK);
    CHECK_INT(stoa__settings_add(&settings, options, count, &err), STOA_ERR_INVALID);
    CHECK_HAS(err.text, text);
    CHECK_INT(settings.count, 1);
    CHECK_TEXT(settings.entries[0].value, "7");
    stoa__settings_release(&settings);
}

static void bad_arrays_are_refused_whole(void)
{
    static stoa_option many[STOA__OPTION_COUNT_MAX + 1];
    static char names[STOA__OPTION_COUNT_MAX + 1][16],
        longest[STOA__TARGET_BYTES_MAX + 2];

    for (int i = 0; i <= STOA__OPTION_COUNT_MAX; i++) {
        snprintf(names[i], sizeof names[i], "k%d", i);
        many[i] = (stoa_option){names[i], "v"};
    }
    memset(longest, 'x', sizeof longest - 1);
    check_add(NULL, 1, "the settings are NULL");
    check_add(many, -1, "the count of settings is negative");
    check_add(many, STOA__OPTION_COUNT_MAX + 1, "more than 256 settings are given");
    check_add(many, STOA__OPTION_COUNT_MAX, "more than 256 settings are given");
    check_add((const stoa_option[]){{"a", "1"}, {NULL, "1"}}, 2,
              "the key of a setting is NULL");
    check_add((const stoa_option[]){{"rows", "1"}, {"a", NULL}}, 2,
              "the value of the setting 'a' is NULL");
    check_add((const stoa_option[]){{"", "1"}}, 1, "the key of a setting is empty");
    check_add((const stoa_option[]){{"rows", "1"}, {"b", "1"}, {"rows", "2"}}, 3,
              "the setting 'rows' is given twice");
    check_add((const stoa_option[]){{longest, "1"}}, 1, "longer than 4096 bytes");
    check_add((const stoa_option[]){{"name", longest}}, 1, "longer than 65536 bytes");
}

static void nothing_is_written_when_one_value_is_bad(void)
{
    const stoa_option options[] = {{"sync", "on"}, {"rows", "5"}, {"journal", "walrus"}};
    struct target target = {0}, untouched = {0};
    stoa__settings settings = {0};

    CHECK_INT(stoa__settings_add(&settings, options, 3, NULL), STOA_OK);
    CHECK_INT(stoa__settings_read(&settings, "x", table, table_count, &target, NULL),
              STOA_ERR_INVALID);
    CHECK(memcmp(&target, &untouched, sizeof target) == 0);
    CHECK(!settings.entries[0].used);
    stoa__settings_release(&settings);
}

static void secrets_do_not_reach_errors(void)
{
    static const struct stoa__setting secret = {"pin", INT_SETTING, 0, 9, NULL, true};
    stoa__settings settings = {0};
    struct target target = {0};
    stoa_error err;

    CHECK_INT(stoa__settings_add_pair(&settings, "pin", "hunter2", NULL), STOA_OK);
    CHECK_INT(stoa__settings_read(&settings, "x", &secret, 1, &target, &err),
              STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "x: the setting 'pin' must be a whole number from 0 to 9");
    CHECK_INT(stoa__settings_finish(&settings, "x", &err), STOA_ERR_INVALID);
    CHECK(!strstr(err.text, "hunter2"));
    stoa__settings_release(&settings);
}

static void every_allocation_failure_leaves_settings_alone(void)
{
    static char longer_than_a_block[3000];
    const stoa_option options[] = {{"rows", "2"}, {"name", longer_than_a_block}};

    memset(longer_than_a_block, 'x', sizeof longer_than_a_block - 1);
    for (int64_t nth = 0;; nth++) {
        stoa__settings settings = {0};
        struct target target = {0};
        stoa_status rc;

        CHECK_INT(stoa__settings_add_pair(&settings, "rows", "1", NULL), STOA_OK);
        stoa__mem_fail_nth = nth;
        rc = stoa__settings_add(&settings, options, 2, NULL);
        if (rc != STOA_OK)
            CHECK(settings.count == 1 && settings.entries[0].value[0] == '1');
        if (rc == STOA_OK)
            rc = stoa__settings_read(&settings, "x", table, table_count, &target, NULL);
        if (rc != STOA_OK)
            CHECK(target.rows == 0 && !target.name);
        stoa__mem_fail_nth = -1;
        stoa__settings_release(&settings);
        if (rc == STOA_OK) {
            CHECK(nth >= 1);
            break;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
    CHECK_INT(stoa__mem_allocations(), 0);
}

TEST_MAIN({"booleans are read", booleans_are_read},
          {"numbers are read", numbers_are_read}, {"sizes are read", sizes_are_read},
          {"durations are read", durations_are_read},
          {"choices are read", choices_are_read},
          {"unknown keys are named and the nearest suggested",
           unknown_keys_are_named_and_the_nearest_suggested},
          {"each layer reads its own", each_layer_reads_its_own},
          {"later pairs win", later_pairs_win},
          {"what is given is copied", what_is_given_is_copied},
          {"bad arrays are refused whole", bad_arrays_are_refused_whole},
          {"nothing is written when one value is bad",
           nothing_is_written_when_one_value_is_bad},
          {"secrets do not reach errors", secrets_do_not_reach_errors},
          {"every allocation failure leaves settings alone",
           every_allocation_failure_leaves_settings_alone})
