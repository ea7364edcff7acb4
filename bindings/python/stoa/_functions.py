# SPDX-License-Identifier: Apache-2.0
"""What a connection offers for Python functions in SQL; how they are called is in _function."""

from __future__ import annotations

from ._call import call
from ._error import DataError
from ._lib import lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Literal, Mapping, Sequence


def _own() -> Any:
    from . import _function  # pylint: disable=import-outside-toplevel
    return _function


def _say() -> Any:
    from . import _signature  # pylint: disable=import-outside-toplevel
    return _signature


class Functions:
    """What a connection offers for functions."""

    _handle: Any

    def create_function(self, name: str, function: Callable[..., Any],
                        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
                        returns: Any = None, *, null: Literal["skip", "call"] = "skip",
                        on_error: Literal["raise", "null"] = "raise", deterministic: bool = False,
                        batch: Literal["arrow", "numpy", "list"] | bool = False,
                        in_schema: bool = False, replace: bool = True) -> None:
        """Let SQL call a Python function. Types come from its annotations, or are given: Python,
        numpy, pyarrow and polars types, or Arrow formats.

        >>> def twice(x: int) -> int:
        ...     return 2 * x
        >>> con.create_function("twice", twice)
        >>> con.execute("SELECT twice(21)").scalar()
        42

        null: "skip" gives NULL for a NULL argument without a call, "call" passes None.
        on_error: "raise" ends the statement (the exception is the __cause__), "null" gives NULL.
        batch: "arrow", "numpy" or "list" passes whole columns and takes one back (True: the first
        of these that is installed); there list[int] is a column of int. in_schema: also allowed in
        views, triggers and CHECKs; with deterministic= in indexes and generated columns.
        Functions of one name that take other numbers of arguments stand beside each other; one
        with defaults or *rest takes several.
        """
        # pylint: disable=too-many-arguments
        own, say = _own(), _say()
        told = say.told(function, parameters, f"function '{name}'")
        told = told._replace(returns=told.returns if returns is None else returns)
        mode = own.columnar_mode(batch)
        if mode and told.returns is None:
            raise DataError(f"function '{name}' works on columns, so it has to say what it "
                            "returns=")
        flags = (own.DETERMINISTIC * bool(deterministic) | own.IN_SCHEMA * bool(in_schema)
                 | own.REPLACE * bool(replace))
        own.register(self, name, function, told, mode, flags, null, on_error,
                     own.BATCH if mode else own.ROW)

    def create_aggregate(self, name: str, factory: Callable[[], Any],
                         parameters: Sequence[Any] | Mapping[str, Any] | None = None,
                         returns: Any = None, *, null: Literal["skip", "call"] = "skip",
                         on_error: Literal["raise", "null"] = "raise", deterministic: bool = False,
                         batch: Literal["arrow", "numpy", "list"] | bool = False,
                         replace: bool = True) -> None:
        """Let SQL aggregate with a Python class: an object a group, with step() and finish().

        >>> class Longest:
        ...     def __init__(self): self.best = ""
        ...     def step(self, text: str): self.best = max(self.best, text, key=len)
        ...     def finish(self) -> str: return self.best
        >>> con.create_aggregate("longest", Longest)

        step() takes a row's values; with batch= the columns of up to 1,024 rows at once. SQL may
        say DISTINCT and FILTER; as window functions they are refused.
        """
        # pylint: disable=too-many-arguments
        own, say = _own(), _say()
        told = say.aggregate(factory, parameters, f"aggregate '{name}'")
        told = told._replace(returns=told.returns if returns is None else returns)
        if told.returns is None:
            raise DataError(f"aggregate '{name}' has to say what it returns=")
        mode = own.columnar_mode(batch)
        for which, kind in told.parameters:
            if say.format_of(kind, f"parameter '{which}'", bool(mode)) == "n":
                raise DataError(f"aggregate '{name}': parameter '{which}' of step() needs a type")
        flags = own.DETERMINISTIC * bool(deterministic) | own.REPLACE * bool(replace)
        own.register(self, name, factory, told, mode, flags, null, on_error, own.AGGREGATE)

    def remove_function(self, name: str) -> None:
        """Remove a function or an aggregate; a statement that runs keeps it until it ends."""
        text = _own().encoded_name(name)
        call(lib.stoa_function_drop, self._handle, text, len(text))

    def create_collation(self, name: str, compare: Callable[[str, str], int] | None) -> None:
        """Order texts by a Python function that gives < 0, 0 or > 0; None removes it.

        >>> con.create_collation("by_length", lambda a, b: len(a) - len(b))
        """
        _own().register_collation(self, name, compare)
