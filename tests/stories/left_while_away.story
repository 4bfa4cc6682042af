# Who leaves without a link has said good-bye before, and is gone when the link is back.

Anna, Bob and Carol are in "lunch"
Anna makes a link to "lunch"
Bob goes offline
Bob sends "good bye" to "lunch"
Bob leaves "lunch"
Anna sends "stay!" to "lunch"
Bob comes online
Bob is not in "lunch"
Anna sees Bob leave "lunch"
Carol sees "stay!", "good bye" and no other text in "lunch"
Carol goes offline
Carol leaves "lunch"
Carol follows the link to "lunch"
Carol sends "I stay" to the chat with Anna
Carol comes online
Anna sees Carol leave "lunch"
Anna sees Carol join "lunch"
Carol sees no text in "lunch"
Anna finds Anna and Carol in "lunch"
