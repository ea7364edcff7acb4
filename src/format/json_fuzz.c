/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON lines, likewise (csv_fuzz.c). */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const stoa_option choices[] = {{"bad_rows", "skip"},   {"nested", "json"},
                                          {"unknown", "ignore"},  {"times", "no"},
                                          {"binary", "hex"},      {"numbers", "text"},
                                          {"numbers", "decimal"}, {"nul", "keep"}};

    fuzz_format(stoa_jsonl_open, choices, stoa_jsonl_write, data, size);
    return 0;
}
