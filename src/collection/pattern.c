/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/pattern.h"

#include "base/error.h"
#include "text/civil.h"

#include <string.h>

#include "base/ban.h"

static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};

enum { SHORT_NAME = 3, DAY_SECONDS = 86400 };

/* What stands for several others. */
static const char *expansion(char letter)
{
    switch (letter) {
    case 'F': return "%Y-%m-%d";
    case 'T': return "%H:%M:%S";
    case 'D': return "%m/%d/%y";
    default: return NULL;
    }
}

const char *collection_pattern_unknown(const char *pattern)
{
    for (const char *at = pattern; *at; at++)
        if (*at == '%') {
            if (at[1] == '\0' || !strchr("YymdeHIMSpjaAbBFTD%", at[1]))
                return at;
            at++;
        }
    return NULL;
}

/* Is one of `letters` there? */
static bool has(const char *pattern, const char *letters)
{
    for (const char *at = pattern; *at; at++)
        if (*at == '%' && *++at != '\0' && strchr(letters, *at))
            return true;
    return false;
}

bool collection_pattern_is_date(const char *pattern)
{
    return has(pattern, "YyFD") && has(pattern, "mbBjFD");
}

/* ---- writing ---- */

struct broken {
    struct stoa__civil_date date;
    int32_t week_day; /* 0: Sunday. */
    int32_t hour, minute, second;
};

static bool break_up(struct collection_instant at, struct broken *out)
{
    int64_t days = at.seconds / DAY_SECONDS;
    int32_t rest = (int32_t)(at.seconds % DAY_SECONDS);

    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    if (!stoa__civil_date(days, &out->date) || out->date.year < 1)
        return false;
    out->week_day = (int32_t)(((days + 4) % 7 + 7) % 7); /* 1970 began on a Thursday. */
    out->hour = rest / 3600;
    out->minute = rest / 60 % 60;
    out->second = rest % 60;
    return true;
}

static stoa_status put_number(stoa__buffer *out, int32_t value, int width)
{
    return stoa__buffer_format(out, "%0*d", width, (int)value);
}

static stoa_status put_broken(const char *pattern, const struct broken *at, stoa__buffer *out);

static stoa_status put_letter(char letter, const struct broken *at, stoa__buffer *out)
{
    const struct stoa__civil_date *date = &at->date;
    const char *month = month_names[date->month - 1], *day = day_names[at->week_day];

    switch (letter) {
    case 'Y': return put_number(out, date->year, 4);
    case 'y': return put_number(out, date->year % 100, 2);
    case 'm': return put_number(out, date->month, 2);
    case 'd': return put_number(out, date->day, 2);
    case 'e': return stoa__buffer_format(out, "%2d", (int)date->day);
    case 'H': return put_number(out, at->hour, 2);
    case 'I': return put_number(out, (at->hour + 11) % 12 + 1, 2);
    case 'M': return put_number(out, at->minute, 2);
    case 'S': return put_number(out, at->second, 2);
    case 'p': return stoa__buffer_append_text(out, at->hour < 12 ? "AM" : "PM");
    case 'j':
        return put_number(out,
                          (int32_t)(stoa__civil_days(date->year, date->month, date->day) -
                                    stoa__civil_days(date->year, 1, 1)) +
                              1,
                          3);
    case 'a': return stoa__buffer_append(out, day, SHORT_NAME);
    case 'A': return stoa__buffer_append_text(out, day);
    case 'b': return stoa__buffer_append(out, month, SHORT_NAME);
    case 'B': return stoa__buffer_append_text(out, month);
    case '%': return stoa__buffer_append_byte(out, '%');
    default: return put_broken(expansion(letter), at, out);
    }
}

static stoa_status put_broken(const char *pattern, const struct broken *at, stoa__buffer *out)
{
    stoa_status rc = STOA_OK;

    for (; rc == STOA_OK && *pattern; pattern++)
        rc = *pattern == '%' ? put_letter(*++pattern, at, out)
                             : stoa__buffer_append_byte(out, (uint8_t)*pattern);
    return rc;
}

bool collection_pattern_write(const char *pattern, struct collection_instant at,
                              stoa__buffer *out)
{
    struct broken broken;

    return break_up(at, &broken) && put_broken(pattern, &broken, out) == STOA_OK;
}

/* ---- reading ---- */

