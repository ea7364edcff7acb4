/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over DuckDB's own driver. */
#include "conformance/suite.h"

#define CAN(x) (UINT64_C(1) << STOA_CAN_##x)

const struct quirks quirks = {
    .name = "duckdb",
    .target = "duckdb:%s",
    .engine = "duckdb",
    .can = CAN(SQL) | CAN(PREPARE) | CAN(TRANSACTIONS) | CAN(INGEST) | CAN(MULTI_TABLE_PUSH) |
           CAN(CATALOG) | CAN(MULTI_STATEMENT) | CAN(DURABLE_ACK),
    .keeps_rows = true,
    .writes_by_sql = true,
    .lists_tables_alone = true,
    .rows = "SELECT range AS n FROM range(%lld) ORDER BY n",
    .one = "SELECT ?",
    .two = "SELECT ?, ?",
    .slow = "SELECT max(a.range * b.range % 7) FROM range(10000000) a, range(10000000) b",
    .wrong = "SELECT 1 FROM WHERE",
    .failing = "SELECT * FROM nowhere",
    .count = "SELECT count(*), sum(id) FROM t",
};

CONFORMANCE_MAIN
