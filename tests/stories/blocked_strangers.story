# Who is blocked can't come in by another door: no new chat, no group, no link.

Anna, Bob and Carol are in "lunch"
Carol makes a link
Carol blocks Bob
Bob sends "hey" to Carol, but is refused: NOT_REACHABLE
Bob follows Carol's link, but is refused: INVITE_INVALID
Bob creates "come here" with Anna and Carol
Bob finds Anna and Bob in "come here"
Bob adds Carol to "come here", but is refused: NOT_REACHABLE
