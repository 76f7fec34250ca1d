"""RequestError, exit codes and one-line messages. Imports nothing of ours, so that the command line answers at once."""

from __future__ import annotations

import contextlib
import difflib
import re
import sys
from collections.abc import Iterable

DONE, FAILED, WRONG, STOPPED, FULL = 0, 1, 2, 3, 4
"""Exit codes: done; a claim failed; the request was wrong; stopped, and can go on; out of memory or disk.

A result that could not be saved at the requested path is FULL too: it is in the temporary folder.
"""


MOST, WORD, PATH = 1500, 120, 400
"""Characters of a message, of a value in it, and of a word that may be a path: what is longer loses its middle, so that
what follows is read."""


class RequestError(ValueError):
    """An invalid request: the field, its value, what is allowed, the nearest known name, in one line.

    The message may hold what a stranger wrote: control characters in it are written as escapes, long words shortened.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(shortened(str(message)), MOST))


class ArgumentError(RequestError, TypeError):
    """A call that does not fit the fields of a spec or an experiment; to Python a TypeError too."""


class Ended(Exception):
    """The end of a command before its time: a message of one line, and the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(printable(shortened(message), MOST))
        self.code = code


def printable(text: str, most: int = 280) -> str:
    """`text` as one line of at most `most` characters; characters that could move a cursor are written as escapes."""
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: most + 1])
    return line if len(line) <= most else f"{line[: most - 3]}..."


def counted(number: float, noun: str, form: str = "") -> str:
    """A number in a format, and its noun as one or many have it: "1 row", "2 rows", "0 trajectories"."""
    ending = "es" if noun.endswith(("s", "x", "ch", "sh")) else "s"
    changes = noun.endswith("y") and noun[-2] not in "aeiou"
    many = f"{noun[:-1]}ies" if changes else "axes" if noun == "axis" else noun + ending
    return f"{number:{form}} {noun if number == 1 else many}"


def bytes_text(size: float) -> str:
    """A number of bytes with its unit, such as "1.5 GiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1000 or unit == "TiB":
            break
        size /= 1024
    return counted(size, "byte", ".3g") if unit == "bytes" else f"{size:.3g} {unit}"


def shortened(text: str) -> str:
    """`text` in one line, whose words of more than PATH characters keep their two ends."""
    lines = re.sub(r"\s*[\n\r]\s*", " ", text)
    return re.sub(rf"\S{{{PATH + 1},}}", lambda word: f"{word[0][: PATH // 2]}...{word[0][-PATH // 4 :]}", lines)


def shown(value: object) -> str:
    """`repr` of any value in a message; the name of its type where that is long, or fails."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # of a stranger's class, or of whole numbers of thousands of digits
        return f"a value of type {type(value).__name__}"
    return text if len(text) <= WORD else f"{text[: WORD // 2]}...{text[-WORD // 4 :]}"


def nearest(name: str, names: Iterable[object]) -> str:
    """The phrase `, did you mean 'x'?` for the member of `names` closest to `name`; empty if none is close."""
    known = {str(n).lower(): str(n) for n in names}
    close = difflib.get_close_matches(name[:WORD].lower(), known, n=1, cutoff=0.6)
    return f", did you mean {known[close[0]]!r}?" if close else ""


def say(message: str, code: int) -> int:
    """Print one line on standard error, if there is one that takes it. Returns `code`, an exit code."""
    line = f"collapsebench: {printable(shortened(message), MOST)}\n"
    with contextlib.suppress(OSError, ValueError, AttributeError):  # full, closed, or None
        encoding = sys.stderr.encoding or "utf-8"
        sys.stderr.write(line.encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()
    return code
