"""Forms of a ticket's page as a browser sends them, with files."""

from httpx2 import Response

from tests.portal.client import TOKEN, Browser

PHONES = "/t/T20190409.0967"
Chosen = tuple[str, bytes, str]  # a file: name, bytes, declared type


def send(browser: Browser, act: str, *files: Chosen, page: str = PHONES, **fields: str | list[str]) -> Response:
    """Fill in the form of one act on the page of a ticket, and send it."""
    token = TOKEN.search(browser.get(page).text)
    values = {"form_token": token[1] if token else "", **fields}
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    chosen = [("files", file) for file in files]
    return browser.http.post(f"{page}/{act}", data=values, files=chosen or None, headers=headers)


def after(browser: Browser, answer: Response) -> str:
    """The page behind a form that was taken; what it says of the form is an assertion's matter."""
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"].partition("#")[0]).text
