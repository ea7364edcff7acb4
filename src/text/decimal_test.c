/* SPDX-License-Identifier: Apache-2.0 */
#include "text/decimal.h"

#include "test.h"
#include "text/wide.h"

#include <math.h>

static uint64_t seed = UINT64_C(0x5eed0004);

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static const int32_t widths[] = {4, 8, 16, 32};

static const char *text_of(const void *value, int32_t width, int32_t scale)
{
    static char text[STOA__DECIMAL_TEXT_MAX + 1];

    text[stoa__decimal_format(value, width, scale, text)] = '\0';
    return text;
}

static const char *int_text(int64_t value, int32_t scale)
{
    return text_of(&value, 8, scale);
}

static void decimals_have_canonical_texts(void)
{
    uint8_t least[32] = {0};

    CHECK_TEXT(int_text(0, 0), "0");
    CHECK_TEXT(int_text(0, 3), "0.000");
    CHECK_TEXT(int_text(0, -3), "0");
    CHECK_TEXT(int_text(-5, 2), "-0.05");
    CHECK_TEXT(int_text(12345, 2), "123.45");
    CHECK_TEXT(int_text(12345, 5), "0.12345");
    CHECK_TEXT(int_text(12345, 7), "0.0012345");
    CHECK_TEXT(int_text(-12, -3), "-12000");
    CHECK_TEXT(int_text(INT64_MIN, 0), "-9223372036854775808");
    least[31] = 0x80;
    CHECK_TEXT(text_of(least, 32, 1),
               "-578960446186580977117854925043439539266349923328202820197287920039565648"
               "1996.8");
    CHECK_INT(strlen(text_of(least, 32, STOA__DECIMAL_SCALE_MAX)), 259);
    CHECK_INT(strlen(text_of(least, 32, -STOA__DECIMAL_SCALE_MAX)), 334);
}

/* A digit-wise model: a sign, up to 76 random digits, a scale. */
struct model {
    char text[STOA__DECIMAL_TEXT_MAX];
    size_t size;
    int32_t width, precision, scale;
};

static struct model random_model(void)
{
    struct model model = {.width = widths[random_word() % 4]};
    char digits[80];
    int32_t count;
    size_t at = 0;

    model.precision = stoa__decimal_precision_max(model.width);
    model.precision = 1 + (int32_t)(random_word() % (uint64_t)model.precision);
    count = 1 + (int32_t)(random_word() % (uint64_t)model.precision);
    model.scale = (int32_t)(random_word() % 60) - 15;
    digits[0] = (char)('1' + random_word() % 9);
    for (int32_t i = 1; i < count; i++)
        digits[i] = (char)('0' + (random_word() & 1 ? random_word() % 10 : 0));
    if (random_word() & 1)
        model.text[at++] = '-';
    if (model.scale <= 0) {
        memcpy(model.text + at, digits, (size_t)count);
        memset(model.text + at + count, '0', (size_t)-model.scale);
        at += (size_t)(count - model.scale);
    } else if (count > model.scale) {
        memcpy(model.text + at, digits, (size_t)(count - model.scale));
        at += (size_t)(count - model.scale);
        model.text[at++] = '.';
        memcpy(model.text + at, digits + count - model.scale, (size_t)model.scale);
        at += (size_t)model.scale;
    } else {
        memcpy(model.text + at, "0.", 2);
        memset(model.text + at + 2, '0', (size_t)(model.scale - count));
        at += (size_t)(2 + model.scale - count);
        memcpy(model.text + at, digits, (size_t)count);
        at += (size_t)count;
    }
    model.size = at;
    model.text[at] = '\0';
    return model;
}

static void canonical_texts_come_back(void)
{
    for (int i = 0; i < 100000; i++) {
        const struct model model = random_model();
        uint8_t bytes[32], other[32];
        char text[STOA__DECIMAL_TEXT_MAX];

        CHECK_INT(stoa__decimal_parse(model.text, model.size, model.precision,
                                      model.scale, model.width, bytes, NULL),
                  STOA_OK);
        CHECK_TEXT(text_of(bytes, model.width, model.scale), model.text);
        CHECK(stoa__decimal_fits(bytes, model.width, model.precision));
        /* The same number in other clothes: an exponent, zeros. */
        CHECK(snprintf(text, sizeof(text), "%s%s%se-0",
                       model.text[0] == '-' ? "-000" : "+000",
                       model.text + (model.text[0] == '-'),
                       strchr(model.text, '.') ? "00" : ".") > 0);
        CHECK_INT(stoa__decimal_parse(text, strlen(text), model.precision, model.scale,
                                      model.width, other, NULL),
                  STOA_OK);
        CHECK(memcmp(bytes, other, (size_t)model.width) == 0);
    }
}

