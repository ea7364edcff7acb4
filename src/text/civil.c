/* SPDX-License-Identifier: Apache-2.0 */
#include "text/civil.h"

#include "base/error.h"
#include "text/digits.h"
#include "text/refuse.h"
#include "text/wide.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

/*
 * Days are counted inside years that begin in March, so that a leap day is the last of
 * its year, from 0000-03-01 back to a whole number of 400-year cycles before every year
 * we know: all arithmetic is on numbers >= 0.
 */
#define CYCLE_YEARS 400
#define CYCLE_DAYS 146097
#define SHIFT_CYCLES 26               /* 10,400 years > 9,999 + 1. */
#define MARCH_TO_1970 INT64_C(719468) /* Days from 0000-03-01 to 1970-01-01. */
#define DAYS_MIN INT64_C(-4371587)    /* -9999-01-01 */
#define DAYS_MAX INT64_C(2932896)     /* 9999-12-31 */
#define DAY_SECONDS 86400

int64_t stoa__civil_per_second(uint32_t unit)
{
    static const int64_t ticks[] = {0, 1, 1000, 1000000, 1000000000};

    assert(unit >= STOA__CIVIL_SECOND && unit <= STOA__CIVIL_NANO);
    return ticks[unit];
}

bool stoa__civil_valid(int32_t year, int32_t month, int32_t day)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return year >= STOA__CIVIL_YEAR_MIN && year <= STOA__CIVIL_YEAR_MAX && month >= 1 &&
           month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

int64_t stoa__civil_days(int32_t year, int32_t month, int32_t day)
{
    const uint32_t from_march = (uint32_t)(month > 2 ? month - 3 : month + 9);
    const uint32_t shifted = (uint32_t)(year + SHIFT_CYCLES * CYCLE_YEARS - (month <= 2));
    const uint32_t cycle = shifted / CYCLE_YEARS, in_cycle = shifted % CYCLE_YEARS;
    /* Months from March have 31 30 31 30 31 days in turn: 153 in five. */
    const uint32_t day_of_year = (153 * from_march + 2) / 5 + (uint32_t)day - 1;
    const uint32_t day_of_cycle =
        in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + day_of_year;

    assert(stoa__civil_valid(year, month, day));
    return (int64_t)cycle * CYCLE_DAYS + day_of_cycle - MARCH_TO_1970 -
           (int64_t)SHIFT_CYCLES * CYCLE_DAYS;
}

bool stoa__civil_date(int64_t days, struct stoa__civil_date *out)
{
    uint32_t shifted, cycle, day_of_cycle, year, day_of_year, month;

    assert(out);
    *out = (struct stoa__civil_date){0, 0, 0};
    if (days < DAYS_MIN || days > DAYS_MAX)
        return false;
    shifted = (uint32_t)(days + MARCH_TO_1970 + (int64_t)SHIFT_CYCLES * CYCLE_DAYS);
    cycle = shifted / CYCLE_DAYS;
    day_of_cycle = shifted % CYCLE_DAYS;
    /* Take out the leap days before it, and what is left are years of 365 days. */
    year = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 -
            day_of_cycle / (CYCLE_DAYS - 1)) /
           365;
    day_of_year = day_of_cycle - (365 * year + year / 4 - year / 100);
    month = (5 * day_of_year + 2) / 153;
    out->day = (int32_t)(day_of_year - (153 * month + 2) / 5) + 1;
    out->month = (int32_t)(month < 10 ? month + 3 : month - 9);
    out->year = (int32_t)(cycle * CYCLE_YEARS + year) - SHIFT_CYCLES * CYCLE_YEARS +
                (out->month <= 2);
    return true;
}

bool stoa__civil_convert(int64_t value, uint32_t from, uint32_t to, int64_t *out,
                         int64_t *remainder)
{
    int64_t result = 0, rest = 0;
    bool fits = true;

    assert(out);
    if (to >= from) {
        const int64_t factor = stoa__civil_per_second(to) / stoa__civil_per_second(from);

        fits = !__builtin_mul_overflow(value, factor, &result);
    } else {
        const int64_t divisor = stoa__civil_per_second(from) / stoa__civil_per_second(to);

        result = value / divisor - (value % divisor < 0);
        rest = value % divisor + (value % divisor < 0 ? divisor : 0);
    }
    *out = fits ? result : 0;
    if (remainder)
        *remainder = rest;
    return fits;
}

stoa_status stoa__civil_convert_exact(int64_t value, uint32_t from, uint32_t to,
                                      int64_t *out, stoa_error *err)
{
    static const char *const names[] = {"", "seconds", "milliseconds", "microseconds",
                                        "nanoseconds"};
    int64_t rest;

    if (!stoa__civil_convert(value, from, to, out, &rest))
        return stoa__fail(err, STOA_ERR_TYPE, "%lld %s do not fit 64 bits in %s",
                          (long long)value, names[from], names[to]);
    if (rest == 0)
        return STOA_OK;
    *out = 0;
    return stoa__fail(err, STOA_ERR_TYPE, "%lld %s are no whole number of %s",
                      (long long)value, names[from], names[to]);
}

