/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/dates.h"

#include "test.h"
#include "text/civil.h"

/* The one spelling of `text`, or "no". */
static const char *spelt(const char *text)
{
    static char out[COLLECTION_DATE_MAX + 1];
    struct collection_instant at;

    if (!collection_date_read(text, strlen(text), &at)) {
        CHECK_INT(at.seconds, 0);
        CHECK_INT(at.nanos, 0);
        return "no";
    }
    const size_t size = collection_date_write(at, out);

    CHECK(size > 0);
    out[size] = 0;
    CHECK(collection_date_is_canonical(out, size));
    return out;
}

static void every_accepted_spelling_has_one_text(void)
{
    static const char *const pairs[][2] = {
        {"2024-01-02", "2024-01-02T00:00:00"},
        {"2024-01-02T03:04", "2024-01-02T03:04:00"},
        {"2024-01-02 03:04:05", "2024-01-02T03:04:05"},
        {"2024-01-02T03:04:05.1", "2024-01-02T03:04:05.1"},
        {"2024-01-02T03:04:05.120000000", "2024-01-02T03:04:05.12"},
        {"2024-01-02T03:04:05.000", "2024-01-02T03:04:05"},
        {"2024-01-02T03:04:05.123456789", "2024-01-02T03:04:05.123456789"},
        {"2024-01-02T03:04Z", "2024-01-02T03:04:00"},
        {"2024-01-02T03:04:05+02", "2024-01-02T01:04:05"},
        {"2024-01-02T03:04:05.5-05:30", "2024-01-02T08:34:05.5"},
        {"2024-01-01T00:30+01:00", "2023-12-31T23:30:00"},
        {"2024-02-29", "2024-02-29T00:00:00"},
        {"0001-01-01", "0001-01-01T00:00:00"},
        {"9999-12-31T23:59:59.999999999", "9999-12-31T23:59:59.999999999"},
        {"1969-12-31T23:59:59.25", "1969-12-31T23:59:59.25"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        CHECK_TEXT(spelt(pairs[i][0]), pairs[i][1]);
}

static void other_text_is_no_date(void)
{
    static const char *const texts[] = {
        "", "not-a-date", "2024", "2024-01", "2024-1-2", "2024-02-30", "2023-02-29", "2024-13-01",
        "2024-00-01", "2024-01-00", "0000-01-01", "2024-01-02T", "2024-01-02T03",
        "2024-01-02T24:00",
        "2024-01-02T03:60", "2024-01-02T03:04:60", "2024-01-02T03:04:05.", "2024-01-02T03:04.5",
        "2024-01-02T03:04:05.1234567890", "2024-01-02Z", "2024-01-02T03:04z", "2024-01-02T03:04+1",
        "2024-01-02T03:04+24", "2024-01-02T03:04+01:60", "2024-01-02T03:04+01:", "2024-01-02x03:04",
        " 2024-01-02", "2024-01-02 ", "-2024-01-02", "0001-01-01T00:00+01", "9999-12-31T23:59-01",
        "2024-01-02T03:04:05Zx",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_TEXT(spelt(texts[i]), "no");
        CHECK(!collection_date_is_canonical(texts[i], strlen(texts[i])));
    }
}

static void only_the_one_spelling_is_canonical(void)
{
    static const char *const no[] = {"2024-01-02", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z",
                                     "2024-01-02T03:04:05.0", "2024-01-02T03:04:05.10",
                                     "2024-01-02T03:04:05.", "2024-02-30T00:00:00",
                                     "0000-01-01T00:00:00", "2024-01-02T03:04:05.1234567891"};

    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        CHECK(!collection_date_is_canonical(no[i], strlen(no[i])));
    CHECK(collection_date_is_canonical("2024-01-02T03:04:05", 19));
    CHECK(collection_date_is_canonical("2024-01-02T03:04:05.05", 22));
}

static void counts_become_moments_and_moments_nanoseconds(void)
{
    char out[COLLECTION_DATE_MAX];
    struct collection_instant at = collection_date_of_ticks(-1, STOA__CIVIL_NANO);
    int64_t ns;

    CHECK_INT(at.seconds, -1);
    CHECK_INT(at.nanos, 999999999);
    CHECK(collection_date_to_ns(at, &ns));
    CHECK_INT(ns, -1);
    at = collection_date_of_ticks(1500, STOA__CIVIL_MILLI);
    CHECK_INT(at.seconds, 1);
    CHECK_INT(at.nanos, 500000000);
    CHECK(collection_date_to_ns(collection_date_of_ticks(INT64_MIN, STOA__CIVIL_NANO), &ns));
    CHECK(ns == INT64_MIN);
    CHECK(collection_date_to_ns(collection_date_of_ticks(INT64_MAX, STOA__CIVIL_NANO), &ns));
    CHECK(ns == INT64_MAX);
    CHECK(!collection_date_to_ns(collection_date_of_ticks(INT64_MAX, STOA__CIVIL_MICRO), &ns));
    CHECK_INT(ns, 0);
    CHECK_INT(collection_date_write(collection_date_of_days(19724), out), 19);
    CHECK(memcmp(out, "2024-01-02T00:00:00", 19) == 0);
    CHECK_INT(collection_date_write(collection_date_of_days(INT64_MAX), out), 0);
    CHECK_INT(collection_date_write(collection_date_of_days(INT64_MIN), out), 0);
    CHECK_INT(collection_date_write(collection_date_of_ticks(INT64_MAX, STOA__CIVIL_SECOND), out),
              0);
}

TEST_MAIN({"every accepted spelling has one text", every_accepted_spelling_has_one_text},
          {"other text is no date", other_text_is_no_date},
          {"only the one spelling is canonical", only_the_one_spelling_is_canonical},
          {"counts become moments and moments nanoseconds",
           counts_become_moments_and_moments_nanoseconds})
