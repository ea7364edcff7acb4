# SPDX-License-Identifier: Apache-2.0
"""The one exception."""

from __future__ import annotations

import contextlib
from typing import Iterator

from stoa._error import Error


class QuiverError(Exception):
    """What the library says of a failure, in its own words."""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Have the library's failures raised as QuiverError."""
    try:
        yield
    except Error as problem:
        raise QuiverError(str(problem) or "Unknown error") from problem
