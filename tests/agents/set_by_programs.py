"""One answer with bold words, a list, a link and a picture, as mail programs write it in both parts (formatting/).

In the files {quote} is the HTML of the mail that is answered, {header} what Outlook says of it, {marked} and {unmarked}
its plain text. The logo stands in a signature.
Not here  what programs make of the mail that they answer (programs.py), what the customer gets (test_set_words.py).
"""

from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

from tests.agents.mails import ANN

PNG = b"\x89PNG\r\n\x1a\n" + b"router" * 9
LOGO = b"\x89PNG\r\n\x1a\n" + b"logo" * 9
_FILES = Path(__file__).parent / "formatting"
_HEADER = "From: Jan (via #1)<br>Sent: Saturday, 21 November 2026 09:05<br>To: Ann Agent<br>Subject: Zwrot"


@dataclass(frozen=True, slots=True)
class Program:
    """What stands where in the mails of a program."""

    picture: str  # its Content-ID
    logo: str = ""
    around: bool = False  # pictures stand beside both texts, not within the alternative


PROGRAMS = {
    "Gmail": Program("ii_m8", "ii_m9", around=True),
    "Outlook": Program("image001.png@01DB3C5A.12345670", "image002.png@01DB3C5A.12345670", around=True),
    "Outlook web": Program("6a1b2c3d-0001", around=True),
    "Outlook phone": Program("8E2F-router", around=True),
    "Apple Mail": Program("9D3E2F4A@agents.test"),
    "iPhone": Program("3F-0001"),
    "Thunderbird": Program("part1.Ab@agents.test"),
    "HTML alone": Program("alone"),
}


def answered(program: str, ours: EmailMessage, to: str, above: str = "") -> bytes:
    """The answer as the program sends it.

    above  a line of commands
    """
    plain, rich = ours.get_body(("plain",)), ours.get_body(("html",))
    assert plain is not None
    assert rich is not None
    lines = str(plain.get_content()).splitlines()
    inside = str(rich.get_content()).partition("<body")[2].partition(">")[2].partition("</body>")[0]
    file = _FILES / program.lower().replace(" ", "_")
    html = file.with_suffix(".html").read_text("utf-8").replace("{quote}", inside).replace("{header}", _HEADER)
    texts = [file.with_suffix(".txt").read_text("utf-8")] if file.with_suffix(".txt").exists() else []
    marked = "\n".join(f"> {line}".rstrip() for line in lines)
    texts = [text.replace("{marked}", marked).replace("{unmarked}", "\n".join(lines)) for text in texts]
    if above:
        body = html.index(">", max(html.find("<body"), 0)) + 1
        html, texts = f"{html[:body]}<div>{above}</div>{html[body:]}", [f"{above}\n\n{text}" for text in texts]
    return built(PROGRAMS[program], texts, html, ours, to)


def built(how: Program, texts: list[str], html: str, ours: EmailMessage, to: str) -> bytes:
    """The mail of these texts, with the pictures."""
    pictures = [_picture("router.png", PNG, how.picture)]
    pictures += [_picture("logo.png", LOGO, how.logo)] if how.logo else []
    rich: Message = MIMEText(html, "html", "utf-8")
    plain = [MIMEText(text, "plain", "utf-8") for text in texts]
    if how.around:
        whole = MIMEMultipart("related", _subparts=[MIMEMultipart("alternative", _subparts=[*plain, rich]), *pictures])
    else:
        whole = MIMEMultipart("alternative", _subparts=[*plain, MIMEMultipart("related", _subparts=[rich, *pictures])])
    whole["From"], whole["To"], whole["Subject"] = f"Ann Agent <{ANN}>", to, f"Re: {ours['Subject']}"
    whole["In-Reply-To"] = whole["References"] = str(ours["Message-ID"])
    return whole.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _picture(name: str, octets: bytes, content_id: str) -> MIMEImage:
    part = MIMEImage(octets, "png")
    part["Content-ID"] = f"<{content_id}>"
    part["Content-Disposition"] = f'inline; filename="{name}"'
    return part
