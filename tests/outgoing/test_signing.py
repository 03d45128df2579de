"""DKIM signatures of our mails: whole, verified by another program's rules, and no second From can be added."""

import base64
import subprocess
from pathlib import Path

import pytest

from gateway.config import Secret, Settings
from gateway.errors import ConfigError
from gateway.outgoing.fixtures import fixture
from gateway.outgoing.signing import signer
from tests.conftest import settings_in
from tests.outgoing.letters import desk, letter, read

dkim = pytest.importorskip("dkim")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key of its own."""
    path = tmp_path_factory.mktemp("key") / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, "2048"], check=True, capture_output=True)
    path.chmod(0o600)
    return path


def signing(folder: Path, key: Path) -> Settings:
    settings = settings_in(folder)
    outbound = settings.outbound.model_copy(update={"dkim_selector": "desk", "dkim_key": Secret(file=key)})
    return settings.model_copy(update={"outbound": outbound})


def verified(raw: bytes, key: Path) -> bool:
    der = subprocess.run(
        ["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    return dkim.verify(raw, dnsfunc=lambda name, timeout=5: record if name == b"desk._domainkey.acme.test." else b"")


def test_a_mail_is_signed_and_nobody_can_change_it(tmp_path: Path, key: Path) -> None:
    raw = letter(desk(sign=signer(signing(tmp_path, key)), subject_mark="TEST ")).raw
    assert read(raw)["Subject"].startswith("TEST ")
    assert raw.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=acme.test;")
    assert verified(raw, key)
    for changed in (
        raw.replace(b"Precedence: bulk", b"Precedence: junk"),
        raw.replace(b"\r\nFrom:", b"\r\nFrom: evil@x.test\r\nFrom:", 1),
        raw.replace(b"4812", b"4813"),
    ):
        assert not verified(changed, key)


def test_what_one_click_stands_on_is_signed(tmp_path: Path, key: Path) -> None:
    made = desk(sign=signer(signing(tmp_path, key)), pages_url="https://desk.acme.test")
    raw = letter(made, template="digest", audience="agent", ticket=None, in_reply_to=None, values=fixture("digest")).raw
    assert verified(raw, key)
    assert not verified(raw.replace(b"<https://desk.acme.test/u/", b"<https://desk.evil.test/u/"), key)
    assert not verified(raw.replace(b"List-Unsubscribe-Post: ", b"X-Nothing: "), key)


def test_nothing_is_signed_by_default(settings: Settings) -> None:
    assert signer(settings) is None


def test_a_key_that_is_none_is_told_at_the_start(tmp_path: Path) -> None:
    wrong = tmp_path / "key"
    wrong.write_text("no key")
    wrong.chmod(0o600)
    with pytest.raises(ConfigError, match="cannot sign"):
        signer(signing(tmp_path, wrong))
