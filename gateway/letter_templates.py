"""Templates of letters: found, their style sheet inlined once, and rendered; an operator's own ones in a sandbox."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
import jinja2
from markupsafe import escape

from desk.language import ENGLISH, Language
from gateway.letter_compiled import Compiled, Fixed
from gateway.letter_sandbox import MAX_CHARACTERS, Sandbox, TemplateTooGreedy, whole_weight

_PIECES = ("subject.txt", "preheader.txt", "body.txt", "body.html")
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_NO_PLACE = re.compile(r"%(?!%|\(\w+\)s)(?<!%%)")  # a place with a width would write a billion spaces


def _translating(language: Language, sandbox: Sandbox | None) -> dict[str, Callable[..., str]]:
    """What templates call to say something in a language: their values are filled in, and escaped in HTML."""

    def filled(context: jinja2.runtime.Context, text: str, values: Mapping[str, Any]) -> str:
        if sandbox and _NO_PLACE.search(text):
            raise TemplateTooGreedy("a place of a message is written %(name)s, and % itself %%")
        if sandbox:
            sandbox.pay(len(text) + text.count("%(") * max(map(whole_weight, values.values()), default=0))
        # A message is plain text, the same in both parts of a letter.
        text = escape(text) if context.eval_ctx.autoescape else text
        return text % values if values or "%" in text else text

    @jinja2.pass_context
    def gettext(context: jinja2.runtime.Context, message: str, /, **values: Any) -> str:
        return filled(context, language.gettext(message), values)

    @jinja2.pass_context
    def ngettext(context: jinja2.runtime.Context, singular: str, plural: str, number: int, /, **values: Any) -> str:
        values.setdefault("num", number)
        return filled(context, language.ngettext(singular, plural, number), values)

    return {"gettext": gettext, "ngettext": ngettext, "_": gettext}


class LetterTemplates:
    """The folder templates/mail, and an operator's folder of the same shape whose files win."""

    def __init__(self, folder: Path, overrides: Path | None = None) -> None:
        self._folder, self._overrides = folder, overrides
        self._css = (folder / "_base" / "letter.css").read_text(encoding="utf-8")
        self._is_own = overrides is not None and overrides.is_dir() and any(overrides.rglob("*.*"))
        self._sources: dict[str, tuple[str, Path] | None] = {}
        # Of each language an environment of its own: macros that a template imports speak it too, and are kept.
        self._environments: dict[str, jinja2.Environment] = {}
        self._templates: dict[tuple[str, str], Callable[[Mapping[str, Any]], str]] = {}
        for path in sorted(folder.glob("*/body.txt")):
            for piece in _PIECES:
                self._get(f"{path.parent.name}/{piece}", ENGLISH)  # a broken template stops the start, not a letter

    def render(self, name: str, context: Mapping[str, Any], language: Language = ENGLISH) -> str:
        """Render one piece, such as "update/body.txt"."""
        return self._get(name, language)(context)

    def _get(self, name: str, language: Language) -> Callable[[Mapping[str, Any]], str]:
        found = self._templates.get((name, language.code))
        if found is None:
            environment = self._environments.get(language.code)
            if environment is None:
                environment = self._environments[language.code] = self._environment(language)
            template = environment.get_template(name)
            found = _guarded(template, environment) if isinstance(environment, Sandbox) else template.render
            self._templates[name, language.code] = found
        return found

    def _environment(self, language: Language) -> jinja2.Environment:
        kind = Sandbox if self._is_own else Fixed
        environment = kind(
            bytecode_cache=Compiled(kind),
            loader=jinja2.FunctionLoader(self._load),
            undefined=jinja2.StrictUndefined,
            autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default=False),
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.policies["ext.i18n.trimmed"] = True
        # Values are arguments of gettext, which fills them in. The extension gives the environment this attribute.
        environment.newstyle_gettext = True  # type: ignore[attr-defined]
        environment.globals.update(_translating(language, environment if isinstance(environment, Sandbox) else None))
        return environment

    def source(self, name: str) -> str | None:
        """A template as it is rendered, the operator's own before ours; None where there is none."""
        found = self._found(name)
        return found[0] if found else None

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]] | None:
        """For Jinja: with its file, so that a fault is named with its place, and for as long as we run."""
        found = self._found(name)
        return (found[0], str(found[1]), lambda: True) if found else None

    def _found(self, name: str) -> tuple[str, Path] | None:
        if name not in self._sources:
            roots = (root for root in (self._overrides, self._folder) if root is not None)
            # An operator's template may include another one, and no other file of this machine.
            outside = name.startswith("/") or ".." in name.split("/")
            path = next((root / name for root in roots if not outside and (root / name).is_file()), None)
            self._sources[name] = (self._read(path), path) if path else None
        return self._sources[name]

    def _read(self, path: Path) -> str:
        source = path.read_text(encoding="utf-8")
        return _inlined(source, self._css) if path.suffix == ".html" else source


@cache
def _inlined(source: str, css: str) -> str:
    """Style attributes in the place of classes: many mail programs ignore style sheets (css-inline, no network)."""
    inliner = css_inline.CSSInliner(
        keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False, extra_css=None
    )
    source = _INDENT.sub("", source)
    if "<html" in source:
        source = source.replace("/*letter.css*/", css)
        return inliner.inline(source)
    return inliner.inline_fragment(source, css)


def _guarded(template: jinja2.Template, sandbox: Sandbox) -> Callable[[Mapping[str, Any]], str]:
    """Render within the bounds of an operator's template."""

    def render(context: Mapping[str, Any]) -> str:
        sandbox.begin()
        pieces, length = [], 0
        for piece in template.generate(context):
            sandbox.pay(1)
            length += len(piece)
            if length > MAX_CHARACTERS:
                raise TemplateTooGreedy(f"a template wrote more than {MAX_CHARACTERS} characters")
            pieces.append(piece)
        return "".join(pieces)

    return render
