/* SPDX-License-Identifier: Apache-2.0 */
#include "rows_file.h"

#include "bench.h"

#include <stdio.h>
#include <string.h>

static const char csv_row[] = "%lld,%s,sensor-%03d,%.4f,%d\n";
static const char jsonl_row[] =
    "{\"id\":%lld,\"time\":\"%s\",\"sensor\":\"sensor-%03d\",\"value\":%.4f,\"count\":%d}\n";

void rows_file_make(const char *path, const char *form, int64_t rows)
{
    const int csv = strcmp(form, "csv") == 0;
    FILE *file = fopen(path, "wb");
    uint64_t state = 1;

    bench_check(file != NULL, "the file cannot be made");
    if (csv)
        fputs("id,time,sensor,value,count\n", file);
    for (int64_t i = 0; i < rows; i++) {
        char time[40];
        int sensor = (int)(i % 211), count = (int)(i * 7919 % 100000);

        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        snprintf(time, sizeof time, "2024-%02d-%02dT%02d:%02d:%02d.%03d",
                 (int)(i / 172800 % 12) + 1, (int)(i / 86400 % 28) + 1, (int)(i / 3600 % 24),
                 (int)(i / 60 % 60), (int)(i % 60), (int)(state >> 40) % 1000);
        if (csv)
            fprintf(file, csv_row, (long long)i, time, sensor, (double)(state >> 44) / 1e4, count);
        else
            fprintf(file, jsonl_row, (long long)i, time, sensor, (double)(state >> 44) / 1e4,
                    count);
    }
    bench_check(fclose(file) == 0, "the file cannot be written");
}
