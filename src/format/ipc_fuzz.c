/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as Arrow's own form: batches that validate or a sentence, and what is written of them
 * is read as the same. */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool pass_on(const void *data, size_t size, struct fuzz_text *out)
{
    const stoa_source source = {
        .struct_size = sizeof source, .bytes = data, .bytes_size = (int64_t)size};
    const stoa_sink sink = {.struct_size = sizeof sink, .write = fuzz_take, .user_data = out};
    struct ArrowArrayStream stream;
    stoa_error err = {0};
    stoa_status rc = stoa_ipc_open((stoa_op){0}, &source, NULL, 0, &stream, &err);

    *out = (struct fuzz_text){0};
    if (rc == STOA_OK) {
        rc = stoa_ipc_write((stoa_op){0}, &stream, &sink, NULL, 0, NULL, &err);
        stoa_stream_release(&stream);
    }
    fuzz_expect(rc == STOA_OK ||
                (err.code == rc && err.text_size > 0 && rc != STOA_ERR_INTERNAL));
    return rc == STOA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_text once, again;

    if (size > 1 << 16)
        return 0;
    if (pass_on(data, size, &once)) {
        fuzz_expect(pass_on(once.data, once.size, &again));
        fuzz_expect(fuzz_same(&once, &again));
        free(again.data);
    }
    free(once.data);
    return 0;
}
