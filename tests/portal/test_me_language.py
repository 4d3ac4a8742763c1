"""The labels of a profile, in the language of each reader."""

from collections.abc import Callable
from gettext import NullTranslations

from desk.language import Languages
from tests.portal.client import Browser
from tests.portal.world import World

Enter = Callable[[str], Browser]
ME = "/me"


class German(NullTranslations):
    """A catalogue of one message."""

    def gettext(self, message: str) -> str:
        """The message in German, where it has one."""
        return {"First name": "Vorname"}.get(message, message)


def test_labels_are_in_the_language_of_each_reader(world: World, signed_in: Enter) -> None:
    """Not in that of the first one who opened the page since the start."""
    signed_in("jane")
    languages = Languages(lambda code: German() if code == "de" else None)
    browser = Browser(world.config(languages=languages))
    browser.sign_in("jane")
    for code, label in (("en", "First name"), ("de", "Vorname"), ("en", "First name")):
        assert f'<label for="first_name">{label}</label>' in browser.get(ME, headers={"Accept-Language": code}).text
