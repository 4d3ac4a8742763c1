"""Templates and the style sheet: loaded once, rendered with autoescape and no undefined names."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from desk.sessions import Visitor
from portal import words
from portal.config import PortalConfig


class Pages:
    """Renders the templates of one portal."""

    def __init__(self, config: PortalConfig) -> None:
        self.css = (config.templates / "static" / "desk.css").read_bytes()
        self.css_path = f"/static/desk-{hashlib.sha256(self.css).hexdigest()[:12]}.css"
        self._environment = Environment(
            loader=FileSystemLoader(config.templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

        def time(moment: datetime) -> Markup:
            stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return Markup('<time datetime="{}">{}</time>').format(stamp, words.date_time(moment, config.zone))

        def moment(at: datetime) -> str:
            return words.date_time(at, config.zone)

        def number(value: int) -> str:
            return f"{value:,}"

        self._environment.filters.update(
            time=time,
            moment=moment,
            number=number,
            size=words.size,
            span=words.span,
            shape=words.shape,
            changes=words.changes,
        )
        self._environment.globals.update(
            desk={"name": config.desk_name, "address": config.desk_address, "phone": config.desk_phone},
            root=config.root,
            css_path=self.css_path,
            version=config.version,
            may_sign_in=config.may_sign_in,
            ledger_words=words.LEDGER,
        )

    def __call__(
        self,
        template: str,
        *,
        visitor: Visitor | None = None,
        form_token: str = "",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """One page. The visitor decides what its head offers."""
        text = self._environment.get_template(template).render(visitor=visitor, form_token=form_token, **values)
        return HTMLResponse(text, status, headers)
