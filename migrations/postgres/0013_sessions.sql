-- Doors to tokens, for browsers: sessions, and links that each make one. What they open is the token's, at every request.
CREATE TABLE sessions (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- Hash of the secret in the cookie or the link, which is kept nowhere.
    sha256       BYTEA PRIMARY KEY NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL CHECK (kind IN ('link', 'session')),
    -- Hash of the token it is a door to. It may be the one of the settings, so it refers to no row.
    token_sha256 BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
-- The newest of a token and a kind, which are kept.
CREATE INDEX sessions_by_token ON sessions (token_sha256, kind, created_at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
