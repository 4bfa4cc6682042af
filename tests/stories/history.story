# Old texts are found at any point, also those that were written before one's device existed.

Anna and Bob know each other
Anna sends 120 texts to Bob
Bob signs in on a laptop
Bob's laptop looks up 1 to 2 in the chat with Anna and finds "text 1", "text 2"
Bob's laptop looks up 60 to 62 in the chat with Anna and finds "text 60", "text 61", "text 62"
Bob's laptop looks up 120 to 120 in the chat with Anna and finds "text 120"
Anna edits "text 61" to "sixty-one" in the chat with Bob
Bob's laptop sees "sixty-one" from Anna in the chat with Anna, edited
Bob looks up 60 to 62 in the chat with Anna and finds "text 60", "sixty-one", "text 62"
