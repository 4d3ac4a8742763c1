"""Draws the tree in docs/architecture.md from the first sentence of every module, so that it matches the files."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "architecture.md"
PACKAGES = ("postdesk", "gateway", "desk", "store", "portal")
START, END = "<!-- tree: written by `make docs` -->", "<!-- /tree -->"
_COLUMN = 24


def sentence(module: Path) -> str:
    """The first sentence of a module's docstring."""
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    first = " ".join(docstring.partition("\n\n")[0].split())
    return re.split(r"(?<=[a-z)\"/])\. ", first)[0].removesuffix(".")


def _folder(folder: Path, depth: int) -> Iterator[str]:
    yield _line(f"{folder.name}/", folder / "__init__.py", depth)
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        if path.suffix == ".py" and path.name != "__init__.py":
            yield _line(path.name, path, depth + 1)
        elif path.is_dir() and path.name != "versions" and any(path.rglob("*.py")):
            yield from _folder(path, depth + 1)


def _line(name: str, module: Path, depth: int) -> str:
    words = sentence(module) if module.is_file() else ""
    return f"{'  ' * depth + name:<{_COLUMN}}{words}".rstrip()


def tree() -> str:
    """The drawing as a Markdown block between its marks."""
    lines = [line for name in PACKAGES if (ROOT / name).is_dir() for line in _folder(ROOT / name, 0)]
    return "\n".join([START, "```text", *lines, "```", END])


def page() -> str:
    """What docs/architecture.md must hold: itself, with the tree drawn anew."""
    text = TARGET.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    return before + tree() + rest.partition(END)[2]


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")
