"""The opening handshake, one test for each rule of RFC 6455 §4.2 and our own limits."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentong.server.gateway.handshake import (
    BadUpgradeError,
    UpgradeRequest,
    accept_key,
    accept_response,
    parse_upgrade,
    refusal_response,
    wants_websocket,
)

HEADERS = {
    "Host": "chat.example:8080",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def head(
    changes: Mapping[str, str | None] | None = None,
    extra: str = "",
    first: str = "GET /ws HTTP/1.1",
) -> bytes:
    headers = {**HEADERS, **(changes or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
    return f"{first}\r\n{lines}{extra}\r\n".encode("latin-1")


def status_of(request: bytes) -> int:
    with pytest.raises(BadUpgradeError) as raised:
        parse_upgrade(request)
    assert raised.value.detail
    return raised.value.status


# What is accepted.


def test_4_2_1_smallest_request() -> None:
    assert parse_upgrade(head()) == UpgradeRequest(
        path="/ws",
        host="chat.example:8080",
        origin=None,
        protocols=(),
        authorization=None,
        cookies=None,
        forwarded_for=(),
        accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    )


def test_4_2_1_everything_a_device_may_say() -> None:
    extra = (
        "Origin: https://chat.example\r\n"
        "Cookie: a=1; __Host-k=x=y; a=2; bare\r\n"
        "Authorization: Bearer abc\r\n"
        "Sec-WebSocket-Protocol: kentong.1, aGVsbG8_-\r\n"
        "X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\n"
        "User-Agent: caf\xe9\r\n"
        "Accept:\r\n"
        "Accept: */*\r\n"
    )
    request = parse_upgrade(head(extra=extra, first="GET /ws?x=1 HTTP/1.1"))
    assert request.path == "/ws"
    assert request.origin == "https://chat.example"
    assert request.authorization == "Bearer abc"
    assert request.protocols == ("kentong.1", "aGVsbG8_-")
    assert request.forwarded_for == ("192.0.2.1", "198.51.100.7")
    assert request.cookie("a") == "1"
    assert request.cookie("__Host-k") == "x=y"
    assert request.cookie("bare") is None
    assert request.cookie("b") is None


def test_no_cookies_at_all() -> None:
    assert parse_upgrade(head()).cookie("a") is None


def test_4_2_1_names_and_tokens_in_any_case() -> None:
    text = head().decode().replace("Upgrade: websocket", "uPGRADE:  WebSocket \t")
    assert parse_upgrade(text.encode()).host == "chat.example:8080"


def test_4_2_1_connection_and_upgrade_are_lists() -> None:
    changes = {"Connection": "keep-alive, Upgrade", "Upgrade": "h2c,,websocket"}
    assert parse_upgrade(head(changes)).path == "/ws"


def test_11_3_4_protocols_over_two_lines() -> None:
    extra = "Sec-WebSocket-Protocol: kentong.1\r\nSec-WebSocket-Protocol: abc\r\n"
    assert parse_upgrade(head(extra=extra)).protocols == ("kentong.1", "abc")


def test_forwarded_for_over_two_lines_keeps_the_order() -> None:
    extra = "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2\r\n"
    assert parse_upgrade(head(extra=extra)).forwarded_for == ("192.0.2.1", "192.0.2.2")


# What is refused.


@pytest.mark.parametrize(
    "first",
    [
        "POST /ws HTTP/1.1",
        "get /ws HTTP/1.1",
        "GET /ws HTTP/1.0",
        "GET /ws HTTP/2",
        "GET /ws",
        "GET  /ws HTTP/1.1",
        "GET ws HTTP/1.1",
        "GET http://chat.example/ws HTTP/1.1",
        "GET /w\xe4 HTTP/1.1",
        "GET /ws HTTP/1.1 ",
        "",
    ],
)
def test_4_2_1_request_line_that_is_not_ours(first: str) -> None:
    assert status_of(head(first=first)) == 400


@pytest.mark.parametrize("name", list(HEADERS))
def test_4_2_1_header_that_is_missing(name: str) -> None:
    assert status_of(head({name: None})) == 400


@pytest.mark.parametrize("name", ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Version"])
def test_header_that_is_there_twice(name: str) -> None:
    assert status_of(head(extra=f"{name}: {HEADERS[name]}\r\n")) == 400


@pytest.mark.parametrize("name", ["Origin", "Cookie", "Authorization"])
def test_optional_header_that_is_there_twice(name: str) -> None:
    assert status_of(head(extra=f"{name}: x\r\n{name.upper()}: x\r\n")) == 400


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_upgrade_with_a_body(name: str) -> None:
    assert status_of(head(extra=f"{name}: 0\r\n")) == 400


@pytest.mark.parametrize("version", ["8", "12", "14", "13, 8", "013"])
def test_4_4_other_versions(version: str) -> None:
    assert status_of(head({"Sec-WebSocket-Version": version})) == 426


@pytest.mark.parametrize(
    "key",
    [
        "",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZTEyMzQ=",
        "c2hvcnQ=",
        "dGhl IHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j\xe9Q==",
    ],
)
def test_4_2_1_key_that_is_not_16_bytes(key: str) -> None:
    assert status_of(head({"Sec-WebSocket-Key": key})) == 400


@pytest.mark.parametrize(
    ("name", "value"), [("Upgrade", "h2c"), ("Upgrade", "websocket2"), ("Connection", "close")]
)
def test_4_2_1_request_for_something_else(name: str, value: str) -> None:
    assert status_of(head({name: value})) == 400


@pytest.mark.parametrize(
    "line",
    [
        "Host : x",
        " folded",
        "no colon",
        ": empty",
        "X: a\x00b",
        "X: a\rb",
        "X: a\nY: b",
        "X\xe9: a",
        "X: \x7f",
    ],
)
def test_malformed_header(line: str) -> None:
    assert status_of(head(extra=f"{line}\r\n")) == 400


def test_head_without_its_end() -> None:
    assert status_of(head()[:-2]) == 400


def test_4_1_protocol_that_is_there_twice() -> None:
    assert status_of(head({"Sec-WebSocket-Protocol": "a, b, a"})) == 400


def test_4_1_protocol_that_is_no_token() -> None:
    assert status_of(head({"Sec-WebSocket-Protocol": "a, b c"})) == 400


def test_a_token_that_is_too_long_is_refused_by_the_session_in_a_frame() -> None:
    token = "x" * 7000
    assert parse_upgrade(head({"Sec-WebSocket-Protocol": token})).protocols == (token,)


def test_longest_head() -> None:
    room = 8192 - len(head({"X": ""}))
    assert parse_upgrade(head({"X": "x" * room})).path == "/ws"
    assert status_of(head({"X": "x" * (room + 1)})) == 431


def test_most_headers() -> None:
    room = 100 - len(HEADERS)
    assert parse_upgrade(head(extra="X: x\r\n" * room)).path == "/ws"
    assert status_of(head(extra="X: x\r\n" * (room + 1))) == 431


# What is for the gateway at all.


@pytest.mark.parametrize(
    ("request_head", "expected"),
    [
        (head(), True),
        (head(first="GET /ws?a=b HTTP/1.1"), True),
        (head(first="POST /ws HTTP/1.1"), True),
        (head({"Upgrade": "h2c, WebSocket"}), True),
        (head({"Upgrade": None}), False),
        (head({"Upgrade": None, "X-Upgrade": "websocket"}), False),
        (head({"Upgrade": "h2c"}), False),
        (head(first="GET /wsx HTTP/1.1"), False),
        (head(first="GET /WS HTTP/1.1"), False),
        (head(first="GET / HTTP/1.1"), False),
    ],
)
def test_which_requests_are_for_the_gateway(request_head: bytes, expected: bool) -> None:
    assert wants_websocket(request_head) is expected


# Answers.


def test_1_3_accept_key_of_the_rfc() -> None:
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_4_2_2_answer_names_our_protocol_when_it_was_offered() -> None:
    request = parse_upgrade(head({"Sec-WebSocket-Protocol": "other, kentong.1, token"}))
    assert accept_response(request) == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: kentong.1\r\n"
        b"\r\n"
    )


def test_4_2_2_answer_names_no_protocol_that_was_not_offered() -> None:
    request = parse_upgrade(head({"Sec-WebSocket-Protocol": "kentong.2"}))
    assert b"Protocol:" not in accept_response(request)


def test_4_4_refused_version_is_told_the_right_one() -> None:
    answer = refusal_response(426, "only 13")
    assert answer.startswith(b"HTTP/1.1 426 Upgrade Required\r\n")
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer
    assert b"\r\nUpgrade: websocket\r\n" in answer


def test_refusal_is_plain_http_and_closes() -> None:
    assert refusal_response(400, "no") == (
        b"HTTP/1.1 400 Bad Request\r\n"
        b"Content-Type: text/plain\r\n"
        b"Content-Length: 3\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"no\n"
    )


# Any bytes.


def try_to_parse(data: bytes) -> None:
    wants_websocket(data)
    try:
        parse_upgrade(data)
    except BadUpgradeError as error:
        refusal_response(error.status, error.detail)


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    try_to_parse(data)
    try_to_parse(data + b"\r\n\r\n")


@given(st.sampled_from([*HEADERS, "Origin", "Cookie", "X-Forwarded-For"]), st.binary(max_size=60))
def test_any_value_of_a_header_parses_or_is_refused(name: str, value: bytes) -> None:
    plain = head({name: None})
    try_to_parse(plain[:-2] + name.encode() + b": " + value + b"\r\n\r\n")


@given(st.integers(0, 300), st.binary(max_size=3))
def test_any_damage_parses_or_is_refused(at: int, damage: bytes) -> None:
    whole = head({"Sec-WebSocket-Protocol": "kentong.1, abc", "Cookie": "a=b"})
    try_to_parse(whole[:at] + damage + whole[at + len(damage) :])
