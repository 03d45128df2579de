"""Who writes to the demo's desk, in which order, and what each mail has to become.

The mails are files beside this module, with marks such as @REPLY_TO@ for what is only known when they are sent;
what is too large or too deep to be kept is made here.
Not here  sending (customers.py), playing and judging (play.py).
"""

import base64
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MAILS = Path(__file__).parent / "mails"
Way = Literal["smtp", "pipe"]
Dmarc = Literal["pass", "fail", "none"]
_PHOTO_OCTETS = 5 * 1024 * 1024
_NESTED = 60  # parts inside parts; the limit is 30


@dataclass(frozen=True, slots=True)
class Expected:
    """What the packaged rules make of a mail."""

    became: str  # a disposition, or "refused" at the door
    into: str = ""  # the scene whose ticket it belongs to; empty is a ticket of its own, or none
    team: str = ""
    priority: str = "normal"
    tags: tuple[str, ...] = ()
    out: str = "—"  # "sent (pl)", or "no: " and the send guard's word


@dataclass(frozen=True, slots=True)
class Scene:
    """One mail: what it is in a few words, who sends it how, and what becomes of it."""

    file: str
    about: str
    sender: str  # the reverse-path; empty is <>
    expected: Expected
    to: str = "support@acme.test"
    answers: str = ""  # the scene whose acknowledgement it answers, or that it is about
    dmarc: Dmarc = "pass"  # what the company's mail server found out
    way: Way = "smtp"


def _ticket(out: str, team: str = "support", priority: str = "normal", tags: tuple[str, ...] = ()) -> Expected:
    return Expected("ticket", team=team, priority=priority, tags=tags, out=out)


SCENES: tuple[Scene, ...] = (
    Scene("refund-pl", "Jan wants his money back, in Polish", "jan@bigbank.test",
          _ticket("sent (pl)", "billing", "high", ("vip", "refund"))),
    Scene("angry-vip", "An angry customer of a VIP company", "h.marsh@hospital.test",
          _ticket("sent (en)", priority="high", tags=("vip",))),
    Scene("login-de", "A German cannot log in", "klaus.brandt@werk.test", _ticket("sent (de)")),
    Scene("invoice-hr", "A Croatian hotel: wrong invoice, as PDF", "racuni@jadran.test",
          _ticket("sent (hr)", "billing"), to="billing@acme.test"),
    Scene("parcel-cs", "Czech, handed over by an MTA's pipe", "eliska@posta.test", _ticket("sent (cs)"), way="pipe"),
    Scene("refund-pt", "A refund in Portuguese", "ines@azulejo.test",
          _ticket("sent (pt)", "billing", tags=("refund",))),
    Scene("password-ru", "Russian, in the charset of 1993", "ivan.petrov@pochta.test", _ticket("sent (ru)")),
    Scene("followup-pl", "Jan answers our mail", "jan@bigbank.test",
          Expected("entry", "refund-pl", "billing", "high", ("vip", "refund")), to="@REPLY_TO@", answers="refund-pl"),
    Scene("followup-de", "Klaus again, with only [#n] in the subject", "klaus.brandt@werk.test",
          Expected("entry", "login-de", "support"), answers="login-de"),
    Scene("stranger", "A stranger who knows Jan's number", "jan.wisniewski@elsewhere.test", _ticket("sent (en)"),
          answers="refund-pl"),
    Scene("out-of-office", "Helen's out-of-office answers our mail", "h.marsh@hospital.test",
          Expected("record", "angry-vip", "support", "high", ("vip",)), to="@REPLY_TO@", answers="angry-vip"),
    Scene("newsletter", "A newsletter", "bounce-118@shop-tools.test", _ticket("no: machine-sender")),
    Scene("photo", "A photo of 5 MB", "tom@garden.test", _ticket("sent (en)")),
    Scene("broken", "A mail whose MIME is badly broken", "mia@hotel.test",
          _ticket("no: unauthenticated"), dmarc="none"),
    Scene("hostile", "Forged From, injections, template code", "ana@acme.test", Expected("quarantine"),
          dmarc="fail"),
    Scene("refund-pl", "Jan's first mail, delivered twice", "jan@bigbank.test", Expected("duplicate")),
    Scene("report", "Inês' mailbox is full: a delivery report", "",
          Expected("report", "refund-pt", "billing", tags=("refund",)), to="@REVERSE_PATH@", answers="refund-pt",
          dmarc="none"),
    Scene("typo", "A typo in our address", "ben@workshop.test", Expected("refused"), to="suport@acme.test"),
)  # fmt: skip
OF_AGENTS = "invoice-hr"  # the scene whose ticket agents work on
EVERYDAY = ("refund-pl", "login-de", "invoice-hr", "parcel-cs", "refund-pt", "password-ru", "photo", "newsletter")


def octets(scene: Scene, marks: Mapping[str, str]) -> bytes:
    """The mail as it goes over the wire: CRLF lines, marks filled in."""
    raw = (MAILS / f"{scene.file}.eml").read_bytes()
    for mark, text in marks.items():
        raw = raw.replace(f"@{mark}@".encode(), text.encode())
    if b"@PHOTO@" in raw:
        raw = raw.replace(b"@PHOTO@", base64.encodebytes(_photo()).rstrip())
    if b"@NESTED@" in raw:
        raw = raw.replace(b"@NESTED@", _nested().encode())
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _photo() -> bytes:
    """Noise behind the first octets of a JPEG: nothing in the gateway looks into pictures."""
    start = bytes.fromhex("ffd8ffe000104a46494600010101004800480000")
    return start + random.Random(2041).randbytes(_PHOTO_OCTETS - len(start))  # noqa: S311 - repeatable, not secret


def _nested() -> str:
    opened = "".join(f'Content-Type: multipart/mixed; boundary="d{n}"\n\n--d{n}\n' for n in range(_NESTED))
    closed = "".join(f"--d{n}--\n" for n in reversed(range(_NESTED)))
    return f"{opened}Content-Type: text/plain\n\nPlease pay the attached invoice today. Ana\n{closed}"
