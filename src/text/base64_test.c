/* SPDX-License-Identifier: Apache-2.0 */
#include "text/base64.h"

#include "base/mem.h"
#include "test.h"

static const char *encoded(const char *bytes, size_t size)
{
    static char text[64];
    stoa__buffer buffer = {0};

    CHECK_INT(stoa__base64_encode(bytes, size, &buffer), STOA_OK);
    CHECK(buffer.size < sizeof(text));
    if (buffer.size > 0)
        memcpy(text, buffer.data, buffer.size);
    text[buffer.size] = '\0';
    stoa__buffer_release(&buffer);
    return text;
}

/* RFC 4648 section 10. */
static void the_vectors_of_the_rfc_hold(void)
{
    CHECK_TEXT(encoded(NULL, 0), "");
    CHECK_TEXT(encoded("f", 1), "Zg==");
    CHECK_TEXT(encoded("fo", 2), "Zm8=");
    CHECK_TEXT(encoded("foo", 3), "Zm9v");
    CHECK_TEXT(encoded("foob", 4), "Zm9vYg==");
    CHECK_TEXT(encoded("fooba", 5), "Zm9vYmE=");
    CHECK_TEXT(encoded("foobar", 6), "Zm9vYmFy");
    CHECK_TEXT(encoded("\xfb\xff\xbf", 3), "+/+/");
}

static void bytes_come_back(void)
{
    uint8_t bytes[100];

    for (size_t size = 0; size <= sizeof(bytes); size++) {
        stoa__buffer text = {0}, back = {0};

        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(i * 151 + size * 7);
        CHECK_INT(stoa__base64_encode(bytes, size, &text), STOA_OK);
        CHECK_INT(text.size, (size + 2) / 3 * 4);
        CHECK_INT(stoa__buffer_append_byte(&back, 'x'), STOA_OK);
        CHECK_INT(stoa__base64_decode((const char *)text.data, text.size, &back, NULL),
                  STOA_OK);
        CHECK_INT(back.size, size + 1);
        CHECK(memcmp(back.data + 1, bytes, size) == 0);
        stoa__buffer_release(&text);
        stoa__buffer_release(&back);
    }
}

static void other_text_is_refused_and_appends_nothing(void)
{
    static const char *const bad[] = {"Zg",       "Zg=",    "Zg===", "Z===", "====",
                                      "Zh==",     "Zm9=",   "Zm-v",  "Zm_v", "Zm 9",
                                      "Zg==Zg==", "Zm9v\n", "Z=9v"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        stoa__buffer out = {0};
        stoa_error err;

        CHECK_INT(stoa__base64_decode(bad[i], strlen(bad[i]), &out, &err), STOA_ERR_TYPE);
        CHECK_INT(out.size, 0);
        CHECK_HAS(err.text, "is not base64");
        stoa__buffer_release(&out);
    }
}

static void memory_failures_are_reported(void)
{
    stoa__buffer out = {0};
    stoa_error err;

    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__base64_encode("abc", 3, &out), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = 0;
    CHECK_INT(stoa__base64_decode("Zm9v", 4, &out, &err), STOA_ERR_NOMEM);
    stoa__mem_fail_nth = -1;
    CHECK_INT(err.code, STOA_ERR_NOMEM);
    CHECK_INT(out.size, 0);
    stoa__buffer_release(&out);
}

TEST_MAIN({"the vectors of the RFC hold", the_vectors_of_the_rfc_hold},
          {"bytes come back", bytes_come_back},
          {"other text is refused and appends nothing",
           other_text_is_refused_and_appends_nothing},
          {"memory failures are reported", memory_failures_are_reported})
