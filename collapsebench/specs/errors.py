"""Errors of a request and exit codes. Imports nothing of the package, so that the command line can answer at once."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable

DONE, FAILED, WRONG, STOPPED, FULL = 0, 1, 2, 3, 4
"""Exit codes: done; a claim failed; the request was wrong; stopped, what is finished is kept; out of memory or disk.

FULL too: a result that could not be saved at the path given, and is in the temporary folder.
"""


class RequestError(ValueError):
    """Error of a request. The message is one line: the field, the value, what is allowed, the nearest name."""


def printable(text: str, most: int = 280) -> str:
    """Text as one line of at most `most` characters; control characters as escapes, for they may move a cursor."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 3]}..."


def nearest(name: str, names: Iterable[object]) -> str:
    """Hint for an error message: `, did you mean 'x'?` with the closest of `names`, or an empty string."""
    known = {str(n).lower(): str(n) for n in names}
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return f", did you mean {known[close[0]]!r}?" if close else ""


def say(message: str, code: int) -> int:
    """Print one line on standard error. Returns `code`."""
    print(f"collapsebench: {' '.join(message.split())}", file=sys.stderr)
    return code
