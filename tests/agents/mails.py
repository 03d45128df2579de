"""Mails of agents on a desk without a daemon: what they answer, with which address, and what our boundary says."""

import email
import email.policy
from email.message import EmailMessage

from gateway.store.outbox import OutboxItem
from tests.processing import BOUNDARY, Desk, mail

ANN, BOB, JAN = "ann@agents.test", "bob@agents.test", "jan@bigbank.test"
RULES = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, also: [ann@home.test]}
  bob: {name: Bob, email: bob@agents.test}
  lia: {name: Lia, email: lia@agents.test, role: light}
  zed: {name: Zed, email: zed@agents.test}
teams:
  support: {address: support@gw.test, members: [ann, bob, lia], signature: "Acme Support"}
  billing: {address: billing@gw.test, members: [zed]}
rules:
  - id: tell
    on: [new, reply]
    do: [{notify: {to: [team], template: agent_notice}}]
"""


def read(item: OutboxItem) -> EmailMessage:
    """An outgoing mail as its reader's program has it."""
    return email.message_from_bytes(item.raw, policy=email.policy.default)  # type: ignore[return-value]


def text_of(item: OutboxItem) -> str:
    """Its plain text."""
    part = read(item).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def newest(desk: Desk, to: str, template: str = "") -> OutboxItem:
    """The last mail to somebody."""
    return [m for m in desk.mails() if m.forward_path == to and template in ("", m.template)][-1]


def sent_to(desk: Desk, who: str, before: int) -> list[str]:
    """The mails to somebody since there were so many."""
    return [m.template for m in desk.mails()[before:] if m.forward_path == who]


def reply_address(item: OutboxItem) -> str:
    """Where an answer to a mail goes."""
    return str(read(item)["Reply-To"].addresses[0].addr_spec)


def link(item: OutboxItem, word: str) -> str:
    """The address of the link in a mail that says a command, or `note` for notes."""
    html = read(item).get_body(("html",))
    assert html is not None
    found = [part.partition('"')[0] for part in str(html.get_content()).split('href="mailto:')[1:]]
    return next(each for each in found if word in each).partition("?")[0].replace("%2B", "+")


def quoted(item: OutboxItem, words: str) -> str:
    """The words above the whole mail that they answer, as most programs write it."""
    lines = "\r\n".join(f"> {line}" for line in text_of(item).splitlines())
    return f"{words}\r\n\r\nOn Sat, 21 Nov 2026 at 09:05, Jan (via #1) <support@gw.test> wrote:\r\n{lines}\r\n"


def proven(raw: bytes, domain: str = "agents.test", dmarc: str = "pass") -> bytes:
    """The mail as our own boundary hands it over."""
    said = f"Authentication-Results: mx.gw.test; dmarc={dmarc} header.from={domain}\r\n{BOUNDARY}"
    return said.encode() + raw


def answer(
    item: OutboxItem,
    words: str,
    author: str = f"Ann Agent <{ANN}>",
    *,
    to: str = "",
    dmarc: str = "pass",
    **fields: str,
) -> tuple[bytes, str]:
    """(the raw answer to a mail, the address it goes to): quoted below the words."""
    address = to or reply_address(item)
    head = {"To": address, "In_Reply_To": item.message_id, "References": item.message_id} | fields
    raw = mail(author, f"Re: {read(item)['Subject']}", quoted(item, words), **head)
    return proven(raw, author.rpartition("@")[2].strip(">"), dmarc), address


def reply(desk: Desk, item: OutboxItem, words: str, author: str = f"Ann Agent <{ANN}>", **more: str):  # type: ignore[no-untyped-def]
    """What became of an answer to a mail."""
    raw, to = answer(item, words, author, **more)
    return desk.take(raw, to=to)
