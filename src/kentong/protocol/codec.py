"""Messages to bytes and back. No I/O, no clock, no state."""

import base64
import binascii
import hashlib
import zlib
from typing import Any, NamedTuple, TypeVar, Union, get_args

import msgspec

from kentong.protocol.errors import Malformed, TooLarge
from kentong.protocol.limits import EXCHANGE_BYTES_MAX, FRAME_BYTES_MAX, TOKEN_CHARS_MAX
from kentong.protocol.messages import Catalogue, Command, Hello, Message, Notice, Request, Row

FromClient = Union[Command, Request, Notice, Hello]  # noqa: UP007 - read by people
M = TypeVar("M", bound=Message)

ANSWER_FRAMES_MAX = EXCHANGE_BYTES_MAX // 8  # what a server may say in one POST /sync
INFLATED_BYTES_MAX = FRAME_BYTES_MAX  # a page of rows is never larger; more is an attack
HASH_BYTES = 8
DEFLATE_LEVEL = 6  # 9 saves nothing on so little, and some texts make it slow

_encoder = msgspec.msgpack.Encoder()
_from_client = msgspec.msgpack.Decoder(
    Union[Catalogue.commands + Catalogue.requests + Catalogue.notices + (Hello,)]  # noqa: UP007
)
_from_server = msgspec.msgpack.Decoder(Union[Catalogue.from_server])  # noqa: UP007
_rows = msgspec.msgpack.Decoder(list[Row])


class _Layout(NamedTuple):
    """What of a class can be left out, and whether messages are inside it."""

    tag: tuple[int, ...]  # empty for parts of messages
    required: int
    defaults: tuple[Any, ...]
    nested: bool


def _layout(kind: type[Message]) -> _Layout:
    fields = msgspec.structs.fields(kind)
    tag = kind.__struct_config__.tag
    defaults = tuple(
        field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        for field in fields
    )
    required = sum(value is msgspec.NODEFAULT for value in defaults)
    nested = any(_holds_messages(field.type) for field in fields)
    return _Layout((tag,) if isinstance(tag, int) else (), required, defaults, nested)


def _holds_messages(hint: object) -> bool:
    """Whether a field of this type is a message, or a list of messages, or perhaps one."""
    if isinstance(hint, type) and issubclass(hint, Message):
        return True
    return any(map(_holds_messages, get_args(hint)))


_layouts = {
    kind: _layout(kind)
    for kind in (
        Catalogue.commands
        + Catalogue.requests
        + Catalogue.notices
        + Catalogue.from_server
        + Catalogue.parts
        + (Hello,)
    )
}


def _plain(message: Message) -> tuple[Any, ...]:
    """The message as the array that travels, trailing defaults left out."""
    layout = _layouts[type(message)]
    values: tuple[Any, ...] = msgspec.structs.astuple(message)
    end = len(values)
    while end > layout.required and values[end - 1] == layout.defaults[end - 1]:
        end -= 1
    if not layout.nested:
        return layout.tag + values[:end]
    return layout.tag + tuple(map(_plain_value, values[:end]))


def _plain_value(value: Any) -> Any:  # noqa: ANN401 - a field of any type
    if isinstance(value, Message):
        return _plain(value)
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    return value


def encode(message: Message) -> bytes:
    """The one encoding of a message."""
    return _encoder.encode(_plain(message))


def decode_from_client(frame: bytes | msgspec.Raw) -> FromClient:
    """What a client said. Raises Malformed."""
    return _decode(_from_client, frame)  # type: ignore[no-any-return]


def decode_from_server(frame: bytes) -> Message:
    """What a server said. Raises Malformed."""
    return _decode(_from_server, frame)  # type: ignore[no-any-return]


def _decode(decoder: Any, frame: bytes | msgspec.Raw) -> Any:  # noqa: ANN401 - its caller knows
    if len(bytes(frame)) > FRAME_BYTES_MAX:
        raise TooLarge("frame is too long")
    try:
        return decoder.decode(frame)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from None


def split(
    body: bytes, frames_max: int = ANSWER_FRAMES_MAX, frame_bytes_max: int = FRAME_BYTES_MAX
) -> list[bytes]:
    """The messages of a POST body, each preceded by its length in four bytes.

    Raises Malformed, also if they are more than `frames_max`; TooLarge.
    """
    frames: list[bytes] = []
    position = 0
    while position < len(body):
        if len(frames) >= frames_max:
            raise Malformed("too many messages")
        start = position + 4
        end = start + int.from_bytes(body[position:start], "big")
        if not start < end <= len(body):
            raise Malformed("a length does not fit the body")
        if end - start > frame_bytes_max:
            raise TooLarge("frame is too long")
        frames.append(body[start:end])
        position = end
    return frames


def join(frames: list[bytes]) -> bytes:
    """The body that `split` takes apart."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def hello_to_token(hello: Hello) -> str:
    """The hello as it stands in Sec-WebSocket-Protocol."""
    return base64.urlsafe_b64encode(encode(hello)).rstrip(b"=").decode()


def token_to_hello(token: str) -> Hello:
    """The hello out of a token. Raises Malformed."""
    if len(token) > TOKEN_CHARS_MAX:
        raise TooLarge("token is too long")
    try:
        raw = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("token is not base64url") from None
    hello = decode_from_client(raw)
    if not isinstance(hello, Hello):
        raise Malformed("token is not a hello")
    return hello


def fingerprint(frame: bytes) -> bytes:
    """The hash by which a repeated command is known again; 8 bytes."""
    return hashlib.blake2b(frame, digest_size=HASH_BYTES).digest()


def pack_rows(rows: list[Row], deflate: bool) -> tuple[bytes, int]:
    """(packed, deflated) for a Rows page: deflated only where that is shorter."""
    plain = _encoder.encode([_plain(row) for row in rows])
    if deflate:
        compressor = zlib.compressobj(DEFLATE_LEVEL, zlib.DEFLATED, -15)
        packed = compressor.compress(plain) + compressor.flush()
        if len(packed) < len(plain):
            return packed, 1
    return plain, 0


def unpack_rows(packed: bytes, deflated: int) -> list[Row]:
    """Undo `pack_rows`. Raises Malformed."""
    if deflated:
        try:
            inflater = zlib.decompressobj(-15)
            packed = inflater.decompress(packed, INFLATED_BYTES_MAX)
        except zlib.error as error:
            raise Malformed(str(error)) from None
        if inflater.unconsumed_tail or not inflater.eof:
            raise Malformed("rows are too long or cut")
    try:
        return _rows.decode(packed)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Malformed(str(error)) from None
