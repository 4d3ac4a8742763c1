"""Writes the rendered letters into a folder: one page each, and a list of all of them."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from postdesk.preview.rendering import Preview

INDEX = "index.html"
_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Letters</title>
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 24px; max-width: 68rem; }
td, th { text-align: left; vertical-align: top; padding: 4px 16px 4px 0; }
</style>
</head>
<body>
<h1>Letters</h1>
<p>Made of sample data with the settings and templates of this desk. Nothing of it was sent.</p>
<table>
<tr><th scope="col">Id</th><th scope="col">Letter</th><th scope="col">Language</th><th scope="col">Subject</th>\
<th scope="col">Preview line</th></tr>
"""


def write(previews: Sequence[Preview], folder: Path) -> Path:
    """Write all of them; returns the page that lists them. Pages of an earlier time stay, unless named the same."""
    folder.mkdir(parents=True, exist_ok=True)
    for preview in previews:
        (folder / preview.file).write_text(preview.html, encoding="utf-8")
    rows = "".join(map(_row, previews))
    (folder / INDEX).write_text(f"{_HEAD}{rows}</table>\n</body>\n</html>\n", encoding="utf-8")
    return folder / INDEX


def _row(preview: Preview) -> str:
    entry = preview.entry
    letter = f'<a href="{escape(preview.file)}">{escape(f"{entry.kind} {entry.variant}".strip())}</a>'
    cells = (entry.id, letter, preview.language, escape(preview.subject), escape(preview.preheader))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"
