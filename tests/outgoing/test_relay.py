"""Whom we hand mail to, and under which lock (acceptance F-08)."""

import ssl
from pathlib import Path

import pytest

from gateway.config import Outbound, Secret, Settings
from gateway.errors import ConfigError
from gateway.outgoing.relay import Relay, relay_of

SECRET = Secret(file=Path("/nothing"))


def relay(**outbound: object) -> Relay:
    """The relay of these settings, as flags could change them: unchecked."""
    return relay_of(Settings().model_copy(update={"outbound": Outbound().model_copy(update=outbound)}))


@pytest.mark.parametrize(
    ("text", "tls", "host", "port", "mode"),
    [
        # outbound.relay, outbound.tls, host, port, how it is locked
        ("mail.acme.test:587", "starttls", "mail.acme.test", 587, "starttls"),
        ("mail.acme.test", "starttls", "mail.acme.test", 587, "starttls"),
        ("mail.acme.test", "implicit", "mail.acme.test", 465, "implicit"),
        ("127.0.0.1:25", "starttls", "127.0.0.1", 25, "optional"),
        ("127.9.9.9:25", "none", "127.9.9.9", 25, "none"),
        ("localhost", "none", "localhost", 25, "none"),
        ("[::1]:2525", "starttls", "::1", 2525, "optional"),
        ("[2001:db8::1]", "starttls", "2001:db8::1", 587, "starttls"),
        ("2001:db8::1", "starttls", "2001:db8::1", 587, "starttls"),
    ],
)
def test_host_port_and_lock(text, tls, host, port, mode) -> None:
    found = relay(relay=text, tls=tls)
    assert (found.host, found.port, found.tls) == (host, port, mode)
    local = found.tls in ("optional", "none")
    assert found.context.verify_mode is (ssl.CERT_NONE if local else ssl.CERT_REQUIRED)
    assert found.context.check_hostname is not local


@pytest.mark.parametrize(
    ("outbound", "problem"),
    [
        ({"relay": "mail.acme.test:25", "tls": "none"}, "no encryption to mail.acme.test"),
        ({"relay": "localhost.evil.test:25", "tls": "none"}, "no encryption"),
        ({"relay": "127.0.0.1:25", "tls": "none", "user": "u", "password": SECRET}, "never goes out"),
        ({"relay": "mail.acme.test", "user": "u"}, "no password for u"),
        ({"relay": ":25"}, "no host and port"),
        ({"relay": "a:b"}, "no host and port"),
        ({"relay": "a:0"}, "no host and port"),
        ({"relay": ""}, "no host and port"),
    ],
)
def test_what_is_refused_at_the_start(outbound, problem) -> None:
    with pytest.raises(ConfigError, match=problem):
        relay(**outbound)


def test_the_password_is_read_when_it_is_used(tmp_path) -> None:
    file = tmp_path / "password"
    found = relay(relay="mail.acme.test", user="u", password=Secret(file=file))
    file.write_text("first\n")
    file.chmod(0o600)
    assert found.password() == "first"
    file.write_text("second\n")
    assert found.password() == "second"
