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
from gateway.store.backup import Manifest, take_backup
from gateway.store.restore import check_backup, restore
from gateway.store.soundness import unsound
from tests.running import RULES, Gateway, mail

pytestmark = [pytest.mark.p0, pytest.mark.push]
_BEFORE, _LOST = 6, 4  # mails that came before the backup was begun, and after it was whole
_RULES = RULES + "rules:\n  - {id: acknowledge, on: new, do: [{reply: auto_ack}]}\n"


def one(number: int) -> tuple[bytes, str]:
    """One of the mails of the stream, and who sends it."""
    sender = f"c@c{number}.test"  # each of a domain of its own: none has too many acknowledgements
    return mail(f"Mail {number}", From=sender, Message_ID=f"<{number}@x.test>"), sender


async def test_H09_nothing_is_sent_again_and_only_what_is_missing_becomes_a_ticket(
    settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    lax = settings.acknowledge.model_copy(update={"unauthenticated": "all"})
    settings = settings.model_copy(update={"acknowledge": lax})
    async with Gateway(settings, _RULES) as first:

        async def back_up() -> Manifest:
            files, now = site_files(first.settings, SystemClock()), datetime.now(UTC)
            return await asyncio.to_thread(take_backup, first.settings, tmp_path / "b", files, now)

        async def send(number: int) -> None:
            raw, sender = one(number)
            assert (await first.send(raw, sender=sender)).startswith("250")

        for number in range(_BEFORE):
            await send(number)
        making, sent = asyncio.ensure_future(back_up()), _BEFORE
        while not making.done():  # mail streams in meanwhile
            await send(sent)
            sent += 1
        for number in range(sent, sent + _LOST):
            await send(number)
        sent += _LOST
        await first.quiet()
        assert len(first.tickets()) == sent
        assert first.relay.mails

    elsewhere = elsewhere.model_copy(update={"acknowledge": lax})
    manifest = await making
    check_backup(elsewhere, tmp_path / "b", manifest)
    restore(elsewhere, tmp_path / "b", manifest, datetime.now(UTC), resend=False, replace=False)
    async with Gateway(elsewhere, _RULES) as second:
        kept = len(second.mails())
        assert _BEFORE <= kept <= sent - _LOST
        assert await second.store.read(lambda c: list(unsound(c))) == []
        for number in range(sent):  # everybody sends his mail once more
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
        assert (account["duplicate"], account["ticket"]) == (kept, sent + 1)
        subjects = [t.subject for t in second.tickets() if t.subject.startswith("Mail")]
        assert sorted(subjects) == sorted(f"Mail {number}" for number in range(sent))
        assert await second.store.read(lambda c: list(unsound(c))) == []
