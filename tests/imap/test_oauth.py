"""Tokens: asked for, kept, rotated, refused; and a person who agrees by a code."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.clock import FakeClock
from gateway.config import Imap, OAuth, Settings
from gateway.errors import TransientError
from gateway.intake.fetching import Fetching
from gateway.intake.imap_link import LoginRefusedError
from gateway.intake.imap_login import Logins, leave_ends
from gateway.intake.imap_take import Shared
from gateway.intake.oauth import Invitation, NoLeaveError, agreed, invitation, tokens
from gateway.store.leaves import Leave, keep_leave, leave
from gateway.store.store import Store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Server
from tests.imap.token_server import TokenServer

OK = b"HTTP/1.1 200 x\r\n\r\n"
GIVEN: dict[str, object] = {
    "access_token": "acc-1",
    "expires_in": 3600,
    "refresh_token": "ref-2",
    "token_type": "Bearer",
}


def oauth_of(server: TokenServer, **more: object) -> OAuth:
    values: dict[str, object] = {
        "token_url": f"{server.url}/token",
        "device_url": f"{server.url}/device",
        "client_id": "mw",
    }
    return OAuth.model_validate({**values, **more})


def account_of(server: TokenServer, folder: Path, **more: object) -> Imap:
    secret = folder / "first-token"
    secret.touch(0o600)
    secret.write_text("ref-1")
    return box_of(Server(), folder, auth="xoauth2", oauth=oauth_of(server, refresh_token={"file": secret}, **more))


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
async def test_a_mailbox_is_fetched_with_a_token(
    mechanism: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, giver = Server(), TokenServer((200, GIVEN))
    server.password = "Bearer acc-1"
    async with server.running(), giver.running():
        box = account_of(giver, tmp_path).model_copy(update={"port": server.port, "auth": mechanism.lower()})
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "IDLE" in server.heard)
            server.deliver(mail(1))
            await seen.until(lambda: len(seen.mails()) == 1)
    said = {
        "XOAUTH2": "user=support\1auth=Bearer acc-1\1\1",
        "OAUTHBEARER": f"n,a=support,\1host=127.0.0.1\1port={server.port}\1auth=Bearer acc-1\1\1",
    }
    assert server.heard[1:3] == [f"AUTHENTICATE {mechanism}", said[mechanism]]
    assert giver.asked == [("/token", {"grant_type": "refresh_token", "refresh_token": "ref-1", "client_id": "mw"})]


async def test_a_rotated_token_is_kept_before_it_is_used_and_an_access_token_until_it_ends(
    store: Store, tmp_path: Path
) -> None:
    giver, clock = (
        TokenServer((200, GIVEN), (200, GIVEN | {"refresh_token": "ref-3"}), (200, {"access_token": "a"})),
        FakeClock(NOW),
    )
    async with giver.running():
        account, logins = account_of(giver, tmp_path), Logins(store, clock)
        assert (await logins.credentials(account)).secret == "acc-1"
        await logins.credentials(account)
        await clock.advance(3600)
        await logins.credentials(account)
        logins.forget(account)  # as after a refusal
        await logins.credentials(account)
        await Logins(store, clock).credentials(account)  # after a restart
    assert [fields["refresh_token"] for _, fields in giver.asked] == ["ref-1", "ref-2", "ref-3", "ref-3"]
    kept = store.read_now(lambda c: leave(c, "support"))
    assert kept is not None
    assert (kept.refresh_token, "ref-3" in repr(kept)) == ("ref-3", False)


async def test_an_application_that_may_by_itself(store: Store, tmp_path: Path) -> None:
    giver = TokenServer((200, {"access_token": "app", "expires_in": "3599"}))
    secret = tmp_path / "client-secret"
    secret.touch(0o600)
    secret.write_text("s3cret")
    async with giver.running():
        account = account_of(giver, tmp_path, grant="client", client_secret={"file": secret}, scope="x/.default")
        assert (await Logins(store, FakeClock(NOW)).credentials(account)).secret == "app"
    fields = {"grant_type": "client_credentials", "scope": "x/.default", "client_id": "mw", "client_secret": "s3cret"}
    assert giver.asked == [("/token", fields)]


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        # what the token server answers, and whether a person has to act
        (400, {"error": "invalid_grant", "error_description": "AADSTS70008: expired"}, NoLeaveError),
        (401, {"error": "invalid_client"}, NoLeaveError),
        (400, {"error": "temporarily\x1b[31m_x"}, NoLeaveError),
        (400, {}, TransientError),
        (429, {"error": "slow"}, TransientError),
        (500, {"error": "server_error"}, TransientError),
        (302, {}, TransientError),  # nothing secret follows it
        (200, {}, TransientError),
        (200, {"access_token": 7}, TransientError),
        (200, {"access_token": "a\r\nX1 LOGOUT"}, TransientError),
        (200, [], TransientError),
    ],
)
async def test_what_a_token_server_refuses(status: int, said: object, error: type[Exception]) -> None:
    giver = TokenServer((status, said))  # type: ignore[arg-type]
    async with giver.running():
        with pytest.raises(error) as raised:
            await asyncio.to_thread(tokens, oauth_of(giver), "ref-1")
    assert len(giver.asked) == 1
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200 x\r\n\r\nnonsense", b"x" * 70_000, b"HTTP/1.1 200 x\r\n\r\n" + b"[" * 9999]
)
async def test_a_token_server_that_makes_no_sense_is_asked_again_later(raw: bytes) -> None:
    giver = TokenServer((200, {}))
    giver.raw = raw
    async with giver.running():
        with pytest.raises(TransientError):
            await asyncio.to_thread(tokens, oauth_of(giver), "ref-1")


async def test_without_a_leave_the_next_try_is_late_and_says_what_to_do(store: Store, tmp_path: Path) -> None:
    giver = TokenServer((400, {"error": "invalid_grant"}))
    async with giver.running():
        with pytest.raises(LoginRefusedError, match="invalid_grant; mailwicket auth login support"):
            await Logins(store, FakeClock(NOW)).credentials(account_of(giver, tmp_path))


async def test_a_person_agrees_as_slowly_as_the_server_wants() -> None:
    pending, slow = (400, {"error": "authorization_pending"}), (400, {"error": "slow_down"})
    waits: list[float] = []
    giver = TokenServer(pending, slow, pending, (200, GIVEN))
    async with giver.running():
        invited = Invitation("https://x.test/d", "ABCD", "dev", 600, 2)
        got = await asyncio.to_thread(agreed, oauth_of(giver), invited, waits.append)
    assert (got.refresh, waits) == ("ref-2", [2, 2, 7, 7])
    assert giver.asked[0][1]["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"


async def test_a_person_who_does_not_agree() -> None:
    giver = TokenServer((400, {"error": "authorization_pending"}))
    async with giver.running():
        with pytest.raises(NoLeaveError, match="in time"):
            await asyncio.to_thread(agreed, oauth_of(giver), Invitation("x", "y", "z", 30, 5), lambda _: None)
        giver.answers = [(400, {"error": "access_denied"})]
        with pytest.raises(NoLeaveError, match="access_denied"):
            await asyncio.to_thread(agreed, oauth_of(giver), Invitation("x", "y", "z", 30, 5), lambda _: None)


@pytest.mark.parametrize("word", ["verification_uri", "verification_url"])
async def test_an_invitation(word: str) -> None:
    said = {word: "https://x.test/d", "user_code": "ABCD-EFGH", "device_code": "dev", "expires_in": 900}
    giver = TokenServer((200, said))
    async with giver.running():
        invited = await asyncio.to_thread(invitation, oauth_of(giver, scope="a b"))
    assert (invited.address, invited.code, invited.interval_s) == ("https://x.test/d", "ABCD-EFGH", 5)
    assert giver.asked == [("/device", {"client_id": "mw", "scope": "a b"})]


async def test_auth_login_keeps_the_leave(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    invited = {"verification_uri": "https://x.test/d", "user_code": "ABCD", "device_code": "d", "interval": 0.01}
    giver = TokenServer((200, invited), (200, GIVEN | {"refresh_token_expires_in": 86400 * 90}))
    config = tmp_path / "mailwicket.toml"
    async with giver.running():
        config.write_text(
            f'[site]\ndomain = "acme.test"\n[paths]\nstate = "{settings.paths.state}"\nruntime = "{tmp_path}/run"\n'
            '[[imap]]\nname = "support"\naddress = "support@acme.test"\nhost = "imap.acme.test"\nuser = "support"\n'
            'auth = "xoauth2"\n[imap.oauth]\nclient_id = "mw"\n'
            f'token_url = "{giver.url}/t"\ndevice_url = "{giver.url}/d"\n'
        )
        code = await asyncio.to_thread(run, ["auth", "login", "support"], Invocation(config=config))
    out, err = capsys.readouterr()
    assert (code, out[:27]) == (0, "✓ support  may be fetched, ")
    assert "ABCD" in err
    assert "ref-2" not in out + err


@pytest.mark.parametrize(
    ("written", "said_days", "left_days"),
    [
        # the end in the settings, what the server said, what counts
        (None, None, None),
        ("2026-12-01", None, 8),
        (None, 5, 5),
        ("2026-12-01", 5, 5),
    ],
)
def test_when_a_leave_ends(written: str | None, said_days: int | None, left_days: int | None, tmp_path: Path) -> None:
    account = account_of(TokenServer(), tmp_path, ends=written)
    kept = Leave("support", "r", NOW, NOW + timedelta(days=said_days)) if said_days else None
    ends = leave_ends(account, kept)
    assert (None if ends is None else (ends - NOW).days) == left_days


async def test_three_weeks_before_the_end_somebody_hears_of_it_once_a_day(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    account, clock = account_of(TokenServer(), tmp_path), FakeClock(NOW)
    ends = NOW + timedelta(days=21, hours=1)
    await store.write(lambda c: keep_leave(c, Leave("support", "r", NOW, ends)), durable=True)
    told: list[str] = []

    async def alarm(about: str, key: str, _said: str) -> None:
        told.append(f"{about} {key}")

    settings = settings.model_copy(update={"imap": (account,)})
    around = Shared(store, None, settings, clock, alarm, Logins(store, clock))  # type: ignore[arg-type]
    watching = Fetching(around)
    for hours, so_far in ((0, 0), (2, 1), (3, 1), (24, 2)):
        await clock.advance(3600 * hours)
        await watching.foretell()
        assert len(told) == so_far
    assert set(told) == {"mailbox_leave support"}


def kept_token(store: Store) -> str | None:
    """What is kept for the next time."""
    kept = store.read_now(lambda c: leave(c, "support"))
    return kept.refresh_token if kept is not None else None


async def test_a_token_of_the_operator_is_tried_when_the_kept_one_is_dead(store: Store, tmp_path: Path) -> None:
    await store.write(lambda c: keep_leave(c, Leave("support", "dead", NOW)), durable=True)
    giver = TokenServer((400, {"error": "invalid_grant"}), (200, {"access_token": "acc-1"}))
    async with giver.running():
        who = await Logins(store, FakeClock(NOW)).credentials(account_of(giver, tmp_path))
    assert (who.secret, [fields["refresh_token"] for _, fields in giver.asked]) == ("acc-1", ["dead", "ref-1"])
    assert kept_token(store) == "ref-1"


async def test_a_new_token_that_could_not_be_written_is_written_before_the_next_one_is_asked_for(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise TransientError("the store is away")

    giver = TokenServer((200, GIVEN), (200, {"access_token": "acc-2"}))
    logins = Logins(store, FakeClock(NOW))
    async with giver.running():
        with monkeypatch.context() as patched:
            patched.setattr(type(store), "write", away)
            with pytest.raises(TransientError):
                await logins.credentials(account_of(giver, tmp_path))
        await logins.credentials(account_of(giver, tmp_path))
    assert [fields["refresh_token"] for _, fields in giver.asked] == ["ref-1", "ref-2"]
    assert kept_token(store) == "ref-2"


async def test_a_token_server_that_hangs_keeps_no_thread_of_others_and_ends_in_time(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.intake.oauth._TIMEOUT_S", 0.4)
    began = asyncio.Event()

    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\nX: ")
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():  # an octet now and then, in which no time-out of a single read sees a fault
                writer.write(b"x")
                began.set()
                await writer.drain()
                await asyncio.sleep(0.05)

    giver = TokenServer()
    listening = await asyncio.start_server(trickle, "127.0.0.1", giver.port)
    with ThreadPoolExecutor(1) as shared:
        asyncio.get_running_loop().set_default_executor(shared)
        asking = asyncio.ensure_future(Logins(store, FakeClock(NOW)).credentials(account_of(giver, tmp_path)))
        await began.wait()
        assert await asyncio.to_thread(asking.done) is False
        with pytest.raises(TransientError):
            await asyncio.wait_for(asking, 5)
    listening.close()
