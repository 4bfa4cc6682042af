# A new link ends the one before, for newcomers and for everybody else.

Anna and Bob know each other
Anna makes a link
Carol joins by Anna's old link, but is refused: INVITE_INVALID
Carol joins by Anna's link
Anna creates "lunch"
Anna makes a link to "lunch"
Anna makes a link to "lunch"
Bob asks where the link to "lunch" leads and reads "lunch"
Bob asks where the old link to "lunch" leads and reads "lunch", but is refused: INVITE_INVALID
Bob follows the old link to "lunch", but is refused: INVITE_INVALID
Bob follows the link to "lunch"
Bob follows the link to "lunch"
Anna finds Anna and Bob in "lunch"
Carol asks where Anna's link leads and reads "Anna"
