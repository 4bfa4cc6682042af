# By invite only: nobody comes without a link.

the server starts with registration invite
Anna owns the server
Bob joins, but is refused: REGISTRATION_CLOSED
Anna makes a link
Bob joins by Anna's link
Anna sees no text in the chat with Bob
