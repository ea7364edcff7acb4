# SPDX-License-Identifier: Apache-2.0
"""What the library has to say while it works: its log, which nobody reads unless asked for.

    stoa.log_to(logging.getLogger("stoa"), "info")
"""

from __future__ import annotations

import select
import threading

from ._call import call
from ._lib import ffi, lib

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Iterator

_LEVELS = {"debug": 1, "info": 2, "warning": 3, "error": 4, "off": 5}
_ROOM = 2048


def log_level(level: str) -> int:
    """Keep the last lines at or above a level ("debug", "info", "warning", "error"; "off": none);
    the file descriptor that is readable while lines wait."""
    out = ffi.new("int32_t *")
    call(lib.stoa_log_ring, _LEVELS.get(level, 0), out)
    return int(out[0])


def log_lines() -> Iterator[tuple[str, str]]:
    """The lines that wait: level and text, oldest first. Never blocks.

    >>> stoa.log_level("info")
    >>> for level, text in stoa.log_lines():
    ...     print(level, text)
    """
    words = {number: word for word, number in _LEVELS.items()}
    room, level = ffi.new("char[]", _ROOM), ffi.new("int32_t *")
    size = ffi.new("int64_t *")
    while call(lib.stoa_log_next, room, _ROOM, level, size) == 0:
        yield words[level[0]], ffi.buffer(room, size[0])[:].decode("utf-8", "replace")


class _Reader(threading.Thread):
    """Passes lines on as they come. A daemon: it ends with the process."""

    def __init__(self, logger: logging.Logger, descriptor: int) -> None:
        super().__init__(name="stoa-log", daemon=True)
        self._logger = logger
        self._descriptor = descriptor
        self.ended = threading.Event()

    def run(self) -> None:
        """Until it is told to end."""
        while not self.ended.is_set():
            ready, _, _ = select.select([self._descriptor], [], [], 0.2)
            if ready and not self.ended.is_set():
                for level, text in log_lines():
                    self._logger.log(_LEVELS[level] * 10, "%s", text)


_reader: list[_Reader] = []


def log_to(logger: logging.Logger | None, level: str = "warning") -> None:
    """Hand the lines at or above a level to a logger of the module logging, on a thread of its own;
    None ends that."""
    while _reader:
        try:
            before = _reader.pop()
        except IndexError:
            break  # Another thread was quicker.
        before.ended.set()
        before.join()
    descriptor = log_level(level if logger is not None else "off")
    if logger is not None:
        made = _Reader(logger, descriptor)
        made.start()
        _reader.append(made)
