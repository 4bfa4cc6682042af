# A suspended account's devices are sent away and nobody can write to it; it can be undone.

Anna and Bob know each other
Bob sends "buy gold" to Anna
Bob makes a link
the operator suspends Bob
Bob is sent away: SUSPENDED
Bob closes the app
Bob opens the app, but is refused: SUSPENDED
Bob signs in on a laptop, but is refused: CODE_INVALID
Carol joins by Bob's link, but is refused: INVITE_INVALID
Anna can not reach Bob
Anna sends "where are you?" to Bob, but is refused: NOT_REACHABLE
the operator lets Bob back in
Bob closes the app
Bob opens the app
Anna can reach Bob
Bob sends "sorry" to Anna
Anna sees "buy gold", "sorry" and no other text in the chat with Bob
