"""Messages to bytes and back."""

import base64
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentong.protocol import codec, messages
from kentong.protocol.errors import Malformed, TooLarge
from kentong.protocol.limits import FRAME_BYTES_MAX, INTEGER_MAX, TOKEN_CHARS_MAX
from kentong.protocol.messages import (
    Catalogue,
    Got,
    Hello,
    Message,
    Ping,
    Row,
    SendText,
    Welcome,
)
from tools.generate import Field, fields

INTEGERS = st.integers(0, INTEGER_MAX)
KINDS: dict[str, st.SearchStrategy[object]] = {
    "int": INTEGERS,
    "ref": st.integers(-INTEGER_MAX, INTEGER_MAX),
    "signed": st.integers(-INTEGER_MAX, INTEGER_MAX),
    "text": st.text(max_size=40),
    "bytes": st.binary(max_size=40),
}
FROM_CLIENT = Catalogue.commands + Catalogue.requests + Catalogue.notices


def made(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Messages of one kind, any value in every field."""
    return st.builds(kind, **{field.name: values(field) for field in fields(kind)})


def values(field: Field) -> st.SearchStrategy[object]:
    one = made(getattr(messages, field.part)) if field.part else KINDS[field.kind]
    if field.many:
        return st.lists(one, max_size=3)
    return st.none() | one if field.optional else one


@given(st.one_of([made(kind) for kind in FROM_CLIENT]))
def test_decode_undoes_encode_for_what_clients_say(message: Message) -> None:
    assert codec.decode_from_client(codec.encode(message)) == message


@given(st.one_of([made(kind) for kind in Catalogue.from_server]))
def test_decode_undoes_encode_for_what_servers_say(message: Message) -> None:
    assert codec.decode_from_server(codec.encode(message)) == message


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    for decode in (codec.decode_from_client, codec.decode_from_server):
        try:
            decode(data)
        except Malformed:
            pass


@given(st.lists(st.binary(min_size=1, max_size=300)))
def test_split_undoes_join(frames: list[bytes]) -> None:
    assert codec.split(codec.join(frames)) == frames


@pytest.mark.parametrize("body", ["00", "00000000", "00000002aa", "0001000100"])
def test_a_body_with_a_wrong_length_is_malformed(body: str) -> None:
    with pytest.raises(Malformed):
        codec.split(bytes.fromhex(body))


def test_a_body_of_more_messages_than_allowed_is_malformed() -> None:
    body = codec.join([b"x"] * 5)
    assert len(codec.split(body, 5)) == 5
    with pytest.raises(Malformed):
        codec.split(body, 4)


def test_a_body_with_a_long_frame_is_too_large() -> None:
    body = codec.join([bytes(101)])
    assert codec.split(body, 1, 101) == [bytes(101)]
    with pytest.raises(TooLarge):
        codec.split(body, 1, 100)


def test_trailing_defaults_are_left_out() -> None:
    assert codec.encode(SendText(chat=5, text="hi")).hex() == "931005a26869"
    assert codec.encode(Welcome(time=1, number=2, build=3)).hex() == "97400102000000" + "03"


def test_a_frame_over_the_limit_is_malformed() -> None:
    with pytest.raises(Malformed):
        codec.decode_from_client(codec.encode(SendText(chat=1, text="x" * FRAME_BYTES_MAX)))


def test_integers_end_below_two_to_the_53() -> None:
    assert codec.decode_from_client(msgspec.msgpack.encode([0x34, INTEGER_MAX])) == Got(INTEGER_MAX)
    with pytest.raises(Malformed):
        codec.decode_from_client(msgspec.msgpack.encode([0x34, INTEGER_MAX + 1]))
    with pytest.raises(Malformed):
        codec.decode_from_client(msgspec.msgpack.encode([0x34, -1]))


def test_a_token_is_a_hello_and_nothing_else() -> None:
    hello = Hello(version=1, epoch=2, cursor=3, outbox=4, number=5)
    assert codec.token_to_hello(codec.hello_to_token(hello)) == hello
    no_hello = base64.urlsafe_b64encode(codec.encode(Ping())).decode().rstrip("=")
    for token in ("", "AA==", "ä", "A" * (TOKEN_CHARS_MAX + 1), no_hello):
        with pytest.raises(Malformed):
            codec.token_to_hello(token)


@given(st.lists(made(Row), max_size=8), st.booleans())
def test_unpack_undoes_pack(rows: list[Row], deflate: bool) -> None:
    assert codec.unpack_rows(*codec.pack_rows(rows, deflate)) == rows


def test_rows_that_inflate_beyond_the_limit_are_malformed() -> None:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = compressor.compress(bytes(10**6)) + compressor.flush()
    for packed in (bomb, bomb[:10], b"\xff\xff"):
        with pytest.raises(Malformed):
            codec.unpack_rows(packed, 1)


def test_packed_rows_that_are_no_rows_are_malformed() -> None:
    for packed in (b"", b"\x2a", b"\x91\x01"):
        with pytest.raises(Malformed):
            codec.unpack_rows(packed, 0)


def test_a_fingerprint_knows_a_command_again() -> None:
    one, other = (codec.encode(SendText(chat=1, text=text)) for text in "ab")
    assert codec.fingerprint(one) == codec.fingerprint(bytes(one))
    assert codec.fingerprint(one) != codec.fingerprint(other)
    assert len(codec.fingerprint(one)) == codec.HASH_BYTES
