# An open server takes everybody; strangers don't know of each other.

the server starts with registration open
Anna owns the server
Bob joins
Bob sends "hi" to Anna, but is refused: NOT_FOUND
Anna makes a link
Bob follows Anna's link
Bob sends "hi" to Anna
Anna sees "hi" from Bob
