"""A browser without pictures: keeps cookies, and sends the headers and tokens that a real one sends."""

import re
from typing import Any

from httpx2 import Client, Response
from starlette.testclient import TestClient

from portal.app import create_app
from portal.config import PortalConfig
from tests.portal.world import PASSWORD

TOKEN = re.compile(r'name="form_token" value="([^"]*)"')


class Visitor:
    """Keeps cookies, sends forms with the token of the page they are on."""

    def __init__(self, http: Client) -> None:
        self.http = http

    def get(self, path: str, **options: Any) -> Response:
        """Look at a page."""
        return self.http.get(path, **options)

    def post(self, path: str, page: str | None = None, **fields: str) -> Response:
        """Fill in the form that is on `page`, or at the same path, and send it."""
        shown = self.get(page or path)
        token = TOKEN.search(shown.text)
        fields.setdefault("form_token", token[1] if token else "")
        return self.http.post(path, data=fields, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"})

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> Response:
        """As somebody of the sample desk."""
        domain = "example.test" if name == "sam" else "customer.test"
        return self.post("/in", username=f"{name}@{domain}", password=password, **fields)


class Browser(Visitor):
    """A visitor of a portal that runs within the test."""

    def __init__(self, config: PortalConfig, *, peer: str = "192.0.2.1", **options: Any) -> None:
        http = TestClient(
            create_app(config),
            base_url=config.base_url,
            client=(peer, 50000),
            follow_redirects=False,
            **options,
        )
        super().__init__(http)
