/* SPDX-License-Identifier: Apache-2.0 */
#include "conformance/suite.h"

#define CAN(x) (UINT64_C(1) << STOA_CAN_##x)

const struct quirks quirks = {
    .name = "null",
    .target = "null:",
    .engine = "null",
    .can = CAN(SQL) | CAN(PREPARE) | CAN(TRANSACTIONS) | CAN(INGEST) | CAN(UPSERT) |
           CAN(TRUNCATE) | CAN(DEDUP) | CAN(MULTI_TABLE_PUSH) | CAN(MULTI_STATEMENT) |
           CAN(DURABLE_ACK),
    .rows = "rows %lld",
    .one = "values ?",
    .two = "values ?, ?",
    .slow = "sleep 60000",
    .wrong = "rows many",
    .failing = "fail -7 there is no such thing",
};

CONFORMANCE_MAIN