/* Bytes against 128-bit arithmetic of the compiler. */
static void bytes_are_twos_complement(void)
{
    for (int i = 0; i < 50000; i++) {
        const stoa__int128 value =
            (stoa__int128)((stoa__uint128)random_word() << 64 | random_word()) >>
            (random_word() % 127);
        stoa__uint128 left = value < 0 ? -(stoa__uint128)value : (stoa__uint128)value;
        char text[48];
        size_t at = sizeof(text);
        uint8_t bytes[32], back[32];
        char wide[STOA__DECIMAL_TEXT_MAX];

        do
            text[--at] = (char)('0' + (int)(left % 10));
        while ((left /= 10) > 0);
        if (value < 0)
            text[--at] = '-';
        memcpy(bytes, &value, 16);
        CHECK_INT(stoa__decimal_format(bytes, 16, 0, wide), sizeof(text) - at);
        CHECK(memcmp(wide, text + at, sizeof(text) - at) == 0);
        /* And sign-extended to 256 bits. */
        memset(bytes + 16, value < 0 ? 0xff : 0, 16);
        CHECK_INT(stoa__decimal_format(bytes, 32, 0, wide), sizeof(text) - at);
        CHECK(memcmp(wide, text + at, sizeof(text) - at) == 0);
        CHECK_INT(
            stoa__decimal_parse(text + at, sizeof(text) - at, 76, 0, 32, back, NULL),
            STOA_OK);
        CHECK(memcmp(bytes, back, 32) == 0);
    }
}

static stoa_status parse(const char *text, int32_t precision, int32_t scale,
                         int32_t width, void *out, stoa_error *err)
{
    return stoa__decimal_parse(text, strlen(text), precision, scale, width, out, err);
}