/* What has been read; -1: not said. */
struct reading {
    const char *at, *end;
    int32_t year, month, day, day_of_year;
    int32_t hour, minute, second;
    int32_t afternoon; /* 0, 1 */
    bool twelve;       /* `hour` is 1 to 12. */
};

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static bool get_number(struct reading *reading, int digits_max, int32_t low, int32_t high,
                       int32_t *out)
{
    const char *begin = reading->at;
    int32_t value = 0;

    while (reading->at < reading->end && reading->at - begin < digits_max &&
           *reading->at >= '0' && *reading->at <= '9')
        value = value * 10 + (*reading->at++ - '0');
    *out = value;
    return reading->at > begin && value >= low && value <= high;
}

static bool get_word(struct reading *reading, const char *word, size_t size)
{
    if ((size_t)(reading->end - reading->at) < size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (lower(reading->at[i]) != lower(word[i]))
            return false;
    reading->at += size;
    return true;
}

/* The longer spelling first: "May" is both. */
static bool get_name(struct reading *reading, const char *const *names, int32_t count,
                     int32_t *out)
{
    for (*out = 0; *out < count; ++*out)
        if (get_word(reading, names[*out], strlen(names[*out])))
            return true;
    for (*out = 0; *out < count; ++*out)
        if (get_word(reading, names[*out], SHORT_NAME))
            return true;
    return false;
}

static bool get_pattern(struct reading *reading, const char *pattern);

static bool get_short_year(struct reading *reading)
{
    const bool found = get_number(reading, 2, 0, 99, &reading->year);

    reading->year += reading->year < 69 ? 2000 : 1900;
    return found;
}

static bool get_month_name(struct reading *reading)
{
    const bool found = get_name(reading, month_names, 12, &reading->month);

    reading->month++;
    return found;
}

static bool get_half(struct reading *reading)
{
    reading->afternoon = get_word(reading, "PM", 2);
    return reading->afternoon || get_word(reading, "AM", 2);
}

static bool get_letter(struct reading *reading, char letter)
{
    int32_t ignored;

    switch (letter) {
    case 'Y': return get_number(reading, 4, 1, 9999, &reading->year);
    case 'y': return get_short_year(reading);
    case 'm': return get_number(reading, 2, 1, 12, &reading->month);
    case 'e':
        while (reading->at < reading->end && is_blank(*reading->at))
            reading->at++;
        return get_number(reading, 2, 1, 31, &reading->day);
    case 'd': return get_number(reading, 2, 1, 31, &reading->day);
    case 'H': return get_number(reading, 2, 0, 23, &reading->hour);
    case 'I':
        reading->twelve = true;
        return get_number(reading, 2, 1, 12, &reading->hour);
    case 'M': return get_number(reading, 2, 0, 59, &reading->minute);
    case 'S': return get_number(reading, 2, 0, 59, &reading->second);
    case 'p': return get_half(reading);
    case 'j': return get_number(reading, 3, 1, 366, &reading->day_of_year);
    case 'a':
    case 'A': return get_name(reading, day_names, 7, &ignored);
    case 'b':
    case 'B': return get_month_name(reading);
    case '%': return get_word(reading, "%", 1);
    default: return get_pattern(reading, expansion(letter));
    }
}

static bool get_pattern(struct reading *reading, const char *pattern)
{
    for (; *pattern; pattern++) {
        if (is_blank(*pattern)) {
            while (reading->at < reading->end && is_blank(*reading->at))
                reading->at++;
        } else if (*pattern == '%') {
            if (!get_letter(reading, *++pattern))
                return false;
        } else if (reading->at == reading->end || *reading->at++ != *pattern) {
            return false;
        }
    }
    return true;
}

/* Days since 1970. */
static bool put_together(const struct reading *reading, int64_t *days)
{
    if (reading->day_of_year < 0) {
        *days = 0;
        if (!stoa__civil_valid(reading->year, reading->month, reading->day))
            return false;
        *days = stoa__civil_days(reading->year, reading->month, reading->day);
        return true;
    }
    *days = stoa__civil_days(reading->year, 1, 1) + reading->day_of_year - 1;
    return reading->day_of_year <= 365 + stoa__civil_valid(reading->year, 2, 29);
}

bool collection_pattern_read(const char *pattern, const char *text, size_t size,
                             struct collection_instant *out)
{
    struct reading reading = {
        .at = text, .end = text + size, .month = 1, .day = 1, .day_of_year = -1};
    int64_t days = 0;

    *out = (struct collection_instant){0};
    if (!get_pattern(&reading, pattern) || reading.at != reading.end || reading.year < 1 ||
        !put_together(&reading, &days))
        return false;
    if (reading.twelve)
        reading.hour = reading.hour % 12 + 12 * reading.afternoon;
    out->seconds =
        days * DAY_SECONDS + (reading.hour * 60 + reading.minute) * INT64_C(60) + reading.second;
    return true;
}
