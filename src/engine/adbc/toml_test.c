/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/adbc/toml.h"

#include "base/mem.h"
#include "test.h"

struct seen {
    char text[2048];
    size_t size;
};

static stoa_status note(void *self, const char *key, enum adbc_toml_kind kind, const char *text,
                        stoa_error *err)
{
    static const char *const kinds[] = {"text", "integer", "other"};
    struct seen *seen = self;

    (void)err;
    seen->size += (size_t)snprintf(seen->text + seen->size, sizeof(seen->text) - seen->size,
                                   "%s=%s:%s\n", key, kinds[kind], text);
    return STOA_OK;
}

static void check(const char *toml, const char *right)
{
    struct seen seen = {{0}, 0};
    stoa_error err = {0};
    stoa_status rc = adbc_toml_read(toml, strlen(toml), note, &seen, &err);

    if (rc != STOA_OK)
        printf("# %s\n", err.text);
    CHECK_INT(rc, STOA_OK);
    CHECK_TEXT(seen.text, right);
}

static void refuse(const char *toml, const char *says)
{
    struct seen seen = {{0}, 0};
    stoa_error err = {0};

    CHECK_INT(adbc_toml_read(toml, strlen(toml), note, &seen, &err), STOA_ERR_SYNTAX);
    CHECK_HAS(err.text, says);
}

static void a_manifest_is_read(void)
{
    check("# a manifest\nmanifest_version = 1\nname = \"X\" # why\n\n[ADBC]\nversion = '1.1.0'\r\n"
          "[ADBC.features]\nsupported = [\"bulk\", # a\n 'other',\n]\n"
          "[Driver]\nentrypoint = \"Init\"\n[Driver.shared]\nlinux_amd64 = \"/lib/x.so\"\n",
          "manifest_version=integer:1\nname=text:X\nADBC.version=text:1.1.0\n"
          "ADBC.features.supported=other:\nDriver.entrypoint=text:Init\n"
          "Driver.shared.linux_amd64=text:/lib/x.so\n");
}

static void keys_and_texts_have_many_forms(void)
{
    check("a.b.\"c d\".'e' = true\n-x_1 = -12\n", "a.b.c d.e=other:true\n-x_1=integer:-12\n");
    check("a = \"\\t\\\"\\\\\\u00e9\\U0001F600\"", "a=text:\t\"\\\xc3\xa9\xf0\x9f\x98\x80\n");
    check("a = 'C:\\path'\nb = 1.5\nc = 1979-05-27T07:32:00", "a=text:C:\\path\nb=other:1.5\n"
                                                              "c=other:1979-05-27T07:32:00\n");
    check("", "");
    check(" \n\t# only\n", "");
    check("a = []", "a=other:\n");
}

static void what_is_wrong_is_placed(void)
{
    refuse("a = 1\nb", "line 2, column 2: = should stand here");
    refuse("a = ", "a value should stand here");
    refuse("= 1", "a key should stand here");
    refuse("a = \"x", "does not end on its line");
    refuse("a = \"x\ny\"", "does not end on its line");
    refuse("a = \"\\q\"", "escape");
    refuse("a = \"\\ud800\"", "no character");
    refuse("a = \"\\u00g0\"", "hexadecimal");
    refuse("a = 1 2", "the line should end here");
    refuse("a = {b = 1}", "braces");
    refuse("a = \"\"\"x\"\"\"", "several lines");
    refuse("[[a]]", "arrays of tables");
    refuse("[a", "] should stand here");
    refuse("a = [1 2]", "comma");
    refuse("a = [", "a value should stand here");
    refuse("a = \"\xff\"", "UTF-8");
}

static void every_allocation_may_fail(void)
{
    static const char toml[] = "[Driver]\nshared = \"/lib/x.so\"\nlist = ['a', 'b']\n";

    for (int nth = 0;; nth++) {
        struct seen seen = {{0}, 0};
        int64_t before = stoa__mem_allocations();
        stoa_status rc;

        stoa__mem_fail_nth = nth;
        rc = adbc_toml_read(toml, sizeof(toml) - 1, note, &seen, NULL);
        stoa__mem_fail_nth = -1;
        CHECK_INT(stoa__mem_allocations(), before);
        if (rc == STOA_OK) {
            CHECK(nth > 0);
            return;
        }
        CHECK_INT(rc, STOA_ERR_NOMEM);
    }
}

/* Any bytes: it ends, and stays inside. */
static void noise_is_survived(void)
{
    uint64_t state = 88172645463325252u;
    static const char alphabet[] = "a=\"'[]{}.,#\\\n\r\t 1u";

    for (int round = 0; round < 20000; round++) {
        struct seen seen = {{0}, 0};
        char text[24];

        for (size_t i = 0; i < sizeof(text); i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            text[i] = alphabet[state % (sizeof(alphabet) - 1)];
        }
        (void)adbc_toml_read(text, sizeof(text), note, &seen, NULL);
    }
}

TEST_MAIN({"a manifest is read", a_manifest_is_read},
          {"keys and texts have many forms", keys_and_texts_have_many_forms},
          {"what is wrong is placed", what_is_wrong_is_placed},
          {"every allocation may fail", every_allocation_may_fail},
          {"noise is survived", noise_is_survived})
