"""The error page: what happened, and what to do, in one template; what was typed is kept there."""

from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from desk.acting.rules import MIB
from desk.said import Said, say
from portal import forms
from portal.forms import Form
from portal.visit import Portal, SignedOut, Visit, language_of, meet

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorText:
    """Heading and sentences, as messages; {address} is the desk's, {most} how large a file may be."""

    heading: Said
    text: Said


_DOES_NOT_WORK = say("This address does not work")
_ENDED = ErrorText(say("You were signed out"), say("Your session had ended, and nothing was changed. Sign in again."))
TEXTS = {
    400: ErrorText(_DOES_NOT_WORK, say("It was cut short or changed on its way. Start again from Home.")),
    403: ErrorText(
        say("This form is out of date"),
        say("Nothing was changed. Go back, load the page again and send the form once more, or write to {address}."),
    ),
    404: ErrorText(
        say("Page not found"),
        say(
            "There is no such page, or you do not have access to it. "
            "Ask the person who sent you the link, or write to {address}."
        ),
    ),
    405: ErrorText(_DOES_NOT_WORK, say("It is part of a form. Start again from Home.")),
    413: ErrorText(
        say("That upload is too large"), say("Files can be up to {most} each. You can also send them to {address}.")
    ),
    429: ErrorText(say("Too many tries"), say("Wait 5 minutes, or write to {address}.")),
    500: ErrorText(
        say("There is a problem with the service"), say("Try again later. You can also write to {address}.")
    ),
    503: ErrorText(
        say("The portal is closed for the moment"),
        say("Try again in a few minutes. E-mail still works: {address}."),
    ),
}


class ErrorPages:
    """Answers with the page of an error, to this visitor where they are known."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def __call__(self, request: Request, error: Exception | int) -> Response:
        """The page for an exception, or a status code. For a code alone the database is left in peace."""
        code = error if isinstance(error, int) else getattr(error, "status_code", 500)
        text = TEXTS.get(code) or TEXTS[400 if code < 500 else 500]
        headers = {"Retry-After": "120"} if code == 503 else {}
        headers.update(getattr(error, "headers", None) or {})
        visit = self._visit(request, meets=isinstance(error, HTTPException))
        language = visit.language if visit else language_of(self._portal.config, request, None)
        found = _ENDED if isinstance(error, SignedOut) else text
        config = self._portal.config
        most = language.say("{n} MB", n=config.rules.files.max_size // MIB)
        return self._portal.pages(
            "error.html",
            language=language,
            visitor=visit.visitor if visit else None,
            form_token=visit.form_token if visit else "",
            announcement=self._portal.news.line(visit.now) if visit and code < 500 else None,
            status=code,
            headers=headers,
            heading=found.heading,
            text=language.say(found.text.message, address=config.desk_address, most=most),
            kept=_kept(request),
            ended=found is _ENDED,
        )

    def _visit(self, request: Request, *, meets: bool) -> Visit | None:
        found: Visit | None = getattr(request.state, "visit", None)
        if found is None and meets:
            try:
                return meet(self._portal, request)
            except SQLAlchemyError as error:  # the page of an error comes in any case, as to somebody unknown
                log.warning("nobody knows who sees the page of an error", exc_info=error)
        return found


def _kept(request: Request) -> str:
    """What was typed into the form that led here; it was read only because our own page had sent it."""
    form: Form | None = getattr(request.state, "form", None)
    return forms.typed(form) if form is not None else ""
