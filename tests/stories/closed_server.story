# A closed server takes nobody new, not even by a link; those who are in go on.

Anna and Bob know each other
Anna makes a link
Anna closes the app
Bob closes the app
the server starts with registration closed
Carol joins by Anna's link, but is refused: REGISTRATION_CLOSED
Carol joins, but is refused: REGISTRATION_CLOSED
Anna signs in on a laptop
Bob opens the app
Bob sends "still here" to Anna
Anna's laptop sees "still here" from Bob
