"""A renewed certificate is taken while the server runs, and nobody is sent away."""

import asyncio
import os
import ssl
from pathlib import Path

import pytest

from kentong.protocol.messages import Done, OpenDirect, Welcome
from kentong.server import tls
from kentong.server.tls import Certificate, NoCertificate
from tests.support.certificates import EC, RSA, make_certificate
from tests.unit.http.inn import Inn, inn, run


async def shown_by(it: Inn) -> str:
    """The certificate that a new connection is shown; it names no server, only an address."""
    address = ("127.0.0.1", it.server.port)
    return await asyncio.to_thread(ssl.get_server_certificate, address)


@pytest.mark.parametrize("kind", [EC, RSA])
def test_renewed_certificate_is_shown_to_new_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(tls, "LOOK_EVERY_S", 0.01)
    files = make_certificate(tmp_path, kind=EC)

    async def work() -> None:
        settings = {"tls_certificate": str(files.chain), "tls_key": str(files.key)}
        async with inn(tmp_path / "data", **settings) as it:
            session = await it.connect((await it.owner())["secret"])
            await session.hear(Welcome)
            before = await shown_by(it)
            await asyncio.to_thread(make_certificate, tmp_path, kind=kind)
            while await shown_by(it) == before:
                pass
            assert (await shown_by(it)).strip() == files.chain.read_text().strip()
            await session.say(OpenDirect(0))  # over the connection from before
            await session.hear(Done)

    run(work())


def test_half_of_a_renewal_changes_nothing(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    certificate = Certificate(*files)
    assert not certificate.renew()
    old_key = files.key.read_bytes()
    make_certificate(tmp_path)
    new_key = files.key.read_bytes()
    files.key.write_bytes(old_key)
    assert not certificate.renew()
    files.key.unlink()
    assert not certificate.renew()
    files.key.write_bytes(new_key)
    assert certificate.renew()
    assert not certificate.renew()


def test_files_are_read_again_only_when_they_changed(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    certificate = Certificate(*files)
    os.utime(files.chain, (1, 1))
    assert certificate.renew()
    assert not certificate.renew()


def test_what_is_no_certificate_is_a_sentence(tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    with pytest.raises(NoCertificate, match=r"nowhere.* can't be read: No such file"):
        Certificate(files.chain, tmp_path / "nowhere")
    files.chain.write_text("nothing")
    with pytest.raises(NoCertificate, match="are no certificate with its key in PEM"):
        Certificate(*files)
