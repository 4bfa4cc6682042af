"""The golden vectors of spec/vectors, as every implementation must pass them."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kentong.protocol import codec, messages
from kentong.protocol.errors import Malformed
from kentong.protocol.messages import Command, Hello, Message, Notice, Request, Row
from tools.generate import Field, fields

FILE = Path(__file__).parents[3] / "spec" / "vectors" / "messages.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text())


def built(kind: type[Message], values: dict[str, Any]) -> Message:
    """The message that a vector's `fields` mean."""
    return kind(**{field.name: revived(field, values[field.name]) for field in fields(kind)})


def revived(field: Field, value: Any) -> Any:  # noqa: ANN401 - JSON
    if field.many:
        return [one(field, item) for item in value]
    return None if value is None else one(field, value)


def one(field: Field, value: Any) -> Any:  # noqa: ANN401 - JSON
    if field.kind == "part":
        return built(getattr(messages, field.part), value)
    if field.kind == "raw":
        return msgspec.Raw(bytes.fromhex(value["hex"]))
    return bytes.fromhex(value["hex"]) if field.kind == "bytes" else value


def decoded(kind: type[Message], data: bytes) -> Message:
    if issubclass(kind, Command | Request | Notice | Hello):
        return codec.decode_from_client(data)
    return codec.decode_from_server(data)


def test_every_message_is_encoded_to_its_one_encoding() -> None:
    for vector in VECTORS["messages"]:
        kind = getattr(messages, vector["message"])
        assert codec.encode(built(kind, vector["fields"])).hex() == vector["hex"]


def test_every_encoding_is_decoded_and_unknown_trailing_fields_are_passed_over() -> None:
    for vector in VECTORS["messages"] + VECTORS["lenient"]:
        kind = getattr(messages, vector["message"])
        assert decoded(kind, bytes.fromhex(vector["hex"])) == built(kind, vector["fields"])


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["why"])
def test_malformed_frames_are_refused(vector: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        codec.decode_from_server(bytes.fromhex(vector["hex"]))


def test_tokens_are_hellos() -> None:
    for vector in VECTORS["tokens"]:
        hello = built(Hello, vector["fields"])
        assert isinstance(hello, Hello)
        assert codec.hello_to_token(hello) == vector["token"]
        assert codec.token_to_hello(vector["token"]) == hello


def test_packed_rows_are_unpacked() -> None:
    for vector in VECTORS["packed"]:
        rows = [built(Row, row) for row in vector["rows"]]
        assert codec.unpack_rows(bytes.fromhex(vector["hex"]), vector["deflated"]) == rows
