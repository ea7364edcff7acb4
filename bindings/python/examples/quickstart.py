# SPDX-License-Identifier: Apache-2.0
"""Open, write, ask, close."""

import stoa

with stoa.connect("quickstart.db") as con:
    con.insert("trades", {"symbol": ["A", "B", "A"], "price": [1.5, 2.5, 3.5]}, mode="replace")
    for symbol, price in con.execute("SELECT symbol, price FROM trades WHERE price > ?", (2,)):
        print(symbol, price)
    print(con.row("SELECT avg(price) FROM trades WHERE symbol = :s", {"s": "A"}))
    with con.transaction():
        con.executemany("INSERT INTO trades VALUES (?, ?)", [("C", 4.5), ("C", 5.5)])
    con.sql("SELECT symbol, count(*) AS n FROM trades GROUP BY 1 ORDER BY 1").show(2)
    try:
        con.execute("SELECT * FORM trades")
    except stoa.Error as problem:
        print(problem.name, problem.position)

# prints B 2.5
# prints A 3.5
# prints (2.5,)
# prints STOA_ERR_SYNTAX 9
