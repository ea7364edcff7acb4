/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as CSV, the first of them as settings: reading ends, with batches that validate or a
 * sentence, gives the same rows on one thread in small chunks as at once, and what was written from
 * it reads the same again.
 */
#include "format_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const stoa_option choices[] = {{"bad_rows", "skip"},   {"header", "yes"},
                                          {"header", "no"},       {"quote", "'"},
                                          {"separator", ";"},     {"types", "text"},
                                          {"numbers", "decimal"}, {"nul", "keep"}};

    fuzz_format(stoa_csv_open, choices, stoa_csv_write, data, size);
    return 0;
}
