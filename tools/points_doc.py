"""Writes the table of points where the crash suite ends a process into docs/architecture.md, from store/points.py."""

from pathlib import Path

from store.points import POINTS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
START, END = "<!-- points: written by `make docs` -->", "<!-- /points -->"


def table() -> str:
    """The table as a Markdown block between its marks."""
    rows = [f"| `{name}` | {sentence} |" for name, sentence in POINTS.items()]
    return "\n".join([START, "", "| Point | What is done there, and what is not |", "| --- | --- |", *rows, "", END])


def page() -> str:
    """What docs/architecture.md must hold: itself, with the table written anew."""
    text = TARGET.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    return before + table() + rest.partition(END)[2]


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(TARGET.parent.parent)}")
