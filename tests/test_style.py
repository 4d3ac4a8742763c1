"""The house rules that no checker knows: short files, short functions, a sentence at the head of each module."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = ("postdesk", "gateway", "desk", "store", "portal", "bench", "fuzz", "tools")
FILE_LINES, FUNCTION_LINES = 300, 40

MODULES = sorted(path for folder in (*CODE, "tests") for path in (ROOT / folder).rglob("*.py"))
# Tests may tell a long story, and migrations are written by Alembic.
BOUNDED = [path for path in MODULES if path.relative_to(ROOT).parts[0] != "tests" and path.parent.name != "versions"]


def name(path: Path) -> str:
    """A test id that can be clicked."""
    return str(path.relative_to(ROOT))


def test_there_is_code_to_look_at() -> None:
    """The rules below look at the real files."""
    assert ROOT / "gateway" / "envelope.py" in BOUNDED


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_its_job_in_its_first_line(path: Path) -> None:
    """A module opens with a docstring whose first line is one whole sentence or the start of one."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring, f"{name(path)} has no docstring"
    assert len(docstring.partition("\n")[0]) > 10


@pytest.mark.parametrize("path", BOUNDED, ids=name)
def test_a_file_has_one_job(path: Path) -> None:
    """A file has fewer than 300 lines: one that wants more has two jobs."""
    assert len(path.read_text(encoding="utf-8").splitlines()) < FILE_LINES


@pytest.mark.parametrize("path", BOUNDED, ids=name)
def test_a_function_has_one_job(path: Path) -> None:
    """A function has fewer than 40 lines."""
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    too_long = {
        f"{name(path)}:{node.lineno} {node.name}": lines
        for node in functions
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) >= FUNCTION_LINES
    }
    assert too_long == {}
