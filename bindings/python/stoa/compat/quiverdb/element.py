# SPDX-License-Identifier: Apache-2.0
"""Element: attributes gathered one by one."""

from __future__ import annotations

from typing import Any

from .exceptions import QuiverError
from .values import check_attribute


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(int(value))


class Element:
    """What a call of create_element or update_element sends."""

    def __init__(self) -> None:
        self._attributes: dict[str, Any] | None = {}

    @property
    def attributes(self) -> dict[str, Any]:
        """All that was set."""
        if self._attributes is None:
            raise QuiverError("Element has been destroyed")
        return self._attributes

    def set(self, name: str, value: Any) -> Element:
        """Set an attribute."""
        self.attributes[name] = check_attribute(name, value)
        return self

    def clear(self) -> None:
        """Forget all of them."""
        self.attributes.clear()

    def destroy(self) -> None:
        """End its use."""
        self._attributes = None

    def __repr__(self) -> str:
        if self._attributes is None:
            return "Element(destroyed)"
        lines = ["Element {"]
        named = sorted(self._attributes.items())
        scalars = [(name, value) for name, value in named if not isinstance(value, list)]
        arrays = [(name, value) for name, value in named if isinstance(value, list)]
        if scalars:
            lines.append("  scalars:")
            lines += [f"    {name}: {_shown(value)}" for name, value in scalars]
        if arrays:
            lines.append("  arrays:")
            lines += [f"    {name}: [{', '.join(map(_shown, items))}]" for name, items in arrays]
        return "\n".join([*lines, "}"])
