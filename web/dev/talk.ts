/** What made-up people say. */

export const NAMES = [
  "Wayan Sudarta",
  "Anna Lindqvist",
  "Bima",
  "Made Ayu Lestari",
  "Jonas Weber",
  "سلمى حداد",
  "Putri",
  "Dr. Emeka Okonkwo-Hartmann",
  "Лена",
  "Xiu",
  "Old Tom",
];

export const TALK = [
  "Did the rain reach you too?",
  "Since four in the morning. The lower road is under water, we go around by the school.",
  "ok",
  "Who brings the rice on Sunday?",
  "Me. Two sacks, if somebody can help me carry.",
  "👍",
  "I have read the plan again and I think we should start earlier: the bus leaves at six, and with the little ones it takes half an hour just to get everybody out of the door. Let's meet at 5:15 at the bridge?",
  "5:15 😱",
  "The list is here: https://example.org/lists/2026/sunday-market?from=kentong (and a copy at http://example.net).",
  "Thanks!",
  "مرحبا، سأصل غداً في الخامسة مساءً",
  "One more thing\n– water\n– the big pot\n– candles",
  "😂😂",
  "averyveryverylongwordwithoutanyspacesthatwouldneverfitintoabubbleonasmallphoneifitwerenotbrokensomewhere",
  "I'll be there.",
  "Can you call grandmother? She asked for you.",
  "Done, she says hello to everyone.",
];
