-- Written for SQLite; the PostgreSQL engine replaces the names of types.
-- Ids of users, devices and chats are never used again.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    clock INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    suspended_at INTEGER NOT NULL DEFAULT 0,
    is_admin INTEGER NOT NULL DEFAULT 0,
    invited_by INTEGER NOT NULL DEFAULT 0,
    alias_count INTEGER NOT NULL DEFAULT 0,
    recovery_hash BLOB UNIQUE
) STRICT;
CREATE INDEX users_by_clock ON users (clock);

CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX devices_of_user ON devices (user_id);

CREATE TABLE chats (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    reach INTEGER NOT NULL,
    title TEXT NOT NULL,
    direct_key TEXT UNIQUE,
    created_at INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 0,
    changes INTEGER NOT NULL DEFAULT 0,
    last_at INTEGER NOT NULL DEFAULT 0,
    first_seq INTEGER NOT NULL DEFAULT 1,
    member_count INTEGER NOT NULL DEFAULT 0,
    marks_clock INTEGER NOT NULL DEFAULT 0,
    revised_clock INTEGER NOT NULL DEFAULT 0,
    members_clock INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX chats_by_clock ON chats (clock);

CREATE TABLE members (
    user_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    alias INTEGER NOT NULL,
    role INTEGER NOT NULL,
    state INTEGER NOT NULL,
    access_clock INTEGER NOT NULL,
    visible_from_seq INTEGER NOT NULL,
    joined_seq INTEGER NOT NULL,
    read_seq INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, chat_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX members_by_clock ON members (chat_id, clock);
CREATE INDEX members_by_state ON members (chat_id, state, user_id);

CREATE TABLE messages (
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    text TEXT NOT NULL,
    reply_to INTEGER NOT NULL,
    edited INTEGER NOT NULL,
    subject_id INTEGER NOT NULL,
    outbox INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (chat_id, seq)
) WITHOUT ROWID, STRICT;
-- Tombstones and system rows, which are not counted as unread.
CREATE INDEX messages_uncounted ON messages (chat_id, seq) WHERE kind <> 0;

-- The rows that changed after they were posted.
CREATE TABLE revisions (
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (chat_id, seq)
) WITHOUT ROWID, STRICT;
CREATE INDEX revisions_by_clock ON revisions (clock);
CREATE INDEX revisions_of_chat ON revisions (chat_id, clock);

-- The last answers to the commands of each outbox.
CREATE TABLE answers (
    device_id INTEGER NOT NULL,
    outbox INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (device_id, outbox, number)
) WITHOUT ROWID, STRICT;

CREATE TABLE blocks (
    user_id INTEGER NOT NULL,
    blocked_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, blocked_id)
) WITHOUT ROWID, STRICT;
CREATE INDEX blocks_of ON blocks (blocked_id);

CREATE TABLE invites (
    token_hash BLOB PRIMARY KEY,
    made_by INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL DEFAULT 0,
    uses INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID, STRICT;
CREATE INDEX invites_by_maker ON invites (made_by, chat_id);

CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reporter_id INTEGER NOT NULL,
    chat_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    text TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    author_id INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;
