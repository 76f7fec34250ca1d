"""Blocks of Python of a Markdown page, as a program, and what the page says that they print.

python tests/docs/blocks.py PAGE ...    runs the blocks of each page in order and compares the numbers; exit code 1 if one differs
"""

import importlib.util
import io
import itertools
import re
import runpy
import sys
from pathlib import Path

FENCE = re.compile(r"^```(python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?![\w])")
MODULES = {"scikit-learn": "sklearn"}


def missing(block):
    """The packages that a block `needs` and that are not here."""
    named = re.match(r"# needs (.*)\n", block)
    packages = named[1].split(" and ") if named else ()
    return [name for name in packages if importlib.util.find_spec(MODULES.get(name, name)) is None]


def python(text):
    """The page's blocks of Python, each with the text below it that it prints, or None."""
    found = [*FENCE.findall(text), ("", "")]
    return [
        (body, below if what == "text" else None)
        for (kind, body), (what, below) in itertools.pairwise(found)
        if kind == "python" and not body.startswith("# mine.py")
    ]


def wrong(block, printed, below):
    """What a block's comments, or the text below it, say otherwise than it printed: `printed` has (line, text)."""
    said = []
    for line, text in printed:
        comment = block.split("\n")[line - 1].partition(")  # ")[2].partition(":")[0]
        numbers = [float(each) for each in NUMBER.findall(text)]
        for claimed in NUMBER.findall(comment):
            unit = 10.0 ** -len(claimed.partition(".")[2])  # one unit of its last digit
            if not any(abs(float(claimed) - number) <= 0.75 * unit for number in numbers):
                said.append(f"{claimed} is not in: {text}")
    whole = "\n".join(text for _, text in printed).split()
    for claimed, word in zip((below or "").split(), [*whole, *["nothing"] * len((below or "").split())], strict=False):
        same = claimed == word
        if NUMBER.fullmatch(claimed) and NUMBER.fullmatch(word):
            same = abs(float(claimed) - float(word)) <= 0.02 * abs(float(claimed))
        if not same:
            said.append(f"{claimed} below a block that prints {word}")
    return said


def run(text, name):
    """Run a page's blocks in order, in one namespace; returns what they print otherwise than the page says."""
    said, names = [], {}
    for place, (block, below) in enumerate(python(text)):
        if missing(block):
            continue
        printed = []

        def show(*values, to=printed):
            into = io.StringIO()
            print(*values, file=into)
            to.append((sys._getframe(1).f_lineno, into.getvalue().rstrip("\n")))

        path = Path(f"{name}-{place}.py")
        path.write_text(block)
        names = runpy.run_path(str(path), {**names, "print": show})
        names = {key: value for key, value in names.items() if not key.startswith("__")}
        said += [f"{name}: {each}" for each in wrong(block, printed, below)]
    return said


if __name__ == "__main__":
    sys.path.insert(0, "")
    found = []
    for page in map(Path, sys.argv[1:]):
        found += run(page.read_text(), page.stem)
    sys.exit("\n".join(found) or None)
