/* SPDX-License-Identifier: Apache-2.0 */
#include "text/duration.h"

#include "test.h"

enum { S = STOA__CIVIL_SECOND, MS, US, NS };

static uint64_t seed = UINT64_C(0x5eed0002);

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static const char *duration_text(int64_t value, uint32_t unit)
{
    static char text[STOA__CIVIL_TEXT_MAX];

    text[stoa__duration_format(value, unit, text)] = '\0';
    return text;
}

static const char *interval_text(int32_t months, int32_t days, int64_t nanos)
{
    static char text[STOA__CIVIL_TEXT_MAX];
    const struct stoa__interval value = {months, days, nanos};

    text[stoa__interval_format(&value, text)] = '\0';
    return text;
}

static void durations_have_known_texts(void)
{
    CHECK_TEXT(duration_text(0, S), "PT0S");
    CHECK_TEXT(duration_text(1, S), "PT1S");
    CHECK_TEXT(duration_text(86400, S), "P1D");
    CHECK_TEXT(duration_text(3600, S), "PT1H");
    CHECK_TEXT(duration_text(-93784500, MS), "-P1DT2H3M4.5S");
    CHECK_TEXT(duration_text(1, NS), "PT0.000000001S");
    CHECK_TEXT(duration_text(60000100, US), "PT1M0.0001S");
    CHECK_TEXT(duration_text(INT64_MIN, S), "-P106751991167300DT15H30M8S");
    CHECK_TEXT(duration_text(INT64_MIN, NS), "-P106751DT23H47M16.854775808S");
}

static void intervals_have_known_texts(void)
{
    CHECK_TEXT(interval_text(0, 0, 0), "PT0S");
    CHECK_TEXT(interval_text(14, 3, 14706700000000), "P1Y2M3DT4H5M6.7S");
    CHECK_TEXT(interval_text(-14, 3, -4500000000), "P-1Y-2M3DT-4.5S");
    CHECK_TEXT(interval_text(12, 0, -3660000000000), "P1YT-1H-1M");
    CHECK_TEXT(interval_text(0, 0, -1), "PT-0.000000001S");
    CHECK_TEXT(interval_text(INT32_MIN, INT32_MIN, INT64_MIN),
               "P-178956970Y-8M-2147483648DT-2562047H-47M-16.854775808S");
}

static void durations_come_back_from_their_text(void)
{
    for (int i = 0; i < 200000; i++) {
        const uint32_t unit = (uint32_t)(random_word() % 4) + 1;
        const int64_t value = (int64_t)random_word() >> random_word() % 64;
        char text[STOA__CIVIL_TEXT_MAX];
        int64_t back;

        CHECK_INT(stoa__duration_parse(text, stoa__duration_format(value, unit, text),
                                       unit, &back, NULL),
                  STOA_OK);
        CHECK_INT(back, value);
    }
}

static void intervals_come_back_from_their_text(void)
{
    for (int i = 0; i < 200000; i++) {
        const struct stoa__interval value = {
            (int32_t)((int64_t)random_word() >> (32 + random_word() % 32)),
            (int32_t)((int64_t)random_word() >> (32 + random_word() % 32)),
            (int64_t)random_word() >> random_word() % 64};
        char text[STOA__CIVIL_TEXT_MAX];
        struct stoa__interval back;

        CHECK_INT(
            stoa__interval_parse(text, stoa__interval_format(&value, text), &back, NULL),
            STOA_OK);
        CHECK(back.months == value.months && back.days == value.days &&
              back.nanos == value.nanos);
    }
}

static int64_t duration(const char *text, uint32_t unit)
{
    int64_t value = 7;

    CHECK_INT(stoa__duration_parse(text, strlen(text), unit, &value, NULL), STOA_OK);
    return value;
}

static void other_forms_are_read(void)
{
    struct stoa__interval value;

    CHECK_INT(duration("P2W", S), 1209600);
    CHECK_INT(duration("+PT90M", S), 5400);
    CHECK_INT(duration("-PT-1S", S), 1);
    CHECK_INT(duration("PT1.500S", MS), 1500);
    CHECK_INT(duration("P1DT-1S", S), 86399);
    CHECK_INT(duration("-P106751DT23H47M16.854775808S", NS), INT64_MIN);
    CHECK_INT(stoa__interval_parse("-P1Y2W", 6, &value, NULL), STOA_OK);
    CHECK(value.months == -12 && value.days == -14 && value.nanos == 0);
}

static void refused(const char *text, uint32_t unit, const char *reason)
{
    int64_t value = 7;
    stoa_error err;

    CHECK_INT(stoa__duration_parse(text, strlen(text), unit, &value, &err),
              STOA_ERR_TYPE);
    CHECK_INT(value, 0);
    CHECK_HAS(err.text, reason);
    CHECK_HAS(err.text, text);
}

static void bad_durations_are_refused_with_a_reason(void)
{
    refused("", S, "begin with P");
    refused("1D", S, "begin with P");
    refused("P", S, "a part is missing");
    refused("PT", S, "a number is missing");
    refused("P1DT", S, "a number is missing");
    refused("P1D ", S, "a number is missing");
    refused("PD", S, "a number is missing");
    refused("P1", S, "no letter");
    refused("P1H", S, "no letter");
    refused("PT1D", S, "no letter");
    refused("PT1H1H", S, "in order");
    refused("PT1S1M", S, "in order");
    refused("P1.5D", S, "only seconds");
    refused("PT1.S", S, "behind the point");
    refused("PT0.1S", S, "finer than the unit");
    refused("PT0.0000000001S", NS, "finer than a nanosecond");
    refused("P1Y", S, "no fixed length");
    refused("P0M", S, "no fixed length");
    refused("PT9223372036854775808S", S, "64 bits");
    refused("P106751991167301D", S, "64 bits");
    refused("P106752D", NS, "64 bits");
}

static void bad_intervals_are_refused_with_a_reason(void)
{
    static const char *const texts[] = {"P178956971Y", "P2147483648D", "P306783379W",
                                        "PT2562048H"};
    static const char *const reasons[] = {"months", "days", "days", "nanoseconds"};

    for (size_t i = 0; i < 4; i++) {
        struct stoa__interval value = {1, 2, 3};
        stoa_error err;

        CHECK_INT(stoa__interval_parse(texts[i], strlen(texts[i]), &value, &err),
                  STOA_ERR_TYPE);
        CHECK(value.months == 0 && value.days == 0 && value.nanos == 0);
        CHECK_HAS(err.text, reasons[i]);
    }
}

TEST_MAIN({"durations have known texts", durations_have_known_texts},
          {"intervals have known texts", intervals_have_known_texts},
          {"durations come back from their text", durations_come_back_from_their_text},
          {"intervals come back from their text", intervals_come_back_from_their_text},
          {"other forms are read", other_forms_are_read},
          {"bad durations are refused with a reason",
           bad_durations_are_refused_with_a_reason},
          {"bad intervals are refused with a reason",
           bad_intervals_are_refused_with_a_reason})
