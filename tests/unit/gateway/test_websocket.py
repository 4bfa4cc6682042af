"""The rules of an open WebSocket, one test for each paragraph of RFC 6455 that binds a server."""

import importlib.util
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentong.server.gateway import websocket
from kentong.server.gateway.websocket import (
    ABNORMAL,
    CLOSING,
    ENDED,
    OPEN,
    Limits,
    WebSocketCore,
    encode_close,
    encode_frame,
    encode_frames,
    encode_ping,
    unmask_slowly,
)
from tests.unit.gateway.frames import client_frame, close_payload


def new_core(message_bytes_max: int = 200_000, fragments_max: int = 4) -> WebSocketCore:
    return WebSocketCore(Limits(message_bytes_max, fragments_max))


def feed(core: WebSocketCore, data: bytes) -> list[bytes]:
    return core.receive(memoryview(data))


def feed_hex(core: WebSocketCore, text: str) -> list[bytes]:
    return feed(core, bytes.fromhex(text))


def is_idle(core: WebSocketCore) -> bool:
    return core._buffer is None and core._message is None and core._pong is None


def assert_failed(core: WebSocketCore, code: int) -> None:
    assert core.wants_attention
    assert core.state == ENDED
    assert core.close_code == code
    assert core.close_reason
    output = core.take_output()
    assert output[0] == 0x88
    assert output[2:4] == code.to_bytes(2, "big")
    assert output[4:].decode() == core.close_reason
    assert is_idle(core)
    assert feed(core, client_frame(0x82, b"late")) == []
    assert not core.wants_attention


# Messages in.


def test_5_2_short_masked_binary_frame_is_a_message() -> None:
    core = new_core()
    assert feed_hex(core, "82 85 37fa213d 7f9f4d5158") == [b"Hello"]
    assert is_idle(core)
    assert not core.wants_attention


def test_5_6_empty_message() -> None:
    assert feed_hex(new_core(), "82 80 00000000") == [b""]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 200_000])
def test_5_2_all_three_forms_of_length(length: int) -> None:
    core = new_core()
    payload = bytes(index % 251 for index in range(length))
    assert feed(core, client_frame(0x82, payload)) == [payload]
    assert is_idle(core)


def test_5_2_two_frames_in_one_read() -> None:
    core = new_core()
    both = client_frame(0x82, b"one") + client_frame(0x82, b"two")
    assert feed(core, both) == [b"one", b"two"]
    assert is_idle(core)


def test_5_2_frame_and_the_beginning_of_the_next() -> None:
    core = new_core()
    second = client_frame(0x82, b"two")
    assert feed(core, client_frame(0x82, b"one") + second[:3]) == [b"one"]
    assert feed(core, second[3:-1]) == []
    assert feed(core, second[-1:]) == [b"two"]
    assert is_idle(core)


@pytest.mark.parametrize("length", [200, 70_000])
def test_5_2_header_in_two_pieces(length: int) -> None:
    core = new_core()
    frame = client_frame(0x82, b"x" * length)
    assert feed(core, frame[:3]) == []
    assert feed(core, frame[3:]) == [b"x" * length]
    assert is_idle(core)


def test_nothing_in_nothing_out() -> None:
    core = new_core()
    assert feed(core, b"") == []
    assert is_idle(core)


def test_what_was_fed_is_not_kept() -> None:
    core = new_core()
    buffer = bytearray(client_frame(0x82, b"abc"))
    feed(core, bytes(buffer[:4]))
    view = memoryview(buffer)
    messages = core.receive(view[4:])
    buffer[:] = bytes(len(buffer))
    assert messages == [b"abc"]


# Headers that break a rule.


@pytest.mark.parametrize("first", ["c2", "a2", "92"])
def test_5_2_reserved_bits_without_an_extension(first: str) -> None:
    core = new_core()
    assert feed_hex(core, f"{first} 80 00000000") == []
    assert_failed(core, 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF])
def test_5_2_reserved_opcode(opcode: int) -> None:
    core = new_core()
    feed(core, bytes((0x80 | opcode, 0x80)))
    assert_failed(core, 1002)


