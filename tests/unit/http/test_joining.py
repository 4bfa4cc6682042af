"""/api: joining, recovering, signing out."""

import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode
from kentong.protocol.limits import SUBPROTOCOL, VERSION
from kentong.protocol.messages import (
    Done,
    Goodbye,
    Hello,
    HelloFlag,
    MakeInvite,
    OpenDirect,
    RevokeDevice,
    Welcome,
)
from kentong.server.features import sign_in
from kentong.server.features.administration import Wish
from kentong.server.storage import devices
from kentong.server.storage.engine import Outcome, Work
from tests.unit.http.inn import OUTBOX, Inn, Json, inn, run


def error_of(body: Json) -> ErrorCode:
    return ErrorCode(body["error"])


def test_owner_comes_by_their_link_and_nobody_after_them(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            token = await it.owner_token()
            assert await it.api("invite", {"token": token}) == (
                200,
                {"kind": "owner", "title": "", "registration": "invite"},
            )
            await it.join("Rina", token)
            status, body = await it.api("join", {"name": "Budi", "token": token})
            assert (status, error_of(body)) == (400, ErrorCode.INVITE_INVALID)
            assert await it.owner_token() == ""
            listed = await it.desk.answer("test", Wish("accounts"))
            assert [bool(account["is_admin"]) for account in listed["accounts"]] == [True]

    run(work())


def test_each_start_ends_the_owner_link_before(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            before, now = await it.owner_token(), await it.owner_token()
            _, body = await it.api("join", {"name": "Rina", "token": before})
            assert error_of(body) == ErrorCode.INVITE_INVALID
            await it.join("Rina", now)

    run(work())


async def invite_of(it: Inn, secret: str) -> str:
    session = await it.connect(secret)
    await session.say(MakeInvite(0))
    return (await session.hear(Done)).text


def test_people_join_by_an_invite_and_only_so(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            token = await invite_of(it, owner["secret"])
            status, shown = await it.api("invite", {"token": token})
            assert (status, shown["kind"], shown["title"]) == (200, "person", "Owner")
            assert (await it.join("Budi", token))["user"] != owner["user"]
            for body, code in (
                ({"name": "Eve"}, ErrorCode.REGISTRATION_CLOSED),
                ({"name": "Eve", "token": "wrong"}, ErrorCode.INVITE_INVALID),
                ({"name": "", "token": token}, ErrorCode.NAME_INVALID),
            ):
                status, found = await it.api("join", body)
                assert (status, error_of(found)) == (400, code)

    run(work())


def nonces(challenge: str, bits: int) -> Iterator[str]:
    """Nonces that took the work, one after the other."""
    for number in count():
        found = hashlib.sha256(f"{challenge}{number}".encode()).digest()
        if int.from_bytes(found, "big") >> (256 - bits) == 0:
            yield str(number)


def test_open_server_asks_for_work_and_takes_it_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, registration="open") as it:
            status, body = await it.api("join", {"name": "Rina"})
            assert error_of(body) == ErrorCode.PROOF_INVALID
            _, asked = await it.api("challenge", {})
            found = nonces(asked["challenge"], asked["bits"])
            proof = {"challenge": asked["challenge"], "nonce": next(found)}
            status, _ = await it.api("join", {"name": "Rina", "proof": proof})
            assert status == 200
            again = {"challenge": asked["challenge"], "nonce": next(found)}
            _, body = await it.api("join", {"name": "Rina", "proof": again})
            assert error_of(body) == ErrorCode.PROOF_INVALID
            wrong: object
            for wrong in ({"challenge": "1.a.b", "nonce": "1"}, [], {"challenge": 1}):
                status, body = await it.api("join", {"name": "Rina", "proof": wrong})
                assert status == 400

    run(work())


def test_closed_server_takes_its_owner_and_nobody_else(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, registration="closed") as it:
            assert (await it.api("policy", {}))[1]["registration"] == "closed"
            owner = await it.owner()
            token = await invite_of(it, owner["secret"])
            _, body = await it.api("join", {"name": "Budi", "token": token})
            assert error_of(body) == ErrorCode.REGISTRATION_CLOSED

    run(work())


def test_recovery_code_signs_in_elsewhere_up_to_the_limit(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, devices_max=2) as it:
            owner = await it.owner()
            code = owner["recovery_code"]
            typed = code.lower().replace("-", " ")
            status, second = await it.api("recover", {"code": typed, "cookie": False})
            assert (status, second["user"]) == (200, owner["user"])
            assert second["device"] != owner["device"]
            _, body = await it.api("recover", {"code": code})
            assert error_of(body) == ErrorCode.TOO_MANY_DEVICES
            _, body = await it.api("recover", {"code": "AAAAA-AAAAA"})
            assert error_of(body) == ErrorCode.CODE_INVALID

    run(work())


def test_signing_out_ends_the_session_and_the_secret(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            await session.hear(Welcome)
            status, _ = await it.api("signout", {}, Authorization=f"Bearer {owner['secret']}")
            assert status == 200
            assert (await session.hear(Goodbye)).code == ErrorCode.UNAUTHORISED
            later = await it.connect(owner["secret"])
            assert (await later.hear(Goodbye)).code == ErrorCode.UNAUTHORISED

    run(work())


def test_signing_out_ends_a_session_that_just_begins(tmp_path: Path) -> None:
    """Between its welcome and its listing, when nobody would be told."""

    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            secret_hash = sign_in.digest(owner["secret"])
            database = it.node.engine.database  # type: ignore[attr-defined]
            ask = it.node.engine.post_read

            def late(work: Work, done: Callable[[Outcome], None], *, patient: bool = False) -> None:
                if "begin" in work.__qualname__:
                    database.run_group([lambda tx: devices.revoke_again(tx, secret_hash, 1)])
                    (told,) = database.read_group([lambda tx: tx.cursor()]).outcomes
                    it.node.hub.begin(told.result)
                ask(work, done, patient=patient)

            it.node.engine.post_read = late  # type: ignore[method-assign]
            session = await it.connect(owner["secret"])
            await session.hear(Welcome)
            assert (await session.hear(Goodbye)).code == ErrorCode.UNAUTHORISED

    run(work())


def test_device_revoked_by_another_one_ends(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            body = {"code": owner["recovery_code"], "cookie": False}
            _, second = await it.api("recover", body)
            lost = await it.connect(second["secret"])
            await lost.hear(Welcome)
            kept = await it.connect(owner["secret"])
            await kept.say(RevokeDevice(second["device"]))
            await kept.hear(Done)
            assert (await lost.hear(Goodbye)).code == ErrorCode.UNAUTHORISED

    run(work())


def test_suspended_account_is_ended_and_can_not_come_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"])
            await session.hear(Welcome)
            await it.desk.answer("test", Wish("suspend", "Owner"))
            assert (await session.hear(Goodbye)).code == ErrorCode.SUSPENDED
            later = await it.connect(owner["secret"])
            assert (await later.hear(Goodbye)).code == ErrorCode.SUSPENDED
            _, body = await it.api("recover", {"code": owner["recovery_code"]})
            assert error_of(body) == ErrorCode.CODE_INVALID
            await it.desk.answer("test", Wish("unsuspend", str(owner["user"])))
            again = await it.connect(owner["secret"])
            await again.hear(Welcome)

    run(work())


# -- Cookies and origins ----------------------------------------------------------------------


def test_browser_gets_its_secret_as_a_cookie_that_scripts_can_not_read(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            token = await it.owner_token()
            answer = await it.ask("POST", "/api/join", json={"name": "Rina", "token": token})
            name, *flags = answer.headers["Set-Cookie"].split("; ")
            assert name.startswith(f"kentong-{it.node.engine.instance}=")
            assert {"HttpOnly", "SameSite=Strict", "Path=/"} < set(flags)
            assert "Secure" not in flags
            assert "secret" not in json.loads(answer.body)
            assert name.partition("=")[2].encode() not in answer.body

    run(work())


def test_over_https_the_cookie_is_for_this_host_only(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, trusted_proxies="127.0.0.1") as it:
            answer = await it.ask(
                "POST",
                "/api/join",
                json={"name": "Rina", "token": await it.owner_token()},
                headers={"X-Forwarded-Proto": "https"},
            )
            name, *flags = answer.headers["Set-Cookie"].split("; ")
            assert name.startswith(f"__Host-kentong-{it.node.engine.instance}=")
            assert {"HttpOnly", "SameSite=Strict", "Path=/", "Secure"} < set(flags)

    run(work())


DAY_S = 24 * 3600


@pytest.mark.parametrize("days", [0, 29, 30, 399])
@pytest.mark.parametrize("path", ["/ws", "/sync"])
def test_a_cookie_is_renewed_once_a_month(tmp_path: Path, days: int, path: str) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            token = await it.owner_token()
            answer = await it.ask("POST", "/api/join", json={"name": "Rina", "token": token})
            first, *flags = answer.headers["Set-Cookie"].split("; ")
            now = it.node.now()
            it.node.now = lambda: now + days * DAY_S
            found = await come_by(it, path, first)
            if days < 30:
                assert found == ""
                return
            second, *same_flags = found.split("; ")
            assert same_flags == flags
            assert second.partition(".")[0] == first.partition(".")[0]  # the same secret
            assert second != first
            assert await come_by(it, path, second) == ""

    run(work())


@pytest.mark.parametrize("ending", ["", ".", ".x", ".1.2", ".99999999999"])
def test_a_cookie_without_a_date_of_ours_works_or_is_refused(tmp_path: Path, ending: str) -> None:
    """Those of before are renewed at once; nothing else is ever sent back."""

    async def work() -> None:
        async with inn(tmp_path) as it:
            secret = (await it.owner())["secret"]
            name = f"kentong-{it.node.engine.instance}"
            found = await come_by(it, "/ws", f"{name}={secret}{ending}")
            assert found.startswith(f"{name}={secret}.") if not ending else found == ""

    run(work())


async def come_by(it: Inn, path: str, cookie: str) -> str:
    """The cookie that a signed-in browser gets when it comes; "" for none."""
    headers = {"Cookie": cookie, "Origin": it.address}
    hello = Hello(VERSION, 0, 0, OUTBOX, 1, flags=HelloFlag.PROBE)
    if path == "/sync":
        sync = headers | {"Content-Type": "application/vnd.kentong"}
        body = codec.join([codec.encode(hello)])
        answer = await it.ask("POST", "/sync", data=body, headers=sync)
        assert isinstance(codec.decode_from_server(codec.split(answer.body)[0]), Welcome)
        return str(answer.headers.get("Set-Cookie", ""))
    protocols = (SUBPROTOCOL, codec.hello_to_token(hello))
    async with it.http.ws_connect(
        f"{it.address}/ws", protocols=protocols, headers=headers
    ) as socket:
        frame = await socket.receive()
        assert isinstance(codec.decode_from_server(frame.data), Welcome)
        return str(socket._response.headers.get("Set-Cookie", ""))


def test_cookie_counts_only_from_our_own_page(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            cookie = f"kentong-{it.node.engine.instance}={owner['secret']}"
            for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
                status, body = await it.api("signout", {}, Cookie=cookie, **origin)
                assert (status, error_of(body)) == (403, ErrorCode.ORIGIN_FORBIDDEN)
            await (await it.connect(owner["secret"])).hear(Welcome)
            status, _ = await it.api("signout", {}, Cookie=cookie, Origin=it.address)
            assert status == 200

    run(work())


def test_foreign_page_can_not_join_or_recover(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, public_address="https://chat.example.org") as it:
            for name in ("policy", "invite", "challenge", "join", "recover", "signout"):
                status, body = await it.api(name, {}, Origin=it.address)
                assert (status, error_of(body)) == (403, ErrorCode.ORIGIN_FORBIDDEN)
            status, _ = await it.api("policy", {}, Origin="https://chat.example.org")
            assert status == 200

    run(work())


# -- Bad input --------------------------------------------------------------------------------

BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b"nil",
    b"[" * 8_000,
    b'{"name": 1, "token": ""}',
    b'{"name": "a", "token": []}',
    b'{"name": "\\ud800"}',
    b'{"name": "a\\u0000b"}',
    b'{"name": "\xff"}',
    b'{"token": "' + b"x" * 101 + b'"}',
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_malformed_body_is_refused_by_code(tmp_path: Path, body: bytes) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            headers = {"Content-Type": "application/json"}
            answer = await it.ask("POST", "/api/join", data=body, headers=headers)
            assert answer.status == 400
            assert error_of(json.loads(answer.body)) == ErrorCode.MALFORMED

    run(work())


def test_form_of_a_foreign_page_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            answer = await it.ask("POST", "/api/join", data={"name": "Rina"})
            assert error_of(json.loads(answer.body)) == ErrorCode.MALFORMED

    run(work())


def test_oversize_body_is_refused_announced_or_not(tmp_path: Path) -> None:
    async def pieces() -> Iterator[bytes]:  # type: ignore[misc] # aiohttp sends it in chunks
        for _ in range(20):
            yield b" " * 1_000

    async def work() -> None:
        async with inn(tmp_path) as it:
            headers = {"Content-Type": "application/json"}
            for data in (b" " * 20_000, pieces()):
                answer = await it.ask("POST", "/api/join", data=data, headers=headers)
                assert answer.status == 413
                assert error_of(json.loads(answer.body)) == ErrorCode.TOO_LARGE

    run(work())


def test_tries_of_one_address_are_limited(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, sign_ins_per_minute=3) as it:
            for _ in range(3):
                assert (await it.api("recover", {"code": "x"}))[0] == 400
            status, body = await it.api("recover", {"code": "x"})
            assert (status, error_of(body)) == (429, ErrorCode.RATE_LIMITED)
            assert 0 < body["retry_after_ms"] <= 20_001

    run(work())


def test_sign_ups_without_invite_are_limited_and_refused_ones_do_not_count(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, registration="open", proof_bits=0, signups_per_address=2) as it:
            for name, status in [("", 400)] * 5 + [("Budi", 200), ("Citra", 200), ("Dewi", 429)]:
                proof = {"challenge": (await it.api("challenge", {}))[1]["challenge"], "nonce": ""}
                found, body = await it.api("join", {"name": name, "proof": proof})
                assert (found, name) == (status, name)
            assert error_of(body) == ErrorCode.RATE_LIMITED
            assert 0 < body["retry_after_ms"] <= 1_800_001

    run(work())


def test_a_class_behind_one_address_joins_by_one_link(tmp_path: Path) -> None:
    async def work() -> None:
        settings = {"signups_per_address": 1, "signups_per_hour": 1, "sign_ins_per_minute": 2}
        async with inn(tmp_path, **settings) as it:
            owner = await it.owner()
            token = await invite_of(it, owner["secret"])
            for number in range(35):
                assert (await it.api("invite", {"token": token}))[0] == 200
                await it.join(f"Pupil {number}", token)

    run(work())


def test_joins_by_the_links_of_one_person_are_limited(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, joins_per_inviter=2) as it:
            owner = await it.owner()
            await it.join("Budi", await invite_of(it, owner["secret"]))
            token = await invite_of(it, owner["secret"])  # another link, the same person
            assert (await it.api("join", {"name": "", "token": token}))[0] == 400
            citra = await it.join("Citra", token)
            status, body = await it.api("join", {"name": "Dewi", "token": token})
            assert (status, error_of(body)) == (429, ErrorCode.RATE_LIMITED)
            await it.join("Dewi", await invite_of(it, citra["secret"]))

    run(work())


def test_tokens_are_guessed_slowly(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path, sign_ins_per_minute=4) as it:
            owner = await it.owner()
            token = await invite_of(it, owner["secret"])
            for call in ("invite", "join", "invite", "join"):
                assert (await it.api("invite", {"token": token}))[0] == 200
                assert (await it.api(call, {"name": "Eve", "token": "wrong"}))[0] == 400
            for call in ("invite", "join"):
                status, body = await it.api(call, {"name": "Eve", "token": "wrong"})
                assert (status, error_of(body)) == (429, ErrorCode.RATE_LIMITED)

    run(work())


def test_new_device_begins_with_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path) as it:
            owner = await it.owner()
            session = await it.connect(owner["secret"], Hello(VERSION, 0, 0, OUTBOX, 1))
            welcome = await session.hear(Welcome)
            assert (welcome.user, welcome.epoch) == (owner["user"], it.node.engine.epoch)
            await session.say(OpenDirect(0))
            assert (await session.hear(Done)).chat

    run(work())


def test_a_link_stands_nowhere_in_the_data_folder_and_survives_a_restart(tmp_path: Path) -> None:
    async def work() -> None:
        async with inn(tmp_path / "data") as it:
            owner = await it.owner()
            token = await invite_of(it, owner["secret"])
            await it.desk.answer("test", Wish("backup", file=str(tmp_path / "backup.db")))
        assert "backup.db" in names_of_files(tmp_path, b"")
        assert names_of_files(tmp_path, token.encode()) == []
        async with inn(tmp_path / "data") as it:
            assert await invite_of(it, owner["secret"]) == token  # the same command again
            await it.join("Budi", token)

    run(work())


def names_of_files(folder: Path, content: bytes) -> list[str]:
    """The files below a folder that hold these bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if content in path.read_bytes()]
