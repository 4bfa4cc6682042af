# A reply names what it answers, also when that is edited or deleted later.

Anna and Bob know each other
Anna sends "tea?" to Bob
Anna sends "coffee?" to Bob
Bob sees "tea?" from Anna
Bob replies "yes please" to "tea?" in the chat with Anna
Anna sees "yes please" as a reply to "tea?" in the chat with Bob
Anna edits "tea?" to "green tea?" in the chat with Bob
Bob sees "yes please" as a reply to "green tea?" in the chat with Anna
Anna deletes "green tea?" in the chat with Bob
Bob sees "coffee?", "yes please" and no other text in the chat with Anna
Bob sees 1 deleted in the chat with Anna
