"""Settings, read and put in order."""

import pytest

from kentong.protocol.errors import Refused
from kentong.server import config
from kentong.server.features import sign_in
from kentong.server.features.sign_in import Credentials
from kentong.server.http import links


def of(address: str) -> config.Config:
    return config.load({"public_address": address}, {})


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://chat.example.org", "https://chat.example.org"),
        ("https://Chat.Example.org", "https://chat.example.org"),
        ("HTTPS://chat.example.org/", "https://chat.example.org"),
        ("https://chat.example.org:443", "https://chat.example.org"),
        ("https://chat.example.org:443/", "https://chat.example.org"),
        ("http://chat.example.org:80", "http://chat.example.org"),
        ("https://chat.example.org:8443", "https://chat.example.org:8443"),
        ("http://chat.example.org:443", "http://chat.example.org:443"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"),
        (" https://chat.example.org ", "https://chat.example.org"),
    ],
)
def test_a_public_address_is_the_origin_that_browsers_send(written: str, origin: str) -> None:
    settings = of(written)
    assert links.addresses(settings, 1) == [origin]
    assert settings.secure == origin.startswith("https://")
    sign_in.check_origin(Credentials(None, "cookie", origin, "x"), settings)
    with pytest.raises(Refused):
        sign_in.check_origin(Credentials(None, "cookie", f"{origin}0", "x"), settings)


@pytest.mark.parametrize(
    "written",
    [
        "chat.example.org",
        "ftp://chat.example.org",
        "https://",
        "https:///path",
        "https://me:secret@chat.example.org",
        "https://chat.example.org:99999",
        "https://chat.example.org:port",
        "https://chat.example.org/?a=b",
        "https://[::1",
        "https://[nonsense]",
        "https://a..example",
    ],
)
def test_an_address_that_is_none_is_refused_in_a_sentence(written: str) -> None:
    with pytest.raises(config.ConfigError, match="public_address"):
        of(written)


def test_without_a_public_address_there_is_none() -> None:
    assert of("").public_address == ""
