# Who has a direct chat on screen sees whether the other one is there.

Anna and Bob know each other
Anna looks at the chat with Bob
Bob looks at the chat with Anna
Anna sees Bob online
Bob looks away
Anna sees Bob offline
Bob looks at the chat with Anna
Anna sees Bob online
Bob closes the app
Anna sees Bob offline
