# SPDX-License-Identifier: Apache-2.0
"""Data frames in and out, and as tables in SQL."""

import pandas as pd
import polars as pl
import pyarrow as pa

import stoa

with stoa.connect() as con:
    prices = pl.DataFrame({"symbol": ["A", "B"], "price": [10.0, 20.0]})
    orders = pd.DataFrame({"symbol": ["A", "A", "B"], "quantity": [1, 2, 3]})

    # A variable is a table.
    query = """SELECT o.symbol, sum(quantity * price) AS worth
               FROM orders o JOIN prices p ON p.symbol = o.symbol GROUP BY 1 ORDER BY 1"""
    print(con.sql(query).pl()["worth"].to_list())

    # So is what has been registered.
    con.register("limits", pa.table({"symbol": ["A", "B"], "most": [2, 9]}))
    print(con.sql("SELECT sum(most) FROM limits").scalar())

    # And stored tables come from anything with columns.
    con.insert("trades", orders, mode="create")
    print(con.insert("trades", {"symbol": ["C"], "quantity": [4]}))
    print(con.sql("SELECT * FROM trades ORDER BY quantity").df()["quantity"].tolist())
    print(pa.table(con.sql("SELECT count(*) AS n FROM trades"))["n"][0])

# prints [30.0, 60.0]
# prints 11
# prints 1
# prints [1, 2, 3, 4]
# prints 4
