# SPDX-License-Identifier: Apache-2.0
"""A line on long calls that says how far they are: on in a terminal session or a notebook, off in
scripts.

    stoa.progress(True)      # on
    stoa.progress(False)     # off
"""

from __future__ import annotations

import sys
import time

from . import _call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

_PATIENCE = 1.0  # Seconds that pass before anything is shown.


class Line:
    """The line of the call that runs on the main thread, redrawn by the operation's tick."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out
        self._began = 0.0
        self._shown = 0

    def begin(self) -> None:
        """A call begins."""
        self._began = time.monotonic()

    def tick(self, operation: _call.Operation) -> None:
        """The call goes on."""
        took = time.monotonic() - self._began
        if took < _PATIENCE:
            return
        done, total = operation.progress()
        text = f"{took:.0f} s"
        if total > 0:
            part = min(1.0, done / total)
            text = f"[{'#' * int(part * 30):30}] {part:4.0%}  {text}"
        elif done > 0:
            text = f"{done:,}  {text}"
        self._write("\r" + text.ljust(self._shown))
        self._shown = len(text)

    def end(self) -> None:
        """The call has ended: nothing of the line stays."""
        if self._shown:
            self._write("\r" + " " * self._shown + "\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        out = self._out or sys.stderr
        out.write(text)
        out.flush()


def progress(on: bool = True) -> None:
    """Show how far long calls are, on stderr; or do not."""
    _call.watch(Line() if on else None)
