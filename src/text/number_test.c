/* SPDX-License-Identifier: Apache-2.0 */
#include "text/number.h"

#include "test.h"

#include <float.h>
#include <locale.h>
#include <math.h>

static uint64_t seed = UINT64_C(0x5eed0003);

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static const char *double_text(double value)
{
    static char text[STOA__DOUBLE_TEXT_MAX + 1];

    text[stoa__double_format(value, text)] = '\0';
    return text;
}

static const char *float_text(float value)
{
    static char text[STOA__DOUBLE_TEXT_MAX + 1];

    text[stoa__float_format(value, text)] = '\0';
    return text;
}

static double read_double(const char *text)
{
    double value = 7;

    CHECK_INT(stoa__double_parse(text, strlen(text), &value, NULL), STOA_OK);
    return value;
}

static float read_float(const char *text)
{
    float value = 7;

    CHECK_INT(stoa__float_parse(text, strlen(text), &value, NULL), STOA_OK);
    return value;
}

static void integers_come_back_from_their_text(void)
{
    char text[STOA__INTEGER_TEXT_MAX + 1], right[32];

    for (int i = 0; i < 100000; i++) {
        const uint64_t value = random_word() >> random_word() % 64;
        const int64_t sign = (int64_t)value;
        uint64_t back;
        int64_t sign_back;
        size_t size = stoa__uint64_format(value, text);

        CHECK_INT(snprintf(right, sizeof(right), "%llu", (unsigned long long)value),
                  (int)size);
        CHECK(memcmp(text, right, size) == 0);
        CHECK_INT(stoa__uint64_parse(text, size, &back, NULL), STOA_OK);
        CHECK(back == value);
        size = stoa__int64_format(sign, text);
        CHECK_INT(snprintf(right, sizeof(right), "%lld", (long long)sign), (int)size);
        CHECK(memcmp(text, right, size) == 0);
        CHECK_INT(stoa__int64_parse(text, size, &sign_back, NULL), STOA_OK);
        CHECK_INT(sign_back, sign);
    }
    CHECK_INT(stoa__int64_format(INT64_MIN, text), 20);
    CHECK(memcmp(text, "-9223372036854775808", 20) == 0);
    CHECK_INT(stoa__uint64_format(UINT64_MAX, text), 20);
    CHECK(memcmp(text, "18446744073709551615", 20) == 0);
}

/* Every power of ten and its neighbours: where the count of digits changes. */
static void digits_are_counted_at_every_border(void)
{
    char text[STOA__INTEGER_TEXT_MAX];
    uint64_t power = 1;

    CHECK_INT(stoa__uint64_format(0, text), 1);
    for (size_t digits = 1; digits <= 20; digits++) {
        CHECK_INT(stoa__uint64_format(power, text), digits);
        if (digits > 1)
            CHECK_INT(stoa__uint64_format(power - 1, text), digits - 1);
        power *= digits < 20 ? 10 : 1;
    }
}

static void integers_are_read_strictly(void)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+",
                                      "1 ",
                                      " 1",
                                      "1.0",
                                      "0x1",
                                      "1e3",
                                      "--1",
                                      "1_0",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    int64_t value;
    uint64_t plain;
    stoa_error err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        value = 7;
        CHECK_INT(stoa__int64_parse(bad[i], strlen(bad[i]), &value, &err), STOA_ERR_TYPE);
        CHECK_INT(value, 0);
        CHECK_HAS(err.text, bad[i]);
        CHECK_HAS(err.text, i < 10 ? "digits" : "64 bits");
    }
    CHECK_INT(stoa__int64_parse("+00000000000000000000000017", 27, &value, NULL),
              STOA_OK);
    CHECK_INT(value, 17);
    CHECK_INT(stoa__int64_parse("-9223372036854775808", 20, &value, NULL), STOA_OK);
    CHECK_INT(value, INT64_MIN);
    CHECK_INT(stoa__int64_parse("-0", 2, &value, NULL), STOA_OK);
    CHECK_INT(value, 0);
    CHECK_INT(stoa__uint64_parse("+5", 2, &plain, NULL), STOA_OK);
    CHECK_INT(plain, 5);
    CHECK_INT(stoa__uint64_parse("-0", 2, &plain, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__uint64_parse("18446744073709551616", 20, &plain, &err),
              STOA_ERR_TYPE);
    CHECK_HAS(err.text, "64 bits");
    CHECK_INT(stoa__uint64_parse(NULL, 0, &plain, &err), STOA_ERR_TYPE);
}

