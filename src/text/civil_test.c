/* SPDX-License-Identifier: Apache-2.0 */
#include "text/civil.h"

#include "test.h"

enum { S = STOA__CIVIL_SECOND, MS, US, NS };

static uint64_t seed = UINT64_C(0x5eed0001);

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static const char *date_text(int64_t days)
{
    static char text[STOA__CIVIL_TEXT_MAX];

    text[stoa__date_format(days, text)] = '\0';
    return text;
}

static const char *timestamp_text(int64_t value, uint32_t unit)
{
    static char text[STOA__CIVIL_TEXT_MAX];

    text[stoa__timestamp_format(value, unit, text)] = '\0';
    return text;
}

static const char *time_text(int64_t value, uint32_t unit)
{
    static char text[STOA__CIVIL_TEXT_MAX];

    text[stoa__time_format(value, unit, text)] = '\0';
    return text;
}

/* Counting days one by one, by the calendar's definition, over all of it. */
static void every_day_of_twenty_thousand_years_has_its_text(void)
{
    int64_t days = stoa__civil_days(-9999, 1, 1);
    char text[STOA__CIVIL_TEXT_MAX], right[32];
    struct stoa__civil_date date;

    CHECK_INT(stoa__civil_date(days - 1, &date), false);
    CHECK_INT(stoa__date_format(days - 1, text), 0);
    for (int year = -9999; year <= 9999; year++) {
        const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (int month = 1; month <= 12; month++) {
            const int last = month == 2 ? 28 + leap
                             : month == 4 || month == 6 || month == 9 || month == 11 ? 30
                                                                                     : 31;

            CHECK(!stoa__civil_valid(year, month, last + 1));
            for (int day = 1; day <= last; day++, days++) {
                int64_t back;
                size_t size;

                CHECK(stoa__civil_valid(year, month, day));
                CHECK_INT(stoa__civil_days(year, month, day), days);
                CHECK(stoa__civil_date(days, &date));
                CHECK(date.year == year && date.month == month && date.day == day);
                if (day % 9 != 0)
                    continue;
                size = stoa__date_format(days, text);
                CHECK_INT(snprintf(right, sizeof(right), "%s%04d-%02d-%02d",
                                   year < 0 ? "-" : "", abs(year), month, day),
                          (int)size);
                CHECK(memcmp(text, right, size) == 0);
                CHECK_INT(stoa__date_parse(text, size, &back, NULL), STOA_OK);
                CHECK_INT(back, days);
            }
        }
    }
    CHECK_INT(stoa__civil_date(days, &date), false);
    CHECK(date.year == 0 && date.month == 0 && date.day == 0);
    CHECK_INT(stoa__date_format(days, text), 0);
    CHECK_INT(stoa__date_format(INT64_MIN, text), 0);
    CHECK_INT(stoa__date_format(INT64_MAX, text), 0);
}

static void known_moments_have_known_texts(void)
{
    CHECK_TEXT(date_text(0), "1970-01-01");
    CHECK_TEXT(date_text(-1), "1969-12-31");
    CHECK_TEXT(date_text(-719528), "0000-01-01");
    CHECK_TEXT(date_text(-719529), "-0001-12-31");
    CHECK_TEXT(timestamp_text(1700000000, S), "2023-11-14T22:13:20");
    CHECK_TEXT(timestamp_text(-1, MS), "1969-12-31T23:59:59.999");
    CHECK_TEXT(timestamp_text(1, US), "1970-01-01T00:00:00.000001");
    CHECK_TEXT(timestamp_text(INT64_MIN, NS), "1677-09-21T00:12:43.145224192");
    CHECK_TEXT(timestamp_text(INT64_MAX, NS), "2262-04-11T23:47:16.854775807");
    CHECK_TEXT(timestamp_text(253402300799, S), "9999-12-31T23:59:59");
    CHECK_TEXT(timestamp_text(253402300800, S), "");
    CHECK_TEXT(timestamp_text(INT64_MAX, S), "");
    CHECK_TEXT(timestamp_text(INT64_MIN, S), "");
    CHECK_TEXT(timestamp_text(INT64_MIN, US), "");
    CHECK_TEXT(time_text(0, S), "00:00:00");
    CHECK_TEXT(time_text(86399999, MS), "23:59:59.999");
    CHECK_TEXT(time_text(86400000, MS), "");
    CHECK_TEXT(time_text(-1, NS), "");
    CHECK_TEXT(time_text(INT64_MIN, NS), "");
    CHECK_TEXT(time_text(3723000000042, NS), "01:02:03.000000042");
}

