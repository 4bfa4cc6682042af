/** English: the texts that the other languages are translated from. */

export const en = {
  // Chat list
  chats: "Chats",
  search: "Search chats",
  newMenu: "New",
  newGroup: "New group",
  inviteLink: "Invite link",
  notes: "Notes to self",
  settings: "Settings",
  noChats: "It is quiet here",
  noChatsHint: "Send somebody a link. Whoever opens it can write to you.",
  inviteSomebody: "Invite somebody",
  selectChat: "Choose a chat, or start a new one.",
  you: "You",
  unread: { one: "{count} unread message", other: "{count} unread messages" },
  nothingYet: "No messages yet",
  draft: "Draft",

  // Chat
  back: "Back",
  close: "Close",
  cancel: "Cancel",
  members: { one: "{count} member", other: "{count} members" },
  online: "online",
  lastSeen: "last seen {when}",
  typing: "{name} is typing…",
  typingSome: { one: "{count} person is typing…", other: "{count} people are typing…" },
  typingShort: "typing…",
  updating: "Updating…",
  connecting: "Connecting…",
  newMessages: "New messages",
  startOfChat: "This is where the chat begins.",
  notesHint: "Only you can read what you write here.",
  deleted: "{author} deleted a message",
  deletedByYou: "You deleted a message",
  edited: "edited",
  loadingRows: "Loading messages…",
  missingRows: "These messages come when there is a connection.",
  quoteMissing: "A message further up",
  somebody: "Somebody",
  waiting: "Waiting to be sent",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  newest: "Go to the newest message",
  messageActions: "Message actions",
  copy: "Copy",
  copied: "Copied",
  saidBy: "{name}: {text}",

  // System rows
  created: "{author} made the group “{text}”",
  createdByYou: "You made the group “{text}”",
  renamed: "{author} named the group “{text}”",
  renamedByYou: "You named the group “{text}”",
  joined: "{author} came by an invite link",
  joinedByYou: "You came by an invite link",
  added: "{author} added {subject}",
  addedByYou: "You added {subject}",
  addedYou: "{author} added you",
  left: "{author} left",
  leftByYou: "You left",
  removed: "{author} removed {subject}",
  removedByYou: "You removed {subject}",
  removedYou: "{author} removed you",
  banned: "{author} removed {subject} for good",
  bannedByYou: "You removed {subject} for good",
  bannedYou: "{author} removed you for good",

  // Composer
  messages: "Messages",
  message: "Message",
  send: "Send",
  save: "Save",

  // Banners
  offline: "No connection",
  offlineWaiting: {
    one: "No connection: {count} message waiting",
    other: "No connection: {count} messages waiting",
  },
  reload: "Reload",

  // Joining
  tagline: "A small messenger for weak networks",
  invitesYou: "{name} invites you to write",
  invitesGroup: "You are invited to",
  yourName: "Your name",
  nameHint: "Others see it. You can change it later.",
  join: "Join",
  joining: "Joining…",
  haveAccount: "I have an account",
  openTitle: "Welcome",
  openHint: "Pick a name and write. No phone number, no e-mail.",
  ownerHint: "This server is yours: you are the first one here.",
  privacy: "Privacy",
  terms: "Terms",
  contact: "Contact",
  keepCode: "Keep your recovery code",
  keepCodeHint: "It is the only way back in if you lose this device. It is shown only now.",
  savedCode: "I have saved it",

  // Refusals; what each code means comes later
  refused: "That did not work: {reason}.",
  noConnection: "there is no connection",
  error: "something went wrong ({code})",
};

/** Forms of a text that depends on a count, by CLDR plural category. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** The same texts as `Source` in any language. */
export type Translated<Source> = {
  [Key in keyof Source]: Source[Key] extends string ? string : Plural;
};

export type Words = Translated<typeof en>;
