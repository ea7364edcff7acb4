/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suite.h"

#define CAN(x) (UINT64_C(1) << STOA_CAN_##x)

const struct quirks quirks = {
    .name = "sqlite memory",
    .target = ":memory:",
    .engine = "sqlite",
    .can = CAN(SQL) | CAN(PREPARE) | CAN(TRANSACTIONS) | CAN(SAVEPOINTS) | CAN(INGEST) |
           CAN(UPSERT) | CAN(TRUNCATE) | CAN(DEDUP) | CAN(MULTI_TABLE_PUSH) | CAN(SCANS) |
           CAN(FUNCTIONS) | CAN(COLLATIONS) | CAN(BLOBS) | CAN(BACKUP) | CAN(CHECK) |
           CAN(CHECKPOINT) | CAN(VACUUM) | CAN(CATALOG) | CAN(READ) |
           CAN(MULTI_STATEMENT) | CAN(DURABLE_ACK) | CAN(DRY_RUNS),
    .keeps_rows = true,
    .writes_by_sql = true,
    .excludes_readers = true,
    .rows = "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r LIMIT %lld) "
            "SELECT n FROM r",
    .one = "SELECT ?",
    .two = "SELECT ?, ?",
    .slow = "WITH RECURSIVE r(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM r) "
            "SELECT max(n) FROM r",
    .wrong = "SELECT 1 FROM WHERE",
    .failing = "SELECT * FROM nowhere",
    .count = "SELECT count(*), sum(id) FROM t",
};

CONFORMANCE_MAIN
