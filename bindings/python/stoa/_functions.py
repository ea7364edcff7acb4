# SPDX-License-Identifier: Apache-2.0
"""What a connection offers for Python functions in SQL; how they are called is in _function."""

from __future__ import annotations

from ._call import call
from ._error import DataError
from ._lib import NULL, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Sequence


def _own() -> Any:
    from . import _function  # pylint: disable=import-outside-toplevel
    return _function


class Functions:
    """What a connection offers for functions."""

    _handle: Any

    def create_function(self, name: str, function: Callable[..., Any],
                        parameters: Sequence[Any] | None = None, returns: Any = None, *,
                        null: str = "skip", on_error: str = "raise", deterministic: bool = False,
                        batch: str | bool = False, in_schema: bool = False,
                        replace: bool = True) -> None:
        """Let SQL call a Python function. Types come from its annotations, or are given.

        >>> def twice(x: int) -> int:
        ...     return 2 * x
        >>> con.create_function("twice", twice)
        >>> con.execute("SELECT twice(21)").scalar()
        42

        null: "skip" gives NULL for a NULL argument without a call, "call" passes None.
        on_error: "raise" ends the statement (the exception is the __cause__), "null" gives NULL.
        batch: "arrow", "numpy" or "list" passes whole columns and takes one back (True: the first
        of these that is installed). in_schema: also allowed in views, triggers and CHECKs.
        """
        # pylint: disable=too-many-arguments
        own = _own()
        variadic = False
        if parameters is None:
            known, noted, variadic = own.signature(function, int(hasattr(function, "__self__")))
            returns = noted if returns is None else returns
        else:
            known = own.named(parameters)
        mode = own.columnar_mode(batch)
        if mode and returns is None:
            raise DataError(f"function '{name}' works on columns, so it has to say what it "
                            "returns=")
        flags = (own.DETERMINISTIC * deterministic | own.VARIADIC * variadic
                 | own.IN_SCHEMA * in_schema | own.REPLACE * replace)
        spec = own.Spec(function, known, returns, mode)
        row = own.QUICK if spec.plain else own.ROW
        own.register(self, name, spec, flags, null, on_error, batch=own.BATCH if mode else NULL,
                     row=NULL if mode else row)

    def create_aggregate(self, name: str, factory: Callable[[], Any],
                         parameters: Sequence[Any] | None = None, returns: Any = None, *,
                         null: str = "skip", on_error: str = "raise", deterministic: bool = False,
                         batch: str | bool = False, replace: bool = True) -> None:
        """Let SQL aggregate with a Python class: an object a group, with step() and finish().

        >>> class Longest:
        ...     def __init__(self): self.best = ""
        ...     def step(self, text: str): self.best = max(self.best, text, key=len)
        ...     def finish(self) -> str: return self.best
        >>> con.create_aggregate("longest", Longest)

        step() takes a row's values; with batch= the columns of up to 1,024 rows at once.
        """
        # pylint: disable=too-many-arguments
        own = _own()
        end = getattr(factory, "finish", None) or getattr(factory, "finalize", None)
        if returns is None and end is not None:
            returns = getattr(end, "__annotations__", {}).get("return")
        variadic = False
        if parameters is None:
            known, _noted, variadic = own.signature(getattr(factory, "step", None), 1)
        else:
            known = own.named(parameters)
        if returns is None:
            raise DataError(f"aggregate '{name}' has to say what it returns=")
        untyped = [which for which, kind in known if kind in (own.Any, None, object)]
        if untyped:
            raise DataError(f"aggregate '{name}': parameter '{untyped[0]}' of step() needs a type")
        flags = own.DETERMINISTIC * deterministic | own.VARIADIC * variadic | own.REPLACE * replace
        spec = own.Spec(factory, known, returns, own.columnar_mode(batch))
        own.register(self, name, spec, flags, null, on_error, **own.AGGREGATE)

    def remove_function(self, name: str) -> None:
        """Remove a function or an aggregate; a statement that runs keeps it until it ends."""
        text = name.encode()
        call(lib.stoa_function_drop, self._handle, text, len(text))

    def create_collation(self, name: str, compare: Callable[[str, str], int] | None) -> None:
        """Order texts by a Python function that gives < 0, 0 or > 0; None removes it.

        >>> con.create_collation("by_length", lambda a, b: len(a) - len(b))
        """
        _own().register_collation(self, name, compare)
