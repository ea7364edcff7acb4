/* SPDX-License-Identifier: Apache-2.0 */
#include "text/duration.h"

#include "text/digits.h"
#include "text/number.h"
#include "text/refuse.h"
#include "text/wide.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

#define SECOND_NANOS INT64_C(1000000000)
#define DAY_SECONDS 86400

/* Hours, minutes and seconds, with the T in front; nothing for zero. When negative each
 * part says so. */
static size_t put_clock(uint64_t seconds, uint64_t ticks, uint32_t unit, bool negative,
                        char *out)
{
    const uint64_t parts[2] = {seconds / 3600, seconds / 60 % 60};
    size_t at = 0, digits = 3 * ((size_t)unit - 1);

    if (seconds == 0 && ticks == 0)
        return 0;
    out[at++] = 'T';
    for (int i = 0; i < 2; i++) {
        if (parts[i] == 0)
            continue;
        if (negative)
            out[at++] = '-';
        at += stoa__uint64_format(parts[i], out + at);
        out[at++] = "HM"[i];
    }
    if (seconds % 60 == 0 && ticks == 0)
        return at;
    if (negative)
        out[at++] = '-';
    at += stoa__uint64_format(seconds % 60, out + at);
    if (ticks > 0) {
        for (; ticks % 10 == 0; ticks /= 10)
            digits--;
        out[at++] = '.';
        stoa__digits_put(out + at, ticks, digits);
        at += digits;
    }
    out[at++] = 'S';
    return at;
}

size_t stoa__duration_format(int64_t value, uint32_t unit, char *out)
{
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    const uint64_t per_second = (uint64_t)stoa__civil_per_second(unit);
    const uint64_t seconds = magnitude / per_second;
    size_t at = 0;

    assert(out);
    if (value == 0) {
        memcpy(out, "PT0S", 4);
        return 4;
    }
    if (value < 0)
        out[at++] = '-';
    out[at++] = 'P';
    if (seconds >= DAY_SECONDS) {
        at += stoa__uint64_format(seconds / DAY_SECONDS, out + at);
        out[at++] = 'D';
    }
    return at + put_clock(seconds % DAY_SECONDS, magnitude % per_second, unit, false,
                          out + at);
}

static size_t put_part(int32_t value, char letter, char *out)
{
    size_t at;

    if (value == 0)
        return 0;
    at = stoa__int64_format(value, out);
    out[at++] = letter;
    return at;
}

size_t stoa__interval_format(const struct stoa__interval *value, char *out)
{
    const bool negative = value->nanos < 0;
    const uint64_t nanos = negative ? 0 - (uint64_t)value->nanos : (uint64_t)value->nanos;
    size_t at = 0;

    assert(value && out);
    out[at++] = 'P';
    at += put_part(value->months / 12, 'Y', out + at);
    at += put_part(value->months % 12, 'M', out + at);
    at += put_part(value->days, 'D', out + at);
    at += put_clock(nanos / SECOND_NANOS, nanos % SECOND_NANOS, STOA__CIVIL_NANO,
                    negative, out + at);
    if (at > 1)
        return at;
    memcpy(out + at, "T0S", 3);
    return at + 3;
}

enum part { YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES, SECONDS, PART_COUNT };

/* The parts of a text; those that are not there are 0. */
struct parts {
    int64_t value[PART_COUNT];
    bool seen[PART_COUNT];
    int64_t nanos; /* Of the fraction of a second. */
};

/* [sign]digits[.digits] up to its letter. NULL, or what is wrong. */
static const char *take_value(const char **at, const char *end, int64_t *value,
                              int64_t *nanos, bool *has_fraction)
{
    const bool sign = *at < end && (**at == '-' || **at == '+');
    const bool negative = sign && **at == '-';
    const char *start = *at += sign;
    int64_t scale = SECOND_NANOS;

    *value = *nanos = 0;
    *has_fraction = false;
    for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, **at - '0', value))
            return "a part does not fit 64 bits";
    }
    if (*at == start)
        return "a number is missing";
    if (*at < end && **at == '.') {
        *has_fraction = true;
        start = ++*at;
        for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
            scale /= 10;
            *nanos += (**at - '0') * scale;
            if (scale == 0 && **at != '0')
                return "digits finer than a nanosecond would be lost";
        }
        if (*at == start)
            return "digits are missing behind the point";
    }
    if (negative) {
        *value = -*value;
        *nanos = -*nanos;
    }
    return NULL;
}

