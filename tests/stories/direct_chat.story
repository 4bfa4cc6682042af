# Two people of one group write to each other; a third one sees nothing of it.

Anna, Bob and Carol are in "lunch"
Bob sends "shall we invite Carol to your party?" to Carol
Carol sees "shall we invite Carol to your party?" from Bob
Carol sends "I am Carol" to Bob
Bob sends "sorry" to Carol
Bob sees "shall we invite Carol to your party?", "I am Carol", "sorry" and no other text in the chat with Carol
Anna sees no text in "lunch"
Anna sees no text in the chat with Carol