static void doubles_have_known_texts(void)
{
    CHECK_TEXT(double_text(0.0), "0.0");
    CHECK_TEXT(double_text(-0.0), "-0.0");
    CHECK_TEXT(double_text(1.0), "1.0");
    CHECK_TEXT(double_text(0.1), "0.1");
    CHECK_TEXT(double_text(-123.456), "-123.456");
    CHECK_TEXT(double_text(0.1 + 0.2), "0.30000000000000004");
    CHECK_TEXT(double_text(100.0), "100.0");
    CHECK_TEXT(double_text(1e-5), "0.00001");
    CHECK_TEXT(double_text(1.5e-6), "1.5e-6");
    CHECK_TEXT(double_text(1e16), "10000000000000000.0");
    CHECK_TEXT(double_text(1e17), "1e17");
    CHECK_TEXT(double_text(9007199254740993.0), "9007199254740992.0");
    CHECK_TEXT(double_text(123456789012345680.0), "1.2345678901234568e17");
    CHECK_TEXT(double_text(DBL_MAX), "1.7976931348623157e308");
    CHECK_TEXT(double_text(DBL_MIN), "2.2250738585072014e-308");
    CHECK_TEXT(double_text(5e-324), "5e-324");
    CHECK_TEXT(double_text(2e-323), "2e-323");
    CHECK_TEXT(double_text(9e15), "9000000000000000.0");
    CHECK_TEXT(double_text(5e22), "5e22");
    CHECK_TEXT(double_text((double)INFINITY), "inf");
    CHECK_TEXT(double_text(-(double)INFINITY), "-inf");
    CHECK_TEXT(double_text((double)NAN), "nan");
    CHECK_TEXT(double_text(-(double)NAN), "nan");
    CHECK_TEXT(float_text(0.1f), "0.1");
    CHECK_TEXT(float_text(16777216.0f), "16777216.0");
    CHECK_TEXT(float_text(FLT_MAX), "3.4028235e38");
    CHECK_TEXT(float_text(1e-45f), "1e-45");
    CHECK_TEXT(float_text((float)NAN), "nan");
}

/* A double of any kind: all bits random, round numbers, powers of two, subnormals. */
static double random_double(int i)
{
    const uint64_t word = random_word();

    switch (i & 3) {
    case 0:
        return double_of(word);
    case 1:
        return (double)(int64_t)(word >> random_word() % 60) /
               pow(10, (double)(random_word() % 20));
    case 2:
        return double_of(word % 2047 << 52 | (word >> 60 ? 0 : word >> 50 & 3));
    default:
        return double_of(word >> (12 + random_word() % 52));
    }
}

/* The digits of `text` that count. */
static int digits_of(const char *text)
{
    int count = 0, zeros = 0;

    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        count += count > 0 || *text != '0';
    }
    return count > zeros ? count - zeros : 1;
}

static void doubles_come_back_from_the_shortest_text(void)
{
    for (int i = 0; i < 200000; i++) {
        const double value = random_double(i);
        const char *text = double_text(value);
        char other[64];
        int digits;

        if (!isfinite(value))
            continue;
        CHECK(same_double(read_double(text), value));
        CHECK(same_double(strtod(text, NULL), value));
        digits = digits_of(text);
        CHECK(digits <= 17);
        if (digits < 2)
            continue;
        /* The nearest text with one digit less is another number ... */
        (void)snprintf(other, sizeof(other), "%.*e", digits - 2, value);
        CHECK(strtod(other, NULL) != value);
        /* ... and of those with as many digits ours is no further away than libc's. */
        (void)snprintf(other, sizeof(other), "%.*e", digits - 1, value);
        if (same_double(strtod(other, NULL), value))
            CHECK(strtold(other, NULL) == strtold(text, NULL) ||
                  fabsl(strtold(other, NULL) - (long double)value) >=
                      fabsl(strtold(text, NULL) - (long double)value));
    }
}