static void forms_of_text_are_read(void)
{
    int64_t value;

    uint8_t wide[32];

    CHECK_INT(parse("-12e70", 76, 1, 32, wide, NULL), STOA_OK);
    CHECK_INT(stoa__decimal_rescale(wide, 32, 1, 18, -70, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, -12);
    CHECK_INT(parse("1e3", 5, 0, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 1000);
    CHECK_INT(parse("1.5E-2", 5, 3, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 15);
    CHECK_INT(parse(".5", 5, 3, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 500);
    CHECK_INT(parse("+5.", 5, 3, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 5000);
    CHECK_INT(parse("-0", 5, 3, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 0);
    CHECK_INT(parse("-0.000e99999999999999999999", 5, 3, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 0);
    CHECK_INT(parse("1200", 2, -2, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 12);
    CHECK_INT(parse("-999999999", 9, 0, 4, &value, NULL), STOA_OK);
    CHECK_INT((int32_t)value, -999999999);
    CHECK_INT(parse("0.0000000000000000000000000000001000e30", 9, 1, 8, &value, NULL),
              STOA_OK);
    CHECK_INT(value, 1);
}

static void bad_texts_are_refused(void)
{
    static const char *const bad[] = {"",    "-",    ".",   "-.",   "e1",  "1e",
                                      "1e+", "1e5x", "1 2", " 1",   "1,0", "1.2.3",
                                      "nan", "inf",  "0x1", "1e1.0"};
    int64_t value;
    stoa_error err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        value = 7;
        CHECK_INT(parse(bad[i], 9, 2, 8, &value, &err), STOA_ERR_TYPE);
        CHECK_INT(value, 0);
        CHECK_HAS(err.text, "is not a decimal");
    }
    CHECK_INT(parse("1234.5", 5, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "'1234.5' does not fit decimal(5, 2): it has too many digits");
    CHECK_INT(parse("1.005", 5, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "would be lost");
    CHECK_INT(parse("1e-99999999999999999999", 5, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "would be lost");
    CHECK_INT(parse("1e99999999999999999999", 5, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "too many digits");
    CHECK_INT(parse("1.005", 5, 2, 8, &value, NULL), STOA_ERR_TYPE);
    CHECK_INT(parse("1250", 5, -2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "would be lost");
}

static void integers_convert_both_ways(void)
{
    for (int i = 0; i < 50000; i++) {
        const int64_t value = (int64_t)random_word() >> random_word() % 64;
        const int32_t scale = (int32_t)(random_word() % 19);
        uint8_t bytes[32];
        int64_t back;
        uint64_t plain;

        CHECK_INT(stoa__decimal_from_int64(value, 38, scale, 16, bytes, NULL), STOA_OK);
        CHECK_INT(stoa__decimal_to_int64(bytes, 16, scale, &back, NULL), STOA_OK);
        CHECK_INT(back, value);
        CHECK_INT(stoa__decimal_from_uint64((uint64_t)value, 76, scale, 32, bytes, NULL),
                  STOA_OK);
        CHECK_INT(stoa__decimal_to_uint64(bytes, 32, scale, &plain, NULL), STOA_OK);
        CHECK(plain == (uint64_t)value);
    }
}

static void integers_that_do_not_fit_are_refused(void)
{
    const int64_t half = 5, minus = -1;
    uint8_t bytes[32];
    int64_t value = 7;
    uint64_t plain = 7;
    stoa_error err;

    CHECK_INT(stoa__decimal_from_int64(1000, 5, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(value, 0);
    CHECK_TEXT(err.text, "'1000' does not fit decimal(5, 2): it has too many digits");
    CHECK_INT(stoa__decimal_from_int64(1250, 5, -2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__decimal_from_int64(INT64_MIN, 76, 76, 32, bytes, &err),
              STOA_ERR_TYPE);
    CHECK_INT(stoa__decimal_from_uint64(UINT64_MAX, 18, 0, 8, &value, &err),
              STOA_ERR_TYPE);
    CHECK_INT(stoa__decimal_to_int64(&half, 8, 1, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(value, 0);
    CHECK_TEXT(err.text, "'0.5' is not an int64: it has a fraction");
    CHECK_INT(stoa__decimal_to_uint64(&minus, 8, 0, &plain, &err), STOA_ERR_TYPE);
    CHECK_INT(plain, 0);
    CHECK_TEXT(err.text, "'-1' is not a uint64: it is out of range");
    CHECK_INT(stoa__decimal_to_int64(&half, 8, -19, &value, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "out of range");
    CHECK_INT(parse("9223372036854775808", 38, 0, 16, bytes, NULL), STOA_OK);
    CHECK_INT(stoa__decimal_to_int64(bytes, 16, 0, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(parse("-9223372036854775808", 38, 0, 16, bytes, NULL), STOA_OK);
    CHECK_INT(stoa__decimal_to_int64(bytes, 16, 0, &value, &err), STOA_OK);
    CHECK_INT(value, INT64_MIN);
    CHECK_INT(parse("18446744073709551616", 38, 0, 16, bytes, NULL), STOA_OK);
    CHECK_INT(stoa__decimal_to_uint64(bytes, 16, 0, &plain, &err), STOA_ERR_TYPE);
}

static void rescaling_is_exact_or_refused(void)
{
    for (int i = 0; i < 50000; i++) {
        const struct model model = random_model();
        const int32_t up = (int32_t)(random_word() % 20);
        uint8_t bytes[32], wide[32], back[32];

        CHECK_INT(
            parse(model.text, model.precision, model.scale, model.width, bytes, NULL),
            STOA_OK);
        if (stoa__decimal_rescale(bytes, model.width, model.scale, 76, model.scale + up,
                                  32, wide, NULL) != STOA_OK) {
            CHECK(model.precision + up > 76);
            continue;
        }
        CHECK_INT(stoa__decimal_rescale(wide, 32, model.scale + up, model.precision,
                                        model.scale, model.width, back, NULL),
                  STOA_OK);
        CHECK(memcmp(back, bytes, (size_t)model.width) == 0);
    }
}

static void rescaling_names_what_does_not_fit(void)
{
    int64_t value = -12345;
    stoa_error err;

    CHECK_INT(stoa__decimal_rescale(&value, 8, 2, 18, 1, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_TEXT(err.text,
               "'-123.45' does not fit decimal(18, 1): digits behind the scale would be "
               "lost");
    value = -12340;
    CHECK_INT(stoa__decimal_rescale(&value, 8, 2, 4, 1, 8, &value, &err), STOA_OK);
    CHECK_INT(value, -1234);
    CHECK_INT(stoa__decimal_rescale(&value, 8, 1, 4, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "too many digits");
    value = 1;
    CHECK_INT(stoa__decimal_rescale(&value, 8, -200, 18, 200, 8, &value, &err),
              STOA_ERR_TYPE);
    value = 0;
    CHECK_INT(stoa__decimal_rescale(&value, 8, -200, 18, 200, 8, &value, &err), STOA_OK);
    CHECK_INT(value, 0);
}

static void doubles_count_as_their_shortest_text(void)
{
    uint8_t huge[32];
    int64_t value = 7;
    stoa_error err;
    bool exact;

    CHECK_INT(stoa__decimal_from_double(0.1, 10, 2, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, 10);
    CHECK(stoa__decimal_to_double(&value, 8, 2, &exact) == 0.1 && exact);
    CHECK_INT(stoa__decimal_from_double(-1e17, 18, 0, 8, &value, NULL), STOA_OK);
    CHECK_INT(value, INT64_C(-100000000000000000));
    CHECK_INT(stoa__decimal_from_double(0.125, 10, 2, 8, &value, &err), STOA_ERR_TYPE);
    CHECK_INT(value, 0);
    CHECK_TEXT(err.text, "'0.125' does not fit decimal(10, 2): digits behind the scale "
                         "would be lost");
    CHECK_INT(stoa__decimal_from_double((double)NAN, 10, 2, 8, &value, &err),
              STOA_ERR_TYPE);
    CHECK_TEXT(err.text, "'nan' does not fit decimal(10, 2): it is no finite number");
    value = 999999999999999999;
    CHECK(stoa__decimal_to_double(&value, 8, 0, &exact) == 1e18 && !exact);
    memset(huge, 0x55, sizeof(huge));
    CHECK(isinf(stoa__decimal_to_double(huge, 32, -256, &exact)) && !exact);
    for (int i = 0; i < 20000; i++) {
        const double number =
            (double)((int64_t)random_word() >> (11 + random_word() % 50));

        CHECK_INT(stoa__decimal_from_double(number, 38, 4, 16, huge, NULL), STOA_OK);
        CHECK(stoa__decimal_to_double(huge, 16, 4, &exact) == number && exact);
    }
}

static void precision_is_counted_in_digits(void)
{
    int32_t small = -999;
    uint8_t least[32] = {0};

    CHECK(stoa__decimal_fits(&small, 4, 3));
    CHECK(!stoa__decimal_fits(&small, 4, 2));
    small = 0;
    CHECK(stoa__decimal_fits(&small, 4, 1));
    least[31] = 0x80;
    CHECK(!stoa__decimal_fits(least, 32, 76));
    CHECK_INT(stoa__decimal_precision_max(4), 9);
    CHECK_INT(stoa__decimal_precision_max(8), 18);
    CHECK_INT(stoa__decimal_precision_max(16), 38);
    CHECK_INT(stoa__decimal_precision_max(32), 76);
}

TEST_MAIN({"decimals have canonical texts", decimals_have_canonical_texts},
          {"canonical texts come back", canonical_texts_come_back},
          {"bytes are two's complement", bytes_are_twos_complement},
          {"forms of text are read", forms_of_text_are_read},
          {"bad texts are refused", bad_texts_are_refused},
          {"integers convert both ways", integers_convert_both_ways},
          {"integers that do not fit are refused", integers_that_do_not_fit_are_refused},
          {"rescaling is exact or refused", rescaling_is_exact_or_refused},
          {"rescaling names what does not fit", rescaling_names_what_does_not_fit},
          {"doubles count as their shortest text", doubles_count_as_their_shortest_text},
          {"precision is counted in digits", precision_is_counted_in_digits})
