# A group that is made without a link can be written to at once.

Anna, Bob and Carol are in "market"
Anna goes offline
Anna creates "lunch" with Bob and Carol
Anna sends "12 o'clock?" to "lunch"
Anna sends "milk" to the notes
Anna sends "and you?" to Carol
Anna comes online
Bob sees "12 o'clock?" from Anna in "lunch"
Carol sees Anna create "lunch"
Carol sees "and you?" from Anna
Anna sees "milk" from Anna in the notes
