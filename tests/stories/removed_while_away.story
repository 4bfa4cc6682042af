# Who is removed while away loses the chat on coming back, and what waited there is refused.

Anna, Bob and Carol are in "lunch"
Anna sends "secret" to "lunch"
Bob sees "secret" from Anna in "lunch"
Bob goes offline
Bob sends "wait for me" to "lunch"
Bob still waits to send "wait for me"
Anna removes Bob from "lunch"
Bob comes online
Bob hears that "wait for me" is refused: NOT_FOUND
Bob is not in "lunch"
Carol sees "secret" and no other text in "lunch"
