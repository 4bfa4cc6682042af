# What somebody wrote without a link to a person who blocked them meanwhile is refused, and kept to be shown.

Anna and Bob know each other
Bob goes offline
Bob sends "one more thing" to Anna
Anna blocks Bob
Bob comes online
Bob hears that "one more thing" is refused: NOT_REACHABLE
Bob can not reach Anna
Anna sees no text in the chat with Bob
