/* SPDX-License-Identifier: Apache-2.0 */
#include "text/hex.h"

#include "base/mem.h"
#include "test.h"

static void every_byte_comes_back_in_both_cases(void)
{
    stoa__buffer text = {0}, back = {0};
    uint8_t bytes[256];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    CHECK_INT(stoa__hex_encode(bytes, sizeof(bytes), &text), STOA_OK);
    CHECK_INT(text.size, 512);
    CHECK(memcmp(text.data, "000102030405060708090a0b", 24) == 0);
    CHECK(memcmp(text.data + 506, "fdfeff", 6) == 0);
    CHECK_INT(stoa__hex_decode((const char *)text.data, text.size, &back, NULL), STOA_OK);
    CHECK(back.size == 256 && memcmp(back.data, bytes, 256) == 0);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 'a')
            text.data[i] = (uint8_t)(text.data[i] - 32);
    }
    back.size = 0;
    CHECK_INT(stoa__hex_decode((const char *)text.data, text.size, &back, NULL), STOA_OK);
    CHECK(back.size == 256 && memcmp(back.data, bytes, 256) == 0);
    stoa__buffer_release(&text);
    stoa__buffer_release(&back);
}

static void other_text_is_refused_and_appends_nothing(void)
{
    static const char *const bad[] = {"a", "abc", "0g", "g0", "0x", " a", "a\xff"};
    stoa__buffer out = {0};
    stoa_error err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_INT(stoa__hex_decode(bad[i], strlen(bad[i]), &out, &err), STOA_ERR_TYPE);
        CHECK_HAS(err.text, "is not hexadecimal");
        CHECK_INT(out.size, 0);
    }
    CHECK_INT(stoa__hex_decode(NULL, 0, &out, &err), STOA_OK);
    CHECK_INT(stoa__hex_encode(NULL, 0, &out), STOA_OK);
    CHECK_INT(out.size, 0);
    stoa__buffer_release(&out);
}

static void memory_failures_are_reported(void)
{
    stoa__buffer out = {0};
    stoa_error err;

    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__hex_encode("abc", 3, &out), STOA_ERR_NOMEM);
    CHECK_INT(stoa__hex_encode("abc", SIZE_MAX / 2 + 1, &out), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__hex_decode("00", 2, &out, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(err.code, STOA_ERR_NOMEM);
    stoa__buffer_release(&out);
}

TEST_MAIN({"every byte comes back in both cases", every_byte_comes_back_in_both_cases},
          {"other text is refused and appends nothing",
           other_text_is_refused_and_appends_nothing},
          {"memory failures are reported", memory_failures_are_reported})
