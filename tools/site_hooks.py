"""What mkdocs cannot do by itself: pages link to example files outside of docs/, and those become part of the site."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\]\(\.\./([\w./@-]+)((?:#[\w-]+)?)\)")
_SOURCE = "source"  # the folder of the site that such files go to


def on_files(files: Any, config: Any) -> Any:
    """Add every file outside of docs/ that a page links to; one that is not there fails the build."""
    named = set()
    for page in Path(config["docs_dir"]).rglob("*.md"):
        named |= {found[1] for found in _LINK.finditer(page.read_text(encoding="utf-8"))}
    for name in sorted(named):
        path = ROOT / name
        if path.is_file():
            # As .txt: a browser then shows it, and mkdocs takes README.md for no page.
            files.append(File.generated(config, f"{_SOURCE}/{name}.txt", content=path.read_bytes()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Lead links to files outside of docs/ to their copies; a folder is named, and not linked."""
    return _LINK.sub(lambda found: _link(found[1], found[2]), markdown)


def _link(name: str, anchor: str) -> str:
    path = ROOT / name
    if not path.exists():
        return f"](../{name}{anchor})"  # mkdocs then says so, and a strict build fails
    return f"]({_SOURCE}/{name}.txt)" if path.is_file() else "](index.md)"
