/* SPDX-License-Identifier: Apache-2.0 */
#include "format/guess.h"

#include "base/error.h"
#include "text/civil.h"
#include "text/number.h"
#include "text/refuse.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/ban.h"

#define BIT(type) (1U << (type))

enum {
    ALL = (1 << STOA__GUESS_COUNT) - 1,
    /* decimal128 has 38 digits. */
    DIGITS_MAX = 38,
    MICRO_DIGITS = 6,
    /* A longer text is no number, date or time. */
    VALUE_BYTES_MAX = 400
};

bool stoa__bool_word(const char *text, size_t size, bool *value)
{
    static const char *const words[] = {"true", "True", "TRUE", "false", "False", "FALSE"};

    for (size_t i = 0; i < 6; i++)
        if (strlen(words[i]) == size && memcmp(words[i], text, size) == 0) {
            *value = i < 3;
            return true;
        }
    return false;
}

static size_t digits(const char *text, size_t size, size_t at)
{
    size_t begin = at;

    while (at < size && text[at] >= '0' && text[at] <= '9')
        at++;
    return at - begin;
}

/* What a number's text looks like. */
struct number {
    size_t whole, fraction;
    bool point, exponent;
};

/* -digits[.digits][e...], where a zero stands in front only alone. */
static bool is_number(const char *text, size_t size, struct number *out)
{
    size_t at = size > 0 && text[0] == '-';
    double value;

    *out = (struct number){0};
    out->whole = digits(text, size, at);
    if (out->whole == 0 || (out->whole > 1 && text[at] == '0'))
        return false;
    at += out->whole;
    if (at < size && text[at] == '.') {
        out->point = true;
        out->fraction = digits(text, size, ++at);
        at += out->fraction;
    }
    out->exponent = at < size;
    return !out->exponent || stoa__double_parse(text, size, &value, NULL) == STOA_OK;
}

static uint32_t number_types(const struct number *number, const char *text, size_t size,
                             const struct stoa__guess_rules *rules)
{
    uint32_t types = rules->numbers == STOA__NUMBERS_TEXT ? 0 : BIT(STOA__GUESS_NUMBER);
    int64_t value;

    if (rules->numbers == STOA__NUMBERS_DECIMAL && number->exponent)
        types = 0;
    if (number->point || number->exponent)
        return types;
    types |= BIT(STOA__GUESS_NUMBER); /* Whole numbers go with those that have a point. */
    if (number->whole <= DIGITS_MAX)
        types |= BIT(STOA__GUESS_WHOLE);
    if (stoa__int64_parse(text, size, &value, NULL) == STOA_OK)
        types |= BIT(STOA__GUESS_INT);
    return types;
}

static int32_t second_digits(const char *text, size_t size)
{
    const char *point = memchr(text, '.', size);

    return point ? (int32_t)digits(text, size, (size_t)(point - text) + 1) : 0;
}

static bool looks_like_time(const char *text, size_t size)
{
    return size >= 8 && size <= STOA__CIVIL_TEXT_MAX &&
           (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) &&
           (memchr(text, ':', size) || memchr(text + 1, '-', size - 1));
}

static uint32_t time_types(const char *text, size_t size, int32_t *fraction)
{
    bool zoned = false;
    int64_t value;

    if (!looks_like_time(text, size))
        return 0;
    if (stoa__date_parse(text, size, &value, NULL) == STOA_OK)
        return BIT(STOA__GUESS_DATE);
    *fraction = second_digits(text, size);
    if (stoa__time_parse(text, size, STOA__CIVIL_NANO, &value, NULL) == STOA_OK)
        return BIT(STOA__GUESS_TIME);
    /* The unit is chosen later: years that ns cannot say are us then. */
    if (stoa__timestamp_parse(text, size, STOA__CIVIL_MICRO, &value, &zoned, NULL) == STOA_OK ||
        stoa__timestamp_parse(text, size, STOA__CIVIL_NANO, &value, &zoned, NULL) == STOA_OK)
        return zoned ? BIT(STOA__GUESS_ZONED) : BIT(STOA__GUESS_TIMESTAMP);
    return 0;
}

static void rule_out(stoa__guess *guess, uint32_t types, const char *text, size_t size,
                     int64_t line)
{
    char excerpt[STOA__EXCERPT_SIZE];
    const uint32_t fresh = ~types & ALL & ~guess->out;

    guess->values++;
    if (fresh == 0)
        return;
    stoa__excerpt(text, size, excerpt);
    for (int type = 0; type < STOA__GUESS_COUNT; type++) {
        if (!(fresh & BIT(type)))
            continue;
        (void)snprintf(guess->against[type], STOA__GUESS_EXCERPT, "%.36s", excerpt);
        guess->line[type] = line;
    }
    guess->out |= fresh;
}

void stoa__guess_value(stoa__guess *guess, const struct stoa__guess_rules *rules,
                       const char *text, size_t size, int64_t line)
{
    uint32_t types = BIT(STOA__GUESS_TEXT);
    struct number number;
    int32_t fraction = 0;
    double value;
    bool word;

    guess->others = true;
    if (size > VALUE_BYTES_MAX) {
        rule_out(guess, types, text, size, line);
        return;
    }
    if (is_number(text, size, &number)) {
        types |= number_types(&number, text, size, rules);
        if ((int32_t)number.fraction > guess->scale)
            guess->scale = (int32_t)number.fraction;
        if ((int32_t)number.whole > guess->whole)
            guess->whole = (int32_t)number.whole;
    } else if (stoa__bool_word(text, size, &word)) {
        types |= BIT(STOA__GUESS_BOOL);
    } else if (rules->numbers == STOA__NUMBERS_FLOAT && size > 1 && size <= 9 &&
               !digits(text, size, 0) && !digits(text, size, 1) &&
               memchr("nNiI-+", text[0], 6) &&
               stoa__double_parse(text, size, &value, NULL) == STOA_OK) {
        types |= BIT(STOA__GUESS_NUMBER); /* nan, inf */
    } else if (rules->times) {
        types |= time_types(text, size, &fraction);
        if (fraction > guess->fraction)
            guess->fraction = fraction;
    }
    rule_out(guess, types, text, size, line);
}

