/** German. Machine translation: to be reviewed by somebody who speaks it. */

import type { Words } from "./en";

export const de: Words = {
  // Chat list
  chats: "Chats",
  search: "Chats suchen",
  newMenu: "Neu",
  newGroup: "Neue Gruppe",
  inviteLink: "Einladungslink",
  notes: "Notizen an mich",
  settings: "Einstellungen",
  noChats: "Noch ist es still hier",
  noChatsHint: "Schick jemandem einen Link. Wer ihn öffnet, kann dir schreiben.",
  inviteSomebody: "Jemanden einladen",
  selectChat: "Wähle einen Chat oder beginne einen neuen.",
  you: "Du",
  unread: { one: "{count} ungelesene Nachricht", other: "{count} ungelesene Nachrichten" },
  nothingYet: "Noch keine Nachrichten",
  draft: "Entwurf",

  // Chat
  back: "Zurück",
  close: "Schließen",
  cancel: "Abbrechen",
  members: { one: "{count} Mitglied", other: "{count} Mitglieder" },
  online: "online",
  lastSeen: "zuletzt gesehen {when}",
  typing: "{name} schreibt…",
  typingSome: { one: "{count} Person schreibt…", other: "{count} Personen schreiben…" },
  typingShort: "schreibt…",
  updating: "Wird aktualisiert…",
  connecting: "Verbindet…",
  newMessages: "Neue Nachrichten",
  startOfChat: "Hier beginnt der Chat.",
  notesHint: "Was du hier schreibst, liest nur du.",
  deleted: "{author} hat eine Nachricht gelöscht",
  deletedByYou: "Du hast eine Nachricht gelöscht",
  edited: "bearbeitet",
  loadingRows: "Nachrichten werden geladen…",
  missingRows: "Diese Nachrichten kommen, sobald es eine Verbindung gibt.",
  quoteMissing: "Eine Nachricht weiter oben",
  somebody: "Jemand",
  waiting: "Wartet aufs Senden",
  sent: "Gesendet",
  delivered: "Zugestellt",
  read: "Gelesen",
  newest: "Zur neuesten Nachricht",
  messageActions: "Aktionen zur Nachricht",
  copy: "Kopieren",
  copied: "Kopiert",
  saidBy: "{name}: {text}",

  // System rows
  created: "{author} hat die Gruppe „{text}“ gegründet",
  createdByYou: "Du hast die Gruppe „{text}“ gegründet",
  renamed: "{author} hat die Gruppe „{text}“ genannt",
  renamedByYou: "Du hast die Gruppe „{text}“ genannt",
  joined: "{author} kam über einen Einladungslink",
  joinedByYou: "Du kamst über einen Einladungslink",
  added: "{author} hat {subject} hinzugefügt",
  addedByYou: "Du hast {subject} hinzugefügt",
  addedYou: "{author} hat dich hinzugefügt",
  left: "{author} ist gegangen",
  leftByYou: "Du bist gegangen",
  removed: "{author} hat {subject} entfernt",
  removedByYou: "Du hast {subject} entfernt",
  removedYou: "{author} hat dich entfernt",
  banned: "{author} hat {subject} für immer entfernt",
  bannedByYou: "Du hast {subject} für immer entfernt",
  bannedYou: "{author} hat dich für immer entfernt",

  // Composer
  messages: "Nachrichten",
  message: "Nachricht",
  send: "Senden",
  save: "Speichern",

  // Banners
  offline: "Keine Verbindung",
  offlineWaiting: {
    one: "Keine Verbindung: {count} Nachricht wartet",
    other: "Keine Verbindung: {count} Nachrichten warten",
  },
  reload: "Neu laden",

  // Joining
  tagline: "Ein kleiner Messenger für schwache Netze",
  invitesYou: "{name} lädt dich zum Schreiben ein",
  invitesGroup: "Du bist eingeladen zu",
  yourName: "Dein Name",
  nameHint: "Andere sehen ihn. Du kannst ihn später ändern.",
  join: "Beitreten",
  joining: "Tritt bei…",
  haveAccount: "Ich habe ein Konto",
  openTitle: "Willkommen",
  openHint: "Wähle einen Namen und schreib. Keine Telefonnummer, keine E-Mail.",
  ownerHint: "Dieser Server gehört dir: Du bist hier die erste Person.",
  privacy: "Datenschutz",
  terms: "Bedingungen",
  contact: "Kontakt",
  keepCode: "Bewahre deinen Wiederherstellungscode auf",
  keepCodeHint:
    "Nur damit kommst du zurück, wenn dieses Gerät verloren geht. " +
    "Er wird nur jetzt angezeigt.",
  savedCode: "Ich habe ihn aufbewahrt",

  // Refusals; what each code means comes later
  refused: "Das ging nicht: {reason}.",
  noConnection: "keine Verbindung",
  error: "etwas ging schief ({code})",
};
