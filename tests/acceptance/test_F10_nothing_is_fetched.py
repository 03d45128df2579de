"""F-10: no address that stands in a mail is ever asked for: neither when it comes, nor when it is shown or answered."""

import socket

import pytest

from gateway.config import Settings
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p1
URLS = (
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "cid:outside@evil.test",
    "https://evil.test/pixel.gif?jan",
    "//evil.test/x.css",
    "ftp://evil.test/a",
)
HTML = "".join(
    f'<link rel="stylesheet" href="{url}"><img src="{url}"><svg><use xlink:href="{url}"/></svg>'
    f'<iframe src="{url}"></iframe><div style="background:url({url})">x</div><object data="{url}"></object>'
    for url in URLS
)
INVITATION = f"""BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VEVENT
URL:{URLS[3]}
ATTACH:{URLS[0]}
END:VEVENT
END:VCALENDAR"""
MAILS = (
    mail(body=f"<html><body>{HTML}Hello</body></html>", Content_Type="text/html; charset=utf-8"),
    mail(body=INVITATION, Content_Type='text/calendar; method="REQUEST"'),
    mail(List_Unsubscribe=f"<{URLS[3]}>", List_Unsubscribe_Post="List-Unsubscribe=One-Click"),
    mail(body="x", Content_Type=f'message/external-body; access-type=URL; URL="{URLS[0]}"'),
    mail(body=f"![x]({URLS[3]}) {' '.join(URLS)}"),
)


@pytest.mark.parametrize("raw", MAILS)
def test_F10_no_connection_is_opened(store: Store, settings: Settings, raw: bytes, monkeypatch) -> None:
    notify = "rules:\n  - {id: tell, on: [new, reply], do: [{notify: {to: ann, template: agent_notice}}]}\n"
    desk, asked = Desk(store, settings, RULES + notify), []
    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, lambda _self, *what: asked.append(what))
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, lambda *what, **_: asked.append(what))
    desk.take(raw)
    duty = Duty(desk.now, lambda: desk.deps)
    monkeypatch.undo()
    desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, Answer(1, "Yes.", by="ann"), duty))
    assert asked == []
    for item in desk.mails():
        assert b"<img" not in item.raw
        assert b'src=3D"' not in item.raw
