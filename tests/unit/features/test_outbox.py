"""Numbered commands take effect exactly once, in order."""

from kentong.protocol.errors import ErrorCode
from kentong.protocol.messages import (
    Accepted,
    CreateGroup,
    Done,
    EditText,
    Forked,
    GetInvite,
    GetOutbox,
    Invite,
    MakeInvite,
    OpenDirect,
    OutboxState,
    Refusal,
    RevokeDevice,
    SendText,
)
from kentong.server.storage import outboxes
from kentong.server.storage.engine import Transaction
from tests.unit.features.village import Village


def test_a_repeated_command_gets_the_stored_answer(village: Village) -> None:
    chat = village.direct("anna", "budi")
    command = SendText(chat, "once")
    first = village.repeats("anna", command, 2)
    assert isinstance(first, Accepted)
    village.now_s += 60
    assert village.repeats("anna", command, 2) == first
    assert village.says("budi", chat, "next") == first.seq + 1


def test_the_same_number_with_another_command_is_a_fork(village: Village) -> None:
    chat = village.direct("anna", "budi")
    village.repeats("anna", SendText(chat, "one"), 2)
    assert village.repeats("anna", SendText(chat, "other"), 2) == Forked(3)


def test_a_number_too_high_is_a_fork(village: Village) -> None:
    chat = village.direct("anna", "budi")
    assert village.repeats("anna", SendText(chat, "gap"), 5) == Forked(2)


def test_a_refusal_uses_the_number_up(village: Village) -> None:
    chat = village.direct("anna", "budi")
    refusal = village.repeats("anna", SendText(chat, " "), 2)
    assert refusal == Refusal(ErrorCode.TEXT_EMPTY)
    assert village.repeats("anna", SendText(chat, " "), 2) == refusal
    assert isinstance(village.repeats("anna", SendText(chat, "now"), 3), Accepted)


def test_a_command_may_name_what_an_earlier_one_makes(village: Village) -> None:
    assert isinstance(village.repeats("anna", CreateGroup("lunch"), 1), Done)
    assert isinstance(village.repeats("anna", SendText(-1, "soup?"), 2), Accepted)
    assert isinstance(village.repeats("anna", SendText(-1, "yes", -2), 3), Accepted)
    answer = village.repeats("anna", EditText(-1, -2, "stew?"), 4)
    assert not isinstance(answer, Refusal)


def test_what_was_refused_can_not_be_named(village: Village) -> None:
    village.repeats("anna", CreateGroup(""), 1)
    answer = village.repeats("anna", SendText(-1, "anybody?"), 2)
    assert answer == Refusal(ErrorCode.NOT_FOUND)


def test_outboxes_of_one_device_do_not_mix(village: Village) -> None:
    chat = village.direct("anna", "budi")
    village.says("anna", chat, "in the first")
    village.people["anna"] = village.people["anna"]._replace(outbox=2)
    assert isinstance(village.repeats("anna", SendText(chat, "in the second"), 1), Accepted)
    assert village.asks("anna", GetOutbox(7, 1)) == OutboxState(7, 2)
    assert village.asks("anna", GetOutbox(8, 2)) == OutboxState(8, 1)
    assert village.asks("anna", GetOutbox(9, 3)) == OutboxState(9, 0)


def test_a_command_that_two_copies_of_a_store_move_takes_effect_once(village: Village) -> None:
    chat = village.direct("anna", "budi")
    first = village.people["anna"]
    village.people["anna"] = first._replace(outbox=2)
    accepted = village.repeats("anna", SendText(chat, "moved", origin=5), 1)
    assert isinstance(accepted, Accepted)
    village.people["anna"] = first._replace(outbox=3)
    assert isinstance(village.repeats("anna", SendText(chat, "of one only", origin=4), 1), Accepted)
    assert village.repeats("anna", SendText(chat, "moved", origin=5), 2) == accepted
    assert village.says("budi", chat, "next") == accepted.seq + 2
    edit = village.repeats("anna", EditText(chat, -2, "edited"), 3)
    assert isinstance(edit, Done)
    assert village.row(chat, accepted.seq).text == "edited"


def test_a_moved_command_that_was_refused_stays_refused(village: Village) -> None:
    chat = village.direct("anna", "budi")
    refusal = village.repeats("anna", SendText(chat, " ", origin=5), 2)
    village.people["anna"] = village.people["anna"]._replace(outbox=2)
    assert village.repeats("anna", SendText(chat, "now", origin=5), 1) == refusal


def test_an_invite_that_two_copies_move_is_one_link(village: Village) -> None:
    first = village.repeats("anna", MakeInvite(origin=5), 1)
    assert isinstance(first, Done)
    assert village.repeats("anna", MakeInvite(origin=5), 1) == first
    village.people["anna"] = village.people["anna"]._replace(outbox=2)
    assert village.repeats("anna", MakeInvite(origin=5), 1) == first
    assert isinstance(village.asks("budi", GetInvite(1, first.text)), Invite)


def test_answers_to_devices_that_were_signed_out_are_forgotten_later(village: Village) -> None:
    village.done("anna", OpenDirect(0))
    village.done("budi", OpenDirect(0))
    village.done("anna", RevokeDevice(village.people["anna"].device_id))
    now_s, people = village.now_s, village.people
    assert village.run(lambda tx: outboxes.forget_revoked(tx, now_s)) == 0
    assert village.run(lambda tx: outboxes.forget_revoked(tx, now_s + 1)) == 2

    def last_number(tx: Transaction, name: str) -> int:
        return outboxes.last_number(tx, people[name].device_id, people[name].outbox)

    assert village.run(lambda tx: last_number(tx, "anna")) == 0
    assert village.run(lambda tx: last_number(tx, "budi")) == 1


def test_a_repeated_invite_is_the_same_link_though_only_its_hash_is_kept(village: Village) -> None:
    chat = village.group("anna", "budi")
    number = 2
    first = village.repeats("anna", MakeInvite(chat), number)
    assert isinstance(first, Done)
    assert village.repeats("anna", MakeInvite(chat), number) == first
    shown = village.asks("budi", GetInvite(1, first.text))
    assert isinstance(shown, Invite)
    assert shown.title == "lunch"
    stored = village.run(
        lambda tx: tx.all("SELECT answer FROM answers") + tx.all("SELECT token_hash FROM invites")
    )
    assert all(first.text.encode() not in bytes(value) for (value,) in stored)


def test_each_link_has_a_token_of_its_own(village: Village) -> None:
    links = [village.done("anna", MakeInvite()).text for _ in range(3)]
    links += [village.done(name, MakeInvite()).text for name in ("budi", "citra")]
    assert len(set(links)) == 5
    assert all(len(link) == 20 for link in links)
