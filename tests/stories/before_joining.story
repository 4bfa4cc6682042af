# What was written before somebody came is not theirs to read, answer or report.

Anna, Bob and Carol are in "market"
Anna creates "lunch" with Bob
Anna sends "do not tell Carol" to "lunch"
Anna adds Carol to "lunch"
Bob replies "I will not" to "do not tell Carol" in "lunch"
Carol sees "I will not" and no other text in "lunch"
Carol sees "I will not" from Bob in "lunch"
Carol sees no "do not tell Carol" in "lunch"
