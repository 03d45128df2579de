"""mailwicket.toml: typed settings with unit, default and help for each key. The only reader of the environment.

Order    packaged defaults, the file, `mailwicket.toml.d/*.toml`, MAILWICKET_<SECTION>__<KEY>, what the caller gives.
         Unknown keys are errors with the nearest known word; all errors are reported at once, with file and line.
Secrets  stand neither in the file nor in a variable: {credential = "name"} or {file = "/path"}, read when used.
Not here rules and templates (policy), which are reloaded without a restart.
"""

import difflib
import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from gateway.errors import ConfigError, PermanentError, Problem
from gateway.message.address import path_address
from gateway.ticket.alias import AliasPatterns

ENV_PREFIX = "MAILWICKET_"
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST = timedelta(days=3650)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}$)(?:{_LABEL}\.)*(?=[A-Za-z]){_LABEL}")  # a last label of digits is an address


def _duration(value: object) -> object:
    """A timedelta from `60s` or `1h`; a bare number is refused, because its unit would be a guess."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a duration carries its unit, such as 60s, 15m or 1h")
    seconds = float(found[1]) * _UNITS[found[2]]
    if not _UNITS["ms"] <= seconds <= _LONGEST.total_seconds():
        raise _refused(f"“{value}” is no time to wait", "more than 0, and ten years at most")
    return timedelta(seconds=seconds)


def _refused(what: str, instead: str) -> PydanticCustomError:
    """What is wrong with a value, and what to write instead; `_said` knows its type."""
    return PydanticCustomError("refused", "{what}", {"what": what, "instead": instead})


def _domain(text: str) -> str:
    """A host name in ASCII (RFC 5321 §2.3.5): it stands in Message-IDs and in EHLO."""
    if not _DOMAIN.fullmatch(text):
        raise _refused(f"“{text}” is no domain name", "such as acme.test; other letters as xn--…")
    return text


def _delimiter(text: str) -> str:
    """One character of RFC 5322 §3.2.3 that no name is made of."""
    if not re.fullmatch(r"[!#$%&'*+/=?^_`{|}~-]", text):
        raise _refused(f"“{text}” is no delimiter", "one character, such as + or -")
    return text


def _address(text: str) -> str:
    """An address that mail can go to (RFC 5321 §4.1.2)."""
    try:
        path_address(text, smtputf8=True)
    except PermanentError as e:
        raise _refused(f"“{text}” is no address", "such as desk@acme.test") from e
    return text


def _alias(text: str) -> str:
    try:
        AliasPatterns((text,))
    except ValueError as e:
        raise _refused(f"“{text}”: {e}", r"such as \[OTRS#([0-9]+)\]") from e
    return text


def _https(text: str) -> str:
    if not _is_https(text):
        raise _refused(f"“{text[:80]}” is no place to post to", "https://HOST/PATH, without a password in it")
    return text


def _base_url(text: str) -> str:
    """It stands in a header and before each link, so it is short and holds nothing that either would read."""
    if text and not (_is_https(text) and re.fullmatch(r"https://[A-Za-z0-9._~:/\[\]-]{1,200}", text)):
        raise _refused(f"“{text[:80]}” is no place of pages", "https://HOST, such as https://desk.acme.test")
    return text.rstrip("/")


def _is_https(text: str) -> bool:
    try:
        url = urlsplit(text)
        whole = url.scheme == "https" and _is_host(url.hostname or "") and url.port != 0
    except ValueError:
        return False
    return whole and url.username is None and not url.fragment and text.isascii() and " " not in text


def _bounce(text: str) -> str:
    return text and _address(text)


def _smtp_listen(text: str) -> str:
    if text and not _is_place(text):
        raise _refused(f"“{text}” is no address", "host:port, such as 127.0.0.1:2525; empty is off")
    return text


def _lmtp_listen(text: str) -> str:
    if text not in ("", "off") and not re.fullmatch("unix:/[^\0]+", text) and not _is_place(text):
        raise _refused(f"“{text}” is no address", "unix:/path, host:port or off")
    return text


def _relay(text: str) -> str:
    if not (_is_host(text) or (_is_place(text) and text[0] not in ":*" and not text.endswith(":0"))):
        raise _refused(f"“{text}” is no host and port", "such as mail.acme.test:587")
    return text


def _resolver(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        known = not text or (_is_place(text) and port != "0" and bool(ip_address(host.strip("[]"))))
    except ValueError:
        known = False
    if not known:
        raise _refused(f"“{text}” is no address of a resolver", "an IP address and a port, such as 127.0.0.1:53")
    return text


def _host(text: str) -> str:
    if not _is_host(text):
        raise _refused(f"“{text}” is no host", "such as imap.acme.test")
    return text


def _imap_word(text: str) -> str:
    """What becomes a word of an IMAP command: a line end in it would begin another command."""
    if not text or not text.isprintable():
        raise _refused("it is empty or has control characters", "a name as your mail program shows it")
    return text


def _after(text: str) -> str:
    verb, colon, folder = text.partition(":")
    if not (text in ("seen", "delete") or (verb == "move" and colon and folder.strip() and folder.isprintable())):
        raise _refused(f"“{text}” is nothing to do with a mail", "seen, delete, or move:FOLDER")
    return text


def order_words(parts: Iterable[str]) -> tuple[str, ...]:
    """What a folder of these parts orders, in lower case: closed, spam, or queues and a team; empty: nothing."""
    words = tuple(part.casefold() for part in parts)
    words = words[1:] if words[:1] == ("inbox",) else words
    return words if words in (("closed",), ("spam",)) or (len(words) == 2 and words[0] == "queues") else ()


def _web_address(text: str) -> str:
    """A secret goes there: in clear only within this machine."""
    if not re.fullmatch(r"https://[^\s/?#@]+(/\S*)?|http://(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?(/\S*)?", text):
        raise _refused(f"“{text}” is no address of a token server", "https://…")
    return text


def _daily(text: str) -> str:
    if not re.fullmatch("daily ([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise _refused(f"“{text}” is no time of each day", "such as daily 03:30")
    return text


def _mode(text: str) -> str:
    if not re.fullmatch("0?[0-7]{3}", text):
        raise _refused(f"“{text}” is no mode", "octal, such as 0660")
    return text


def _is_place(text: str) -> bool:
    """Whether it is host:port. No host, and `*`, are all addresses of this machine."""
    host, colon, port = text.rpartition(":")
    known = host in ("", "*") or (_is_host(host) and (":" not in host or host.startswith("[")))
    return bool(colon) and known and re.fullmatch("[0-9]{1,5}", port) is not None and int(port) < 65536


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nobody listens in between."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_host(text: str) -> bool:
    """Whether it is a name or an address; brackets are for IPv6 alone."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return ip_address(bare).version == 6 or bare is text
    except ValueError:
        return _DOMAIN.fullmatch(text) is not None


