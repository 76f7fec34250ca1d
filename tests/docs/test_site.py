"""The documentation: its own blocks run, it names all that is public, and it is built without a warning or a network."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import collapsebench as cb

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT / "docs")): path.read_text() for path in sorted((ROOT / "docs").rglob("*.md"))}


@pytest.fixture(scope="module")
def hooks():
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_pages_name_the_readme_and_all_that_is_public(hooks):
    assert "](catalogue.md)" in hooks.on_page_markdown(PAGES["index.md"], None)
    named = [name for text in PAGES.values() for what in hooks.PLACE.findall(text) for name in what.split(", ") if name]
    registries = {name for name in hooks.public() if name.isupper()}
    assert sorted(
        set(named) - {"theory", "models", "targets", "regimes", "curators", "mitigations", "metrics"}
    ) == sorted(hooks.public().keys() - registries)
    assert hooks.api("run, spec") == "::: collapsebench.runs.runner.run\n\n::: collapsebench.specs.pytree.spec"
    assert hooks.api("regimes").count(":::") == len(cb.REGIMES.names())


def test_the_navigation_has_every_page():
    found = re.findall(r"- ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(found) == sorted(PAGES)


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    for package in ("mkdocs", "material", "mkdocstrings_handlers.python"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    away = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}  # where nobody listens
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **away, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) == len(PAGES) + 1  # and that of a wrong address
    loads = re.compile(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
    for path in pages:
        text = path.read_text()
        assert not [tag for tag in loads.findall(text) if "rel=canonical" not in tag], path
        assert "{{ " not in text, path
    assert "replace_variance_law" in (tmp_path / "site" / "api" / "theory" / "index.html").read_text()