static void floats_come_back_from_the_shortest_text(void)
{
    for (int i = 0; i < 200000; i++) {
        const uint32_t bits = (uint32_t)random_word() >> random_word() % 20;
        const float value = float_of(bits);
        const char *text = float_text(value);
        char other[64];
        int digits;

        if (!isfinite(value))
            continue;
        CHECK(same_float(read_float(text), value));
        digits = digits_of(text);
        CHECK(digits <= 9);
        (void)snprintf(other, sizeof(other), "%.*e", digits > 1 ? digits - 2 : 0,
                       (double)value);
        CHECK(digits < 2 || strtof(other, NULL) != value);
    }
}

static void any_text_gives_the_nearest_double(void)
{
    for (int i = 0; i < 200000; i++) {
        char text[128];

        (void)snprintf(text, sizeof(text), "%.*e", (int)(random_word() % 30),
                       random_double(i));
        if (!isfinite(strtod(text, NULL)))
            continue;
        CHECK(same_double(read_double(text), strtod(text, NULL)));
        if (isfinite(strtof(text, NULL)))
            CHECK(same_float(read_float(text), strtof(text, NULL)));
    }
}

/* Between two doubles, exactly and by a trace: only all digits can tell. */
static void points_half_way_are_decided_exactly(void)
{
    char text[1400];

    for (int i = 0; i < 20000; i++) {
        const double value = fabs(random_double(i & ~1));
        const double next = nextafter(value, (double)INFINITY);
        char *exponent;

        if (!isfinite(value) || !isfinite(next))
            continue;
        /* A long double has room for the point between. */
        (void)snprintf(text, sizeof(text), "%.*Le", 790,
                       ((long double)value + (long double)next) / 2);
        CHECK(same_double(read_double(text), strtod(text, NULL)));
        exponent = strchr(text, 'e');
        memmove(exponent + 500, exponent, strlen(exponent) + 1);
        memset(exponent, '0', 500);
        exponent[499] = '1'; /* Behind all digits that are kept. */
        CHECK(same_double(read_double(text), next));
    }
}

static void borders_of_doubles_are_right(void)
{
    CHECK(same_double(read_double("2.4703282292062327e-324"), 0.0));
    CHECK(same_double(read_double("2.4703282292062328e-324"), 5e-324));
    CHECK(same_double(read_double("-1e-400"), -0.0));
    CHECK(same_double(read_double("1e-99999999999999999999"), 0.0));
    CHECK(same_double(read_double("0e99999999999999999999"), 0.0));
    CHECK(same_double(read_double("2.2250738585072011e-308"), 2.2250738585072011e-308));
    CHECK(same_double(read_double("2.2250738585072014e-308"), DBL_MIN));
    CHECK(same_double(read_double("1.7976931348623158e308"), DBL_MAX));
    CHECK(same_double(read_double("9007199254740993"), 9007199254740992.0));
    CHECK(same_double(read_double("9007199254740995"), 9007199254740996.0));
    CHECK(same_double(read_double("9007199254740993.00000000000000000000001"),
                      9007199254740994.0));
    CHECK(same_float(read_float("16777217"), 16777216.0f));
    CHECK(same_float(read_float("16777217.0000001"), 16777218.0f));
    CHECK(same_float(read_float("3.4028235e38"), FLT_MAX));
    /* One rounding, not two: as a double this would be the point half-way. */
    CHECK(same_float(read_float("1.00000005960464477540"), float_of(0x3f800001)));
}

