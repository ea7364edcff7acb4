/* SPDX-License-Identifier: Apache-2.0 */
#include "text/refuse.h"

#include "base/error.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

#include "base/ban.h"

void stoa__excerpt(const char *text, size_t size, char out[STOA__EXCERPT_SIZE])
{
    const size_t room = STOA__EXCERPT_SIZE - 4;
    const size_t kept = size <= room ? size : room;
    size_t cut;

    assert(text || size == 0);
    if (kept > 0)
        memcpy(out, text, kept);
    for (size_t i = 0; i < kept; i++) {
        const unsigned char byte = (unsigned char)out[i];

        if (byte < 0x20 || byte == 0x7f)
            out[i] = '?';
    }
    cut = kept;
    for (size_t bad = 0; (bad += stoa__utf8_check(out + bad, kept - bad)) < kept;) {
        /* A character that only our own cut has broken is left out, not blamed. */
        if (kept < size && kept - bad < 4 && (unsigned char)out[bad] >= 0xc2) {
            cut = bad;
            break;
        }
        out[bad] = '?';
    }
    memcpy(out + cut, "...", 4);
    if (cut == size)
        out[cut] = '\0';
}

stoa_status stoa__refuse(stoa_error *err, const char *what, const char *text, size_t size,
                         const char *reason)
{
    char excerpt[STOA__EXCERPT_SIZE];

    if (!err)
        return STOA_ERR_TYPE; /* Readers that only try pay nothing for the sentence. */
    stoa__excerpt(text, size, excerpt);
    return stoa__fail(err, STOA_ERR_TYPE, "'%s' is not %s: %s", excerpt, what, reason);
}
