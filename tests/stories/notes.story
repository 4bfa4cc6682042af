# Notes to self are on all of one's devices, and on nobody else's.

Anna and Bob know each other
Anna sends "buy milk" to the notes
Anna signs in on a laptop
Anna's laptop sees "buy milk" from Anna in the notes
Anna's laptop edits "buy milk" to "buy oat milk" in the notes
Anna sees "buy oat milk" from Anna in the notes, edited
Anna has 0 unread in the notes
Anna's laptop deletes "buy oat milk" in the notes
Anna sees no text in the notes
Anna sees 1 deleted in the notes
Bob sees no text in the chat with Anna
