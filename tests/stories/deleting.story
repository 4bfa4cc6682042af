# What is deleted disappears for everybody, first of all where it was already read.

Anna, Bob and Carol are in "lunch"
Bob sends "sold my horse" to "lunch"
Bob sends "for a song" to "lunch"
Anna sees "sold my horse" from Bob in "lunch"
Carol sees "sold my horse" from Bob in "lunch"
Carol goes offline
Carol deletes "sold my horse" in "lunch"
Bob deletes "for a song" in "lunch"
Anna sees "sold my horse" and no other text in "lunch"
Carol comes online
Carol sees "sold my horse" and no other text in "lunch"
Carol deletes "sold my horse" in "lunch", but is refused: FORBIDDEN
Anna deletes "sold my horse" in "lunch"
Bob sees no text in "lunch"
Carol sees 2 deleted in "lunch"
