"""Takes pictures of all letters, light and dark, wide and narrow, for people to look at.

python -m tests.letters.pictures FOLDER [LANGUAGE ...]
"""

import sys
from pathlib import Path

from tests.letters import rendered
from tests.servers import chromium

WIDTHS = (600, 320)
SCHEMES = ("light", "dark")


def take(folder: Path, language: str) -> int:
    """Pictures of all letters in a language; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    with chromium() as browser:
        for scheme in SCHEMES:
            for width in WIDTHS:
                page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 400})
                for name, letter in rendered.letters(language).items():
                    page.set_content(letter.html)
                    page.screenshot(path=folder / f"{name}.{language}.{scheme}.{width}.png", full_page=True)
                    count += 1
                page.close()
    return count


if __name__ == "__main__":
    target, *codes = sys.argv[1:] or ["build/letters"]
    for code in codes or [one for one in rendered.LANGUAGES if rendered.is_filled(one)]:
        print(f"{take(Path(target), code)} pictures in {target}, language {code}")