Count = Annotated[int, Field(ge=1)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Domain = Annotated[str, AfterValidator(_domain)]
Delimiter = Annotated[str, AfterValidator(_delimiter)]
Address = Annotated[str, AfterValidator(_address)]
Language = Literal["en", "de", "pl", "cs", "pt", "hr", "ru"]  # those of templates/_strings


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # built once, as a part of Settings


class Secret(_Section):
    """Where a secret is: a systemd credential, or a file of mode 0600 or 0400 that belongs to us."""

    credential: str | None = None
    file: Path | None = None

    def read(self) -> str:
        """The secret, without its last line end.

        Raises  ConfigError  it is missing, or others could read the file
        """
        if self.credential is not None:
            folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
            path = Path(folder) / self.credential
            if not folder or not path.is_file():
                raise ConfigError(
                    _problem(f"credential “{self.credential}” is not there", "LoadCredential= in the unit")
                )
            return path.read_text("utf-8").rstrip("\r\n")
        if self.file is None:
            raise ConfigError(_problem("a secret names a credential or a file", '{credential = "smtp-password"}'))
        try:
            status = self.file.stat()
        except OSError as e:
            raise ConfigError(_problem(f"secret file {self.file}: {e.strerror}", "create it with mode 0600")) from e
        if stat.S_IMODE(status.st_mode) not in (0o600, 0o400) or status.st_uid != os.getuid():
            raise ConfigError(_problem(f"secret file {self.file} can be read by others", "chmod 600, own user"))
        return self.file.read_text("utf-8").rstrip("\r\n")


class Site(_Section):
    name: str = "Support"
    """What our mails call the desk."""
    domain: Domain = "localhost"
    """The domain of Message-IDs and of `bounce`."""
    base_url: Annotated[str, AfterValidator(_base_url)] = ""
    """Where readers reach the pages of `http.listen`, such as https://desk.acme.test; empty: mails link to none."""
    delimiter: Delimiter = "+"
    """Between the local part and the sub-address."""
    plus_addressing: bool = True
    """Whether mail to local+anything@ comes back to us; else answers are known by the Message-ID that they name."""
    own_addresses: tuple[Address, ...] = ()
    """Further addresses of ours; the teams' addresses always count."""
    bounce: Annotated[str, AfterValidator(_bounce)] = ""
    """Base of the envelope senders of our mails; empty is `bounce@` the domain. Always accepted."""
    subject_aliases: tuple[Annotated[str, AfterValidator(_alias)], ...] = ()
    """Patterns (RE2, in any case, with one group) of ticket names in subjects that an old desk wrote."""
    languages: tuple[Language, ...] = ("en", "de", "pl", "cs", "pt", "hr", "ru")
    """The languages we write."""
    footer: str = ""
    """The last lines of our mails: who we are."""

    @property
    def bounce_address(self) -> str:
        """`bounce`, or its default."""
        return (self.bounce or f"bounce@{self.domain}").lower()


class Paths(_Section):
    rules: Path | None = None
    """rules.yaml; none is the packaged one."""
    templates: Path | None = None
    """Folder whose templates win over the packaged ones."""
    kb: Path | None = None
    """Folder of knowledge articles; none is no articles."""
    state: Path = Path("/var/lib/mailwicket")
    """Database, lock, key; mode 0700."""
    runtime: Path = Path("/run/mailwicket")
    """Control socket and LMTP socket."""


class Database(_Section):
    url: str = ""
    """SQLAlchemy URL without password; empty is SQLite in `paths.state`. PostgreSQL needs the extra `pg`."""
    password: Secret | None = None
    """Of the PostgreSQL account."""
    busy_timeout: Duration = timedelta(seconds=5)
    """How long SQLite waits for a lock that somebody else holds."""
    auto_upgrade: bool = False
    """Upgrade an older schema at start instead of refusing (a new database is always made)."""
    i_accept_data_loss: bool = False
    """Start although the store cannot keep its promise. Shown in `status` for good."""


class Intake(_Section):
    max_size: Annotated[ByteSize, Field(ge=64 * 1024)] = ByteSize(25 * 1024 * 1024)
    """L1: larger mail is refused with 552."""
    max_recipients: Count = 100
    """L3: more get 452; the earlier ones stay valid."""
    max_hops: Count = 50
    """L15: more Received fields are a loop, 554 5.4.6."""
    unknown_recipient: Literal["reject", "accept"] = "reject"
    """Mail to an unknown address in our domains: 550, or the default team."""
    backlog: Count = 10_000
    """Pending mails above which no new mail is taken (452)."""
    backlog_age: Duration = timedelta(hours=1)
    """Age of the oldest pending mail above which no new mail is taken."""
    min_free: ByteSize | None = None
    """L13: free space below which MAIL gets 452; none is the largest of 1.5 x max_size, 5 %, 500 MiB."""


class _Listener(_Section):
    connections: Count = 100
    """L2: sessions at once; more get 421."""
    per_ip: Count = 10
    """L2: sessions at once from one address; trusted networks do not count."""
    command_line: Annotated[int, Field(ge=512)] = 2048
    """L4: octets of a command line; longer ones get 500."""
    idle: Duration = timedelta(seconds=300)
    """L5: silence after which a session gets 421."""
    data: Duration = timedelta(seconds=600)
    """L5: how long one DATA may take."""
    total: Duration = timedelta(seconds=1800)
    """L5: how long one session may take."""
    errors: Count = 20
    """L5: refused commands after which a session gets 421."""
    junk: Count = 100
    """L5: commands that lead nowhere (NOOP, RSET, repeated EHLO) after which a session gets 421."""
    trusted_networks: tuple[IPv4Network | IPv6Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
    """Our own MTA: reserved sessions, bare line ends stored as they are. A unix socket always is."""


class Smtp(_Listener):
    listen: Annotated[str, AfterValidator(_smtp_listen)] = ""
    """host:port; empty is off."""
    public: bool = False
    """Whether strangers connect: needs `tls_cert`, and nobody is trusted to send bare line ends."""
    starttls: bool = True
    """Offer STARTTLS when a certificate is given."""
    tls_cert: Path | None = None
    """PEM chain."""
    tls_key: Path | None = None
    """PEM key, mode 0600."""


class Lmtp(_Listener):
    listen: Annotated[str, AfterValidator(_lmtp_listen)] = ""
    """`unix:/path` or host:port; empty is `unix:` lmtp.sock in `paths.runtime`; `off` is off."""
    socket_mode: Annotated[str, AfterValidator(_mode)] = "0660"
    """Of the unix socket, octal."""


class AuthSettings(_Section):
    trusted_authserv_ids: tuple[str, ...] = ()
    """Whose Authentication-Results we believe, in mail that a trusted network or a mailbox hands over."""
    verify: Literal["off", "self"] = "off"
    """`self` checks DKIM, SPF and DMARC of mail without such a verdict ourselves; needs the extra `dkim`, and DNS."""
    resolver: Annotated[str, AfterValidator(_resolver)] = ""
    """host:port of the DNS resolver, an IP address; empty is the one of the system."""


class AgentSettings(_Section):
    proof: Literal["dmarc", "token"] = "dmarc"
    """What a mail of an agent has to show beside his From and his reply address: that DMARC (or an aligned DKIM or SPF,
    or his login) vouches for the origin; `token` does without where nobody says anything: for closed networks."""
    risk_holds: bool = True
    """Ask an agent before a card number goes to a customer, or words to somebody whom the same mail lets take part."""
    away_on_ooo: bool = True
    """An agent's own out-of-office keeps new tickets from him until a day after the last one, or a mail of his own."""


class Acknowledge(_Section):
    unauthenticated: Literal["auto", "never", "known", "all"] = "auto"
    """Who gets an acknowledgement without an aligned pass; auto: everybody where no verdicts exist at all."""
    articles: bool = False
    """Whether it offers up to three public articles whose keywords are in the mail (`paths.kb`)."""


class Outbound(_Section):
    relay: Annotated[str, AfterValidator(_relay)] = "127.0.0.1:25"
    """host:port of the submission server."""
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    """To the relay; `none` only on loopback."""
    user: str = ""
    """Log in as; empty is no AUTH."""
    password: Secret | None = None
    """Of `user`."""
    concurrency: Annotated[int, Field(ge=0)] = 4
    """Mails under way at once; 0 sends nothing, and all mail waits in the queue."""
    retry: Annotated[tuple[Duration, ...], Field(min_length=1)] = tuple(
        timedelta(minutes=m) for m in (5, 10, 20, 40, 60)
    )
    """Waits after the first, second, ... attempt; the last repeats."""
    jitter_percent: Annotated[int, Field(ge=0, le=90)] = 10
    """How far a wait may stray, either way."""
    give_up: Duration = timedelta(days=5)
    """After that a mail has failed."""
    dkim_selector: str = ""
    """Sign our mails with this selector, by the extra `dkim`; empty leaves it to the submission server."""
    dkim_key: Secret | None = None
    """The RSA key of `dkim_selector`, PEM; none is the credential `dkim-key`."""
    redirect_all_to: Annotated[str, AfterValidator(_bounce)] = ""
    """For trials: every mail goes to this address instead of its own; empty is off."""
    on_uncertain: Literal["resend", "hold"] = "resend"
    """When the relay may or may not have the mail, and nothing shows which."""
    relay_log: Path | None = None
    """Log of the relay on this machine (Postfix, Exim, OpenSMTPD): what was taken by it is not sent once more."""


class LimitSettings(_Section):
    header_block: Annotated[ByteSize, Field(ge=1)] = ByteSize(256 * 1024)
    """L6: octets of all header fields that are parsed."""
    header_fields: Count = 1000
    """L6: fields that are parsed."""
    header_field: Annotated[ByteSize, Field(ge=1)] = ByteSize(64 * 1024)
    """L6: octets of one field that are parsed."""
    header_addresses: Count = 200
    """L6: addresses of one field that are kept."""
    header_encoded_words: Count = 500
    """L6: encoded words of one field that are decoded."""
    header_params: Count = 100
    """L6: parameters of one field that are read."""
    header_comment_depth: Count = 10
    """L6: nested comments of an address field; deeper ones make it ambiguous."""
    mime_depth: Count = 30
    """L7: deeper parts stay one opaque attachment."""
    mime_parts: Count = 500
    """L7: more parts stay one opaque attachment."""
    child_cpu_s: Count = 5
    """L8: CPU seconds for one mail."""
    child_memory: Annotated[ByteSize, Field(ge=64 * 1024 * 1024)] = ByteSize(512 * 1024 * 1024)
    """L8: address space of a parser child."""
    child_attempts: Count = 3
    """L8: then quarantine with a stub ticket."""
    rules_ms: Count = 50
    """L9: for all rules of one mail."""
    template_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """L10: seconds to render one mail."""
    template_output: Annotated[ByteSize, Field(ge=4 * 1024)] = ByteSize(256 * 1024)
    """L10: octets of one rendered mail."""
    lease_s: Annotated[int, Field(ge=30)] = 300
    """L14: how long a worker owns what it claimed."""


class LookupQuery(_Section):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
    """What `sql:` of a look-up in the rules says."""
    url: str
    """SQLAlchemy URL of SQLite or PostgreSQL, without password; an account that may only read."""
    password: Secret | None = None
    """Of the PostgreSQL account."""
    query: Annotated[str, Field(min_length=1)]
    """SQL whose first column is the address or domain; 200,000 rows at most, 10 seconds at most."""
    refresh: Duration = timedelta(minutes=15)
    """How often it is read, whole, into memory; no mail waits for it."""


class Maildir(_Section):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,31}$")]
    """What lists and alarms call it."""
    path: Path
    """The folder that has new and cur in it; the gateway reads and moves what is there."""
    team: str | None = None
    """Whose mail it is; none: by the addresses that a mail names, else the team of `defaults`."""
    poll: Annotated[Duration, Field(ge=timedelta(milliseconds=100))] = timedelta(seconds=10)
    """How often is looked for mail."""


class OAuth(_Section):
    token_url: Annotated[str, AfterValidator(_web_address)]
    """Where tokens are given out (RFC 6749 §3.2)."""
    client_id: Annotated[str, Field(min_length=1)]
    """Of the application that you registered."""
    client_secret: Secret | None = None
    """Of that application; a public client has none."""
    scope: str = ""
    """What is asked for, divided by blanks."""
    grant: Literal["refresh", "client"] = "refresh"
    """`refresh`: a person agreed (`auth login`), RFC 6749 §6; `client`: the application may by itself, §4.4."""
    refresh_token: Secret | None = None
    """The first refresh token, where it was not got by `auth login`; later ones are kept in the database."""
    ends: date | None = None
    """When the leave ends, where the token server does not say: of a client secret, such as 2027-01-31."""
    device_url: Annotated[str, AfterValidator(_web_address)] | None = None
    """Where `auth login` begins (RFC 8628 §3.1)."""


class Imap(_Section):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,31}$")]
    """What commands, lists and alarms call the mailbox. What was fetched is remembered under it."""
    address: Address
    """The address that mail came to: it decides the team. One of the teams' or of `site.own_addresses`."""
    host: Annotated[str, AfterValidator(_host)]
    """The IMAP server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    """Its port; with `starttls` mostly 143."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    """Its certificate is always verified; `none` is for loopback alone."""
    tls_ca: Path | None = None
    """PEM file of the authorities that are believed; none are those of the system."""
    user: Annotated[str, AfterValidator(_imap_word)]
    """Log in as."""
    password: Secret | None = None
    """Of `user`, for `auth = "login"`."""
    auth: Literal["login", "xoauth2", "oauthbearer"] = "login"
    """How we log in."""
    oauth: OAuth | None = None
    """Where tokens come from, for `xoauth2` and `oauthbearer`."""
    folders: Annotated[tuple[Annotated[str, AfterValidator(_imap_word)], ...], Field(min_length=1)] = ("INBOX",)
    """The folders that are fetched; the first one that is there is watched by IDLE."""
    idle: bool = True
    """Let the server tell of new mail, where it can."""
    poll: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(minutes=28))] = timedelta(seconds=60)
    """How often is looked in any case; a connection that died in silence is noticed then."""
    timeout: Annotated[Duration, Field(ge=timedelta(milliseconds=100))] = timedelta(seconds=60)
    """How long the server may be silent within an answer; a whole answer may take five times as long."""
    after: Annotated[str, AfterValidator(_after)] = "seen"
    """What is done with a mail that we have: `seen`, `move:FOLDER`, `delete`."""
    first_run: Literal["from_now", "archive", "all"] = "from_now"
    """Mail from before the first contact: left alone; taken in silently, closed; or answered, after a word for it."""
    folder_commands: bool = False
    """Whether moving a mail into `Queues/TEAM`, `Closed` or `Spam` of the account changes its ticket."""
    canary: Annotated[Duration, Field(ge=timedelta(minutes=5), le=timedelta(days=1))] | Literal["off"] = "off"
    """How often a probe mail is sent to `address`, which has to come back by this mailbox; it is deleted there."""

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.auth == "login" and self.password is None:
            raise _refused(f"no password for “{self.name}”", 'password = {credential = "imap-password"}')
        if self.auth != "login" and self.oauth is None:
            raise _refused(f"no token server for “{self.name}”", 'oauth = {token_url = "https://…", client_id = "…"}')
        if self.oauth is not None and self.oauth.grant == "client" and self.oauth.client_secret is None:
            raise _refused("the grant “client” needs a client_secret", 'client_secret = {credential = "imap-client"}')
        if self.after.removeprefix("move:").casefold() in [folder.casefold() for folder in self.folders]:
            raise _refused(f"“{self.after}” moves into a folder that is fetched itself", "one that is not in folders")
        if self.tls == "none" and not is_loopback(self.host):
            raise _refused(f"no encryption to {self.host}", 'tls = "implicit"; "none" is for loopback')
        return self

    @model_validator(mode="after")
    def _orders_nothing_itself(self) -> Self:
        """What the gateway moves, or takes in, is no order."""
        if not self.folder_commands:
            return self
        if self.after == "delete":
            raise _refused("a mail that is deleted cannot be moved any more", 'after = "seen" with folder_commands')
        for folder in (self.after.removeprefix("move:"), *self.folders):
            if order_words(re.split(r"[/.]", folder)):
                raise _refused(f"with folder_commands “{folder}” stands for an order", "another folder")
        return self


class Http(_Section):
    metrics_listen: Annotated[str, AfterValidator(_smtp_listen)] = "127.0.0.1:8601"
    """Where /live, /ready and /metrics answer, to everybody who gets there; empty is off."""
    listen: Annotated[str, AfterValidator(_smtp_listen)] = ""
    """Where our pages are, for a reverse proxy with a certificate: 127.0.0.1:8600; empty is off. By the extra `web`."""


_Told = Literal[
    "new", "reply", "agent-reply", "note", "status-changed", "assigned", "sla-warning", "sla-breached", "bounced"
]


class WebhookEndpoint(_Section):
    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")]
    """What the action `webhook:` of a rule says."""
    url: Annotated[str, AfterValidator(_https)]
    """Where events are posted, https only. An address that is not public is refused when it is looked up."""
    secret: Secret
    """The key of X-Mailwicket-Signature."""
    events: tuple[_Told, ...] = ()
    """What it is told of every ticket, whether a rule asks for it or not."""


class Log(_Section):
    format: Literal["kv", "json"] = "kv"
    """One line per event."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on."""


