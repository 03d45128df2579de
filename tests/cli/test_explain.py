"""`mailwicket explain`: how a mail in a file is understood, with the evidence, and nothing written."""

import json
from pathlib import Path

import pytest

from gateway.message.parse import parse
from gateway.parsing.pool import parse_limits
from gateway.pipeline import process
from tests.cli.desk import Desk, mailwicket_beside

MAILS = Path(__file__).parent / "mails"
Furnished = tuple[Path, Desk]


def files_below(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("-shm", "-wal"))}


@pytest.mark.parametrize(
    ("mail", "shown"),
    [
        ("refund.eml", ("Kind      person: ", "New words (", "Threading ", "nothing was saved or sent")),
        ("absent.eml", ("Kind      auto-reply: ", "is not answered: ")),
        ("hostile.eml", ("1.2   application/octet-stream", "Defect    ")),
    ],
)
async def test_the_evidence_is_shown_and_nothing_is_written(
    mail: str, shown: tuple[str, ...], furnished: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    before = files_below(config.parent)
    assert await mailwicket_beside(config, "explain", str(MAILS / mail), clock=desk.clock) == 0
    out = capsys.readouterr().out
    assert [text for text in shown if text not in out] == []
    assert files_below(config.parent) == before


async def test_json(furnished: Furnished, capsys: pytest.CaptureFixture[str]) -> None:
    config, desk = furnished
    assert await mailwicket_beside(config, "explain", str(MAILS / "absent.eml"), "--json", clock=desk.clock) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["schema"] == "mailwicket.explain/1"
    assert (values["mail"]["kind"], values["mail"]["may_respond"]) == ("auto-reply", False)
    assert {"text", "quoted", "signature", "attachments", "defects"} <= set(values["mail"])


_READ = Path(__file__).parents[1] / "mails"
_REPORTS = Path(__file__).parents[1] / "message" / "reports"


@pytest.mark.parametrize(
    ("mail", "shown"),
    [
        # a file, lines of what is printed of it
        (_REPORTS / "complaint.eml", ("Report    complaint (abuse), about <n7@gw.test>", "   bob@far.test")),
        (
            _REPORTS / "receipt_displayed.eml",
            ("Report    receipt, about <n7@gw.test>", "   bob@far.test  manual-action/MDN-sent-manually; displayed"),
        ),
        (
            _REPORTS / "qmail_two.eml",
            ("   eve@far.test 4.4.1 permanent  <eve@far.test>: Sorry, I wasn't able to establish an SMTP connection.",),
        ),
        (
            _READ / "two_froms_and_junk.eml",
            ("Author    nobody: 2 From fields, and programs differ in which they believe", "Defect    repeated-field"),
        ),
        (
            _READ / "gmail_reply_german.eml",
            ("Language     de (0.98, detected)", "Quoted (179 characters, below a line that says to answer above it)"),
        ),
        (
            _READ / "flowed_interleaved_czech.eml",
            ("Author", "New words ("),
        ),
        (
            _READ / "forward_by_customer.eml",
            (
                "Forward   of Shop <orders@shop.test>, “Your order”",
                "   Sun, 1 Nov 2026 at 20:15, to Ann Lee <ann@customer.test>",
            ),
        ),
    ],
)
async def test_the_evidence_of_each_kind(
    mail: Path, shown: tuple[str, ...], furnished: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    assert await mailwicket_beside(config, "explain", str(mail), clock=desk.clock) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [text for text in shown if not any(line.startswith(text) for line in lines)] == []


async def test_the_disposition_of_a_report_says_whom_it_is_about(
    furnished: Furnished, capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    raw = (_REPORTS / "qmail_two.eml").read_bytes().replace(b"\n", b"\r\n")
    mail = await desk.accept(raw, to="support@acme.test", sender=None)
    assert mail is not None
    message = parse(raw, parse_limits(desk.settings), languages=desk.settings.site.languages)
    outcome = await desk.store.write(lambda c: process(mail, message, desk.deps, c))
    told = "delivery: bob@far.test 5.1.1 permanent, eve@far.test 4.4.1 permanent"
    assert (outcome.disposition, outcome.reason) == (
        "record",
        f"backscatter: its words are a delivery report ({told})",
    )
    assert await mailwicket_beside(config, "mail", "show", f"m-{mail.id}", clock=desk.clock) == 0
    assert told in capsys.readouterr().out
