# A group is made, named, filled and left; everybody in it sees what happens.

Anna, Bob and Carol are in "market"
Anna creates "lunch" with Bob
Bob sees Anna create "lunch"
Bob adds Carol to "lunch"
Anna sees Bob add Carol to "lunch"
Carol finds Anna, Bob and Carol in "lunch"
Bob renames "lunch" to "dinner", but is refused: FORBIDDEN
Anna renames "lunch" to "dinner"
Carol sees Anna rename "dinner"
Carol sends "when?" to "dinner"
Bob sees "when?" from Carol in "dinner"
Carol leaves "dinner"
Carol is not in "dinner"
Bob sees Carol leave "dinner"
Bob finds Anna and Bob in "dinner"
Carol asks the server for "dinner", but is refused: NOT_FOUND
Anna renames "dinner" to "", but is refused: NAME_INVALID
