/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over the PostgreSQL driver and the server whose URI is in STOA_TEST_PG. */
#include "conformance/suite.h"

#define CAN(x) (UINT64_C(1) << STOA_CAN_##x)

const struct quirks quirks = {
    .name = "postgresql",
    .target = "$STOA_TEST_PG",
    .engine = "postgresql",
    .can = CAN(SQL) | CAN(PREPARE) | CAN(TRANSACTIONS) | CAN(SAVEPOINTS) | CAN(INGEST) |
           CAN(MULTI_TABLE_PUSH) | CAN(CATALOG) | CAN(MULTI_STATEMENT) | CAN(DURABLE_ACK),
    .keeps_rows = true,
    .writes_by_sql = true,
    .lists_tables_alone = true,
    .fresh = "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    .rows = "SELECT n FROM generate_series(0, %lld::bigint - 1) AS g(n)",
    .one = "SELECT ?",
    .two = "SELECT ?, ?",
    .slow = "SELECT pg_sleep(60)",
    .wrong = "SELECT 1 FROM WHERE",
    .failing = "SELECT * FROM nowhere",
    .count = "SELECT count(*), sum(id)::bigint FROM t",
};

CONFORMANCE_MAIN
