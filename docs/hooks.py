"""Hooks of the documentation's build: pages take sections of the README, whose blocks its tests run, and name the API."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECTION = re.compile(r"^\{\{ (readme|api): (.+) \}\}$", re.MULTILINE)


def sections():
    """Text of the README by heading; what stands before the first is called "top"."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)\n", re.sub(r"^# .*\n", "", text), flags=re.MULTILINE)
    return dict(zip(["top", *parts[1::2]], parts[0::2], strict=True))


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
    """The page with each `{{ readme: HEADING }}` and `{{ api: NAMES }}` in its place."""
    found = sections()

    def place(match):
        text = found[match[2]] if match[1] == "readme" else api(match[2])
        up = "../" * page.file.src_uri.count("/")
        return re.sub(r"\]\(docs/", f"]({up}", text).strip("\n")

    return SECTION.sub(place, markdown)
