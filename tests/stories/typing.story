# Who looks at a chat sees who types there.

Anna, Bob and Carol are in "lunch"
Anna looks at "lunch"
Bob looks at "lunch"
Bob types in "lunch"
Anna sees Bob type in "lunch"
Anna types in "lunch"
Bob sees Anna type in "lunch"
Carol sends "hi" to Bob
Bob looks at the chat with Carol
Carol looks at the chat with Bob
Carol types in the chat with Bob
Bob sees Carol type in the chat with Carol
