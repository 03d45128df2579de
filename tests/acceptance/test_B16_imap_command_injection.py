"""B-16: what a mail says never becomes a part of an IMAP command; what a setting says is one word of it."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config import Settings
from gateway.store.store import Store
from tests.imap.conftest import settings, store
from tests.imap.fetched import box_of, fetching
from tests.imap.scripted import Server

__all__ = ["settings", "store"]  # the fixtures
pytestmark = pytest.mark.p0
HOSTILE = (
    b'Return-Path: <a"\r\n X0 STORE 1:* +FLAGS (\\Deleted)>\r\n'
    b'Message-ID: <x"\r\n X1 STORE 1:* +FLAGS (\\Deleted)\r\n X2 EXPUNGE>\r\n'
    b'Delivered-To: support+"\r\n X3 EXPUNGE@acme.test\r\n'
    b"Subject: {4294967295}\r\n X4 LOGOUT\r\n\r\n"
    b"X5 DELETE INBOX\r\n* BYE\r\n)\r\nX6 OK done\r\n"
)


async def test_B16_only_our_own_commands(settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server()
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, after="move:Do ne")) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        server.deliver(HOSTILE)
        await seen.until(lambda: not server.inbox.mails)
        await seen.until(lambda: server.heard.count("IDLE") == 2)
    assert seen.raw(seen.mails()[0]) == HOSTILE
    assert server.heard == [
        "CAPABILITY",
        "AUTHENTICATE PLAIN",
        "\0support\0right",
        "CAPABILITY",
        'SELECT "INBOX"',
        "IDLE",
        'SELECT "INBOX"',
        "UID SEARCH UID 1:1",
        "UID FETCH 1 (RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.1048576>)",
        'UID MOVE 1 "Do ne"',
        'CREATE "Do ne"',
        'UID MOVE 1 "Do ne"',
        'SELECT "INBOX"',  # something may have come meanwhile
        "IDLE",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "a\r\nX1 LOGOUT"),
        ("user", "a\0b"),
        ("folders", ["INBOX\r\nX1 DELETE INBOX"]),
        ("folders", [""]),
        ("after", "move:A\nB"),
    ],
)
def test_B16_a_setting_with_a_line_end_is_refused(key: str, value: object, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        box_of(Server(), tmp_path, port=1, **{key: value})


@pytest.mark.parametrize("user", ['sup"port', "sup\\port", "sup port"])
async def test_B16_a_user_name_is_one_word(user: str, settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server(can="IDLE")  # no AUTH=PLAIN: the command LOGIN
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, user=user)) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
    quoted = user.replace("\\", "\\\\").replace('"', '\\"')
    assert server.heard[1] == f'LOGIN "{quoted}" "right"'


async def test_B16_a_password_with_a_line_end_is_never_sent(settings: Settings, store: Store, tmp_path: Path) -> None:
    server = Server()
    server.password = "a\r\nX1 LOGOUT"
    async with server.running(), fetching(settings, store, box_of(server, tmp_path)) as seen:
        await seen.until(lambda: "control characters" in seen.trouble())
    assert server.heard == []
