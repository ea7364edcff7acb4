/* SPDX-License-Identifier: Apache-2.0 */
/* JSON lines to Arrow: 2M rows of five columns, two threads. */
#include "format_read.h"

static void write_row(FILE *file, int64_t row, const char *time, double value)
{
    fprintf(file,
            "{\"id\":%lld,\"time\":\"%s\",\"sensor\":\"sensor-%03d\",\"value\":%.4f,"
            "\"count\":%d}\n",
            (long long)row, time, (int)(row % 211), value, (int)(row * 7919 % 100000));
}

int main(void)
{
    format_read_bench("jsonl", "", write_row, "jsonl_to_arrow_vs_pyarrow");
    return 0;
}
