# On an open server a new account writes to a few strangers, and to more once somebody answers.

the server starts with registration open
Anna, Bob, Carol, Dian, Eka, Fajar and Gita are in "market"
Bob sends "buy gold" to Carol
Bob sends "buy gold" to Dian
Bob sends "buy gold" to Eka
Bob sends "buy gold" to Fajar
Bob sends "buy gold" to Gita, but is refused: STRANGER_LIMIT
Carol sees "buy gold" from Bob
Carol sends "how much?" to Bob
Bob sends "buy gold" to Gita
Gita sees "buy gold" from Bob
