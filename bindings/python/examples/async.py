# SPDX-License-Identifier: Apache-2.0
"""Queries that are awaited, and really cancelled."""

import asyncio

import stoa

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


async def main() -> None:
    async with await stoa.aconnect() as con:
        await con.insert("t", {"a": [1, 2, 3]}, mode="create")
        async for row in await con.execute("SELECT a FROM t WHERE a > ?", (1,)):
            print(row)
        try:
            await asyncio.wait_for(con.run(ENDLESS), 0.2)
        except asyncio.TimeoutError:
            print("timed out")
        print(await con.row("SELECT count(*) FROM t"))


asyncio.run(main())

# prints (2,)
# prints (3,)
# prints timed out
# prints (3,)
