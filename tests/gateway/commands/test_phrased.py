"""Every sentence for a letter is said (desk/said.py), so that it can be said in another language."""

import ast
import re
import string
from collections.abc import Iterable, Iterator
from pathlib import Path

from desk import alerts, approvals, columns, fields, lifecycle, statuses
from desk.names import NAMES
from gateway.commands import vocabulary

ROOT = Path(__file__).parents[3]
FILES = sorted(path for folder in ("desk", "gateway", "gateway/commands") for path in (ROOT / folder).glob("*.py"))
MAKERS = frozenset({"Act", "Fault", "same", "FieldError", "_Refused"})  # their first argument is a sentence
LISTS = frozenset({"faults", "hints", "lines", "preview", "says", "told"})  # of sentences, however they are filled
KEYS = frozenset({"lines", "hints", "notes", "lane", "subject"})  # of the context of a letter
# Files where English words stand in such places, and why nobody translates them.
EXEMPT = {
    "desk/audit_seal.py": "findings of `postdesk verify`, for operators",
    "gateway/bounced.py": "entries of tickets: their text is kept as it was written",
    "gateway/decide.py": "reasons of decisions: for the log and for “why here?”",
    "gateway/letter_text.py": "wraps words of people",
}


def test_every_sentence_for_a_letter_is_said() -> None:
    """No f-string and no bare text becomes an answer, a hint or a line: nobody could translate it."""
    files = {str(path.relative_to(ROOT)): path for path in FILES}
    glued = ((name, node) for name, path in files.items() for node in _sentences(path) if _is_glued(node))
    assert [f"{name}:{node.lineno}" for name, node in glued if name not in EXEMPT] == []


def test_commands_hold_no_other_sentence() -> None:
    """Nor is one returned by a helper, or kept in a table: in the files of commands every sentence is said."""
    for path in sorted((ROOT / "gateway" / "commands").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        passed = {id(part) for node in ast.walk(tree) if _says_or_raises(node) for part in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
                is_sentence = " " in node.value.strip() and re.search(r"\w[.?]\s*\Z", node.value)
                assert not is_sentence, f"{path.name}:{node.lineno} {node.value}"


def _says_or_raises(node: ast.AST) -> bool:
    """True for `say`, for an error of ours that no letter tells of, and for what only looks like a text: docstrings."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (node.func.id in ("say", "say_many") or node.func.id.endswith("Error"))
    )


def _sentences(path: Path) -> Iterator[ast.expr]:
    """What stands where sentences stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if node.value is not None and any(isinstance(t, ast.Name) and t.id in LISTS for t in targets):
                yield node.value
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value in KEYS)


def _of_call(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Name) and node.func.id in MAKERS:
        yield from node.args[:1]
    grows = isinstance(node.func, ast.Attribute) and node.func.attr == "append"
    if grows and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        yield from node.args if node.func.value.id in LISTS else ()
    yield from (word.value for word in node.keywords if word.arg in LISTS)


def _is_glued(node: ast.expr) -> bool:
    """True for words of English that nothing remembers; a command as one types it is in no language."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " in node.value and not node.value.startswith(("#", "postdesk "))
    if isinstance(node, ast.JoinedStr):
        first = node.values[0]
        return not (isinstance(first, ast.Constant) and str(first.value).startswith(("#", "postdesk ")))
    if isinstance(node, ast.BinOp):
        return _is_glued(node.left) or _is_glued(node.right)
    if isinstance(node, ast.IfExp):
        return _is_glued(node.body) or _is_glued(node.orelse)
    if isinstance(node, ast.Starred):
        return _is_glued(node.value)
    if isinstance(node, ast.ListComp | ast.GeneratorExp):
        return _is_glued(node.elt)
    return any(map(_is_glued, node.elts)) if isinstance(node, ast.List | ast.Tuple) else False


def test_every_message_has_its_values() -> None:
    """What a message names is what it is given, and nothing else: or a letter lacks a word, or holds a {place}."""
    for path, call in _said():
        names = {word.arg for word in call.keywords}
        if None in names:
            continue  # they come from a mapping
        counted = isinstance(call.func, ast.Name) and call.func.id == "say_many"
        messages = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        for message in messages if names else []:
            places = {place for _, place, _, _ in string.Formatter().parse(message) if place is not None}
            assert places - {"n"} <= names, (path, message)
            assert places >= names - {"n"} if counted else places == names, (path, message)


def test_every_message_is_a_literal_somewhere() -> None:
    """`say(name)` is for built-in names and for messages that stand as literals elsewhere."""
    for _, call in _said():
        first = call.args[0]
        assert isinstance(first, ast.Constant | ast.Name | ast.Attribute), ast.unparse(call)
        if isinstance(first, ast.Name) and call.keywords:
            assert first.id.isupper() or first.id in ("message", "between", "now", "before"), ast.unparse(call)


def _said() -> Iterator[tuple[Path, ast.Call]]:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("say", "say_many"):
                yield path, node


def test_every_built_in_name_is_in_the_catalogues() -> None:
    """Statuses, types, values, labels, columns and stages: where one is added, it is translated as well."""
    built_in: Iterable[Iterable[str]] = (
        statuses.ALL,
        fields.TYPES,
        fields.URGENCIES,
        fields.IMPACTS,
        fields.PRIORITIES,
        (fields.SPAM, approvals.REQUESTED, approvals.APPROVED, approvals.REJECTED),
        alerts.STAGES,
        vocabulary.LABELS,
        vocabulary.VALUES["level"],
        lifecycle.WITHDRAWAL_REASONS,
        (column.label for column in columns.available(staff=True, priority=True)),
    )
    assert {name for names in built_in for name in names} - NAMES == set()
