"""A key to sign mails with."""

import subprocess

import pytest


@pytest.fixture(scope="session")
def key() -> tuple[bytes, str]:
    """A private key, and the record of its public half."""
    private = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], check=True, capture_output=True).stdout
    public = subprocess.run(["openssl", "rsa", "-pubout"], input=private, check=True, capture_output=True).stdout
    return private, "v=DKIM1; k=rsa; p=" + "".join(public.decode().splitlines()[1:-1])
