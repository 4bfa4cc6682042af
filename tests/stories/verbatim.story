# A text is kept as its author wrote it; a name is put in order, and everybody has the same.

Anna and Bob know each other
Anna signs in on a laptop
Anna sends "  two spaces before, one behind " to Bob
Bob sees "  two spaces before, one behind " from Anna
Anna's laptop sees "  two spaces before, one behind " from Anna in the chat with Bob
Anna edits "  two spaces before, one behind " to " now one before" in the chat with Bob
Bob sees " now one before" from Anna in the chat with Anna, edited
Anna sends "   " to Bob, but is refused: TEXT_EMPTY
Anna takes the name "  Annie   Lee "
Anna knows Anna as "Annie Lee"
Anna's laptop knows Anna as "Annie Lee"
Bob knows Anna as "Annie Lee"
