# Where one has blocked the other, neither sees whether the other is there, or types.

Anna, Bob and Carol are in "lunch"
Anna sends "hi" to Bob
Bob sees "hi" from Anna
Anna looks at the chat with Bob
Bob looks at the chat with Anna
Anna sees Bob online
Bob sees Anna online
Anna blocks Bob
Anna sees Bob offline
Bob sees Anna offline
Anna types in the chat with Bob
Bob sees no typing
Bob types in the chat with Anna
Anna sees no typing
Bob looks away
Bob looks at the chat with Anna
Anna sees Bob offline
Bob sees Anna offline
Bob looks at "lunch"
Anna types in "lunch"
Bob sees no typing
Carol types in "lunch"
Bob sees Carol type in "lunch"
Anna unblocks Bob
Bob looks at the chat with Anna
Bob sees Anna online
Anna sees Bob online
Anna types in the chat with Bob
Bob sees Anna type in the chat with Anna
