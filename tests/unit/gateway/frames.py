"""What a client would send: masked frames, for tests."""

from kentong.server.gateway.websocket import unmask_slowly

MASK = bytes.fromhex("37 fa 21 3d")


def client_frame(first: int, payload: bytes, mask: bytes = MASK) -> bytes:
    length = len(payload)
    if length < 126:
        header = bytes((first, 0x80 | length))
    elif length < 65536:
        header = bytes((first, 0xFE)) + length.to_bytes(2, "big")
    else:
        header = bytes((first, 0xFF)) + length.to_bytes(8, "big")
    return header + mask + unmask_slowly(payload, mask)


def close_payload(code: int, reason: bytes = b"") -> bytes:
    return code.to_bytes(2, "big") + reason
