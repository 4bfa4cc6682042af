# Two devices of one person write without a link; nothing of either is lost.

Anna and Bob know each other
Anna signs in on a laptop
Anna goes offline
Anna's laptop goes offline
Anna sends "from the phone" to Bob
Anna's laptop sends "from the laptop" to Bob
Anna's laptop takes the name "Annie"
Anna takes the name "Anny"
Anna comes online
Bob sees "from the phone" from Anna
Anna's laptop comes online
Bob sees "from the phone", "from the laptop" and no other text in the chat with Anna
Bob knows Anna as "Annie"
Anna knows Anna as "Annie"