@pytest.mark.parametrize("frame", ["82 05 48656c6c6f", "89 00", "88 00", "82 7e 0100"])
def test_5_1_frame_without_a_mask(frame: str) -> None:
    core = new_core()
    assert feed_hex(core, frame) == []
    assert_failed(core, 1002)


@pytest.mark.parametrize("frame", ["82 fe 007d", "82 ff 000000000000ffff", "82 fe 0000"])
def test_5_2_length_that_has_a_shorter_form(frame: str) -> None:
    core = new_core()
    feed_hex(core, frame)
    assert_failed(core, 1002)


@pytest.mark.parametrize("frame", ["82 ff 8000000000000000", "82 ff ffffffffffffffff"])
def test_5_2_highest_bit_of_a_64_bit_length(frame: str) -> None:
    core = new_core()
    feed_hex(core, frame)
    assert_failed(core, 1002)


def test_5_6_text_is_refused_from_its_header_on() -> None:
    core = new_core()
    assert feed_hex(core, "81 85") == []
    assert_failed(core, 1003)


def test_8_1_fragmented_text_is_refused_before_its_bytes_could_be_wrong() -> None:
    core = new_core()
    assert feed_hex(core, "01 81 00000000 ff") == []
    assert_failed(core, 1003)


# Limits.


def test_7_4_1_too_big_is_known_from_the_header() -> None:
    core = new_core(message_bytes_max=1000)
    assert feed_hex(core, "82 fe 03e9") == []
    assert_failed(core, 1009)


def test_a_farewell_is_the_last_message_before_the_close() -> None:
    core = WebSocketCore(Limits(3, 4, b"bye"))
    assert feed(core, client_frame(0x82, b"abcd")) == []
    assert core.take_output().startswith(bytes.fromhex("82 03") + b"bye" + bytes.fromhex("88"))
    assert core.close_code == 1009
    core = WebSocketCore(Limits(3, 4, b"bye"))
    assert feed_hex(core, "81 81 00000000 ff") == []
    assert core.take_output()[:1] == bytes.fromhex("88")  # only what is too big gets it


def test_7_4_1_short_frame_may_be_too_big_as_well() -> None:
    core = new_core(message_bytes_max=3)
    assert feed(core, client_frame(0x82, b"abc")) == [b"abc"]
    assert feed(core, client_frame(0x82, b"abcd")) == []
    assert_failed(core, 1009)


def test_7_4_1_fragments_are_too_big_together() -> None:
    core = new_core(message_bytes_max=10)
    assert feed(core, client_frame(0x02, b"12345") + client_frame(0x00, b"12345")) == []
    assert not core.wants_attention
    feed_hex(core, "80 81")
    assert_failed(core, 1009)


def test_7_4_1_limit_itself_is_allowed_over_fragments() -> None:
    core = new_core(message_bytes_max=10)
    feed(core, client_frame(0x02, b"12345"))
    assert feed(core, client_frame(0x80, b"67890")) == [b"1234567890"]


def test_10_4_too_many_fragments() -> None:
    core = new_core(fragments_max=4)
    data = client_frame(0x02, b"") + 3 * client_frame(0x00, b"")
    assert feed(core, data) == []
    assert not core.wants_attention
    assert feed(core, client_frame(0x00, b"")) == []
    assert_failed(core, 1008)


def test_messages_before_the_broken_rule_still_count() -> None:
    core = new_core()
    assert feed(core, client_frame(0x82, b"fine") + b"\x82\x05") == [b"fine"]
    assert_failed(core, 1002)


# Fragments.


def test_5_4_fragments_make_one_message() -> None:
    core = new_core()
    assert feed(core, client_frame(0x02, b"Hel")) == []
    assert feed(core, client_frame(0x00, b"", b"abcd")) == []
    assert feed(core, client_frame(0x80, b"lo", b"wxyz")) == [b"Hello"]
    assert is_idle(core)


def test_5_4_control_frames_between_fragments() -> None:
    core = new_core()
    data = client_frame(0x02, b"a") + client_frame(0x89, b"?") + client_frame(0x80, b"b")
    assert feed(core, data) == [b"ab"]
    assert core.take_output() == bytes.fromhex("8a 01 3f")


