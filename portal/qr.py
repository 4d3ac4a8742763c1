"""QR codes as pictures inside of a page: SVG made here, so that no other server and no program sees what is in them."""

from markupsafe import Markup


def picture(text: str) -> Markup:
    """Black on white in dark pages too, because many readers know it only so; with the quiet zone of the standard."""
    import segno  # few pages need it, and no process should wait for it when it starts

    svg = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return Markup(svg)  # noqa: S704 - lines and numbers, nothing of the text