void stoa__guess_string(stoa__guess *guess, const struct stoa__guess_rules *rules,
                        const char *text, size_t size, int64_t line)
{
    uint32_t types = BIT(STOA__GUESS_TEXT);
    int32_t fraction = 0;

    if (rules->times)
        types |= time_types(text, size, &fraction);
    if (fraction > guess->fraction)
        guess->fraction = fraction;
    rule_out(guess, types, text, size, line);
}

void stoa__guess_text(stoa__guess *guess, const char *text, size_t size, int64_t line)
{
    stoa__guess_only(guess, STOA__GUESS_TEXT, text, size, line);
}

void stoa__guess_only(stoa__guess *guess, enum stoa__guess_type type, const char *text,
                      size_t size, int64_t line)
{
    guess->others = true;
    rule_out(guess, BIT(type) | BIT(STOA__GUESS_TEXT), text, size, line);
}

enum stoa__guess_type stoa__guess_answer(const stoa__guess *guess)
{
    const uint32_t left = ~guess->out & ALL;

    if (guess->values == 0)
        return STOA__GUESS_TEXT;
    assert(left != 0);
    return (enum stoa__guess_type)__builtin_ctz(left);
}

/* Sixteen bytes of format are enough for all of these. */
static void format_of(const stoa__guess *guess, const struct stoa__guess_rules *rules,
                      char format[16])
{
    static const char *const formats[STOA__GUESS_COUNT] = {
        "b", "l", "d:38,0", "g", "tdD", "ttu", "tsu:", "tsu:UTC", "u"};
    enum stoa__guess_type answer = stoa__guess_answer(guess);

    (void)snprintf(format, 16, "%s", formats[answer]);
    if (guess->fraction > MICRO_DIGITS && answer >= STOA__GUESS_TIME &&
        answer <= STOA__GUESS_ZONED)
        format[2] = 'n';
    if (answer == STOA__GUESS_NUMBER && rules->numbers == STOA__NUMBERS_DECIMAL) {
        if (guess->scale + guess->whole > DIGITS_MAX)
            (void)snprintf(format, 16, "u"); /* Nothing exact holds it. */
        else
            (void)snprintf(format, 16, "d:38,%d", (int)guess->scale);
    } else if (answer == STOA__GUESS_NUMBER && rules->numbers == STOA__NUMBERS_TEXT) {
        (void)snprintf(format, 16, "u");
    }
}

stoa_status stoa__guess_type(const stoa__guess *guess, const struct stoa__guess_rules *rules,
                             const char *name, stoa__arena *arena,
                             struct stoa__arrow_type *out, stoa_error *err)
{
    struct stoa__arrow_type *type = NULL;
    char format[16];
    stoa_status rc;

    format_of(guess, rules, format);
    rc = stoa__arrow_type_simple(format, name, true, arena, &type, err);
    if (rc == STOA_OK)
        *out = *type;
    return rc;
}

/* The type whose loss is worth telling: the last one that was ruled out; -1: none, or all went
 * with one value. */
static int last_ruled_out(const stoa__guess *guess)
{
    int last = -1;

    for (int type = 0; type < STOA__GUESS_TEXT; type++)
        if (guess->line[type] > guess->line[last >= 0 ? last : 0])
            last = type;
    return last;
}

void stoa__guess_why(const stoa__guess *guess, char *text, size_t capacity)
{
    static const char *const names[STOA__GUESS_COUNT] = {
        "a bool", "an int64", "a whole number", "a number", "a date", "a time",
        "a timestamp without an offset", "a timestamp with an offset", "text"};
    const enum stoa__guess_type answer = stoa__guess_answer(guess);
    int before = -1;

    if (answer == STOA__GUESS_WHOLE || answer == STOA__GUESS_NUMBER)
        before = STOA__GUESS_INT;
    else if (answer == STOA__GUESS_TEXT)
        before = last_ruled_out(guess);
    if (guess->values == 0)
        (void)snprintf(text, capacity, "text, as every value of the sample is NULL");
    else if (before >= 0)
        (void)snprintf(text, capacity,
                       "every value of the sample is %s; '%s' in line %lld is not %s",
                       names[answer], guess->against[before], (long long)guess->line[before],
                       names[before]);
    else if (answer == STOA__GUESS_TEXT)
        (void)snprintf(text, capacity, "'%s' in line %lld is text and nothing else",
                       guess->against[0], (long long)guess->line[0]);
    else
        (void)snprintf(text, capacity, "every value of the sample is %s", names[answer]);
}

bool stoa__guess_is_value(const char *text, size_t size)
{
    static const struct stoa__guess_rules rules = {STOA__NUMBERS_FLOAT, true};
    stoa__guess guess = {0};

    stoa__guess_value(&guess, &rules, text, size, 1);
    return stoa__guess_answer(&guess) != STOA__GUESS_TEXT;
}
