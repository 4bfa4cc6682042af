# A link to a group leads a newcomer into the group, and nowhere else.

Anna owns the server
Anna creates "lunch"
Anna sends "nobody is here yet" to "lunch"
Anna makes a link to "lunch"
Bob joins by the link to "lunch"
Anna sees Bob join "lunch"
Anna finds Anna and Bob in "lunch"
Bob sees no text in "lunch"
Anna sends "12 o'clock?" to "lunch"
Bob sees "12 o'clock?" and no other text in "lunch"
