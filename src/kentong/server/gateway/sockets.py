"""From an upgrade request to a session: the token, the origin, the secret."""

from kentong.protocol import codec
from kentong.protocol.errors import ErrorCode, Malformed, Refused
from kentong.protocol.limits import SUBPROTOCOL
from kentong.server.features import sign_in
from kentong.server.features.sign_in import Credentials
from kentong.server.gateway.handshake import UpgradeRequest
from kentong.server.gateway.link import Link, Receiver
from kentong.server.gateway.refusing import refuse
from kentong.server.gateway.session import Session
from kentong.server.node import Node
from kentong.server.rules.addresses import key_of


def open_session(node: Node, link: Link, request: UpgradeRequest) -> Receiver:
    """Begin a session on a fresh WebSocket; what is wrong is said as Goodbye."""
    wait_ms = node.limits.addresses.take(key_of(link.address), node.now())
    if wait_ms:
        return refuse(link, ErrorCode.RATE_LIMITED, wait_ms)
    try:
        secret = sign_in.secret_of(credentials_of(node, request), node.config)
        tokens = [offer for offer in request.protocols if offer != SUBPROTOCOL]
        hello = codec.token_to_hello(tokens[0] if len(tokens) == 1 else "")
    except Refused as refused:
        return refuse(link, refused.code)
    except Malformed as malformed:
        return refuse(link, malformed.code)
    session = Session(node, link, hello, secret)
    session.open()
    return session


def renewed_cookie(node: Node, request: UpgradeRequest) -> str:
    """The Set-Cookie that goes with the 101, "" for none."""
    return sign_in.renewal(request.cookie, node.engine.instance, int(node.now()))


def credentials_of(node: Node, request: UpgradeRequest) -> Credentials:
    """The credentials that came with an upgrade request."""
    secure, plain = sign_in.cookie_names(node.engine.instance)
    cookie = request.cookie(secure) or request.cookie(plain)
    return Credentials(request.authorization, cookie, request.origin, request.host)
