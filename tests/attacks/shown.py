"""What people and programs are shown of mails: signed-in visitors, and pages looked at tag by tag."""

from html.parser import HTMLParser

from tests.attacks.outside import enter
from tests.peers.desk import Desk
from tests.portal.client import Visitor

ORGANISATION, JANE = "Shown Sample Works", "jane@shown.test"


def customers(desk: Desk, count: int) -> list[str]:
    """So many colleagues of one organisation, and Jane, whom `reader` signs in: she sees the tickets of all."""
    people = [JANE, *(f"c{number}@shown.test" for number in range(count))]
    lines = ["First Name,Last Name,Email Address", *(f"Sample,Person {n},{one}" for n, one in enumerate(people))]
    file = desk.folder / "shown.csv"
    file.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8")
    desk.run("people", "import", str(file), "--organisation", ORGANISATION, "--yes")
    file.unlink()
    return people[1:]


def reader(desk: Desk) -> Visitor:
    """Jane, signed in."""
    return enter(desk, JANE)


class _Page(HTMLParser):
    """Goes through a page of ours, and keeps what no page of ours has."""

    def __init__(self, root: str) -> None:
        super().__init__()
        self.strange: list[str] = []
        self._root = root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One opening tag."""
        if tag in ("script", "object", "embed", "applet", "svg", "math", "base", "marquee", "blink"):
            self.strange.append(tag)
        for name, value in attrs:
            if tag == "td" and name in ("data-l", "data-label"):  # the heading of a cell, for narrow screens
                continue
            if name.startswith(("on", "hx-", "x-", "v-", "data-")) or name in ("style", "srcset", "srcdoc", "ping"):
                self.strange.append(f"{tag} {name}")
            if name in ("src", "action", "formaction", "background") and not _own(value or "", self._root):
                self.strange.append(f"{tag} {name}={value}")
            if name == "href" and not (_own(value or "", self._root) or (value or "").startswith(("#", "mailto:"))):
                self.strange.append(f"{tag} {name}={value}")


def _own(address: str, root: str) -> bool:
    return (address.startswith("/") and not address.startswith(("//", "/\\"))) or address.startswith((root, "?"))


def strange_in(page: str, root: str) -> list[str]:
    """What in a page is none of ours: tags and attributes that no template has, addresses elsewhere."""
    looked = _Page(root)
    looked.feed(page)
    looked.close()
    return looked.strange
