# Who lost everything is let in by a link of the operator's, which ends the code before.

Anna and Bob know each other
Bob sends "keep this" to Anna
the operator makes a sign-in link for Bob
Bob signs in on a tablet, but is refused: CODE_INVALID
Bob signs in on a tablet by the operator's link
Bob's tablet sees "keep this" from Bob in the chat with Anna
Bob has 2 devices
