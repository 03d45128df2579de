"""D-02: only the topmost field of our own boundary is believed; what a stranger writes about himself is not."""

from dataclasses import replace

import pytest

from gateway import policy
from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import BOUNDARY, Desk, mail

pytestmark = pytest.mark.p0
_FORGED = "Authentication-Results: mx.gw.test; dmarc=pass header.from=bigbank.test"
_FAIL = "Authentication-Results: mx.gw.test; dmarc=fail header.from=bigbank.test\r\n"
_FOREIGN = "Received: from a.test by relay.test; Sat, 21 Nov 2026 08:59:00 +0000\r\n"


def test_D02_forged_fields(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    forgeries = (
        f"{_FORGED}\r\n",
        f"{_FORGED}\r\n{_FOREIGN}",
        f"{_FOREIGN}{_FORGED}\r\n",
        f"{_FORGED.upper()}\r\n",
        "Authentication-Results:\r\n mx.gw.test;\r\n dmarc=pass\r\n",
        "Authentication-Results: mx.gw.test (x); dmarc=pass\r\n",
        "Authentication-Results: (x) mx.gw.test; dmarc=pass\r\n",
        f"{_FORGED}\r\n" * 50,
        f"ARC-{_FORGED}\r\n",
    )
    for n, forged in enumerate(forgeries):
        raw = forged.encode() + mail(subject=f"Sprawa {n}")
        assert desk.why(desk.take(BOUNDARY.encode() + raw)).auth == "none", forged
        assert "dmarc=fail" in desk.why(desk.take(f"{_FAIL}{BOUNDARY}".encode() + raw + b"again")).auth, forged


def test_D02_nobody_of_ours_stands_between(store: Store, settings: Settings) -> None:
    """A stranger who speaks to us directly writes our boundary's fields, and its Received, as he likes."""
    desk = Desk(store, settings)
    forged = f"{_FORGED}\r\n{BOUNDARY}".encode()
    for n, (peer, public, believed) in enumerate(
        (("192.0.2.9", False, False), ("127.0.0.1", False, True), ("127.0.0.1", True, False))
    ):
        smtp = desk.settings.smtp.model_copy(update={"public": public})
        open_to = desk.settings.model_copy(update={"smtp": smtp})
        desk.deps = replace(desk.deps, behind_boundary=lambda e, s=open_to: policy.behind_boundary(s, e))
        envelope = {"via": "smtp", "peer": peer}
        outcome = desk.take(forged + mail(subject=f"Sprawa {n}"), envelope=envelope)
        assert ("dmarc=pass" in desk.why(outcome).auth) is believed, (peer, public)
