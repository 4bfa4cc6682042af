# A report holds the one message that somebody hands over, as it was then.

Anna, Bob and Carol are in "lunch"
Bob sends "buy gold" to "lunch"
Bob sends "it is shiny" to "lunch"
Carol sees "buy gold" from Bob in "lunch"
Carol reports "buy gold" in "lunch" as spam
Bob deletes "buy gold" in "lunch"
the operator reads 1 reports
the operator reads that Carol reported Bob for "buy gold" as spam
Carol reports "lunch" as abuse
the operator reads 2 reports
