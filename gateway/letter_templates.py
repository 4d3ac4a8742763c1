"""Templates of letters: found, their style sheet inlined once, and rendered; an operator's own ones in a sandbox."""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import css_inline
import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

_PIECES = ("subject.txt", "preheader.txt", "body.txt", "body.html")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
MAX_SECONDS = 2.0  # for one piece of an operator's template
MAX_CHARACTERS = 500_000


class TemplateTooGreedy(Exception):
    """An operator's template took too long, or wrote too much."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """For operators' templates: they change nothing, reach no Python internals, and end in time."""

    intercepted_binops = frozenset({"*", "**", "%"})
    deadline = 0.0

    def call(self, context: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Every call looks at the clock; a loop without calls is bounded by `range`, 100,000 at a time."""
        self.check()
        return super().call(context, function, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers multiply; a text repeated a billion times does not."""
        if not isinstance(left, (int, float)) or not isinstance(right, (int, float)) or operator == "**":
            raise TemplateTooGreedy(f"the operator {operator} is for numbers only")
        return super().call_binop(context, operator, left, right)

    def check(self) -> None:
        """Raise once the time is over."""
        if time.monotonic() > self.deadline:
            raise TemplateTooGreedy(f"a template ran for more than {MAX_SECONDS:g} s")


class LetterTemplates:
    """The folder templates/mail, and an operator's folder of the same shape whose files win."""

    def __init__(self, folder: Path, overrides: Path | None = None) -> None:
        self._folder, self._overrides = folder, overrides
        self._css = (folder / "_base" / "letter.css").read_text(encoding="utf-8")
        own = overrides is not None and overrides.is_dir() and any(overrides.rglob("*.*"))
        kind = _Sandbox if own else jinja2.Environment
        self._environment = kind(
            loader=jinja2.FunctionLoader(self._load),
            undefined=jinja2.StrictUndefined,
            autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates: dict[str, Callable[[Mapping[str, Any]], str]] = {}
        for path in sorted(folder.glob("*/body.txt")):
            for piece in _PIECES:
                self._get(f"{path.parent.name}/{piece}")  # a broken template stops the start, not a letter

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Render one piece, such as "update/body.txt"."""
        return self._get(name)(context)

    def _get(self, name: str) -> Callable[[Mapping[str, Any]], str]:
        found = self._templates.get(name)
        if found is None:
            template = self._environment.get_template(name)
            found = self._guarded(template) if isinstance(self._environment, _Sandbox) else template.render
            self._templates[name] = found
        return found

    def _guarded(self, template: jinja2.Template) -> Callable[[Mapping[str, Any]], str]:
        sandbox = self._environment
        assert isinstance(sandbox, _Sandbox)  # noqa: S101 - for the type checker: the caller asked already

        def render(context: Mapping[str, Any]) -> str:
            sandbox.deadline = time.monotonic() + MAX_SECONDS
            pieces, length = [], 0
            for piece in template.generate(context):
                sandbox.check()
                length += len(piece)
                if length > MAX_CHARACTERS:
                    raise TemplateTooGreedy(f"a template wrote more than {MAX_CHARACTERS} characters")
                pieces.append(piece)
            return "".join(pieces)

        return render

    def _load(self, name: str) -> str | None:
        for root in (self._overrides, self._folder):
            if root is not None and (path := root / name).is_file():
                source = path.read_text(encoding="utf-8")
                return self._inlined(source) if name.endswith(".html") else source
        return None

    def _inlined(self, source: str) -> str:
        """Style attributes in the place of classes: many mail programs ignore style sheets (css-inline, no network)."""
        inliner = css_inline.CSSInliner(
            keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False, extra_css=None
        )
        source = _INDENT.sub("", source)
        if "<html" in source:
            source = source.replace("/*letter.css*/", self._css)
            return inliner.inline(source)
        return inliner.inline_fragment(source, self._css)
