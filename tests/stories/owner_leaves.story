# When the owner leaves, whoever has been there longest owns the group.

Anna, Bob and Carol are in "lunch"
Bob bans Carol from "lunch", but is refused: FORBIDDEN
Anna leaves "lunch"
Bob owns "lunch"
Bob bans Carol from "lunch"
Carol is not in "lunch"
Anna makes a link to "lunch", but is refused: NOT_FOUND
Bob makes a link to "lunch"
Anna follows the link to "lunch"
Anna removes Bob from "lunch", but is refused: FORBIDDEN
Bob finds Anna and Bob in "lunch"
