# Who follows a person's link lands in a chat with that person.

Anna owns the server
Anna makes a link
Bob joins by Anna's link
Anna knows Bob as "Bob"
Bob knows Anna as "Anna"
Bob sends "here I am" to Anna
Anna sees "here I am" from Bob
Anna sends "welcome" to Bob
Bob sees "here I am", "welcome" and no other text in the chat with Anna
