"""Every setting: its default, unit, range and one sentence.

A setting is read from a flag (`--port 8080`), else the environment (`KENTONG_PORT`),
else the file (`port = 8080`, TOML), else it has its default.
"""

import argparse
import dataclasses
import enum
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80}
CONFIG_FILE = "kentong.toml"  # in the data folder, unless --config names another


class ConfigError(Exception):
    """A setting that can't be used; the text is for the operator."""


class Registration(enum.StrEnum):
    """Who may open an account."""

    INVITE = "invite"
    OPEN = "open"
    CLOSED = "closed"


def _setting(
    default: Any,  # noqa: ANN401 - dataclasses.field takes any default
    sentence: str,
    unit: str = "",
    low: int | None = None,
    high: int | None = None,
) -> Any:  # noqa: ANN401 - what dataclasses.field returns fits every field
    metadata = {"sentence": sentence, "unit": unit, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings of one server."""

    # Where
    host: str = _setting("", "Addresses to listen on, separated by commas; empty: all.")
    port: int = _setting(
        8765, "Port of everything: web client, devices, metrics.", "port", 0, 65535
    )
    data: str = _setting("data", "Folder of the database, backups, logs and pages.", "path")
    public_address: str = _setting(
        "", "Address that people use, such as https://chat.example.org; empty: the one asked for."
    )
    trusted_proxies: str = _setting(
        "", "Networks whose X-Forwarded-For and -Proto are believed, separated by commas.", "CIDR"
    )
    tls_certificate: str = _setting("", "Certificate chain in PEM; empty: no TLS here.", "path")
    tls_key: str = _setting("", "Private key of the certificate in PEM.", "path")
    database: str = _setting(
        "", "postgresql://… to use PostgreSQL; empty: SQLite in the data folder.", "URL"
    )
    metrics_token: str = _setting(
        "", "Bearer token for /metrics from elsewhere; empty: only this machine may read it."
    )

    # Who
    registration: str = _setting("invite", "Who may open an account: invite, open or closed.")
    signups_per_hour: int = _setting(
        20, "New accounts without an invite, on the whole open server.", "per hour", 1, 100_000
    )
    signups_per_address: int = _setting(
        3, "New accounts without an invite, of one address.", "per hour", 1, 10_000
    )
    joins_per_inviter: int = _setting(
        300, "New accounts by the links of one person.", "per hour", 1, 100_000
    )
    proof_bits: int = _setting(18, "Work asked of a sign-up when open.", "bits", 0, 32)
    stranger_chats: int = _setting(
        5,
        "People who never wrote to an account of an open server that it may come to on its first "
        "day: by a direct chat, or by putting them into a group.",
        "people",
        0,
        1000,
    )
    stranger_texts: int = _setting(
        3,
        "Texts to somebody who never answered, on an account's first day on an open server.",
        "per chat",
        1,
        1000,
    )

    # How much
    text_chars_max: int = _setting(4_000, "Length of one message.", "characters", 1, 4_000)
    name_chars_max: int = _setting(64, "Length of a person's name.", "characters", 1, 64)
    title_chars_max: int = _setting(100, "Length of a group's title.", "characters", 1, 100)
    members_max: int = _setting(20_000, "Members of one group.", "people", 2, 100_000)
    chats_max: int = _setting(2_000, "Chats of one account.", "chats", 10, 100_000)
    devices_max: int = _setting(20, "Signed-in devices of one account.", "devices", 1, 1_000)
    blocked_max: int = _setting(500, "People that one account may block.", "people", 1, 10_000)
    commands_per_minute: int = _setting(
        240,
        "Commands of one account, with ten times as many in a first burst.",
        "per minute",
        1,
        10_000_000,
    )
    requests_per_minute: int = _setting(
        1_200, "Requests and notices of one account.", "per minute", 1, 10_000_000
    )
    address_per_minute: int = _setting(
        600,
        "Connections and HTTP requests of one address (IPv6: of one /64).",
        "per minute",
        1,
        10_000_000,
    )
    sign_ins_per_minute: int = _setting(
        10,
        "Tries of one address to sign in, or to join by a link that is none.",
        "per minute",
        1,
        100_000,
    )
    connections_max: int = _setting(50_000, "Open connections.", "connections", 1, 1_000_000)
    connections_per_address: int = _setting(
        200, "Open connections of one address (IPv6: of one /64).", "connections", 1, 1_000_000
    )
    frame_bytes_max: int = _setting(
        65_536, "One message of a device that is signed in.", "bytes", 16_384, 65_536
    )
    outstanding_max: int = _setting(
        64, "Unanswered requests of one connection.", "requests", 1, 1_000
    )

    # How long
    head_timeout_s: int = _setting(20, "Time for the head of a request to arrive.", "s", 1, 300)
    stall_timeout_s: int = _setting(
        60, "Time a connection may take nothing we send.", "s", 5, 3_600
    )
    poll_wait_s: int = _setting(25, "Longest wait of a long poll.", "s", 0, 120)
    horizon_days: int = _setting(
        90, "Removals remembered for devices that are away.", "days", 1, 3_650
    )
    removals_days: int = _setting(
        365,
        "Removals kept in removals.log: a backup may be restored that is so old.",
        "days",
        1,
        36_500,
    )
    copies_days: int = _setting(
        30,
        "Copies kept that a restore or an upgrade made of the database before.",
        "days",
        0,
        3_650,
    )
    shutdown_s: int = _setting(5, "Time given to open work when stopping.", "s", 0, 300)

    # Disk and log
    disk_reserve_mib: int = _setting(
        64, "Free space below which writes are refused.", "MiB", 0, 100_000
    )
    log_level: str = _setting("info", "What is logged: debug, info, warning or error.")
    log_mib: int = _setting(10, "Size at which the log file is turned over.", "MiB", 1, 1_000)
    log_files: int = _setting(5, "Old log files kept.", "files", 0, 100)

    @property
    def proxies(self) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """The trusted networks."""
        parts = (part.strip() for part in self.trusted_proxies.split(","))
        return [ipaddress.ip_network(part) for part in parts if part]

    @property
    def secure(self) -> bool:
        """Whether people reach this server over HTTPS."""
        return bool(self.tls_certificate) or self.public_address.startswith("https://")


def _checked(field: dataclasses.Field[Any], value: str | int) -> str | int:
    name, low, high = field.name, field.metadata["low"], field.metadata["high"]
    if field.type is str:
        if not isinstance(value, str):  # a file can hold anything
            raise ConfigError(f"{name} = {value!r}: a text in quotes is needed")
        return value
    try:
        number = int(str(value))
    except ValueError:
        raise ConfigError(f"{name} = {value!r}: a whole number is needed") from None
    if not low <= number <= high:
        raise ConfigError(f"{name} = {number}: it must be between {low} and {high}")
    return number


def _from_file(path: Path, *, is_named: bool) -> dict[str, str | int]:
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if is_named:
            raise ConfigError(f"the settings file {path} is not there") from None
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    known = {field.name for field in dataclasses.fields(Config)}
    for name in found:
        if name not in known:
            raise ConfigError(f"{path}: there is no setting {name!r}")
    return found


def _consistent(config: Config) -> Config:
    if config.registration not in set(Registration):
        raise ConfigError(f"registration = {config.registration!r}: invite, open or closed")
    if config.log_level not in {"debug", "info", "warning", "error"}:
        raise ConfigError(f"log_level = {config.log_level!r}: debug, info, warning or error")
    if bool(config.tls_certificate) != bool(config.tls_key):
        raise ConfigError("tls_certificate and tls_key go together")
    try:
        _ = config.proxies
    except ValueError as error:
        raise ConfigError(f"trusted_proxies: {error}") from None
    return dataclasses.replace(config, public_address=_as_browsers_write(config.public_address))


def _as_browsers_write(address: str) -> str:
    """The address with its beginning as browsers say it in Origin: `https://chat.example.org`.

    Raises ConfigError.
    """
    if not address:
        return ""
    try:
        parts = urlsplit(address.strip())
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise ConfigError(f"public_address: {error}") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ConfigError("public_address begins with https:// or http://")
    if not host or parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(f"public_address = {address!r}: scheme, host and port are needed")
    if ":" in host:
        host = f"[{ipaddress.IPv6Address(host)}]"
    if port not in (None, DEFAULT_PORTS[parts.scheme]):
        host = f"{host}:{port}"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def load(flags: Mapping[str, str | int], environment: Mapping[str, str] = os.environ) -> Config:
    """The settings in force. Raises ConfigError with a sentence for the operator."""
    fields = {field.name: field for field in dataclasses.fields(Config)}
    given = {
        name: environment[f"KENTONG_{name.upper()}"]
        for name in fields
        if f"KENTONG_{name.upper()}" in environment
    } | {name: value for name, value in flags.items() if name in fields}
    data = Path(str(given.get("data", Config.data)))
    named = flags.get("config") or environment.get("KENTONG_CONFIG")
    file = Path(str(named)) if named else data / CONFIG_FILE
    values: dict[str, str | int] = {**_from_file(file, is_named=bool(named)), **given}
    checked: dict[str, Any] = {  # each of the type its field has
        name: _checked(fields[name], value) for name, value in values.items()
    }
    return _consistent(Config(**checked))


def add_flags(parser: argparse.ArgumentParser) -> None:
    """One flag for each setting; absent ones are absent from the result."""
    parser.add_argument("--config", default=argparse.SUPPRESS, help="settings file (TOML)")
    for field in dataclasses.fields(Config):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            metavar=(field.metadata["unit"] or "value").upper(),
            help=f"{field.metadata['sentence']} Default: {field.default!r}.".replace("%", "%%"),
        )
