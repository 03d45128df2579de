"""Whose words they are: each row of the table of trust, from octets to what is stored, on both databases."""

from dataclasses import dataclass

from gateway.config import Settings
from gateway.store.store import Store
from gateway.ticket.types import Outcome
from tests.processing import Desk, mail, verdict

JAN, EVA = "jan@bigbank.test", "eva@evil.test"


@dataclass(frozen=True, slots=True)
class Row:
    """One mail about Jan's ticket, and what becomes of it."""

    what: str
    author: str = JAN
    dmarc: str = ""  # empty: nobody said anything
    token: bool = False  # sent to the address that Jan was given
    mid: bool = False  # In-Reply-To names a mail that Jan was sent
    number: bool = False  # the subject names the ticket
    reply: bool = False  # the subject only says Re:
    # ---
    entry: bool = False  # it goes on in the ticket; else it opens one
    trust: str = "participant"
    by: str = "none"
    mentions: bool = False
    doubt: str = ""
    public: bool = True
    reopens: bool = True


TABLE = (
    Row("proven: token and author", token=True, entry=True, trust="proven", by="token"),
    Row("proven: our Message-ID and author", mid=True, entry=True, trust="proven", by="references"),
    Row("proven, with a pass", token=True, dmarc="pass", entry=True, trust="proven", by="token"),
    Row("participant: his number", number=True, entry=True, by="subject-tag"),
    Row("participant: a guess", reply=True, entry=True, by="guess"),
    Row("participant: nothing but his address", mentions=False),
    Row("third party: somebody else with a token", author=EVA, token=True, entry=True, trust="third-party", by="token",
        public=False, reopens=False),
    Row("third party: somebody else with our Message-ID", author=EVA, mid=True, entry=True, trust="third-party",
        by="references", public=False, reopens=False),
    Row("third party, although DMARC passes", author=EVA, token=True, dmarc="pass", entry=True, trust="third-party",
        by="token", public=False, reopens=False),
    Row("stranger with a number", author=EVA, number=True, mentions=True),
    Row("stranger with a reply word", author=EVA, reply=True),
    Row("DMARC fails: a number", number=True, dmarc="fail", trust="stranger", mentions=True, doubt="dmarc-fail"),
    Row("DMARC fails: a reply word", reply=True, dmarc="fail", trust="stranger", doubt="dmarc-fail"),
    Row("DMARC fails: a token", token=True, dmarc="fail", entry=True, trust="third-party", by="token", public=False,
        reopens=False, doubt="dmarc-fail"),
    Row("DMARC fails: our Message-ID", mid=True, dmarc="fail", entry=True, trust="third-party", by="references",
        public=False, reopens=False, doubt="dmarc-fail"),
    Row("two readings: a number", author=f"{JAN} <{EVA}>", number=True, trust="stranger", mentions=True,
        doubt="ambiguous-author"),
    Row("two readings: a token", author=f"{JAN} <{EVA}>", token=True, entry=True, trust="third-party", by="token",
        public=False, reopens=False, doubt="ambiguous-author"),
    Row("temporary trouble with DMARC blocks nobody", number=True, dmarc="temperror", entry=True, by="subject-tag"),
)  # fmt: skip


def test_the_table_of_trust(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    for n, row in enumerate(TABLE):
        jan = f"jan{n}@bigbank.test"
        first = desk.take(mail(jan, f"Sprawa {n}"))
        assert first.ticket is not None
        desk.set_status(first.ticket, "pending", "waiting_customer")
        before = (desk.ticket(first.ticket), desk.entries(first.ticket), desk.participants(first.ticket))
        sent = len(desk.mails())
        outcome = _sent(desk, row, n, first.ticket)
        assert outcome.disposition == ("entry" if row.entry else "ticket"), row.what
        assert outcome.ticket is not None
        entry = desk.entries(outcome.ticket)[-1]
        why = desk.why(outcome)
        assert why.match is not None
        assert (entry.trust, why.match.by) == (row.trust, row.by), row.what
        assert entry.public is row.public, row.what
        assert (entry.held is not None) is (row.trust == "third-party"), row.what
        assert row.doubt in ("", *why.doubts), row.what
        assert desk.participants(first.ticket) == before[2] == {jan}, row.what  # nobody becomes one by writing
        if row.entry:
            marks = tuple(filter(None, ("guessed" if row.by == "guess" else "", row.doubt)))
            assert desk.ticket(first.ticket).flags == marks, row.what
            assert desk.ticket(first.ticket).status == ("open" if row.reopens else "pending"), row.what
        else:
            assert (desk.ticket(first.ticket), desk.entries(first.ticket)) == before[:2], row.what
            assert desk.mentions(outcome.ticket) == ([first.ticket] if row.mentions else []), row.what
            assert desk.ticket(outcome.ticket).flags == ((row.doubt,) if row.doubt else ()), row.what
            assert why.match.refused or not row.mentions, row.what
        if row.trust == "third-party":
            assert len(desk.mails()) == sent, row.what  # nobody hears of it


def _sent(desk: Desk, row: Row, n: int, number: int) -> Outcome:
    jan = f"jan{n}@bigbank.test"
    author = row.author.replace("jan@", f"jan{n}@").replace("eva@", f"eva{n}@")
    subject = f"[#{number}]" if row.number else f"Re: Sprawa {n}" if row.reply else "Coś nowego"
    fields = {"In_Reply_To": desk.our_id(jan, number)} if row.mid else {}
    raw = mail(author, subject, "Jeszcze jedno pytanie.", **fields)
    to = desk.reply_address(jan, number) if row.token else "support@gw.test"
    return desk.take(verdict(row.dmarc, raw) if row.dmarc else raw, to=to, sender="x@y.test")
