# Whoever was banned from a group can't come back, and reads nothing more.

Anna, Bob and Carol are in "lunch"
Anna creates "dinner" with Bob and Carol
Anna makes a link to "lunch"
Bob sends "hello" to "lunch"
Carol sees "hello" from Bob in "lunch"
Anna bans Bob from "lunch"
Carol sees Anna ban Bob from "lunch"
Bob is not in "lunch"
Anna sends "at last" to "lunch"
Bob asks the server for "lunch", but is refused: NOT_FOUND
Bob sends "again" to "lunch", but is refused: NOT_FOUND
Bob follows the link to "lunch", but is refused: INVITE_INVALID
Carol adds Bob to "lunch", but is refused: FORBIDDEN
Anna finds Bob banned from "lunch"
Anna finds Anna and Carol in "lunch"
Anna adds Bob to "lunch"
Anna sends "welcome back" to "lunch"
Bob sees "welcome back" and no other text in "lunch"
