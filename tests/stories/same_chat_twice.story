# Whoever opens the same chat at the same time ends in one chat.

Anna, Bob and Carol are in "lunch"
Bob goes offline
Carol goes offline
Bob sends "shall we?" to Carol
Carol sends "dinner?" to Bob
Carol sends "yes" to Bob
Bob comes online
Carol comes online
Bob sees "shall we?", "dinner?", "yes" and no other text in the chat with Carol
Carol sees "shall we?" from Bob
Anna signs in on a laptop
Anna goes offline
Anna's laptop goes offline
Anna sends "milk" to the notes
Anna's laptop sends "bread" to the notes
Anna's laptop comes online
Anna comes online
Anna sees "bread", "milk" and no other text in the notes
Anna's laptop sees "milk" from Anna in the notes
