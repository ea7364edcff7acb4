/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/dates.h"

#include "text/civil.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

#define DAY_SECONDS INT64_C(86400)
#define SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00 */
#define SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59 */

enum { NANOS = 1000000000, CANONICAL_SIZE = 19 };

/* ---- reading ---- */

/* What is left of the text. */
struct reading {
    const char *at, *end;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `count` digits. */
static bool take_number(struct reading *from, int32_t count, int32_t *out)
{
    int32_t value = 0;

    if (from->end - from->at < count)
        return false;
    for (int32_t i = 0; i < count; i++, from->at++) {
        if (!is_digit(*from->at))
            return false;
        value = value * 10 + (*from->at - '0');
    }
    *out = value;
    return true;
}

static bool take(struct reading *from, char c)
{
    if (from->at == from->end || *from->at != c)
        return false;
    from->at++;
    return true;
}

static bool take_fraction(struct reading *from, int32_t *nanos)
{
    int32_t scale = NANOS, value = 0;

    while (from->at < from->end && is_digit(*from->at)) {
        if (scale == 1)
            return false;
        scale /= 10;
        value += (*from->at++ - '0') * scale;
    }
    *nanos = value;
    return scale < NANOS;
}

/* Z, +HH or +HH:MM; what it says is to be taken off. */
static bool take_zone(struct reading *from, int64_t *offset)
{
    const int64_t sign = from->at < from->end && *from->at == '-' ? -1 : 1;
    int32_t hours = 0, minutes = 0;

    *offset = 0;
    if (from->at == from->end || take(from, 'Z'))
        return true;
    if (!take(from, '+') && !take(from, '-'))
        return false;
    if (!take_number(from, 2, &hours) || hours > 23)
        return false;
    if (take(from, ':') && (!take_number(from, 2, &minutes) || minutes > 59))
        return false;
    *offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_time(struct reading *from, struct collection_instant *out)
{
    int32_t hour, minute, second = 0;
    int64_t offset;

    if (!take_number(from, 2, &hour) || !take(from, ':') || !take_number(from, 2, &minute))
        return false;
    if (take(from, ':')) {
        if (!take_number(from, 2, &second))
            return false;
        if (take(from, '.') && !take_fraction(from, &out->nanos))
            return false;
    }
    if (hour > 23 || minute > 59 || second > 59 || !take_zone(from, &offset))
        return false;
    out->seconds += hour * INT64_C(3600) + minute * INT64_C(60) + second - offset;
    return true;
}

bool collection_date_read(const char *text, size_t size, struct collection_instant *out)
{
    struct reading from = {text, text + size};
    int32_t year, month, day;

    *out = (struct collection_instant){0};
    if (!take_number(&from, 4, &year) || !take(&from, '-') || !take_number(&from, 2, &month) ||
        !take(&from, '-') || !take_number(&from, 2, &day) || year < 1 ||
        !stoa__civil_valid(year, month, day))
        return false;
    out->seconds = stoa__civil_days(year, month, day) * DAY_SECONDS;
    if (from.at < from.end &&
        ((!take(&from, 'T') && !take(&from, ' ')) || !take_time(&from, out)))
        from.end = NULL;
    if (from.at == from.end && out->seconds >= SECONDS_MIN && out->seconds <= SECONDS_MAX)
        return true;
    *out = (struct collection_instant){0};
    return false;
}

static int32_t two(const char *text)
{
    return is_digit(text[0]) && is_digit(text[1]) ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

static bool is_fraction(const char *text, size_t size)
{
    if (size < 2 || size > 10 || text[0] != '.' || text[size - 1] == '0')
        return false;
    for (size_t i = 1; i < size; i++)
        if (!is_digit(text[i]))
            return false;
    return true;
}

bool collection_date_is_canonical(const char *text, size_t size)
{
    int32_t century, year, hour, minute, second;

    if (size < CANONICAL_SIZE || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':')
        return false;
    century = two(text);
    year = two(text + 2);
    hour = two(text + 11);
    minute = two(text + 14);
    second = two(text + 17);
    if (century < 0 || year < 0 || century + year == 0 || hour < 0 || hour > 23 || minute < 0 ||
        minute > 59 || second < 0 || second > 59 ||
        !stoa__civil_valid(century * 100 + year, two(text + 5), two(text + 8)))
        return false;
    return size == CANONICAL_SIZE || is_fraction(text + CANONICAL_SIZE, size - CANONICAL_SIZE);
}

/* ---- writing ---- */

static void put_two(char *out, int32_t value)
{
    out[0] = (char)('0' + value / 10);
    out[1] = (char)('0' + value % 10);
}

static size_t put_fraction(char *out, int32_t nanos)
{
    size_t size = 1;

    out[0] = '.';
    for (int32_t scale = NANOS / 10; nanos > 0; scale /= 10) {
        out[size++] = (char)('0' + nanos / scale);
        nanos %= scale;
    }
    return size;
}

size_t collection_date_write(struct collection_instant at, char out[COLLECTION_DATE_MAX])
{
    struct stoa__civil_date date;
    int64_t days = at.seconds / DAY_SECONDS;
    int32_t second = (int32_t)(at.seconds % DAY_SECONDS);

    assert(at.nanos >= 0 && at.nanos < NANOS);
    if (at.seconds < SECONDS_MIN || at.seconds > SECONDS_MAX)
        return 0;
    if (second < 0) {
        second += (int32_t)DAY_SECONDS;
        days--;
    }
    if (!stoa__civil_date(days, &date))
        return 0;
    memcpy(out, "0000-00-00T00:00:00", CANONICAL_SIZE);
    put_two(out, date.year / 100);
    put_two(out + 2, date.year % 100);
    put_two(out + 5, date.month);
    put_two(out + 8, date.day);
    put_two(out + 11, second / 3600);
    put_two(out + 14, second / 60 % 60);
    put_two(out + 17, second % 60);
    return CANONICAL_SIZE + (at.nanos > 0 ? put_fraction(out + CANONICAL_SIZE, at.nanos) : 0);
}

/* ---- counts ---- */

struct collection_instant collection_date_of_ticks(int64_t value, uint32_t unit)
{
    const int64_t ticks = stoa__civil_per_second(unit);
    struct collection_instant out = {value / ticks, (int32_t)(value % ticks * (NANOS / ticks))};

    if (out.nanos < 0) {
        out.nanos += NANOS;
        out.seconds--;
    }
    return out;
}

struct collection_instant collection_date_of_days(int64_t days)
{
    struct collection_instant out = {0};

    /* Beyond every year either way, so that it is out of range for whoever writes it. */
    if (__builtin_mul_overflow(days, DAY_SECONDS, &out.seconds))
        out.seconds = days < 0 ? INT64_MIN : INT64_MAX;
    return out;
}

bool collection_date_to_ns(struct collection_instant at, int64_t *out)
{
    /* From the second behind, so that the first moments that fit are not lost. */
    const bool before = at.seconds < 0 && at.nanos > 0;
    const int64_t seconds = at.seconds + before;
    const int64_t nanos = at.nanos - (before ? NANOS : 0);
    int64_t value;

    *out = 0;
    if (__builtin_mul_overflow(seconds, (int64_t)NANOS, &value) ||
        __builtin_add_overflow(value, nanos, &value))
        return false;
    *out = value;
    return true;
}
