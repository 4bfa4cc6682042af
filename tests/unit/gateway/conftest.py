"""Both event loops, and TLS with a certificate made for these tests."""

import asyncio
import gc
import ssl
from collections.abc import Coroutine

import pytest
import uvloop

from tests.support.certificates import make_certificate
from tests.unit.gateway.house import WAIT_S, Run


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on one of the loops, for no longer than WAIT_S."""
    factory = asyncio.new_event_loop if request.param == "asyncio" else uvloop.new_event_loop

    def run(work: Coroutine[None, None, None]) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(asyncio.wait_for(work, WAIT_S))
        gc.collect()

    return run


@pytest.fixture(scope="session")
def contexts(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS for the server and for a client that trusts it."""
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    client = ssl.create_default_context(cafile=str(certificate.chain))
    return server, client
