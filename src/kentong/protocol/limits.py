"""Limits that both sides of the wire know. Units are in the names."""

VERSION = 1  # of the protocol; its name in Sec-WebSocket-Protocol is SUBPROTOCOL
VERSION_OLDEST = max(1, VERSION - 1)  # that a server still takes
SUBPROTOCOL = "kentong.1"

INTEGER_MAX = 2**53 - 1  # so that JavaScript needs no bigint
FRAME_BYTES_MAX = 65_536  # one message on the wire, either way
EARLY_FRAME_BYTES_MAX = 16_384  # one message of a WebSocket before its Welcome
EARLY_BYTES_MAX = 65_536  # all messages of a WebSocket before its Welcome
EARLY_FRAMES_MAX = 320  # messages of a WebSocket before its Welcome
FRAGMENTS_MAX = 64  # of one WebSocket message
EARLY_FRAGMENTS_MAX = 4  # of one WebSocket message before its Welcome
TOKEN_CHARS_MAX = 3_000  # the hello in Sec-WebSocket-Protocol, base64url
HELLO_OUTBOX_BYTES_MAX = 512  # commands that may ride in a hello
EXCHANGE_BYTES_MAX = 262_144  # body of one POST /sync, either way

TEXT_CHARS_MAX = 4_000  # Unicode code points of one message
TITLE_CHARS_MAX = 100  # of a group
NAME_CHARS_MAX = 64  # of a person
REASON_CHARS_MAX = 1_000  # of a report

OUTBOX_UNCONFIRMED_MAX = 256  # commands of one outbox without an answer
EXCHANGE_FRAMES_MAX = 320  # messages in the body of one POST /sync
OUTBOX_ANSWERS_MAX = 512  # answers of one outbox that a server keeps to say them again
FIRST_MEMBERS_MAX = 200  # people in one CreateGroup
RANGE_ROWS_MAX = 200  # rows asked for at once
HEADS_MAX = 50  # chats in one GetHeads
MARKS_MAX = 100  # chats in one Received
PEOPLE_MAX = 100  # ids in one GetPeople, and entries in one Members page
SCREEN_CHATS_MAX = 8  # chats that a device may call "on screen"

PAGE_BYTES_MAX = 2_048  # one page of heads
ROWS_BYTES_MIN = 2_048  # one page of rows on a slow link, before it is deflated
ROWS_BYTES_MAX = 57_344  # on a fast one; what rows have besides texts fits into the frame, too
PREVIEW_CHARS_MAX = 200  # of a text inside a head; the rest comes by range
UNREAD_MAX = 999  # counted no further

SMALL_GROUP_MEMBERS_MAX = 100  # marks, typing and presence are shared up to here

BULK_WINDOW_BYTES_MIN = 4_096  # unacknowledged bulk a connection starts with
BULK_WINDOW_BYTES_MAX = 262_144
