-- Doors to tokens, for browsers: sessions, and links that each make one. What they open is the token's, at every request.
CREATE TABLE sessions (
    -- Hash of the secret in the cookie or the link, which is kept nowhere.
    sha256       BLOB PRIMARY KEY NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('link', 'session')),
    -- Hash of the token it is a door to. It may be the one of the settings, so it refers to no row.
    token_sha256 BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
-- The newest of a token and a kind, which are kept.
CREATE INDEX sessions_by_token ON sessions (token_sha256, kind, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