static void the_forms_of_numbers_are_read(void)
{
    CHECK(same_double(read_double("+1"), 1.0));
    CHECK(same_double(read_double("1."), 1.0));
    CHECK(same_double(read_double(".5"), 0.5));
    CHECK(same_double(read_double("-.5E+1"), -5.0));
    CHECK(same_double(read_double("0005e-0001"), 0.5));
    CHECK(isinf(read_double("inf")) && read_double("+Infinity") > 0);
    CHECK(isinf(read_double("-INF")) && read_double("-iNFinity") < 0);
    CHECK(isnan(read_double("NaN")));
    CHECK(isnan(read_float("nan")));
    CHECK(isinf(read_float("-inf")));
}

static void bad_numbers_are_refused(void)
{
    static const char *const bad[] = {"",
                                      "-",
                                      ".",
                                      "e5",
                                      "1e",
                                      "1e+",
                                      "1e5x",
                                      " 1",
                                      "1 ",
                                      "1,5",
                                      "1..2",
                                      "0x10",
                                      "-nan",
                                      "infi",
                                      "1e1.5",
                                      "--1",
                                      "1-",
                                      "1e400",
                                      "-1.7976931348623159e308",
                                      "2e308"};
    double value;
    float narrow;
    stoa_error err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        value = 7;
        CHECK_INT(stoa__double_parse(bad[i], strlen(bad[i]), &value, &err),
                  STOA_ERR_TYPE);
        CHECK(same_double(value, 0.0));
        CHECK_HAS(err.text, bad[i]);
        CHECK_HAS(err.text, i < 17 ? "digits" : "too large");
        CHECK_INT(stoa__float_parse(bad[i], strlen(bad[i]), &narrow, NULL),
                  STOA_ERR_TYPE);
    }
    CHECK_INT(stoa__float_parse("3.5e38", 6, &narrow, &err), STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "'3.5e38' is not a float32: it is too large");
    CHECK_INT(stoa__double_parse(NULL, 0, &value, NULL), STOA_ERR_TYPE);
}

/* Where a locale with a decimal comma is there, it changes nothing. */
static void the_locale_does_not_matter(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"};

    for (size_t i = 0; i < 3; i++) {
        (void)setlocale(LC_ALL, names[i]);
        CHECK_TEXT(double_text(1234.5), "1234.5");
        CHECK(same_double(read_double("1234.5"), 1234.5));
    }
}

static void halves_and_doubles_convert_exactly(void)
{
    bool exact;

    for (uint32_t half = 0; half <= UINT16_MAX; half++) {
        const double value = stoa__half_to_double((uint16_t)half);
        const bool is_nan = (half & 0x7fff) > 0x7c00;

        CHECK(isnan(value) == is_nan);
        if (is_nan) {
            CHECK((stoa__half_from_double(value, &exact) & 0x7fff) == 0x7e00);
        } else {
            CHECK_INT(stoa__half_from_double(value, &exact), half);
            CHECK(same_double(copysign(1, value), half & 0x8000 ? -1.0 : 1.0));
        }
        CHECK(exact);
        /* Half-way to the next one goes to the even one; a little beside it does not. */
        if ((half & 0x7fff) < 0x7bff) {
            const double next = stoa__half_to_double((uint16_t)(half + 1));
            const double middle = (value + next) / 2;

            CHECK_INT(stoa__half_from_double(middle, &exact), half + (half & 1));
            CHECK(!exact);
            CHECK_INT(stoa__half_from_double(nextafter(middle, value), NULL), half);
            CHECK_INT(stoa__half_from_double(nextafter(middle, next), NULL), half + 1);
        }
    }
    CHECK_INT(stoa__half_from_double(65519.999, &exact), 0x7bff);
    CHECK_INT(stoa__half_from_double(65520, &exact), 0x7c00);
    CHECK(!exact);
    CHECK_INT(stoa__half_from_double(-1e300, &exact), 0xfc00);
    CHECK_INT(stoa__half_from_double(-(double)INFINITY, &exact), 0xfc00);
    CHECK(exact);
    CHECK_INT(stoa__half_from_double(5e-324, &exact), 0);
    CHECK(!exact);
}

