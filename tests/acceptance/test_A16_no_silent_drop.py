"""A-16: mails of every kind, in any order, some of them twice: the account balances, and each row says why."""

import random
from collections import Counter
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.store import raw_sha256
from tests.running import Gateway, mail

pytestmark = pytest.mark.p0

RULES = """version: 1
defaults: {team: support}
agents: {ana: {name: Ana, email: ana@acme.test, notify: none}}
teams:
  support: {address: support@acme.test, members: [ana]}
  billing: {address: billing@acme.test}
rules:
  - {id: noise, on: received, when: {subject: noise}, do: [{drop: {reason: only noise}}]}
  - {id: news, on: received, when: {subject: newsletter}, do: [{record: {reason: a newsletter}}]}
  - {id: suspect, on: received, when: {subject: programs}, do: [{quarantine: {reason: a program}}]}
"""
MAILS = Path(__file__).parents[1] / "mails"


def of_all_kinds() -> list[tuple[bytes, str, str]]:
    """(octets, reverse-path, forward-path)."""
    ours = ("jan@bigbank.test", "support@acme.test")
    mails = [(mail(s, str(n)), *ours) for n in range(4) for s in ("noise", "newsletter", "programs")]
    others = [f"user@customer{n}.test" for n in range(4)]
    mails += [(mail("question", author, From=author), author, ours[1]) for author in others]
    mails += [(path.read_bytes(), *ours) for path in sorted(MAILS.glob("*.eml"))]
    mails += [(mail("report", str(n), Content_Type="multipart/report; boundary=b"), "", ours[1]) for n in range(3)]
    mails += [(mail("bounce", str(n)), "", "bounce+q1.forged@acme.test") for n in range(3)]
    mails += [(mail("away", str(n), Auto_Submitted="auto-replied"), *ours) for n in range(3)]
    mails += [(mail("empty", str(n), From=""), "", ours[1]) for n in range(3)]
    return [*mails, *((b"\0\1" * n + b"\r\n", *ours) for n in range(1, 4))]


async def test_A16_every_mail_has_one_end_and_a_reason(settings: Settings) -> None:
    chance = random.Random(16)
    listed = of_all_kinds()
    first = [*listed, *chance.sample(listed, 20)]
    chance.shuffle(first)
    async with Gateway(settings, RULES) as gateway:
        for raw, sender, to in first:
            assert (await gateway.send(raw, sender=sender, to=to)).startswith("250")
        await gateway.quiet()
        sent = [item for item in gateway.outbox() if item.state == "sent"]
        for item, (_, raw) in zip(sent[:3], gateway.relay.mails, strict=False):
            assert (await gateway.send(raw, sender="ann@list.test")).startswith("250")  # our own mail comes back
            bounce = mail("Undelivered", item.message_id, Content_Type="multipart/report; boundary=b")
            assert (await gateway.send(bounce, sender="", to=item.reverse_path or "")).startswith("250")
        numbers, rows = await gateway.quiet(), gateway.mails()
        kept = await gateway.store.read(lambda c: {row.key: raw_sha256(c, row.key) for row in rows})
    assert numbers["received"] == len(rows) == len(first) + 6
    assert sum(numbers.values()) == 2 * numbers["received"]  # that is: all dispositions together
    assert numbers["pending"] == 0
    assert all(row.reason or row.ticket is not None for row in rows)
    assert all(kept[row.duplicate_of or row.key] == row.sha256 for row in rows)  # dropped ones too
    ends = Counter((row.disposition, (row.reason or "").split(":")[0]) for row in rows if not row.duplicate_of)
    assert ends[("record", "drop")] == ends[("record", "a newsletter")] == ends[("quarantine", "a program")] == 4
    assert ends[("record", "own mail")] == numbers["report"] == 3
    assert numbers["duplicate"] == 20
    assert ends[("ticket", "")] >= 4 + len(list(MAILS.glob("*.eml"))) // 2