/* The part a letter means at this place. */
static enum part part_of(char letter, bool clock)
{
    static const char letters[] = "YMWDHMS";
    const int first = clock ? HOURS : YEARS, last = clock ? PART_COUNT : HOURS;

    for (int i = first; i < last; i++) {
        if (letters[i] == letter)
            return (enum part)i;
    }
    return PART_COUNT;
}

/* Read [-]P... into parts. NULL, or what is wrong. */
static const char *take_parts(const char *at, const char *end, struct parts *out)
{
    const bool sign = at < end && (*at == '-' || *at == '+');
    const bool negative = sign && *at == '-';
    bool clock = false;
    int next = YEARS;

    at += sign;
    if (at == end || *at++ != 'P')
        return "it must begin with P";
    while (at < end) {
        int64_t value, nanos;
        bool has_fraction;
        const char *fault;
        enum part part;

        if (*at == 'T' && !clock) {
            clock = true;
            next = HOURS;
            at++;
        }
        fault = take_value(&at, end, &value, &nanos, &has_fraction);
        if (fault)
            return fault;
        part = at < end ? part_of(*at++, clock) : PART_COUNT;
        if (part == PART_COUNT)
            return "a part has no letter, or none that is known here";
        if ((int)part < next)
            return "the parts must stand in order, each once";
        if (has_fraction && part != SECONDS)
            return "only seconds may have a fraction";
        next = (int)part + 1;
        out->seen[part] = true;
        out->value[part] = negative ? -value : value;
        out->nanos = negative ? -nanos : nanos;
    }
    return next == YEARS || (clock && next == HOURS) ? "a part is missing" : NULL;
}

/* Hours to seconds, in nanoseconds; far from the bounds of 128 bits. */
static stoa__int128 clock_nanos(const struct parts *parts)
{
    const stoa__int128 seconds = (stoa__int128)parts->value[HOURS] * 3600 +
                                 (stoa__int128)parts->value[MINUTES] * 60 +
                                 parts->value[SECONDS];

    return seconds * SECOND_NANOS + parts->nanos;
}

static stoa__int128 whole_days(const struct parts *parts)
{
    return (stoa__int128)parts->value[WEEKS] * 7 + parts->value[DAYS];
}

stoa_status stoa__duration_parse(const char *text, size_t size, uint32_t unit,
                                 int64_t *value, stoa_error *err)
{
    const int64_t nanos_per_tick = SECOND_NANOS / stoa__civil_per_second(unit);
    struct parts parts = {{0}, {0}, 0};
    stoa__int128 total = 0;
    const char *fault;

    assert(value && (text || size == 0));
    *value = 0;
    fault = take_parts(text, size > 0 ? text + size : text, &parts);
    if (!fault && (parts.seen[YEARS] || parts.seen[MONTHS]))
        fault = "years and months have no fixed length";
    if (!fault) {
        total = clock_nanos(&parts) + whole_days(&parts) * DAY_SECONDS * SECOND_NANOS;
        if (total % nanos_per_tick != 0)
            fault = "digits finer than the unit would be lost";
        total /= nanos_per_tick;
        if (!fault && (total < INT64_MIN || total > INT64_MAX))
            fault = "it does not fit 64 bits in the column's unit";
    }
    if (fault)
        return stoa__refuse(err, "a duration", text, size, fault);
    *value = (int64_t)total;
    return STOA_OK;
}

stoa_status stoa__interval_parse(const char *text, size_t size,
                                 struct stoa__interval *out, stoa_error *err)
{
    struct parts parts = {{0}, {0}, 0};
    stoa__int128 months = 0, days = 0, nanos = 0;
    const char *fault;

    assert(out && (text || size == 0));
    *out = (struct stoa__interval){0, 0, 0};
    fault = take_parts(text, size > 0 ? text + size : text, &parts);
    if (!fault) {
        months = (stoa__int128)parts.value[YEARS] * 12 + parts.value[MONTHS];
        days = whole_days(&parts);
        nanos = clock_nanos(&parts);
        if (months < INT32_MIN || months > INT32_MAX)
            fault = "its months do not fit 32 bits";
        else if (days < INT32_MIN || days > INT32_MAX)
            fault = "its days do not fit 32 bits";
        else if (nanos < INT64_MIN || nanos > INT64_MAX)
            fault = "its nanoseconds do not fit 64 bits";
    }
    if (fault)
        return stoa__refuse(err, "an interval", text, size, fault);
    *out = (struct stoa__interval){(int32_t)months, (int32_t)days, (int64_t)nanos};
    return STOA_OK;
}
