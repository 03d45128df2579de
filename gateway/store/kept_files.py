"""Files that came in by no mail: what a person of ours put to a note, once for each content.

Transaction  that of the note; what is kept there already stays as it is.
Not here     files of mails, which stay in the mail (docs/decisions/0001), and their names (the entry has them).
"""

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Connection, bindparam, select

from gateway.store.schema import kept_file
from gateway.store.upsert import insert_new


def keep(c: Connection, contents: Iterable[bytes]) -> None:
    """Keep these octets."""
    for octets in contents:
        row = {"sha256": sha256(octets).hexdigest(), "octets": octets}
        c.execute(insert_new(c.dialect.name, kept_file), row)


def kept(c: Connection, digest: str) -> bytes | None:
    """The octets with this hash; None where no note has them."""
    octets: bytes | None = c.execute(_KEPT, {"sha256": digest}).scalar_one_or_none()
    return octets


_KEPT = select(kept_file.c.octets).where(kept_file.c.sha256 == bindparam("sha256"))