class Backup(_Section):
    dir: Path | None = None
    """Folder that the gateway writes a backup into each day, in a folder of its own; none: it makes none by itself."""
    schedule: Annotated[str, AfterValidator(_daily)] = "daily 03:30"
    """When it is made, by the clock of the desk."""
    keep: Annotated[Duration, Field(ge=timedelta(days=1))] = timedelta(days=35)
    """How long the backups in `dir` are kept."""

    @property
    def at(self) -> time:
        """The time of day of `schedule`."""
        return time.fromisoformat(self.schedule.removeprefix("daily "))


_Named = TypeVar("_Named", LookupQuery, Maildir, Imap, WebhookEndpoint)


def _each_once(several: tuple[_Named, ...]) -> tuple[_Named, ...]:
    names = [each.name for each in several]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise _refused(f"two of them are called “{twice}”", "a name of its own for each")
    return several


class Settings(BaseSettings):
    """The whole of mailwicket.toml."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    site: Site = Site()
    paths: Paths = Paths()
    database: Database = Database()
    intake: Intake = Intake()
    smtp: Smtp = Smtp()
    lmtp: Lmtp = Lmtp()
    auth: AuthSettings = AuthSettings()
    agents: AgentSettings = AgentSettings()
    acknowledge: Acknowledge = Acknowledge()
    outbound: Outbound = Outbound()
    limits: LimitSettings = LimitSettings()
    maildir: Annotated[tuple[Maildir, ...], AfterValidator(_each_once)] = ()
    lookup: Annotated[tuple[LookupQuery, ...], AfterValidator(_each_once)] = ()
    imap: Annotated[tuple[Imap, ...], AfterValidator(_each_once)] = ()
    http: Http = Http()
    webhook: Annotated[tuple[WebhookEndpoint, ...], AfterValidator(_each_once)] = ()
    log: Log = Log()
    backup: Backup = Backup()
    _texts: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def texts(self) -> dict[str, str]:
        """The text of each file that these settings were read from, by its path."""
        return self._texts

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over the files; no .env, no secrets folder."""
        return env_settings, init_settings

    @property
    def queries(self) -> tuple[str, ...]:
        """The names of the queries that look-ups of the rules may read."""
        return tuple(query.name for query in self.lookup)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of the endpoints that rules may tell."""
        return tuple(endpoint.name for endpoint in self.webhook)

    @property
    def pages_url(self) -> str:
        """Before the path of each of our pages, as readers of our mails reach it; empty where they reach none."""
        return self.site.base_url if self.http.listen else ""

    @property
    def database_url(self) -> str:
        """`database.url`, or SQLite in the state folder."""
        return self.database.url or f"sqlite:///{self.database_file}"

    @property
    def database_file(self) -> Path:
        """Where SQLite keeps it, unless `database.url` says otherwise."""
        return self.paths.state / "mailwicket.db"


def load_settings(path: Path | None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """The settings in force.

    path       mailwicket.toml; None uses the packaged defaults alone
    overrides  what flags say, by section; wins over everything
    Raises     ConfigError  with every problem at once: file, line, key, nearest known word
    """
    merged, texts = _read_files(path)
    problems = list(_unknown_variables())
    try:
        if not problems:
            settings = Settings(**merged)
            settings.texts.update(texts)
            return _overridden(settings, overrides or {})
    except ValidationError as e:
        problems.extend(dict.fromkeys(_as_problem(error, texts) for error in e.errors()))
    except SettingsError:  # a variable names a whole section, and is no JSON
        names = sorted(v for v in os.environ if v.upper().removeprefix(ENV_PREFIX).lower() in Settings.model_fields)
        problems.extend(Problem(name, 0, 0, "C004", "a section", f"{name}__KEY for one of its keys") for name in names)
    raise ConfigError(*problems)


def origins(path: Path | None) -> Iterator[tuple[str, str, str]]:
    """(key, value, where it comes from) of each setting in force, for `config show --origin`."""
    settings = load_settings(path)
    _, texts = _read_files(path)
    for section, name in known_keys():
        value = getattr(getattr(settings, section), name)
        variable = f"{ENV_PREFIX}{section}__{name}".upper()
        where = "default"
        for file, text in texts.items():
            if name in tomllib.loads(text).get(section, {}):
                where = f"{file}:{line_of(text, (section, name))}"
        if variable in {v.upper() for v in os.environ}:
            where = variable
        yield f"{section}.{name}", _shown(value), where
    for section, name in known_keys(repeated=True):
        for each in getattr(settings, section):
            where = next(f for f, text in reversed(texts.items()) if section in tomllib.loads(text))
            yield f"{section}.{each.name}.{name}", _shown(getattr(each, name)), where


def known_keys(*, repeated: bool = False) -> Iterator[tuple[str, str]]:
    """(section, key) of every setting, in order.

    repeated  those of the sections that may stand there several times, and only those
    """
    for section, info in Settings.model_fields.items():
        if (info.default == ()) is repeated:
            yield from ((section, name) for name in model_of(section).model_fields)


def model_of(section: str) -> type[BaseModel]:
    """The keys of a section; of each of them where there may be several."""
    return _model_in(Settings.model_fields[section].annotation)


def _model_in(annotation: Any) -> type[BaseModel]:
    model: type[BaseModel] = next(iter(get_args(annotation)), annotation)
    return model


def default_of(section: str, name: str) -> str:
    """The default of one setting, as it is shown. What it is for stands below it here, and in docs/settings.md."""
    return default_in(model_of(section), name)


def default_in(model: type[BaseModel], name: str) -> str:
    """As `default_of`, for one key of a model."""
    info = model.model_fields[name]
    return "required" if info.is_required() else _shown(info.default)


def line_of(toml: str, location: Iterable[object]) -> int:
    """The line, from 1, of the longest known prefix of a key's path; tomllib tells no positions itself."""
    wanted, best = tuple(map(str, location)), (0, 1)
    table: tuple[str, ...] = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(toml.splitlines(), 1):
        if found := re.match(r"\s*(\[\[?)\s*([\w.-]+)", line):
            table = tuple(found[2].split("."))
            if found[1] == "[[":
                seen[table] = seen.get(table, -1) + 1
                table += (str(seen[table]),)
        key = re.match(r"\s*([\w.-]+)\s*=", line)
        path = table + tuple(key[1].split(".")) if key else table
        if path == wanted[: len(path)] and len(path) > best[0]:
            best = len(path), number
    return best[1]


