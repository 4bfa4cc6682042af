# Whoever was removed reads nothing that is written then, and may come back by link.

Anna, Bob and Carol are in "lunch"
Anna makes a link to "lunch"
Anna sends "before" to "lunch"
Bob sees "before" from Anna in "lunch"
Anna removes Bob from "lunch"
Carol sees Anna remove Bob from "lunch"
Bob is not in "lunch"
Anna sends "without Bob" to "lunch"
Bob asks the server for "lunch", but is refused: NOT_FOUND
Bob follows the link to "lunch"
Anna sends "after" to "lunch"
Bob sees "after" and no other text in "lunch"
Carol sees "before", "without Bob", "after" and no other text in "lunch"
