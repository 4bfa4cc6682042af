# A server that stops and starts again has lost nothing, and devices come back by themselves.

Anna and Bob know each other
Anna sends "before" to Bob
Bob goes offline
Bob sends "meanwhile" to Anna
the server restarts
Bob comes online
Anna sends "after" to Bob
Bob sees "before" from Anna
Bob sees "after" from Anna
Anna sees "meanwhile" from Bob
