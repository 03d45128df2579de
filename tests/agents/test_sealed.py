"""Mails that are signed as a whole, or encrypted: nobody here knows what they say, so nothing of them goes out."""

import re
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.operations.answers import Answer
from gateway.operations.asking import Ask
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Done, Duty
from gateway.store.store import Store
from gateway.ticket.types import File
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, proven, read, reply_address, text_of
from tests.agents.test_choices import alone, expire_all, item
from tests.processing import Desk, mail

_INNER = "Content-Type: text/plain; charset=utf-8\r\n\r\n#note\r\nThis customer is nasty.\r\n"
_ARMOUR = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA9dV0cVJkW0jAQf+Kw\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"
_PGP_MIME = (
    'MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=e\r\n\r\n'
    "--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--e\r\nContent-Type: application/octet-stream;"
    f' name="encrypted.asc"\r\n\r\n{_ARMOUR}--e--\r\n'
)


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>"))
    return made


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """What `openssl smime`, or `cms`, makes of a mail."""
    folder = tmp_path_factory.mktemp("openssl")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ann@home.test",
            "-keyout", "k.pem", "-out", "c.pem",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip

    def made(*words: str, octets: bytes = _INNER.encode()) -> bytes:
        command = ["openssl", *words]
        return subprocess.run(command, cwd=folder, input=octets, check=True, capture_output=True).stdout

    return made


_SIGN = ("smime", "-sign", "-signer", "c.pem", "-inkey", "k.pem")
_FORMS: dict[str, tuple[str, ...]] = {
    "opaque": (*_SIGN, "-nodetach"),
    "enveloped": ("smime", "-encrypt", "-aes256", "c.pem"),
    "enveloped by cms": ("cms", "-encrypt", "-aes-256-gcm", "c.pem"),
}


def sealed(form: str, openssl: Callable[..., bytes]) -> str:
    """The header and body that stand for Ann's words."""
    match form:
        case "PGP/MIME":
            return _PGP_MIME
        case "PGP":
            return f"Content-Type: text/plain\r\n\r\n{_ARMOUR}"
        case "PGP below words":
            return f"Content-Type: text/plain\r\n\r\n#solved\r\nHello.\r\n\r\n{_ARMOUR}"
    made = openssl(*_FORMS[form.removesuffix(", no type").removesuffix(", octet-stream")]).decode()
    made = made.replace("\r\n", "\n").replace("\n", "\r\n")
    made = made.replace("application/x-pkcs7-mime; smime-type=signed-data", "application/pkcs7-mime")
    if form.endswith("octet-stream"):
        made = re.sub(r"application/(?:x-)?pkcs7-mime", "application/octet-stream", made).replace(".p7m", ".bin")
    return made


def sent(desk: Desk, body: str, to: str = "", author: str = ANN) -> str:
    """How a mail of Ann's ends."""
    to = to or reply_address(newest(desk, author, "agent_notice"))
    id = sha256(f"{to}{body}".encode()).hexdigest()
    head = f"From: Ann Agent <{author}>\r\nTo: {to}\r\nSubject: Re: x\r\nMessage-ID: <{id}@agents.test>\r\n"
    return desk.take(proven((head + body).encode()), to=to).reason


def to_jan(desk: Desk) -> list[str]:
    return [m.template for m in desk.mails() if m.forward_path == JAN and m.template != "auto_ack"]


@pytest.mark.p0
@pytest.mark.parametrize(
    ("form", "held"),
    [
        # how the mail is closed, why it is held
        ("opaque", "sealed"),
        ("enveloped", "sealed"),
        ("enveloped by cms", "sealed"),
        ("PGP/MIME", "sealed"),
        ("PGP", "sealed"),
        ("PGP below words", "sealed"),
        ("opaque, octet-stream", "refused"),  # it is known by its octets, when they would leave
        ("enveloped, octet-stream", "refused"),
    ],
)
def test_of_a_mail_that_is_closed_to_us_nothing_goes_out(
    desk: Desk, openssl: Callable[..., bytes], form: str, held: str
) -> None:
    assert sent(desk, sealed(form, openssl)) == f"held: {held} (h-1)"
    asked = newest(desk, ANN, "hold")
    assert "signed or encrypted in a way that we cannot read" in " ".join(text_of(asked).split())
    assert "%23send" not in text_of(asked)
    assert alone(desk, "#send", link(asked, "+h")).reason.startswith(
        "h-1 waits" if held == "sealed" else "held: refused"
    )
    assert to_jan(desk) == []
    assert desk.ticket(1).status == "new"


@pytest.mark.p0
@pytest.mark.parametrize("by_timer", [False, True])
def test_it_may_be_kept_as_a_note(desk: Desk, openssl: Callable[..., bytes], by_timer: bool) -> None:
    sent(desk, sealed("opaque", openssl))
    assert "after that your text becomes a note" in " ".join(text_of(newest(desk, ANN, "hold")).split())
    expire_all(desk) if by_timer else alone(desk, "#note", link(newest(desk, ANN, "hold"), "+h"))
    entry = desk.entries(1)[-1]
    assert (entry.kind, [a.name for a in entry.attachments], item(desk).state) == ("note", ["smime.p7m"], "noted")
    assert to_jan(desk) == []


