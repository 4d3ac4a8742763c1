"""Templates and the style sheet: loaded once, rendered in a reader's language, with autoescape, no name undefined."""

import hashlib
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from desk import changes_said
from desk.language import ENGLISH, Language
from desk.sessions import Visitor
from portal import words
from portal.config import PortalConfig

_language: ContextVar[Language] = ContextVar("language", default=ENGLISH)  # of the page that is made now


class Pages:
    """Renders the templates of one portal."""

    def __init__(self, config: PortalConfig) -> None:
        self.css = minified((config.templates / "static" / "desk.css").read_text(encoding="utf-8")).encode()
        self.css_path = f"/static/desk-{hashlib.sha256(self.css).hexdigest()[:12]}.css"
        self._environment = Environment(
            loader=FileSystemLoader(config.templates),
            extensions=["jinja2.ext.i18n"],
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            optimized=False,  # else a constant's name, "Email"|name, stays in the language of the first reader for all
        )
        self._environment.policies["ext.i18n.trimmed"] = True
        install = self._environment.install_gettext_callables  # type: ignore[attr-defined]  # of the extension
        install(_gettext, _ngettext, newstyle=True)
        self._environment.filters.update(_filters(config))
        self._environment.globals.update(
            desk={"name": config.desk_name, "address": config.desk_address, "phone": config.desk_phone},
            root=config.root,
            css_path=self.css_path,
            version=config.version,
            may_sign_in=config.may_sign_in,
        )

    def __call__(
        self,
        template: str,
        *,
        language: Language = ENGLISH,
        visitor: Visitor | None = None,
        form_token: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """One page. The visitor decides what its head offers."""
        before = _language.set(language)
        try:
            text = self._environment.get_template(template).render(
                visitor=visitor, form_token=form_token, language=language, **values
            )
        finally:
            _language.reset(before)
        return HTMLResponse(text, status, {"Content-Language": language.code, **(headers or {})})


def minified(css: str) -> str:
    """A style sheet of ours without comments, and spaces that say nothing."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r" ?([{};,]) ?|(?<=:) ", r"\1", css).replace(";}", "}").strip()


def _gettext(message: str) -> str:
    return _language.get().gettext(message)


def _ngettext(singular: str, plural: str, n: int) -> str:
    return _language.get().ngettext(singular, plural, n)


def _filters(config: PortalConfig) -> dict[str, Any]:
    """How pages write dates, numbers and names: in the language of the page, in the zone of the desk."""

    def moment(at: datetime) -> str:
        return words.date_time(at, config.zone, _language.get())

    def time(at: datetime) -> Markup:
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # Put together by hand: Markup.format is slow, and a list has fifty of them.
        return Markup(f'<time datetime="{stamp}">{escape(moment(at))}</time>')  # noqa: S704 - both are ours

    def day(on: date) -> Markup:
        return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), _language.get().date(on))

    def span(length: timedelta) -> str:
        return words.span(length, _language.get())

    return {
        "time": time,
        "moment": moment,
        "day": day,
        "span": span,
        "number": lambda n: _language.get().number(n),
        "size": lambda n: words.size(n, _language.get()),
        "name": lambda text: _language.get().name(text),  # of a status, a type: what the desk named itself
        "said": lambda text: _language.get().told(text),  # a sentence of desk/said.py
        "shape": words.shape,
        "changes": lambda changed: changes_said.lines(changed, _language.get()),
    }
