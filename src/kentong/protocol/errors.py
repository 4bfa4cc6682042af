"""The error codes of the wire, and the two ways in which a peer can be wrong."""

import enum


class ErrorCode(enum.IntEnum):
    """What was refused and why; clients turn a code into words. Never renumbered."""

    INTERNAL = 1  # our fault; the log knows more
    MALFORMED = 2  # not a message of this protocol
    TOO_LARGE = 3  # a frame, a body or a list in it is over its limit
    UNSUPPORTED_VERSION = 4  # the client must be updated
    UNAUTHORISED = 5  # no valid device secret: signed out, revoked, unknown
    ORIGIN_FORBIDDEN = 6  # the page asking does not belong to this server
    FENCED = 7  # a newer connection of this device took over
    RATE_LIMITED = 8  # try again later
    OVERLOADED = 9  # try again later
    DISK_FULL = 10  # the server can't store anything now; reading works
    SHUTTING_DOWN = 11  # the server restarts; try again soon
    NOT_FOUND = 12  # no such thing, or not for you: the two look the same
    FORBIDDEN = 13  # seen, but your role does not allow it
    TEXT_EMPTY = 14  # or nothing in it is seen
    TEXT_TOO_LONG = 15
    NAME_INVALID = 16  # empty, too long or unprintable
    TOO_MANY_MEMBERS = 17
    TOO_MANY_CHATS = 18
    TOO_MANY_DEVICES = 19
    NOT_REACHABLE = 20  # this person takes no messages from you
    SUSPENDED = 21  # your account is suspended
    OUTBOX_FORKED = 22  # take a new outbox and renumber
    INVITE_INVALID = 23  # unknown, expired, used up or revoked
    REGISTRATION_CLOSED = 24  # this server takes nobody new, or only by invite
    PROOF_INVALID = 25  # proof of work missing, wrong or too old
    STRANGER_LIMIT = 26  # a new account wrote too much, or to too many, before they answered
    CODE_INVALID = 27  # recovery code wrong, or a newer one took its place
    TOO_MANY_BLOCKED = 29
    TOO_MANY_REQUESTS = 28  # more requests outstanding, or connections, than allowed
    TEXT_INVALID = 30  # it has a NUL


class Refused(Exception):
    """The caller asked for something they can't have; tell them `code`.

    Anything else that escapes a handler is our bug: the caller sees INTERNAL,
    the log gets the traceback.
    """

    def __init__(self, code: ErrorCode, detail: str = "", retry_after_ms: int = 0) -> None:
        super().__init__(f"{code.name}: {detail}" if detail else code.name)
        self.code = code
        self.detail = detail  # for the log, never sent
        self.retry_after_ms = retry_after_ms  # above 0: temporary, try again then


class Malformed(Exception):
    """The peer does not speak our protocol; the session ends, `code` says why."""

    code = ErrorCode.MALFORMED


class TooLarge(Malformed):
    """The peer said more at once than the protocol allows."""

    code = ErrorCode.TOO_LARGE
