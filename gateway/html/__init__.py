"""HTML of a mail: made harmless for display here and nowhere else, and turned into text."""

from gateway.html.bounds import MAX_HTML, bearable
from gateway.html.clean import from_text, sanitise, to_text, trim

__all__ = ["MAX_HTML", "bearable", "from_text", "sanitise", "to_text", "trim"]
