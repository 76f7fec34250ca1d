"""Hooks of the documentation's build: the first page is the README, and pages name the API."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACE = re.compile(r"^\{\{ (?:readme|api: (.+)) \}\}$", re.MULTILINE)


def readme():
    """Text of the README with its links as a page of `docs/` has them."""
    return re.sub(r"\]\(docs/", "](", (ROOT / "README.md").read_text(encoding="utf-8"))


def public():
    """Modules of the names that `import collapsebench as cb` gives, read from its source."""
    tree = ast.parse((ROOT / "collapsebench" / "__init__.py").read_text(encoding="utf-8"))
    return next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_HOME"
    )


def api(what):
    """Lines that mkdocstrings reads: of names of `cb`, or of every file of a folder."""
    if what.isidentifier() and (folder := ROOT / "collapsebench" / what).is_dir():
        return "\n\n".join(
            f"::: collapsebench.{what}.{path.stem}\n    options:\n      show_root_heading: false"
            for path in sorted(folder.glob("[!_]*.py"))
        )
    home = public()
    return "\n\n".join(f"::: collapsebench.{home[name]}.{name}" for name in what.split(", "))


def on_page_markdown(markdown, page, **kwargs):
    """The page with the README at `{{ readme }}`, and what mkdocstrings reads at `{{ api: NAMES }}`."""
    return PLACE.sub(lambda match: api(match[1]) if match[1] else readme(), markdown)
