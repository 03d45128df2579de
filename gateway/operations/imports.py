"""What a person asks for who brings an archive: some of its mails, and what is to become of them.

Not here  taking them (importing.py), reading the archive (intake/archive.py).
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OldMail:
    """One mail of an archive."""

    raw: bytes  # line ends as they are there
    at: datetime  # when it came; aware UTC


@dataclass(frozen=True, slots=True)
class ImportMails:
    """Mails of an archive, together small enough for one request; none of them: tell how many still wait."""

    mails: tuple[OldMail, ...]
    status: str  # that their tickets begin with
    team: str | None = None  # whose they are; None: by the addresses that they name, else the team of `defaults`
    dry_run: bool = False
