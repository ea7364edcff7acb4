/* SPDX-License-Identifier: Apache-2.0 */
/* Files of plausible measurements, the same at every run: id, time, sensor, value, count. */
#ifndef STOA_BENCH_ROWS_FILE_H
#define STOA_BENCH_ROWS_FILE_H

#include <stdint.h>

/* Make the file; `form` is "csv", with a header, or "jsonl". */
void rows_file_make(const char *path, const char *form, int64_t rows);

#endif