def packaged(name: str) -> Path:
    """A file or folder that the distribution ships: `templates`, `rules.yaml`."""
    inside = Path(__file__).parent / "_data" / name
    return inside if inside.exists() else Path(__file__).parent.parent / name


def hmac_keys(settings: Settings, *, create: bool) -> tuple[Path, str]:
    """Where the keys of reply tokens and loop marks are, and what stands there, as `_key_file` finds it."""
    return _key_file("hmac-key", settings, create=create)


def audit_key(settings: Settings, *, create: bool) -> bytes:
    """The key of the audit chain, which only its appender and its verifier have, as `_key_file` finds it.

    Raises  ConfigError  as `_key_file`, or it is too short
    """
    _, text = _key_file("audit-key", settings, create=create)
    key = text.strip().encode()
    if len(key) < 32:
        raise ConfigError(_problem("audit-key is shorter than 32 octets", "openssl rand -hex 32"))
    return key


def key_marks(settings: Settings) -> dict[str, str]:
    """By name, what tells each key of ours from another one, and nothing of what it is; those that are not there lack.

    Raises  ConfigError  others could read one
    """
    marks = {}
    for name in ("hmac-key", "audit-key"):
        if _key_path(name, settings).exists():
            _, text = _key_file(name, settings, create=False)
            marks[name] = hashlib.sha256(b"mailwicket mark of a key\0" + text.strip().encode()).hexdigest()[:16]
    return marks


