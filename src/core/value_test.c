/* SPDX-License-Identifier: Apache-2.0 */
#include "core/value.h"

#include "base/mem.h"
#include "core/rows.h"
#include "test.h"

static const uint8_t *const bytes = (const uint8_t *)"onetwo-12.50\xc3\xa9";

static stoa_value text(int32_t type, int64_t at, int64_t size)
{
    return (stoa_value){.type = type, .a = at, .b = size};
}

static stoa_value real(int32_t type, double number)
{
    stoa_value value = {.type = type};

    memcpy(&value.a, &number, sizeof(number));
    return value;
}

static void names_are_cut_off(void)
{
    const stoa_value params[] = {text(STOA_TYPE_NAME, 0, 3),
                                 {.type = STOA_TYPE_INT64, .a = 5},
                                 text(STOA_TYPE_NAME, 3, 3),
                                 text(STOA_TYPE_TEXT, 0, 6)};
    struct stoa__params_room room = {0};
    struct stoa__params out;
    stoa_error err;

    CHECK_INT(stoa__params_check(params, 4, bytes, 14, &room, &out, &err), STOA_OK);
    CHECK_INT(out.count, 2);
    CHECK_INT(out.values[0].a, 5);
    CHECK(out.names[1].size == 3 && memcmp(out.names[1].text, "two", 3) == 0);
    CHECK_INT(stoa__params_check(params, 3, bytes, 14, &room, &out, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "no value");
    CHECK_INT(stoa__params_check(params + 1, 3, bytes, 14, &room, &out, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "among parameters without names");
    CHECK_INT(stoa__params_check(params + 1, 1, bytes, 14, &room, &out, &err), STOA_OK);
    CHECK(!out.names && out.values == params + 1);
    CHECK_INT(stoa__params_check(NULL, 0, NULL, 0, &room, &out, &err), STOA_OK);
    CHECK_INT(out.count, 0);
    stoa__params_room_release(&room);
    CHECK_INT(stoa__mem_allocations(), 0);
}

static void a_name_without_a_partner_is_refused(void)
{
    const stoa_value params[] = {text(STOA_TYPE_NAME, 0, 3), text(STOA_TYPE_NAME, 3, 3)};
    const stoa_value empty[] = {text(STOA_TYPE_NAME, 0, 0), {.type = STOA_TYPE_NULL}};
    struct stoa__params_room room = {0};
    struct stoa__params out;
    stoa_error err;

    CHECK_INT(stoa__params_check(params, 2, bytes, 14, &room, &out, &err),
              STOA_ERR_INVALID);
    CHECK_HAS(err.text, "parameter 1");
    CHECK_INT(stoa__params_check(empty, 2, bytes, 14, &room, &out, &err),
              STOA_ERR_INVALID);
    for (int nth = 0; nth < 2; nth++) {
        const stoa_value good[] = {text(STOA_TYPE_NAME, 0, 3), {.type = STOA_TYPE_NULL}};

        stoa__params_room_release(&room);
        stoa__mem_fail_nth = nth;
        CHECK_INT(stoa__params_check(good, 2, bytes, 14, &room, &out, &err),
                  STOA_ERR_NOMEM);
        stoa__mem_fail_nth = -1;
    }
    stoa__params_room_release(&room);
}

static void lists_only_come_out(void)
{
    const stoa_value list = {.type = STOA_TYPE_LIST};
    stoa_error err;

    CHECK_INT(stoa__value_check(&list, bytes, 14, "parameter", 3, &err), STOA_ERR_INVALID);
    CHECK_TEXT(err.text, "parameter 3 is a list: these are in rows that come out alone");
    CHECK_TEXT(stoa_type_name(STOA_TYPE_LIST), "list");
}

static void bounds_of_numbers(void)
{
    static const struct {
        int32_t type;
        int64_t last, beyond;
    } cases[] = {{STOA_TYPE_BOOL, 1, 2},
                 {STOA_TYPE_INT8, INT8_MIN, INT8_MIN - 1},
                 {STOA_TYPE_INT16, INT16_MAX, INT16_MAX + 1},
                 {STOA_TYPE_INT32, INT32_MIN, INT64_C(-2147483649)},
                 {STOA_TYPE_UINT8, 255, 256},
                 {STOA_TYPE_UINT16, 65535, 65536},
                 {STOA_TYPE_UINT32, UINT32_MAX, INT64_C(4294967296)},
                 {STOA_TYPE_DATE, INT32_MAX, INT64_C(2147483648)},
                 {STOA_TYPE_TIME, INT64_C(86399999999999), INT64_C(86400000000000)}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        stoa_value value = {.type = cases[i].type, .a = cases[i].last};
        stoa_error err;

        CHECK_INT(stoa__value_check(&value, NULL, 0, "value", 7, &err), STOA_OK);
        value.a = cases[i].beyond;
        CHECK_INT(stoa__value_check(&value, NULL, 0, "value", 7, &err), STOA_ERR_INVALID);
        CHECK_HAS(err.text, stoa_type_name(cases[i].type));
        CHECK_HAS(err.text, "value 7");
    }
    CHECK_TEXT(stoa_type_name(-1), "unknown");
    CHECK_TEXT(stoa_type_name(25), "unknown");
}

/* ---- a value as something else ---- */

static void check_text(stoa_value value, const char *right)
{
    stoa__buffer out = {0};
    stoa_error err;

    CHECK_INT(stoa__value_text(&value, bytes, &out, &err), STOA_OK);
    CHECK_INT(stoa__buffer_terminate(&out), STOA_OK);
    CHECK_TEXT((const char *)out.data, right);
    stoa__buffer_release(&out);
}

static void any_value_is_text(void)
{
    const stoa_value null = {.type = STOA_TYPE_NULL};
    stoa_value uuid = text(STOA_TYPE_UUID, 0, 16);
    stoa__buffer out = {0};
    stoa_error err;

    check_text((stoa_value){.type = STOA_TYPE_BOOL, .a = 1}, "true");
    check_text((stoa_value){.type = STOA_TYPE_BOOL}, "false");
    check_text((stoa_value){.type = STOA_TYPE_INT64, .a = INT64_MIN},
               "-9223372036854775808");
    check_text((stoa_value){.type = STOA_TYPE_UINT64, .a = -1}, "18446744073709551615");
    check_text(real(STOA_TYPE_FLOAT64, 0.1), "0.1");
    check_text(real(STOA_TYPE_FLOAT32, (double)0.1f), "0.1");
    check_text((stoa_value){.type = STOA_TYPE_TIMESTAMP, .a = 1},
               "1970-01-01T00:00:00.000000001");
    check_text((stoa_value){.type = STOA_TYPE_TIMESTAMP, .a = INT64_C(-1500000000)},
               "1969-12-31T23:59:58.500");
    check_text((stoa_value){.type = STOA_TYPE_TIMESTAMP, .a = 0}, "1970-01-01T00:00:00");
    check_text((stoa_value){.type = STOA_TYPE_DATE, .a = 365}, "1971-01-01");
    check_text(text(STOA_TYPE_DECIMAL, 6, 6), "-12.50");
    check_text(text(STOA_TYPE_TEXT, 0, 0), "");
    check_text(text(STOA_TYPE_BYTES, 12, 2), "\xc3\xa9");
    CHECK_INT(stoa__value_text(&null, bytes, &out, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__value_text(&(stoa_value){.type = STOA_TYPE_BYTES, .a = 12, .b = 1},
                               bytes, &out, &err),
              STOA_ERR_TYPE);
    CHECK_INT(stoa__value_text(&uuid, (const uint8_t *)"0123456789abcdef", &out, &err),
              STOA_OK);
    CHECK_INT(stoa__buffer_terminate(&out), STOA_OK);
    CHECK_TEXT((const char *)out.data, "30313233-3435-3637-3839-616263646566");
    stoa__buffer_release(&out);
}

static void nothing_is_lost_on_the_way_to_a_number(void)
{
    const stoa_value whole = real(STOA_TYPE_FLOAT64, 3.0),
                     half = real(STOA_TYPE_FLOAT64, 0.5);
    const stoa_value huge = {.type = STOA_TYPE_UINT64, .a = -1};
    const stoa_value odd = {.type = STOA_TYPE_INT64, .a = (INT64_C(1) << 53) + 1};
    const stoa_value big = {.type = STOA_TYPE_INT64, .a = INT64_C(1) << 60};
    stoa_error err;
    int64_t number;
    double out;

    CHECK_INT(stoa__value_int64(&whole, bytes, &number, &err), STOA_OK);
    CHECK_INT(number, 3);
    CHECK_INT(stoa__value_int64(&half, bytes, &number, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "0.5");
    CHECK_INT(stoa__value_int64(&huge, bytes, &number, &err), STOA_ERR_TYPE);
    CHECK_HAS(err.text, "18446744073709551615");
    CHECK_INT(stoa__value_float64(&odd, bytes, &out, &err), STOA_ERR_TYPE);
    CHECK_INT(stoa__value_float64(&big, bytes, &out, &err), STOA_OK);
    CHECK(out == 1152921504606846976.0);
    CHECK_INT(stoa__value_float64(&huge, bytes, &out, &err), STOA_ERR_TYPE);
    CHECK(out == 0);
    CHECK_INT(
        stoa__value_float64(&(stoa_value){.type = STOA_TYPE_TEXT}, bytes, &out, &err),
        STOA_ERR_TYPE);
    CHECK_HAS(err.text, "text");
}

TEST_MAIN({"names are cut off", names_are_cut_off},
          {"a name without a partner is refused", a_name_without_a_partner_is_refused},
          {"lists only come out", lists_only_come_out},
          {"numbers have bounds", bounds_of_numbers},
          {"any value is text", any_value_is_text},
          {"nothing is lost on the way to a number",
           nothing_is_lost_on_the_way_to_a_number})
