"""The error page: what happened, and what to do, in one template."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from portal.render import Pages


@dataclass(frozen=True, slots=True)
class ErrorText:
    """Heading and sentences; {address} is the desk's."""

    heading: str
    text: str


TEXTS = {
    400: ErrorText("This address does not work", "It was cut short or changed on its way. Start again from Home."),
    403: ErrorText(
        "This form is out of date",
        "Nothing was changed. Go back, load the page again and send the form once more, or write to {address}.",
    ),
    404: ErrorText(
        "Page not found",
        "There is no such page, or you do not have access to it. "
        "Ask the person who sent you the link, or write to {address}.",
    ),
    405: ErrorText("This address does not work", "It is part of a form. Start again from Home."),
    413: ErrorText("That upload is too large", "Send files to {address}. They can be up to 10 MB each."),
    429: ErrorText("Too many tries", "Wait 5 minutes, or write to {address}."),
    500: ErrorText("There is a problem with the service", "Try again later. You can also write to {address}."),
    503: ErrorText("The portal is closed for the moment", "Try again in a few minutes. E-mail still works: {address}."),
}


class ErrorPages:
    """Answers with the page of an error."""

    def __init__(self, pages: Pages, address: str) -> None:
        self._pages = pages
        self._address = address

    def __call__(self, _request: Request, error: Exception | int) -> Response:
        """The page for an exception, or a status code."""
        code = error if isinstance(error, int) else getattr(error, "status_code", 500)
        text = TEXTS.get(code) or TEXTS[400 if code < 500 else 500]
        headers = {"Retry-After": "120"} if code == 503 else {}
        headers.update(getattr(error, "headers", None) or {})
        return self._pages(
            "error.html",
            status=code,
            headers=headers,
            heading=text.heading,
            text=text.text.format(address=self._address),
        )
