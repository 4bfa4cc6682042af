# What is written without a link waits, and leaves once and in order when the link is back.

Anna and Bob know each other
Anna sends "hello" to Bob
Bob sees "hello" from Anna
Bob goes offline
Bob sends "one" to Anna
Bob replies "two" to "hello" in the chat with Anna
Bob edits "one" to "first" in the chat with Anna
Bob still waits to send "one"
Bob closes the app
Anna sends "where are you?" to Bob
Bob opens the app
Bob still waits to send "two"
Bob comes online
Anna sees "hello", "where are you?", "first", "two" and no other text in the chat with Bob
Anna sees "two" as a reply to "hello" in the chat with Bob
Bob sees "first" from Bob in the chat with Anna, edited
