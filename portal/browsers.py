"""What a browser is called, for its owner to know it again: by its User-Agent, which anybody may write as they like."""

from desk.said import say

_MOST = 255  # characters that are kept of one
# The first that is named counts: most browsers also name those that they want to be taken for.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def named(user_agent: str) -> str:
    """ "Firefox on Windows", as a sentence of desk/said.py."""
    text = user_agent[:_MOST]
    browser = next((name for part, name in _BROWSERS if part in text), "")
    system = next((name for part, name in _SYSTEMS if part in text), "")
    if browser and system:
        return say("{browser} on {system}", browser=browser, system=system)
    return browser or system or say("Unknown browser")
