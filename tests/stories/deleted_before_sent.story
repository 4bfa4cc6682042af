# What is written and deleted without a link is never shown to anybody.

Anna, Bob and Carol are in "lunch"
Bob goes offline
Bob sends "I did not mean it" to "lunch"
Bob sends "hello" to "lunch"
Bob deletes "I did not mean it" in "lunch"
Bob comes online
Anna sees "hello" and no other text in "lunch"
Carol sees 1 deleted in "lunch"
