# An owner who lost everything is let in by a link of the operator's, which ends the code before.

Anna owns the server
Anna makes a link
Bob joins by Anna's link
Anna sends "keep this" to Bob
the operator makes a sign-in link for Anna
Anna signs in on a tablet, but is refused: CODE_INVALID
Anna signs in on a tablet by the operator's link
Anna's tablet sees "keep this" from Anna in the chat with Bob
Anna has 2 devices
