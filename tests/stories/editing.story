# One edits one's own texts only, and everybody sees that it was done.

Anna, Bob and Carol are in "lunch"
Anna sends "12 o'clock" to "lunch"
Bob sees "12 o'clock" from Anna in "lunch"
Bob edits "12 o'clock" to "midnight" in "lunch", but is refused: FORBIDDEN
Carol goes offline
Anna edits "12 o'clock" to "1 o'clock" in "lunch"
Bob sees "1 o'clock" from Anna in "lunch", edited
Bob sees no "12 o'clock" in "lunch"
Carol comes online
Carol sees "1 o'clock" from Anna in "lunch", edited
Anna edits "1 o'clock" to "" in "lunch", but is refused: TEXT_EMPTY
