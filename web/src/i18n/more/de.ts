/** German, second part. Machine translation: to be reviewed by somebody who speaks it. */

import type { MoreWords } from "./en";

export const more: MoreWords = {
  // Closed doors
  unreachable: "{name} nimmt keine Nachrichten an.",
  blockedHint: "Du hast {name} blockiert.",
  unblock: "Freigeben",
  closedTitle: "Nur mit Einladung",
  closedHint: "Bitte jemanden, der schon hier ist, um einen Einladungslink.",
  invalidTitle: "Dieser Link gilt nicht mehr",
  invalidHint: "Er ist verbraucht, ersetzt oder abgelaufen. Bitte um einen neuen.",

  // Chats: what is seldom shown at first
  failed: "Nicht gesendet: {reason}",
  writeAgain: "Neu schreiben",
  discard: "Verwerfen",
  charactersLeft: { one: "noch {count} Zeichen", other: "noch {count} Zeichen" },
  charactersOver: { one: "{count} Zeichen zu viel", other: "{count} Zeichen zu viel" },
  replyTo: "Antwort an {name}",
  editing: "Nachricht bearbeiten",
  unknownRow: "Eine Nachricht, die diese Version nicht zeigen kann",
  noMatches: "Kein Chat mit diesem Namen",

  // Menus, rare banners, signing in again
  updateReady: "Eine neue Version ist bereit.",
  insecure: "Diese Seite kam unverschlüsselt: Ohne Verbindung verspricht sie nichts.",
  insecureHow: "Bitte die Betreiber dieses Servers, HTTPS einzurichten.",
  chatGone: "Diesen Chat gibt es hier nicht mehr.",
  dropped:
    "Etwas, das du geschrieben hast, konnte nach der Wiederherstellung " +
    "des Servers nicht noch einmal gesendet werden.",
  evicted:
    "Der Browser hatte seinen Speicher geleert. Alles wird neu geholt; " +
    "was nicht gesendet war, ist verloren.",
  signedOut: "Dieses Gerät wurde abgemeldet.",
  signInAgain: "Neu anmelden",
  suspended: "Dein Konto ist gesperrt.",
  startFailed: "Kentong konnte nicht starten: {reason}",
  deleteAsk: "Diese Nachricht für alle löschen?",
  deleteHint: "Sie verschwindet von allen Geräten. Das lässt sich nicht rückgängig machen.",
  report: "Melden",
  delete: "Für alle löschen",
  reply: "Antworten",
  edit: "Bearbeiten",
  recoveryCode: "Wiederherstellungscode",
  recoveryCodeHint: "Er wurde beim Beitreten angezeigt.",
  signIn: "Anmelden",
  writeTo: "{name} schreiben",
  joinGroup: "Gruppe beitreten",
  openChat: "Chat öffnen",

  // Groups and people
  groupInfo: "Gruppe",
  groupName: "Name der Gruppe",
  add: "Hinzufügen",
  addPeople: "Leute hinzufügen",
  create: "Gründen",
  choosePeople: "Leute, die du kennst",
  nobodyKnown:
    "Du hast noch mit niemandem einen Chat. " +
    "Gründe die Gruppe und verschick ihren Einladungslink.",
  searchPeople: "Leute suchen",
  owner: "Inhaber:in",
  bannedPeople: "Für immer entfernt",
  allow: "Wieder zulassen",
  remove: "Aus der Gruppe entfernen",
  removeAsk: "{name} aus der Gruppe entfernen?",
  ban: "Für immer entfernen",
  banHint: "Für immer entfernt, kommt niemand über einen Einladungslink zurück.",
  leave: "Gruppe verlassen",
  leaveAsk: "„{title}“ verlassen?",
  leaveHint: "Du bekommst keine Nachrichten dieser Gruppe mehr.",
  showMore: "Mehr zeigen",
  startChat: "Schreiben",
  block: "Blockieren",
  blockAsk: "{name} blockieren?",
  blockHint: "Du bekommst keine Nachrichten mehr von dieser Person. Sie erfährt es nicht.",
  linkHintGroup:
    "Wer diesen Link öffnet, tritt der Gruppe bei. Ein neuer Link ersetzt den vorigen.",
  linkHintPerson:
    "Wer diesen Link öffnet, kann beitreten und dir schreiben. " +
    "Ein neuer Link ersetzt den vorigen.",
  makeLink: "Link erstellen",
  share: "Teilen",
  needsLink: "Dafür braucht es eine Verbindung.",
  qrLabel: "Der Link als QR-Code",

  // Sheets: reporting
  reportTitle: "Den Betreibern dieses Servers melden",
  reportMessageHint: "Der Text dieser Nachricht wird mitgeschickt.",
  reportChatHint: "Nachrichten werden nicht mitgeschickt.",
  reason1: "Spam",
  reason2: "Beleidigung oder Belästigung",
  reason3: "Gewalt oder Drohung",
  reason4: "Gegen das Gesetz",
  reason0: "Etwas anderes",
  reportText: "Was ist passiert? (freiwillig)",
  reported: "Danke. Die Meldung ist unterwegs.",

  // Sheets: settings
  appearance: "Aussehen",
  language: "Sprache",
  automatic: "Automatisch",
  light: "Hell",
  dark: "Dunkel",
  devices: "Geräte",
  thisDevice: "dieses Gerät",
  lastUsed: "zuletzt benutzt {when}",
  signOutDevice: "Dieses Gerät abmelden?",
  data: "Datenverbrauch",
  dataHint: "Auf diesem Gerät gezählt, ohne das, was das Netz dazugibt.",
  sentBytes: "Gesendet",
  receivedBytes: "Empfangen",
  account: "Konto",
  recoveryHint:
    "Mit dem Wiederherstellungscode vom Beitreten meldest du dich auf einem anderen " +
    "Gerät an. Ist er verloren, frag die Betreiber dieses Servers.",
  signOut: "Abmelden",
  signOutAsk: "Von diesem Gerät abmelden?",
  signOutHint:
    "Alles auf diesem Gerät wird gelöscht. " +
    "Um zurückzukommen, brauchst du deinen Wiederherstellungscode.",
  signOutWaiting: {
    one: "{count} Nachricht ist noch nicht gesendet und geht verloren.",
    other: "{count} Nachrichten sind noch nicht gesendet und gehen verloren.",
  },
  about: "Über Kentong",
  aboutText: "Kentong ist freie Software unter der Apache-Lizenz 2.0.",

  // Error codes of the protocol, to stand in a sentence
  error1: "der Server hat einen Fehler gemacht",
  error2: "der Server hat das nicht verstanden",
  error3: "es ist zu groß oder zu viel auf einmal",
  error4: "diese Version ist zu alt: lade die Seite neu",
  error5: "dieses Gerät ist nicht angemeldet",
  error6: "diese Seite gehört nicht zum Server",
  error7: "es ist in einem anderen Fenster offen",
  error8: "zu viel auf einmal: versuch es etwas später",
  error9: "der Server ist ausgelastet: versuch es etwas später",
  error10: "die Platte des Servers ist voll",
  error11: "der Server startet neu",
  error12: "das gibt es nicht, oder nicht für dich",
  error13: "das darfst du hier nicht",
  error14: "der Text ist leer",
  error15: "der Text ist zu lang",
  error16: "dieser Name geht nicht",
  error17: "die Gruppe ist voll",
  error18: "du bist in zu vielen Chats",
  error19: "zu viele Geräte sind angemeldet",
  error20: "diese Person nimmt keine Nachrichten von dir an",
  error21: "dein Konto ist gesperrt",
  error22: "der Ausgang musste erneuert werden",
  error23: "der Einladungslink gilt nicht mehr",
  error24: "dieser Server nimmt niemanden auf",
  error25: "das Beitreten dauerte zu lange: versuch es noch einmal",
  error26: "ein neues Konto darf nur wenigen Fremden schreiben: warte erst auf eine Antwort",
  error27: "der Code stimmt nicht",
  error28: "zu viele Fragen auf einmal: versuch es noch einmal",
  error29: "du hast zu viele Leute blockiert",
  error30: "es enthält ein Zeichen, das nicht gespeichert werden kann",
};
