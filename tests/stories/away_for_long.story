# Who comes back after a long time sees what is newest at once, and the rest on looking.

Anna, Bob and Carol are in "lunch"
Anna sends "see you" to "lunch"
Bob sees "see you" from Anna in "lunch"
Bob closes the app
Anna sends 40 texts to "lunch"
Anna deletes "see you" in "lunch"
Anna deletes "text 7" in "lunch"
Anna creates "dinner" with Bob
Anna renames "lunch" to "breakfast"
Bob opens the app
Bob is in "dinner"
Bob sees Anna rename "breakfast"
Bob sees no "see you" in "breakfast"
Bob sees no "text 7" in "breakfast"
Bob sees "text 40" from Anna in "breakfast"
Bob sees 2 deleted in "breakfast"
