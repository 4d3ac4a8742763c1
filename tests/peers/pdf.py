"""What PDF files are made with: a Python package, and libraries that are none."""

from desk import exporting
from tests.peers.common import missing


def require_pdf() -> None:
    """Skip the test where no PDF can be made; with CI=true that is an error."""
    if not exporting.pdf_is_possible():
        missing("PDF files cannot be made: install the packages libpango-1.0-0, libpangoft2-1.0-0, libharfbuzz-subset0")
