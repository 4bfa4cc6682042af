# A lost device is signed out from another one, and gets nothing more.

Anna and Bob know each other
Anna signs in on a laptop
Anna signs out the laptop
Anna's laptop is sent away: UNAUTHORISED
Anna has 1 devices
Anna's laptop closes the app
Bob sends "did you find it?" to Anna
Anna's laptop opens the app, but is refused: UNAUTHORISED
Anna sees "did you find it?" from Bob
