/* SPDX-License-Identifier: Apache-2.0 */
/* The standard's examples, and texts around the borders of its blocks. */
#include "text/sha256.h"

#include "test.h"

static void check(const char *text, size_t size, const char *right)
{
    uint8_t sum[STOA__SHA256_SIZE];
    char hex[2 * STOA__SHA256_SIZE + 1];

    stoa__sha256(text, size, sum);
    for (size_t i = 0; i < sizeof sum; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    CHECK_TEXT(hex, right);
}

static void examples_of_the_standard_come_out(void)
{
    static char many[1000000];

    check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    memset(many, 'a', sizeof many);
    check(many, sizeof many, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void every_border_of_a_block_is_right(void)
{
    char text[200];

    memset(text, 'a', sizeof text);
    check(text, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
    check(text, 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
    check(text, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34");
    check(text, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
    check(text, 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0");
    check(text, 119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
    check(text, 120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c");
    check(text, 127, "c57e9278af78fa3cab38667bef4ce29d783787a2f731d4e12200270f0c32320a");
    check(text, 128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e");
}

TEST_MAIN({"examples of the standard come out", examples_of_the_standard_come_out},
          {"every border of a block is right", every_border_of_a_block_is_right})