/* A count of time as whole seconds (rounded down) and the ticks left over. The divisors
 * are constants, which is most of the speed of formatting. */
static int64_t split_seconds(int64_t value, uint32_t unit, uint32_t *ticks)
{
    int64_t seconds, rest;

    switch (unit) {
    case STOA__CIVIL_MILLI:
        seconds = value / 1000;
        rest = value % 1000;
        break;
    case STOA__CIVIL_MICRO:
        seconds = value / 1000000;
        rest = value % 1000000;
        break;
    case STOA__CIVIL_NANO:
        seconds = value / 1000000000;
        rest = value % 1000000000;
        break;
    default:
        assert(unit == STOA__CIVIL_SECOND);
        seconds = value;
        rest = 0;
        break;
    }
    if (rest < 0) {
        seconds--;
        rest += stoa__civil_per_second(unit);
    }
    *ticks = (uint32_t)rest;
    return seconds;
}

static size_t put_date(const struct stoa__civil_date *date, char *out)
{
    const bool negative = date->year < 0;
    const uint32_t year = (uint32_t)(negative ? -date->year : date->year);

    if (negative)
        *out++ = '-';
    stoa__digits_put_two(out, year / 100);
    stoa__digits_put_two(out + 2, year % 100);
    out[4] = '-';
    stoa__digits_put_two(out + 5, (uint32_t)date->month);
    out[7] = '-';
    stoa__digits_put_two(out + 8, (uint32_t)date->day);
    return 10 + (size_t)negative;
}

static size_t put_time(uint32_t seconds, uint32_t ticks, uint32_t unit, char *out)
{
    const size_t digits = 3 * ((size_t)unit - 1);

    stoa__digits_put_two(out, seconds / 3600);
    out[2] = ':';
    stoa__digits_put_two(out + 3, seconds / 60 % 60);
    out[5] = ':';
    stoa__digits_put_two(out + 6, seconds % 60);
    if (digits == 0)
        return 8;
    out[8] = '.';
    stoa__digits_put(out + 9, ticks, digits);
    return 9 + digits;
}

size_t stoa__date_format(int64_t days, char *out)
{
    struct stoa__civil_date date;

    assert(out);
    return stoa__civil_date(days, &date) ? put_date(&date, out) : 0;
}

size_t stoa__time_format(int64_t value, uint32_t unit, char *out)
{
    uint32_t ticks;
    const int64_t seconds = split_seconds(value, unit, &ticks);

    assert(out);
    if (seconds < 0 || seconds >= DAY_SECONDS)
        return 0;
    return put_time((uint32_t)seconds, ticks, unit, out);
}

size_t stoa__timestamp_format(int64_t value, uint32_t unit, char *out)
{
    struct stoa__civil_date date;
    uint32_t ticks;
    const int64_t seconds = split_seconds(value, unit, &ticks);
    int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
    size_t size;

    assert(out);
    if (rest < 0) {
        days--;
        rest += DAY_SECONDS;
    }
    if (!stoa__civil_date(days, &date))
        return 0;
    size = put_date(&date, out);
    out[size] = 'T';
    return size + 1 + put_time((uint32_t)rest, ticks, unit, out + size + 1);
}

/* A text being read: what is left of it, and what is wrong once something is. */
struct reader {
    const char *at, *end;
    const char *fault;
};

/* Exactly `count` digits. */
static int32_t take_digits(struct reader *reader, int count)
{
    int32_t value = 0;

    for (; count > 0; count--) {
        if (reader->at == reader->end || *reader->at < '0' || *reader->at > '9') {
            if (!reader->fault)
                reader->fault = "a digit is missing";
            return 0;
        }
        value = value * 10 + (*reader->at++ - '0');
    }
    return value;
}

static bool take(struct reader *reader, char byte)
{
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

static void need(struct reader *reader, char byte, const char *fault)
{
    if (!take(reader, byte) && !reader->fault)
        reader->fault = fault;
}

static void check(struct reader *reader, bool holds, const char *fault)
{
    if (!holds && !reader->fault)
        reader->fault = fault;
}

static int64_t take_date(struct reader *reader)
{
    const bool negative = take(reader, '-');
    const int32_t magnitude = take_digits(reader, 4);
    const int32_t year = negative ? -magnitude : magnitude;
    int32_t month, day;

    need(reader, '-', "a '-' is missing behind the year");
    month = take_digits(reader, 2);
    need(reader, '-', "a '-' is missing behind the month");
    day = take_digits(reader, 2);
    check(reader, !negative || magnitude > 0, "there is no year -0000");
    check(reader, month >= 1 && month <= 12, "there is no such month");
    check(reader, reader->fault || stoa__civil_valid(year, month, day),
          "the month has no such day");
    return reader->fault ? 0 : stoa__civil_days(year, month, day);
}

/* Digits behind a point as ticks of the unit. */
static int64_t take_fraction(struct reader *reader, uint32_t unit)
{
    int64_t scale = stoa__civil_per_second(unit), ticks = 0;

    check(reader, reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9',
          "digits are missing behind the point");
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
         reader->at++) {
        scale /= 10;
        ticks += (*reader->at - '0') * scale;
        check(reader, scale > 0 || *reader->at == '0',
              "digits finer than the unit would be lost");
    }
    return ticks;
}