def test_5_4_continuation_of_nothing() -> None:
    core = new_core()
    feed_hex(core, "80 80")
    assert_failed(core, 1002)


def test_5_4_continuation_after_the_last_fragment() -> None:
    core = new_core()
    feed(core, client_frame(0x02, b"a") + client_frame(0x80, b"b") + client_frame(0x80, b"c"))
    assert_failed(core, 1002)


@pytest.mark.parametrize("first", ["82", "02", "81", "01"])
def test_5_4_new_message_between_fragments(first: str) -> None:
    core = new_core()
    feed(core, client_frame(0x02, b"a"))
    feed_hex(core, f"{first} 80 00000000")
    assert_failed(core, 1002)


# Pings and pongs.


def test_5_5_2_ping_is_answered_with_its_own_payload() -> None:
    core = new_core()
    assert feed(core, client_frame(0x89, b"Hello")) == []
    assert core.take_output() == bytes.fromhex("8a 05 48656c6c6f")
    assert not core.wants_attention
    assert core.take_output() == b""


def test_5_5_2_longest_ping() -> None:
    core = new_core()
    feed(core, client_frame(0x89, b"x" * 125))
    assert core.take_output() == b"\x8a\x7d" + b"x" * 125


def test_5_5_3_only_the_last_of_several_pings_is_answered() -> None:
    core = new_core()
    feed(core, client_frame(0x89, b"1") + client_frame(0x89, b"2"))
    assert core.take_output() == bytes.fromhex("8a 01 32")


def test_5_5_3_pong_nobody_asked_for() -> None:
    core = new_core()
    assert feed(core, client_frame(0x8A, b"late")) == []
    assert not core.wants_attention
    assert core.state == OPEN


def test_5_5_2_ping_is_answered_after_our_own_close_frame() -> None:
    core = new_core()
    core.close()
    core.take_output()
    feed(core, client_frame(0x89, b"?"))
    assert core.take_output() == bytes.fromhex("8a 01 3f")


@pytest.mark.parametrize("first", ["08", "09", "0a"])
def test_5_5_control_frame_must_not_be_fragmented(first: str) -> None:
    core = new_core()
    feed_hex(core, f"{first} 80")
    assert_failed(core, 1002)


@pytest.mark.parametrize("first", ["88", "89", "8a"])
@pytest.mark.parametrize("second", ["fe", "ff"])
def test_5_5_control_frame_has_at_most_125_bytes(first: str, second: str) -> None:
    core = new_core()
    feed_hex(core, f"{first} {second}")
    assert_failed(core, 1002)


# Closing.


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1010, 1011, 1012, 1014, 3000, 4999])
def test_5_5_1_close_is_answered_with_the_same_code(code: int) -> None:
    core = new_core()
    feed(core, client_frame(0x88, close_payload(code, "grüße".encode())))
    assert core.wants_attention
    assert core.take_output() == b"\x88\x02" + code.to_bytes(2, "big")
    assert (core.state, core.close_code, core.close_reason) == (ENDED, code, "grüße")


def test_5_5_1_close_without_a_code() -> None:
    core = new_core()
    feed_hex(core, "88 80 00000000")
    assert core.take_output() == bytes.fromhex("88 00")
    assert (core.state, core.close_code) == (ENDED, 1005)


def test_5_5_1_close_frame_with_half_a_code() -> None:
    core = new_core()
    feed(core, client_frame(0x88, b"\x03"))
    assert_failed(core, 1002)


@pytest.mark.parametrize(
    "code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
)
def test_7_4_close_code_that_must_not_be_sent(code: int) -> None:
    core = new_core()
    feed(core, client_frame(0x88, close_payload(code)))
    assert_failed(core, 1002)


@pytest.mark.parametrize("reason", ["ff", "c3", "eda080", "f4908080", "c080"])
def test_8_1_close_reason_that_is_not_utf_8(reason: str) -> None:
    core = new_core()
    feed(core, client_frame(0x88, close_payload(1000, bytes.fromhex(reason))))
    assert_failed(core, 1007)