static void timestamps_come_back_from_their_text(void)
{
    for (int i = 0; i < 200000; i++) {
        const uint32_t unit = (uint32_t)(random_word() % 4) + 1;
        const int64_t per_second = stoa__civil_per_second(unit);
        int64_t value = (int64_t)random_word() >> random_word() % 40, back = 1;
        char text[STOA__CIVIL_TEXT_MAX];
        bool zoned = true;
        size_t size;

        if (unit != NS)
            value %= INT64_C(377705116799) * per_second;
        size = stoa__timestamp_format(value, unit, text);
        if (size == 0)
            continue;
        if (i & 1)
            text[size - (unit == S ? 9 : 10 + 3 * (size_t)(unit - 1))] = ' ';
        CHECK_INT(stoa__timestamp_parse(text, size, unit, &back, &zoned, NULL), STOA_OK);
        CHECK_INT(back, value);
        CHECK(!zoned);
        /* The finer unit reads the coarser text. */
        if (unit < US) {
            CHECK_INT(stoa__timestamp_parse(text, size, unit + 1, &back, NULL, NULL),
                      STOA_OK);
            CHECK_INT(back, value * 1000);
        }
    }
}

static void times_come_back_from_their_text(void)
{
    for (int i = 0; i < 50000; i++) {
        const uint32_t unit = (uint32_t)(random_word() % 4) + 1;
        const uint64_t day = 86400 * (uint64_t)stoa__civil_per_second(unit);
        const int64_t value = (int64_t)(random_word() % day);
        char text[STOA__CIVIL_TEXT_MAX];
        int64_t back;

        CHECK_INT(stoa__time_parse(text, stoa__time_format(value, unit, text), unit,
                                   &back, NULL),
                  STOA_OK);
        CHECK_INT(back, value);
    }
}

static void refused_timestamp(const char *text, uint32_t unit, const char *reason)
{
    int64_t value = 7;
    bool zoned = true;
    stoa_error err;

    CHECK_INT(stoa__timestamp_parse(text, strlen(text), unit, &value, &zoned, &err),
              STOA_ERR_TYPE);
    CHECK_INT(value, 0);
    CHECK(!zoned);
    CHECK_HAS(err.text, text);
    CHECK_HAS(err.text, reason);
}

static int64_t timestamp(const char *text, uint32_t unit, bool zoned)
{
    int64_t value = 7;
    bool got = !zoned;
    stoa_error err = {0};

    CHECK_INT(stoa__timestamp_parse(text, strlen(text), unit, &value, &got, &err),
              STOA_OK);
    CHECK_INT(got, zoned);
    return value;
}

static void offsets_and_fractions_are_understood(void)
{
    CHECK_INT(timestamp("1970-01-01T00:00:00Z", S, true), 0);
    CHECK_INT(timestamp("1970-01-01t00:00:00z", S, true), 0);
    CHECK_INT(timestamp("1970-01-01 02:30:00+02:30", S, true), 0);
    CHECK_INT(timestamp("1969-12-31T18:00:01-06:00", MS, true), 1000);
    CHECK_INT(timestamp("1970-01-01T01:00:00+0100", S, true), 0);
    CHECK_INT(timestamp("1970-01-01T01:00:00+01", S, true), 0);
    CHECK_INT(timestamp("1970-01-01T00:00:00.5", MS, false), 500);
    CHECK_INT(timestamp("1970-01-01T00:00:00.500000000000", MS, false), 500);
    CHECK_INT(timestamp("1970-01-01T00:00:00.000", S, false), 0);
    CHECK_INT(timestamp("1677-09-21T00:12:43.145224192", NS, false), INT64_MIN);
    CHECK_INT(timestamp("2262-04-11T23:47:16.854775807", NS, false), INT64_MAX);
    CHECK_INT(timestamp("-0001-12-31T23:59:59", S, false), INT64_C(-62167219201));
}

static void bad_timestamps_are_refused_with_a_reason(void)
{
    refused_timestamp("", S, "a digit is missing");
    refused_timestamp("2024-01-01", S, "a time is missing");
    refused_timestamp("2024-01-01T", S, "a digit is missing");
    refused_timestamp("2024-01-01T1:00:00", S, "a digit is missing");
    refused_timestamp("2024-1-01T00:00:00", S, "a digit is missing");
    refused_timestamp("2024/01/01T00:00:00", S, "behind the year");
    refused_timestamp("2024-01/01T00:00:00", S, "behind the month");
    refused_timestamp("2024-01-01T00-00:00", S, "behind the hour");
    refused_timestamp("2024-01-01T00:00", S, "behind the minute");
    refused_timestamp("2024-13-01T00:00:00", S, "no such month");
    refused_timestamp("2024-00-01T00:00:00", S, "no such month");
    refused_timestamp("2023-02-29T00:00:00", S, "no such day");
    refused_timestamp("2024-01-00T00:00:00", S, "no such day");
    refused_timestamp("-0000-01-01T00:00:00", S, "no year -0000");
    refused_timestamp("12024-01-01T00:00:00", S, "behind the year");
    refused_timestamp("2024-01-01T24:00:00", S, "24 o'clock");
    refused_timestamp("2024-01-01T25:00:00", S, "no such hour");
    refused_timestamp("2024-01-01T00:60:00", S, "no such minute");
    refused_timestamp("2016-12-31T23:59:60", S, "leap second");
    refused_timestamp("2024-01-01T00:00:61", S, "no such second");
    refused_timestamp("2024-01-01T00:00:00.", S, "behind the point");
    refused_timestamp("2024-01-01T00:00:00.1", S, "finer than the unit");
    refused_timestamp("2024-01-01T00:00:00.0001", MS, "finer than the unit");
    refused_timestamp("2024-01-01T00:00:00.0000000001", NS, "finer than the unit");
    refused_timestamp("2024-01-01T00:00:00 ", S, "something follows");
    refused_timestamp("2024-01-01T00:00:00Zulu", S, "something follows");
    refused_timestamp("2024-01-01T00:00:00+24:00", S, "no such offset");
    refused_timestamp("2024-01-01T00:00:00+01:60", S, "no such offset");
    refused_timestamp("2024-01-01T00:00:00+01:", S, "a digit is missing");
    refused_timestamp("2262-04-11T23:47:16.854775808", NS, "64 bits");
    refused_timestamp("1677-09-21T00:12:43.145224191", NS, "64 bits");
    refused_timestamp("9999-12-31T23:59:59-00:01", S, "more than four digits");
    refused_timestamp("-9999-01-01T00:00:00+00:01", S, "more than four digits");
}

