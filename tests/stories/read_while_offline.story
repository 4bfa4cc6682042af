# What is read without a link counts as read when the link is back.

Anna and Bob know each other
Anna sends "long story" to Bob
Bob sees "long story" from Anna
Bob goes offline
Bob reads the chat with Anna
Bob closes the app
Bob opens the app
Bob comes online
Anna sees "long story" as read in the chat with Bob
Bob has 0 unread in the chat with Anna
