# A new name reaches those who have a chat with one, and one's own devices.

Anna and Bob know each other
Anna signs in on a laptop
Bob goes offline
Anna takes the name "Annie"
Anna's laptop knows Anna as "Annie"
Bob comes online
Bob knows Anna as "Annie"
Anna takes the name "", but is refused: NAME_INVALID
