/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite over the ADBC SQLite driver. It cannot cancel. */
#include "conformance/suite.h"

#define CAN(x) (UINT64_C(1) << STOA_CAN_##x)

const struct quirks quirks = {
    .name = "adbc sqlite",
    .target = "adbc:sqlite?uri=%s",
    .engine = "adbc",
    .can = CAN(SQL) | CAN(PREPARE) | CAN(TRANSACTIONS) | CAN(SAVEPOINTS) | CAN(INGEST) |
           CAN(MULTI_TABLE_PUSH) | CAN(CATALOG) | CAN(MULTI_STATEMENT) | CAN(DURABLE_ACK),
    .keeps_rows = true,
    .writes_by_sql = true,
    .lists_tables_alone = true,
    .rows = "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r LIMIT %lld) "
            "SELECT n FROM r",
    .one = "SELECT ?",
    .two = "SELECT ?, ?",
    /* It ends by itself: the driver can be asked nothing while it runs. */
    .slow = "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r LIMIT 5000000) "
            "SELECT max(n) FROM r",
    .wrong = "SELECT 1 FROM WHERE",
    .failing = "SELECT * FROM nowhere",
    .count = "SELECT count(*), sum(id) FROM t",
};

CONFORMANCE_MAIN
