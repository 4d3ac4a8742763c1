"""Takes pictures of the pages, light and dark, wide and narrow, for docs/pictures.

python -m tests.portal.pictures FOLDER
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.portal import gallery, gallery_world
from tests.portal.serving import serve
from tests.portal.world import build
from tests.servers import chromium

WIDTHS = (1280, 320)
SCHEMES = ("light", "dark")


def take(folder: Path) -> int:
    """Pictures of the chosen states of all pages; how many there are."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    count = 0
    shots = tuple(shot for shot in gallery.SHOTS if shot.pictured)
    for scheme in SCHEMES:
        for width in WIDTHS:
            with tempfile.TemporaryDirectory() as place:
                world = gallery_world.furnish(build(Path(place)))
                with serve(world, rules=gallery_world.RULES) as address, chromium() as browser:
                    size = {"width": width, "height": 800}
                    contexts = lambda size=size, scheme=scheme, browser=browser: browser.new_context(  # noqa: E731
                        viewport=size, color_scheme=scheme, reduced_motion="reduce"
                    )
                    for shot, page in gallery.visit(contexts, address, world, shots):
                        keep(page.screenshot(full_page=True), folder / f"{shot.name}.{scheme}.{width}.png")
                        count += 1
                world.close()
    return count


def keep(picture: bytes, path: Path) -> None:
    """As a PNG of few colours, a third of the size: pages have no more of them."""
    with Image.open(io.BytesIO(picture)) as full:
        full.convert("RGB").quantize(32, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")
    print(f"{take(target)} pictures in {target}")