static void doubles_narrow_only_where_nothing_is_lost(void)
{
    int64_t whole;
    uint64_t plain;
    bool exact;

    CHECK(same_float(stoa__float_from_double(0.5, &exact), 0.5f) && exact);
    CHECK(same_float(stoa__float_from_double(0.1, &exact), 0.1f) && !exact);
    CHECK(isinf(stoa__float_from_double(1e300, &exact)) && !exact);
    CHECK(isnan(stoa__float_from_double((double)NAN, &exact)) && exact);
    CHECK(stoa__double_to_int64(-0x1p63, &whole));
    CHECK_INT(whole, INT64_MIN);
    CHECK(!stoa__double_to_int64(0x1p63, &whole));
    CHECK_INT(whole, 0);
    CHECK(!stoa__double_to_int64(0.5, &whole));
    CHECK(!stoa__double_to_int64((double)NAN, &whole));
    CHECK(stoa__double_to_int64(-0.0, &whole));
    CHECK(stoa__double_to_uint64(0x1.fffffffffffffp63, &plain));
    CHECK(plain == UINT64_C(0xfffffffffffff800));
    CHECK(!stoa__double_to_uint64(0x1p64, &plain));
    CHECK(!stoa__double_to_uint64(-1, &plain));
    CHECK(!stoa__double_to_uint64((double)INFINITY, &plain));
}

static const char *short_text(double value)
{
    static char text[STOA__DOUBLE_TEXT_MAX + 1];

    text[stoa__double_format_short(value, text)] = '\0';
    return text;
}

static void doubles_have_the_shorter_of_two_forms(void)
{
    static const struct {
        double value;
        const char *text;
    } known[] = {
        {0, "0"},           {-0.0, "-0"},       {1, "1"},
        {100, "100"},       {-2.5, "-2.5"},     {1e5, "1e+05"},
        {123456, "123456"}, {1e-4, "1e-04"},    {0.001, "0.001"},
        {0.00012, "0.00012"}, {1e7, "1e+07"},   {1e-5, "1e-05"},
        {1e99, "1e+99"},    {1e100, "1e+100"},  {1e-99, "1e-99"},
        {1e-100, "1e-100"}, {9.99, "9.99"},     {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "5e-324"}, {1.5e-300, "1.5e-300"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740993.0, "9007199254740992"},
        {12345678901234567168.0, "12345678901234567168"},
        {1.2345678901234567e21, "1234567890123456774144"},
        {INFINITY, "inf"},  {-INFINITY, "-inf"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        CHECK_TEXT(short_text(known[i].value), known[i].text);
}

TEST_MAIN({"doubles have the shorter of two forms", doubles_have_the_shorter_of_two_forms},
          {"integers come back from their text", integers_come_back_from_their_text},
          {"digits are counted at every border", digits_are_counted_at_every_border},
          {"integers are read strictly", integers_are_read_strictly},
          {"doubles have known texts", doubles_have_known_texts},
          {"doubles come back from the shortest text",
           doubles_come_back_from_the_shortest_text},
          {"floats come back from the shortest text",
           floats_come_back_from_the_shortest_text},
          {"any text gives the nearest double", any_text_gives_the_nearest_double},
          {"points half-way are decided exactly", points_half_way_are_decided_exactly},
          {"borders of doubles are right", borders_of_doubles_are_right},
          {"the forms of numbers are read", the_forms_of_numbers_are_read},
          {"bad numbers are refused", bad_numbers_are_refused},
          {"the locale does not matter", the_locale_does_not_matter},
          {"halves and doubles convert exactly", halves_and_doubles_convert_exactly},
          {"doubles narrow only where nothing is lost",
           doubles_narrow_only_where_nothing_is_lost})
