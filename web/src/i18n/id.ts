/** Indonesian. Machine translation: to be reviewed by somebody who speaks it. */

import type { Words } from "./en";

export const id: Words = {
  // Chat list
  chats: "Obrolan",
  search: "Cari obrolan",
  newMenu: "Baru",
  newGroup: "Grup baru",
  inviteLink: "Tautan undangan",
  notes: "Catatan pribadi",
  settings: "Pengaturan",
  noChats: "Masih sepi di sini",
  noChatsHint:
    "Kirim tautan kepada seseorang. Siapa pun yang membukanya dapat menulis kepada Anda.",
  inviteSomebody: "Undang seseorang",
  selectChat: "Pilih obrolan, atau mulai yang baru.",
  you: "Anda",
  unread: { other: "{count} pesan belum dibaca" },
  nothingYet: "Belum ada pesan",

  // Chat
  back: "Kembali",
  close: "Tutup",
  cancel: "Batal",
  members: { other: "{count} anggota" },
  online: "daring",
  lastSeen: "terakhir terlihat {when}",
  typing: "{name} sedang mengetik…",
  typingSome: { other: "{count} orang sedang mengetik…" },
  typingShort: "sedang mengetik…",
  updating: "Memperbarui…",
  connecting: "Menghubungkan…",
  newMessages: "Pesan baru",
  startOfChat: "Obrolan dimulai di sini.",
  notesHint: "Hanya Anda yang dapat membaca tulisan di sini.",
  deleted: "{author} menghapus sebuah pesan",
  deletedByYou: "Anda menghapus sebuah pesan",
  edited: "diedit",
  loadingRows: "Memuat pesan…",
  missingRows: "Pesan-pesan ini datang saat ada koneksi.",
  quoteMissing: "Pesan yang lebih lama",
  somebody: "Seseorang",
  waiting: "Menunggu dikirim",
  sent: "Terkirim",
  delivered: "Sampai",
  read: "Dibaca",
  newest: "Ke pesan terbaru",
  messageActions: "Tindakan pesan",
  copy: "Salin",
  copied: "Disalin",
  saidBy: "{name}: {text}",

  // System rows
  created: "{author} membuat grup “{text}”",
  createdByYou: "Anda membuat grup “{text}”",
  renamed: "{author} menamai grup “{text}”",
  renamedByYou: "Anda menamai grup “{text}”",
  joined: "{author} masuk lewat tautan undangan",
  joinedByYou: "Anda masuk lewat tautan undangan",
  added: "{author} menambahkan {subject}",
  addedByYou: "Anda menambahkan {subject}",
  addedYou: "{author} menambahkan Anda",
  left: "{author} keluar",
  leftByYou: "Anda keluar",
  removed: "{author} mengeluarkan {subject}",
  removedByYou: "Anda mengeluarkan {subject}",
  removedYou: "{author} mengeluarkan Anda",
  banned: "{author} mengeluarkan {subject} untuk selamanya",
  bannedByYou: "Anda mengeluarkan {subject} untuk selamanya",
  bannedYou: "{author} mengeluarkan Anda untuk selamanya",

  // Composer
  messages: "Pesan",
  message: "Pesan",
  send: "Kirim",
  save: "Simpan",

  // Banners
  offline: "Tidak ada koneksi",
  offlineWaiting: { other: "Tidak ada koneksi: {count} pesan menunggu" },
  reload: "Muat ulang",

  // Joining
  tagline: "Aplikasi pesan kecil untuk jaringan lemah",
  invitesYou: "{name} mengundang Anda menulis",
  invitesGroup: "Anda diundang ke",
  yourName: "Nama Anda",
  nameHint: "Orang lain melihatnya. Dapat diubah nanti.",
  join: "Bergabung",
  joining: "Bergabung…",
  haveAccount: "Saya punya akun",
  openTitle: "Selamat datang",
  openHint: "Pilih nama dan menulislah. Tanpa nomor telepon, tanpa surel.",
  ownerHint: "Server ini milik Anda: Andalah yang pertama di sini.",
  privacy: "Privasi",
  terms: "Ketentuan",
  contact: "Kontak",
  keepCode: "Simpan kode pemulihan Anda",
  keepCodeHint:
    "Inilah satu-satunya jalan kembali jika perangkat ini hilang. Hanya ditampilkan sekarang.",
  savedCode: "Sudah saya simpan",

  // Refusals; what each code means comes later
  refused: "Tidak berhasil: {reason}.",
  noConnection: "tidak ada koneksi",
  error: "terjadi kesalahan ({code})",
};
