"""The Python SDK: connection, outbox, sync, store."""

from kentong.client.database import StoreBusy, StoreTooNew
from kentong.client.messenger import AlreadyJoined, Messenger, NotJoined
from kentong.client.ticket import Ticket
from kentong.client.transport import Unreachable
from kentong.client.views import ChatView, CommandView, PersonView, RowView

__all__ = [
    "AlreadyJoined",
    "ChatView",
    "CommandView",
    "Messenger",
    "NotJoined",
    "PersonView",
    "RowView",
    "StoreBusy",
    "StoreTooNew",
    "Ticket",
    "Unreachable",
]
