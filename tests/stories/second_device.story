# A second device, signed in by the recovery code, is the same person.

Anna and Bob know each other
Anna sends "from the phone" to Bob
Anna signs in on a laptop
Anna has 2 devices
Anna's laptop sees "from the phone" from Anna in the chat with Bob
Anna's laptop sends "from the laptop" to Bob
Anna sees "from the laptop" from Anna in the chat with Bob
Anna's laptop goes offline
Anna's laptop sends "later" to Bob
Bob sends "which one is it?" to Anna
Anna's laptop comes online
Bob sees "from the phone", "from the laptop", "which one is it?", "later" and no other text in the chat with Anna
Anna's laptop sees "which one is it?" from Bob
Anna's laptop signs out
Anna has 1 devices
