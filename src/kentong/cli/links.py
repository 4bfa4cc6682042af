"""A link on the terminal, with its QR code."""

import io
import sys

import segno

QUIET_MODULES = 2  # of white around the code, so that cameras find it


def show_link(link: str) -> None:
    """Print a link, and its QR code where the output can hold it."""
    print(f"\n    {link}\n")
    code = io.StringIO()
    segno.make(link, micro=False).terminal(code, border=QUIET_MODULES, compact=True)
    try:
        code.getvalue().encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return
    print(code.getvalue(), flush=True)
