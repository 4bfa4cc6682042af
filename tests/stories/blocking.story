# Who is blocked can't write to the one who blocked; both may change their minds.

Anna, Bob and Carol are in "lunch"
Bob sends "hey" to Carol
Carol sees "hey" from Bob
Carol signs in on a laptop
Carol blocks Bob
Bob can not reach Carol
Bob sends "answer me" to Carol, but is refused: NOT_REACHABLE
Carol's laptop sends "no" to Bob, but is refused: NOT_REACHABLE
Bob sends "hello all" to "lunch"
Carol sees "hello all" from Bob in "lunch"
Carol unblocks Bob
Bob can reach Carol
Bob sends "thank you" to Carol
Carol sees "hey", "thank you" and no other text in the chat with Bob
