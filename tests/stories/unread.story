# What others wrote is unread until it is read, on every device; one's own text never is.

Anna, Bob and Carol are in "lunch"
Bob signs in on a laptop
Anna sends "one" to "lunch"
Carol sends "two" to "lunch"
Carol sends "three" to "lunch"
Bob has 3 unread in "lunch"
Bob's laptop has 3 unread in "lunch"
Carol deletes "three" in "lunch"
Bob has 2 unread in "lunch"
Bob's laptop reads "lunch"
Bob has 0 unread in "lunch"
Anna sends "four" to "lunch"
Bob has 1 unread in "lunch"
Bob sends "five" to "lunch"
Bob has 0 unread in "lunch"
Carol has 2 unread in "lunch"