@pytest.mark.p0
@pytest.mark.parametrize("form", ["opaque", "enveloped", "PGP/MIME", "PGP"])
def test_at_the_address_for_notes_it_is_one_and_its_writer_is_told(
    desk: Desk, openssl: Callable[..., bytes], form: str
) -> None:
    sent(desk, sealed(form, openssl), link(newest(desk, ANN), "+n"))
    assert desk.entries(1)[-1].kind == "note"
    assert "kept as a note" in text_of(newest(desk, ANN, "command_result"))
    assert to_jan(desk) == []


def test_at_the_other_addresses_it_does_nothing_and_says_so(desk: Desk, openssl: Callable[..., bytes]) -> None:
    to = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    sent(desk, sealed("opaque", openssl), to)
    assert "nothing in it was done" in " ".join(text_of(newest(desk, ANN, "command_result")).split())
    sent(desk, sealed("opaque", openssl))
    assert sent(desk, sealed("enveloped", openssl), link(newest(desk, ANN, "hold"), "+h")) == "held: instead (h-2)"
    assert alone(desk, "#send", link(newest(desk, ANN, "hold"), "+h")).reason == "held: sealed (h-3)"
    assert to_jan(desk) == []


@pytest.mark.p0
def test_a_mail_that_is_signed_in_the_open_is_read_and_its_signature_stays_here(
    desk: Desk, openssl: Callable[..., bytes]
) -> None:
    inner = "Content-Type: text/plain\r\n\r\n#solved\r\nAll is well.\r\n"
    made = openssl(*_SIGN, octets=inner.encode()).decode().replace("\r\n", "\n").replace("\n", "\r\n")
    assert 'filename="smime.p7s"' in made
    sent(desk, made)
    answer = newest(desk, JAN, "answer")
    assert "All is well." in text_of(answer)
    assert [part.get_filename() for part in read(answer).iter_attachments()] == []
    assert b"p7s" not in answer.raw
    assert desk.entries(1)[-1].attachments == ()


def test_a_key_beside_a_signature_stays_here_and_one_that_was_attached_goes_out(desk: Desk) -> None:
    key = (
        "--m\r\nContent-Type: application/pgp-keys; name=key.asc\r\nContent-Disposition: attachment; filename=key.asc"
        "\r\n\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n\r\nmDMEZ\r\n-----END PGP PUBLIC KEY BLOCK-----\r\n--m--\r\n"
    )
    mixed = f"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/plain\r\n\r\nHere.\r\n{key}"
    sent(desk, mixed)
    assert [a.name for a in desk.entries(1)[-1].attachments] == ["key.asc"]
    sent(
        desk,
        f"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\n{mixed}\r\n--s\r\n"
        "Content-Type: application/pgp-signature; name=signature.asc\r\nContent-Disposition: attachment; "
        "filename=signature.asc\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niHUE\r\n-----END PGP SIGNATURE-----\r\n"
        "--s--\r\n",
        reply_address(newest(desk, ANN)),
    )
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].attachments) == ("answer", ())


def test_a_choice_that_is_signed_in_the_open_is_one(desk: Desk, openssl: Callable[..., bytes]) -> None:
    sent(desk, "\r\n#sloved\r\nAll is well.\r\n")
    made = openssl(*_SIGN, octets=b"Content-Type: text/plain\r\n\r\n#discard\r\n").decode().replace("\r\n", "\n")
    sent(desk, made.replace("\n", "\r\n"), link(newest(desk, ANN, "hold"), "+h"))
    assert item(desk).state == "discarded"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        # how a closed file is called
        ("smime.p7m", "application/octet-stream"),
        ("mail", "application/pkcs7-mime"),
        ("mail.eml", "message/rfc822"),  # it stands in a mail
        ("mail.txt", "text/plain"),
        ("mail.bin", "application/octet-stream"),
    ],
)
def test_a_closed_file_leaves_in_no_other_way(
    desk: Desk, openssl: Callable[..., bytes], tmp_path: Path, name: str, media_type: str
) -> None:
    octets = openssl(*_FORMS["opaque"], *(() if "txt" in name or "eml" in name else ("-outform", "DER")))
    file = (File(name, media_type, octets),)
    duty = Duty(desk.now, lambda: desk.deps)

    def done(operation: str, arguments: object) -> Done:
        return desk.write(lambda c: OPERATIONS[operation].perform(c, arguments, duty))[0]  # type: ignore[no-any-return]

    for found in (
        done("ticket.answer", Answer(1, "Here it is.", files=file)),
        done("ticket.ask", Ask(1, "eva@x.test", "Look at it.", "bob", files=file)),
    ):
        assert (found.outcome, "done_file_sealed" in str(found.said)) == ("refused", True)
    assert [m for m in desk.mails() if m.forward_path in (JAN, "eva@x.test") and m.template == "answer"] == []
    assert newest(desk, BOB).template == "agent_notice"
