"""Whatever bytes come, in whatever pieces, the WebSocket core stays sane."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kentong.server.gateway.websocket import ENDED, Limits, WebSocketCore
from tests.unit.gateway.frames import client_frame, close_payload


def feed(core: WebSocketCore, data: bytes) -> list[bytes]:
    return core.receive(memoryview(data))


frames = st.builds(
    client_frame,
    st.sampled_from((0x82, 0x02, 0x00, 0x80, 0x89, 0x8A)),
    st.one_of(st.binary(max_size=20), st.sampled_from((b"x" * 125, b"y" * 126, b"z" * 70_000))),
    st.binary(min_size=4, max_size=4),
)
ends = st.one_of(
    st.just(b""),
    st.binary(max_size=30),
    st.builds(
        lambda code, reason: client_frame(0x88, close_payload(code, reason)),
        st.integers(0, 0xFFFF) | st.sampled_from((1000, 1001, 4000)),
        st.binary(max_size=20),
    ),
)
streams = st.builds(lambda many, end: b"".join(many) + end, st.lists(frames, max_size=6), ends)


def run(pieces: list[bytes], *, close_first: bool) -> tuple[list[bytes], int, int, str, bytes]:
    core = WebSocketCore(Limits(100_000, 3))
    if close_first:
        core.close()
    messages = [message for piece in pieces for message in feed(core, piece)]
    outcome = (messages, core.state, core.close_code, core.close_reason, core.take_output())
    assert core.state != ENDED or (core._buffer is None and core._message is None)
    return outcome


@given(streams, st.data(), st.booleans())
def test_any_split_of_the_stream_means_the_same(
    stream: bytes, data: st.DataObject, close_first: bool
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    whole = run([stream], close_first=close_first)
    assert run(pieces, close_first=close_first) == whole
    if len(stream) < 500:
        assert run([bytes((byte,)) for byte in stream], close_first=close_first) == whole


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_any_bytes_are_taken_without_raising(pieces: list[bytes]) -> None:
    core = WebSocketCore(Limits(1000))
    for piece in pieces:
        feed(core, piece)
        core.take_output()
        buffered = 0 if core._buffer is None else len(core._buffer)
        assert buffered <= 1000 + 14


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=40))))
def test_any_headers_are_taken_without_raising(parts: list[tuple[int, int, bytes]]) -> None:
    core = WebSocketCore(Limits())
    for first, second, rest in parts:
        feed(core, bytes((first & 0x8F, second | 0x80)) + rest)
