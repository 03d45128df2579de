"""Which number a text of the rules has: every trace names the revision that decided.

Not here  what the text means (rules/load.py), which file it is read from (policy.py).
"""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, insert, select

from gateway.store.audit import add_audit
from gateway.store.schema import rule_revision


def revision_of(c: Connection, text: str, now: datetime) -> int:
    """The number of this text of the rules, given on first sight. [durable]"""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    known = c.execute(select(rule_revision.c.number).where(rule_revision.c.sha256 == sha256)).scalar_one_or_none()
    if known is not None:
        return int(known)
    made = insert(rule_revision).values(sha256=sha256, text=text, loaded_at=now).returning(rule_revision.c.number)
    number = int(c.execute(made).scalar_one())
    add_audit(c, at=now, actor="system", action="rules.loaded", object=f"rules:{number}", detail=f"sha256 {sha256}")
    return number