/* Seconds of the day; *ticks is the fraction. */
static int64_t take_time(struct reader *reader, uint32_t unit, int64_t *ticks)
{
    const int32_t hour = take_digits(reader, 2);
    int32_t minute, second;

    need(reader, ':', "a ':' is missing behind the hour");
    minute = take_digits(reader, 2);
    need(reader, ':', "a ':' is missing behind the minute");
    second = take_digits(reader, 2);
    *ticks = take(reader, '.') ? take_fraction(reader, unit) : 0;
    check(reader, hour != 24, "24 o'clock is 00:00:00 of the next day");
    check(reader, hour < 24, "there is no such hour");
    check(reader, minute < 60, "there is no such minute");
    check(reader, second != 60, "leap seconds are not supported");
    check(reader, second < 60, "there is no such second");
    return hour * 3600 + minute * 60 + second;
}

/* Z or an offset; seconds east of UTC. */
static int64_t take_zone(struct reader *reader, bool *zoned)
{
    int32_t hour, minute = 0;
    bool west;

    *zoned = true;
    if (take(reader, 'Z') || take(reader, 'z'))
        return 0;
    west = take(reader, '-');
    if (!west && !take(reader, '+')) {
        *zoned = false;
        return 0;
    }
    hour = take_digits(reader, 2);
    if (take(reader, ':') || reader->at < reader->end)
        minute = take_digits(reader, 2);
    check(reader, hour < 24 && minute < 60, "there is no such offset");
    return (west ? INT64_C(-1) : 1) * (hour * 3600 + minute * 60);
}

static stoa_status finish(struct reader *reader, const char *what, const char *text,
                          size_t size, stoa_error *err)
{
    check(reader, reader->at == reader->end, "something follows");
    if (reader->fault)
        return stoa__refuse(err, what, text, size, reader->fault);
    return STOA_OK;
}

stoa_status stoa__date_parse(const char *text, size_t size, int64_t *days,
                             stoa_error *err)
{
    struct reader reader = {text, size > 0 ? text + size : text, NULL};
    int64_t value;
    stoa_status rc;

    assert(days && (text || size == 0));
    *days = 0;
    value = take_date(&reader);
    rc = finish(&reader, "a date", text, size, err);
    if (rc == STOA_OK)
        *days = value;
    return rc;
}

stoa_status stoa__time_parse(const char *text, size_t size, uint32_t unit, int64_t *value,
                             stoa_error *err)
{
    struct reader reader = {text, size > 0 ? text + size : text, NULL};
    int64_t seconds, ticks;
    stoa_status rc;

    assert(value && (text || size == 0));
    *value = 0;
    seconds = take_time(&reader, unit, &ticks);
    rc = finish(&reader, "a time", text, size, err);
    if (rc == STOA_OK)
        *value = seconds * stoa__civil_per_second(unit) + ticks;
    return rc;
}

stoa_status stoa__timestamp_parse(const char *text, size_t size, uint32_t unit,
                                  int64_t *value, bool *zoned, stoa_error *err)
{
    struct reader reader = {text, size > 0 ? text + size : text, NULL};
    int64_t days, seconds, ticks;
    stoa__int128 total;
    bool zone;
    stoa_status rc;

    assert(value && (text || size == 0));
    *value = 0;
    if (zoned)
        *zoned = false;
    days = take_date(&reader);
    if (!take(&reader, 'T') && !take(&reader, 't'))
        need(&reader, ' ', "a time is missing behind the date");
    seconds = take_time(&reader, unit, &ticks);
    seconds += days * DAY_SECONDS - take_zone(&reader, &zone);
    check(&reader,
          seconds >= DAYS_MIN * DAY_SECONDS && seconds < (DAYS_MAX + 1) * DAY_SECONDS,
          "in UTC its year has more than four digits");
    total = (stoa__int128)seconds * stoa__civil_per_second(unit) + ticks;
    check(&reader, total >= INT64_MIN && total <= INT64_MAX,
          "it does not fit 64 bits in the column's unit");
    rc = finish(&reader, "a timestamp", text, size, err);
    if (rc != STOA_OK)
        return rc;
    *value = (int64_t)total;
    if (zoned)
        *zoned = zone;
    return STOA_OK;
}