static void bad_dates_and_times_are_refused(void)
{
    int64_t value = 7;
    stoa_error err;

    CHECK_INT(stoa__date_parse("2024-01-01x", 11, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(value, 0);
    CHECK_TEXT(err.text, "'2024-01-01x' is not a date: something follows");
    CHECK_INT(stoa__date_parse(NULL, 0, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__time_parse("12:00:00Z", 9, S, &value, &err), STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "'12:00:00Z' is not a time: something follows");
    CHECK_INT(stoa__time_parse("24:00:00", 8, S, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__time_parse("23:59:60", 8, S, &value, NULL), STOA_ERR_TYPE);
}

static void a_broken_text_never_reads_out_of_bounds(void)
{
    static const char good[] = "2024-02-29T12:34:56.123456789+01:30";

    int accepted = 0;

    for (int i = 0; i < 100000; i++) {
        const size_t size = random_word() % sizeof(good);
        char *text = malloc(size + 1); /* Exactly as large, for the sanitizer to see. */
        char back[STOA__CIVIL_TEXT_MAX];
        int64_t value;

        memcpy(text, good, size);
        if (size > 0 && (i & 3))
            text[random_word() % size] = (char)random_word();
        if (stoa__timestamp_parse(text, size, NS, &value, NULL, NULL) == STOA_OK) {
            CHECK(stoa__timestamp_format(value, NS, back) > 0);
            accepted++;
        }
        (void)stoa__date_parse(text, size, &value, NULL);
        (void)stoa__time_parse(text, size, MS, &value, NULL);
        free(text);
    }
    CHECK(accepted > 1000); /* The damage is not always fatal. */
}

static void units_convert_with_what_is_cut_off(void)
{
    int64_t out, rest;
    stoa_error err;

    CHECK(stoa__civil_convert(-1, NS, S, &out, &rest));
    CHECK_INT(out, -1);
    CHECK_INT(rest, 999999999);
    CHECK(stoa__civil_convert(1500, MS, S, &out, &rest));
    CHECK_INT(out, 1);
    CHECK_INT(rest, 500);
    CHECK(stoa__civil_convert(INT64_MIN, NS, MS, &out, &rest));
    CHECK_INT(out, INT64_C(-9223372036855));
    CHECK_INT(rest, 145224192 % 1000000);
    CHECK(stoa__civil_convert(-3, S, NS, &out, NULL));
    CHECK_INT(out, INT64_C(-3000000000));
    CHECK(stoa__civil_convert(INT64_MIN, US, US, &out, &rest));
    CHECK_INT(out, INT64_MIN);
    CHECK_INT(rest, 0);
    CHECK(!stoa__civil_convert(INT64_MAX / 1000 + 1, S, MS, &out, &rest));
    CHECK_INT(out, 0);
    CHECK_INT(stoa__civil_convert_exact(7, S, MS, &out, &err), STOA_OK);
    CHECK_INT(out, 7000);
    CHECK_INT(stoa__civil_convert_exact(7001, MS, S, &out, &err), STOA_ERR_TYPE);
    CHECK_INT(out, 0);
    CHECK_TEXT(err.text, "7001 milliseconds are no whole number of seconds");
    CHECK_INT(stoa__civil_convert_exact(INT64_MIN, S, NS, &out, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "do not fit 64 bits in nanoseconds");
}

TEST_MAIN({"every day of twenty thousand years has its text",
           every_day_of_twenty_thousand_years_has_its_text},
          {"known moments have known texts", known_moments_have_known_texts},
          {"timestamps come back from their text", timestamps_come_back_from_their_text},
          {"times come back from their text", times_come_back_from_their_text},
          {"offsets and fractions are understood", offsets_and_fractions_are_understood},
          {"bad timestamps are refused with a reason",
           bad_timestamps_are_refused_with_a_reason},
          {"bad dates and times are refused", bad_dates_and_times_are_refused},
          {"a broken text never reads out of bounds",
           a_broken_text_never_reads_out_of_bounds},
          {"units convert with what is cut off", units_convert_with_what_is_cut_off})
