"""The section of the settings about the signatures of letters."""

from pathlib import Path

from postdesk.settings_kinds import Section


class Dkim(Section):
    """[dkim]"""

    folder: Path
