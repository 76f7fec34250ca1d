"""Markdown tables, and blocks of a file that a command regenerates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from collapsebench.specs import files
from collapsebench.specs.errors import RequestError, printable


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown table, with a newline at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_plain, line))} |" for line in lines) + "\n"


def _plain(cell: object) -> str:
    """Text of a cell that ends no cell, no line, and begins no HTML."""
    return re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", printable(str(cell), 10_000).replace("|", "\\|"))


def replace_block(text: str, name: str, body: str) -> str:
    """The text with `body` between its lines `<!-- NAME: begin ... -->` and `<!-- NAME: end -->`.

    Raises RequestError unless there is one such block.
    """
    block = re.compile(rf"(<!-- {re.escape(name)}: begin[^\n]*-->\n).*?(<!-- {re.escape(name)}: end -->)", re.DOTALL)
    made, count = block.subn(lambda found: found[1] + body + found[2], text)
    if count != 1:
        raise RequestError(f"{name}: {count} blocks of that name are in the text, not one")
    return made


def update_block(path: Path, name: str, body: str) -> None:
    """Apply `replace_block` to a file."""
    files.write_text(path, replace_block(path.read_text(), name, body))
