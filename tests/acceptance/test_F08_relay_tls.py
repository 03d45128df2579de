"""F-08: without a relay that proves its name, neither a password nor a mail is on the wire; it waits, and is told."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.config import Outbound
from gateway.outgoing.outbox import Sender
from gateway.store import alarms
from tests.outgoing.peers import certificate, client_tls, peer, relay, server_tls
from tests.outgoing.queued import queued, rest, row, turn

pytestmark = pytest.mark.p0
START = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
OFFERS = {"EHLO": ["250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS", "250-x\r\n250 AUTH PLAIN"], "STARTTLS": "220 go"}
NO_TLS = {"EHLO": "250-x\r\n250 AUTH PLAIN"}  # as a man in the middle leaves it
INJECTED = {**OFFERS, "STARTTLS": "220 go\r\n250 evil.test AUTH PLAIN"}


def expired(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for localhost, of the year 2020."""
    cert, key = certificate(folder)
    request, config = folder / "request.pem", folder / "ca.cnf"
    (folder / "index").touch()
    (folder / "serial").write_text("01\n")
    config.write_text(
        f"[ca]\ndefault_ca=a\n[a]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
        "default_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=DNS:localhost\n"
    )
    for command in (
        ["req", "-new", "-key", str(key), "-subj", "/CN=localhost", "-out", str(request)],
        ["ca", "-batch", "-config", str(config), "-selfsign", "-keyfile", str(key), "-in", str(request),
         "-out", str(cert), "-startdate", "20200101000000Z", "-enddate", "20200201000000Z"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    return cert, key


@pytest.mark.parametrize(("case", "said", "host", "trusted", "why"), [
    # what is wrong, what the relay says, what we call it, whether its certificate is known, the reason
    ("good", OFFERS, "localhost", True, None),
    ("self-signed", OFFERS, "localhost", False, "self-signed certificate"),
    ("another name", OFFERS, "127.0.0.1", True, "IP address mismatch"),
    ("expired", OFFERS, "localhost", True, "expired"),
    ("stripped", NO_TLS, "localhost", True, "STARTTLS extension not supported"),
    ("injected", INJECTED, "localhost", True, None),  # what came before the encryption is not read
])  # fmt: skip
async def test_F08_only_a_proven_relay_gets_password_and_mail(store, tmp_path, case, said, host, trusted, why) -> None:
    cert, key = expired(tmp_path) if case == "expired" else certificate(tmp_path)
    clock = FakeClock(START)
    async with peer({**said, "AUTH": "235 2.7.0 ok"}, server_tls(cert, key)) as server:
        to = relay(
            server.port, host=host, tls="starttls", context=client_tls(cert if trusted else None), user="ann",
            password=lambda: "geheim",
        )  # fmt: skip
        working = Sender(store, Outbound(), to, clock, lambda: 0.5)
        id = await queued(store, clock)
        await turn(working)
        await rest(working)
    in_clear = [command for command in server.commands if command not in server.encrypted]
    assert not [command for command in in_clear if command.startswith(("AUTH", "MAIL"))]
    item = row(store, id)
    if case == "good":
        assert (item.state, len(server.mails)) == ("sent", 1)
    elif why is not None:
        assert (item.state, server.mails) == ("deferred", [])
        assert why in item.reason
        assert [a.about for a in store.read_now(lambda c: alarms.since(c, START))] == ["relay"]
