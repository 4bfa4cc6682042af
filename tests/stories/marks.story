# A text is sent, then delivered, then read; who only received it has not read it.

Anna and Bob know each other
Bob goes offline
Anna sends "are you there?" to Bob
Anna has sent "are you there?"
Bob comes online
Bob sees "are you there?" from Anna
Anna sees "are you there?" as delivered in the chat with Bob
Bob has 1 unread in the chat with Anna
Bob reads the chat with Anna
Anna sees "are you there?" as read in the chat with Bob
Bob has 0 unread in the chat with Anna
