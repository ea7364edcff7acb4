/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/pattern.h"

#include "test.h"

#include <string.h>

static struct collection_instant at(const char *text)
{
    struct collection_instant instant;

    CHECK(collection_date_read(text, strlen(text), &instant));
    return instant;
}

static void check_text(const char *pattern, const char *date, const char *wanted)
{
    stoa__buffer out = {0};

    CHECK(collection_pattern_write(pattern, at(date), &out));
    CHECK_INT(stoa__buffer_terminate(&out), STOA_OK);
    CHECK_TEXT((const char *)out.data, wanted);
    stoa__buffer_release(&out);
}

static void check_read(const char *pattern, const char *text, const char *wanted)
{
    struct collection_instant instant;
    char room[COLLECTION_DATE_MAX + 1];

    CHECK(collection_pattern_read(pattern, text, strlen(text), &instant));
    room[collection_date_write(instant, room)] = '\0';
    CHECK_TEXT(room, wanted);
}

static void every_letter_is_written(void)
{
    check_text("%Y %y %m %d %e", "0987-02-03", "0987 87 02 03  3");
    check_text("%H %I %M %S %p", "2024-02-29T00:05:09", "00 12 05 09 AM");
    check_text("%H %I %p", "2024-02-29T23:05:09", "23 11 PM");
    check_text("%I%p", "2024-02-29T12:00:00", "12PM");
    check_text("%j %a %A %b %B", "2024-12-31", "366 Tue Tuesday Dec December");
    check_text("%a", "0001-01-01", "Mon");
    check_text("%F %T %D %%", "1969-12-31T23:59:59", "1969-12-31 23:59:59 12/31/69 %");
}

static void every_letter_is_read(void)
{
    check_read("%d/%m/%Y", "01/03/2019", "2019-03-01T00:00:00");
    check_read("%d/%m/%y", "1/3/68", "2068-03-01T00:00:00");
    check_read("%d/%m/%y", "1/3/69", "1969-03-01T00:00:00");
    check_read("%F %T", "2024-02-29  01:02:03", "2024-02-29T01:02:03");
    check_read("%F %T", "2024-02-2901:02:03", "2024-02-29T01:02:03");
    check_read("%I:%M %p, %D", "12:30 am, 02/01/24", "2024-02-01T00:30:00");
    check_read("%p %I:%M %D", "PM 12:30 02/01/24", "2024-02-01T12:30:00");
    check_read("%A %e %B %Y", "thursday  1 FEBRUARY 2024", "2024-02-01T00:00:00");
    check_read("%a %e %b %Y", "Thu 1 Feb 2024", "2024-02-01T00:00:00");
    check_read("%B %Y", "may 2024", "2024-05-01T00:00:00");
    check_read("%Y-%m", "2024-05", "2024-05-01T00:00:00");
    check_read("%Y %j", "2024 366", "2024-12-31T00:00:00");
    check_read("100%% %F", "100% 2024-05-06", "2024-05-06T00:00:00");
}

static void what_does_not_match_is_refused(void)
{
    static const char *const cases[][2] = {
        {"%Y-%m-%d", "2024-02-30"},  {"%Y-%m-%d", "2024-02-01 "}, {"%Y-%m-%d", "2024-02"},
        {"%Y-%m-%d", "2024-13-01"},  {"%Y-%m-%d", "0000-01-01"},  {"%Y-%m-%d", ""},
        {"%H:%M", "10:20"},          {"%Y %j", "2023 366"},       {"%d %b %Y", "1 Foo 2024"},
        {"%F %T", "2024-01-01 24:00:00"}, {"%F %I", "2024-01-01 13"}, {"%F%%", "2024-01-01"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct collection_instant instant = {1, 1};

        CHECK(!collection_pattern_read(cases[i][0], cases[i][1], strlen(cases[i][1]), &instant));
        CHECK_INT(instant.seconds, 0);
    }
}

static void patterns_are_judged(void)
{
    CHECK(!collection_pattern_unknown("%Y %y %m %d %e %H %I %M %S %p %j %a %A %b %B %F %T %D %%"));
    CHECK_TEXT(collection_pattern_unknown("%Y %Q"), "%Q");
    CHECK_TEXT(collection_pattern_unknown("50%"), "%");
    CHECK(collection_pattern_is_date("%Y-%m") && collection_pattern_is_date("%F"));
    CHECK(!collection_pattern_is_date("%H:%M") && !collection_pattern_is_date("%%Y %m"));
    CHECK(!collection_pattern_is_date("%Y"));
}

TEST_MAIN({"every letter is written", every_letter_is_written},
          {"every letter is read", every_letter_is_read},
          {"what does not match is refused", what_does_not_match_is_refused},
          {"patterns are judged", patterns_are_judged})
