"""RequestError, exit codes and one-line messages. Imports nothing of ours, so that the command line answers at once."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable

DONE, FAILED, WRONG, STOPPED, FULL = 0, 1, 2, 3, 4
"""Exit codes: done; a claim failed; the request was wrong; stopped, and can go on; out of memory or disk.

A result that could not be saved at the requested path is FULL too: it is in the temporary folder.
"""


class RequestError(ValueError):
    """An invalid request. The message is one line: the field, its value, what is allowed, the nearest known name."""


class Ended(Exception):
    """The end of a command before its time: a message of one line, and the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def printable(text: str, most: int = 280) -> str:
    """`text` as one line of at most `most` characters; characters that could move a cursor are written as escapes."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 3]}..."


def bytes_text(size: float) -> str:
    """A number of bytes with its unit, such as "1.5 GiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1000 or unit == "TiB":
            break
        size /= 1024
    return f"{size:.3g} {unit}"


def nearest(name: str, names: Iterable[object]) -> str:
    """The phrase `, did you mean 'x'?` for the member of `names` closest to `name`; empty if none is close."""
    known = {str(n).lower(): str(n) for n in names}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f", did you mean {known[close[0]]!r}?" if close else ""


def say(message: str, code: int) -> int:
    """Print one line on standard error. Returns `code`, an exit code."""
    print(f"collapsebench: {' '.join(message.split())}", file=sys.stderr)
    return code
