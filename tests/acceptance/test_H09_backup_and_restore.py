"""H-09, X18: a backup while mail streams in, a restore in another place: nothing is sent twice or lost from it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.backups import site_files
from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.operations.mails import OPERATIONS, Nothing
from gateway.operations.types import Duty
from gateway.store import inbound
from gateway.store.backup import take_backup
from gateway.store.restore import check_backup, restore
from gateway.store.soundness import unsound
from tests.running import RULES, Gateway, mail

pytestmark = [pytest.mark.p0, pytest.mark.push]
_MAILS = 24
_RULES = RULES + "rules:\n  - {id: acknowledge, on: new, do: [{reply: auto_ack}]}\n"


def one(number: int) -> tuple[bytes, str]:
    """One of the mails of the stream, and who sends it."""
    sender = f"c{number}@x.test"
    return mail(f"Mail {number}", From=sender, Message_ID=f"<{number}@x.test>"), sender


async def test_H09_nothing_is_sent_again_and_only_what_is_missing_becomes_a_ticket(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    lax = settings.acknowledge.model_copy(update={"unauthenticated": "all"})
    settings = settings.model_copy(update={"acknowledge": lax})
    async with Gateway(settings, _RULES) as first:

        async def stream() -> None:
            for number in range(_MAILS):
                raw, sender = one(number)
                assert (await first.send(raw, sender=sender)).startswith("250")

        async def back_up() -> None:
            while len(first.mails()) < _MAILS // 2:  # noqa: ASYNC110 - half of the stream is in the store of another
                await asyncio.sleep(0.005)
            files, now = site_files(first.settings, SystemClock()), datetime.now(UTC)
            first.backup = await asyncio.to_thread(take_backup, first.settings, tmp_path / "b", files, now)

        await asyncio.gather(stream(), back_up())
        await first.quiet()
        assert len(first.tickets()) == len(first.relay.mails) == _MAILS

    elsewhere = elsewhere.model_copy(update={"acknowledge": lax})
    check_backup(elsewhere, tmp_path / "b", first.backup)
    restore(elsewhere, tmp_path / "b", first.backup, datetime.now(UTC), resend=False, replace=False)
    async with Gateway(elsewhere, _RULES) as second:
        kept = len(second.mails())
        assert _MAILS // 2 <= kept < _MAILS
        assert await second.store.read(lambda c: list(unsound(c))) == []
        for number in range(_MAILS):  # everybody sends his mail once more
            raw, sender = one(number)
            assert (await second.send(raw, sender=sender)).startswith("250")
        await second.quiet()
        assert second.relay.mails == []
        duty = Duty(datetime.now(UTC), lambda: None)  # type: ignore[arg-type, return-value]
        release = OPERATIONS["outbound.release"].perform
        await second.store.write(lambda c: release(c, Nothing(), duty), durable=True)
        await second.send(mail("New", From="new@x.test"), sender="new@x.test")
        await second.quiet()
        assert [to for to, _ in second.relay.mails] == ["new@x.test"]
        account = await second.store.read(inbound.account)
        assert (account["duplicate"], account["ticket"]) == (kept, _MAILS + 1)
        subjects = [t.subject for t in second.tickets() if t.subject.startswith("Mail")]
        assert sorted(subjects) == sorted(f"Mail {number}" for number in range(_MAILS))
        assert await second.store.read(lambda c: list(unsound(c))) == []
