/* SPDX-License-Identifier: Apache-2.0 */
/* CSV to Arrow: 2M rows of five columns, two threads. */
#include "format_read.h"

int main(void)
{
    format_read_bench("csv", "csv_to_arrow_vs_pyarrow");
    return 0;
}
