# SPDX-License-Identifier: Apache-2.0
"""Python functions inside SQL."""

import stoa


def initials(name: str) -> str:
    return "".join(word[0] for word in name.split())


class Median:
    """An aggregate: an object for each group. With batch= its step takes whole columns."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def step(self, values: list[float]) -> None:
        self.seen.extend(values)

    def finish(self) -> float:
        return sorted(self.seen)[len(self.seen) // 2]


with stoa.connect() as con:
    con.insert("people", {"name": ["Ada Lovelace", "Alan Turing", "Grace Hopper"],
                          "born": [1815.0, 1912.0, 1906.0]}, mode="create")
    con.create_function("initials", initials)
    con.create_aggregate("median", Median, batch="list")
    print(con.execute("SELECT initials(name) FROM people").fetchall())
    print(con.row("SELECT median(born) FROM people"))

    con.create_function("fail", lambda x: 1 / x, [int], float)
    try:
        con.execute("SELECT fail(0)").fetchall()
    except stoa.CallbackError as problem:
        print(type(problem.__cause__).__name__)

# prints [('AL',), ('AT',), ('GH',)]
# prints (1906.0,)
# prints ZeroDivisionError