def test_5_5_1_nothing_is_read_after_a_close_frame() -> None:
    core = new_core()
    end = client_frame(0x88, close_payload(1000))
    late = client_frame(0x82, b"late") + client_frame(0x89, b"late")
    assert feed(core, client_frame(0x82, b"in time") + end + late) == [b"in time"]
    assert feed(core, late) == []
    assert core.take_output() == bytes.fromhex("88 02 03e8")


def test_5_5_1_pong_comes_before_the_close_frame() -> None:
    core = new_core()
    feed(core, client_frame(0x89, b"?") + client_frame(0x88, close_payload(1001)))
    assert core.take_output() == bytes.fromhex("8a 01 3f 88 02 03e9")


def test_7_1_2_closing_handshake_from_our_side() -> None:
    core = new_core()
    core.close(1001, "bye")
    assert core.state == CLOSING
    assert core.take_output() == bytes.fromhex("88 05 03e9 627965")
    feed(core, client_frame(0x88, close_payload(1001)))
    assert core.wants_attention
    assert core.take_output() == b""
    assert (core.state, core.close_code) == (ENDED, 1001)


def test_1_4_messages_after_our_own_close_frame_are_dropped() -> None:
    core = new_core()
    feed(core, client_frame(0x02, b"a"))
    core.close()
    assert feed(core, client_frame(0x80, b"b")) == []
    assert feed(core, client_frame(0x82, b"c")) == []
    assert feed(core, client_frame(0x02, b"d") + client_frame(0x80, b"e")) == []
    assert core.state == CLOSING
    assert is_idle(core)


def test_7_1_7_broken_rule_after_our_own_close_frame_sends_no_second_one() -> None:
    core = new_core()
    core.close()
    core.take_output()
    feed_hex(core, "82 00")
    assert core.take_output() == b""
    assert (core.state, core.close_code) == (ENDED, 1002)


def test_closing_twice_sends_one_frame() -> None:
    core = new_core()
    core.close(1000)
    core.close(1001)
    assert core.take_output() == bytes.fromhex("88 02 03e8")
    core.close(1001)
    assert not core.wants_attention


def test_7_1_5_lost_connection_is_1006_and_says_nothing() -> None:
    core = new_core()
    feed(core, client_frame(0x89, b"?"))
    core.lose()
    assert (core.state, core.close_code) == (ENDED, ABNORMAL)
    assert not core.wants_attention
    assert core.take_output() == b""


def test_5_5_1_long_reason_is_cut_between_characters() -> None:
    frame = encode_close(1000, "ü" * 62)
    assert frame[:2] == bytes((0x88, 2 + 122))
    assert frame[4:].decode() == "ü" * 61


@pytest.mark.parametrize("code", [0, 1004, 1006, 1015, 2999, 5000])
def test_7_4_we_never_send_a_forbidden_code(code: int) -> None:
    with pytest.raises(AssertionError):
        encode_close(code)


# Frames out.


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "82 00"),
        (125, "82 7d"),
        (126, "82 7e 007e"),
        (65535, "82 7e ffff"),
        (65536, "82 7f 0000000000010000"),
    ],
)
def test_5_2_our_frames_are_unmasked_and_as_short_as_can_be(length: int, header: str) -> None:
    payload = b"x" * length
    assert encode_frame(payload) == bytes.fromhex(header) + payload
    assert encode_frames([payload, b"y"]) == bytes.fromhex(header) + payload + b"\x82\x01y"


def test_5_5_2_our_ping() -> None:
    assert encode_ping() == bytes.fromhex("89 00")
    assert encode_ping(b"abc") == bytes.fromhex("89 03 616263")
    with pytest.raises(AssertionError):
        encode_ping(bytes(126))


# Unmasking.


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_5_3_both_ways_of_unmasking_agree(data: bytes, mask: bytes) -> None:
    plain = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
    assert websocket.unmask(memoryview(data), mask) == plain
    assert unmask_slowly(memoryview(data), mask) == plain


def test_unmasking_works_without_the_compiled_routine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    spec = importlib.util.spec_from_file_location("websocket_uncompiled", websocket.__file__)
    assert spec is not None
    assert spec.loader is not None
    uncompiled = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(uncompiled)
    core = uncompiled.WebSocketCore(Limits())
    assert core.receive(memoryview(client_frame(0x82, b"Hello"))) == [b"Hello"]