def _key_path(name: str, settings: Settings) -> Path:
    """The credential of this name, else the file in the state folder."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    credential = Path(folder) / name
    return credential if folder and credential.is_file() else settings.paths.state / name


def _key_file(name: str, settings: Settings, *, create: bool) -> tuple[Path, str]:
    """Where a key is, and what stands there: the credential of this name, else the file in the state folder.

    create  make the file on first use; on SQLite only, because gateways that share a database share the keys
    Raises  ConfigError  it is missing, or others could read it
    """
    path = _key_path(name, settings)
    if path.parent != settings.paths.state:
        return path, path.read_text("utf-8", "replace")
    if not path.exists() and not settings.database_url.startswith("sqlite"):
        hint = f"the credential {name}, or {path}: the same for every gateway (openssl rand -hex 32)"
        raise ConfigError(_problem(f"gateways on PostgreSQL need a key that they share, {name}", hint))
    if create and not path.exists():
        write_secret(path, os.urandom(32).hex())
    return path, Secret(file=path).read()


def write_secret(path: Path, text: str) -> None:
    """A file of our own user alone, as `write_whole`: tokens made with its keys go out for a year."""
    write_whole(path, text, 0o600)


def write_whole(path: Path, text: str, mode: int, owner: tuple[int, int] | None = None) -> None:
    """The whole text, on the disk, or what was there before, also when the machine stops.

    owner  user and group; None is whoever writes
    """
    unfinished = path.with_name(f".{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as f:
        os.fchmod(f.fileno(), mode)
        if owner is not None:
            os.fchown(f.fileno(), *owner)
        f.write(text.encode())
        f.flush()
        os.fsync(f.fileno())
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def service_environment() -> dict[str, str]:
    """What systemd passed to this process (sd_notify(3), sd_listen_fds(3)); empty without it."""
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    return {name: os.environ[name] for name in names if name in os.environ}


def _read_files(path: Path | None) -> tuple[dict[str, Any], dict[str, str]]:
    merged: dict[str, Any] = {}
    texts: dict[str, str] = {}
    if path is None:
        return merged, texts
    for file in (path, *sorted(path.with_name(path.name + ".d").glob("*.toml"))):
        try:
            texts[str(file)] = file.read_text("utf-8")
            data = tomllib.loads(texts[str(file)])
        except OSError as e:
            raise ConfigError(Problem(str(file), 0, 0, "C001", f"cannot be read: {e.strerror}", "-c FILE")) from e
        except UnicodeDecodeError as e:
            raise ConfigError(Problem(str(file), 0, 0, "C002", "is not UTF-8")) from e
        except tomllib.TOMLDecodeError as e:
            at = re.search(r"at line (\d+), column (\d+)", str(e))
            line, column = (int(at[1]), int(at[2])) if at else (0, 0)
            source = texts[str(file)].splitlines()[line - 1] if line else ""
            text = str(e).partition(" (at ")[0]
            raise ConfigError(Problem(str(file), line, column, "C002", text, source=source)) from e
        for section, values in data.items():
            if isinstance(values, dict) and isinstance(merged.get(section), dict):
                merged[section] |= values
            else:
                merged[section] = values
    return merged, texts


def _unknown_variables() -> Iterator[Problem]:
    known = {f"{ENV_PREFIX}{s}__{n}".upper() for s, n in known_keys()} | {
        ENV_PREFIX + s.upper() for s in Settings.model_fields
    }
    known |= {f"{ENV_PREFIX}{flag}" for flag in ("CONFIG", "RULES", "AGENT")}  # of the command line (cli/declare.py)
    for variable in sorted(v for v in os.environ if v.upper().startswith(ENV_PREFIX)):
        base = re.sub(r"__(CREDENTIAL|FILE)$", "", variable.upper())
        if base not in known:
            yield Problem(
                "environment", 0, 0, "C003", f"unknown variable {variable}", _nearest(variable.upper(), known)
            )


def _as_problem(error: Any, texts: Mapping[str, str]) -> Problem:
    location = tuple(
        part for part in map(str, error["loc"]) if re.fullmatch(r"[\w.-]+", part)
    )  # without pydantic's own
    text, hint = _said(error, location)
    variable = (ENV_PREFIX + "__".join(location)).upper()
    if variable in {v.upper() for v in os.environ}:
        return Problem(variable, 0, 0, "C004", text, hint)
    secret = error.get("ctx", {}).get("class_name") == Secret.__name__  # its line may hold what nobody should see
    for file, content in reversed(list(texts.items())):
        data: Any = tomllib.loads(content)
        for part in location:
            data = _inside(data, part)
        if data is not None:
            line = line_of(content, location)
            return Problem(file, line, 1, "C004", text, hint, "" if secret else content.splitlines()[line - 1])
    return Problem("mailwicket.toml", 0, 0, "C004", text, hint)


def _inside(data: Any, part: str) -> Any:
    """What stands under a key of a table, or at an index of a list; None when nothing does."""
    if isinstance(data, list):
        return data[int(part)]
    return data.get(part) if isinstance(data, dict) else None


def _said(error: Any, location: tuple[str, ...]) -> tuple[str, str]:
    """What is wrong, and the next step, in words of this product."""
    key = ".".join(location)
    match error["type"]:
        case "refused":
            return f"{key}: {error['msg']}", error["ctx"]["instead"]
        case "greater_than_equal" | "less_than_equal" | "greater_than":
            return f"{key}: {error['input']} is out of range", _range(error["ctx"], location)
        case "too_short":
            return f"{key}: the list is empty", "one value at least"
        case "extra_forbidden":
            known: type[BaseModel] = Settings
            for part in location[:-1]:
                known = known if part.isdecimal() else _model_in(known.model_fields[part].annotation)
            return f"unknown key “{key}”", _nearest(location[-1], known.model_fields)
        case "model_type" if error["ctx"]["class_name"] == Secret.__name__:
            return f"{key}: a secret stands elsewhere", '{credential = "smtp-password"} or {file = "/path"}'
        case "model_type":
            return f"“{key}” is a section", f"[{key}]"
        case "tuple_type" if Settings.model_fields.get(key) is not None:
            return f"“{key}” stands there once for each", f"[[{key}]]"
        case "missing":
            return f"{key} is missing", ""
        case "tuple_type":
            return f"{key}: no list", 'such as ["a", "b"]'
        case "ip_v4_network" | "ip_v6_network":
            return f"{key}: no network", "such as 10.0.0.0/8 or fd00::/8, the bits of the host zero"
        case _:
            return f"{key}: {error['msg'].removeprefix('Value error, ')}", ""


def _range(bounds: Mapping[str, Any], location: tuple[str, ...]) -> str:
    """`64.0 MiB or more`, as the key counts."""
    (word, bound), *_ = bounds.items()
    annotation = model_of(location[0]).model_fields[location[-1]].annotation
    shown = _shown(ByteSize(bound)) if annotation is ByteSize else f"{bound:g}"
    return {"ge": f"{shown} or more", "le": f"{shown} or less", "gt": f"more than {shown}"}[word]


def _overridden(settings: Settings, overrides: Mapping[str, Mapping[str, Any]]) -> Settings:
    changed = {
        section: getattr(settings, section).model_copy(update=dict(values)) for section, values in overrides.items()
    }
    return settings.model_copy(update=changed)


def _nearest(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(word, names, 1, 0.6)
    return f"did you mean “{close[0]}”?" if close else "known: " + ", ".join(names[:30])


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C005", text, hint)


def _shown(value: object) -> str:
    match value:
        case timedelta():
            seconds = value.total_seconds()
            unit = next(u for u in ("d", "h", "m", "s", "ms") if seconds / _UNITS[u] == int(seconds / _UNITS[u]))
            return f"{int(seconds / _UNITS[unit])}{unit}"
        case ByteSize():
            return value.human_readable(separator=" ")
        case tuple():
            return "[" + ", ".join(map(_shown, value)) + "]"
        case bool():
            return str(value).lower()
        case None:
            return "none"
        case OAuth():
            return ", ".join(f"{name}={_shown(getattr(value, name))}" for name in OAuth.model_fields)
        case Secret():
            return f"credential {value.credential}" if value.credential else f"file {value.file}"
        case _:
            return str(value)
