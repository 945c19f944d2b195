//! Other doors to a token: what is kept of sessions, and of the links that open them. No engine is known here.

use jiff::Timestamp;

/// How many sessions a token has at once, and how many links beside them: a new one takes the place of the oldest.
pub const SESSIONS_MAX: i64 = 50;

/// What kind of door it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// Makes a session, once.
    Link,
    /// Opens what its token opens, until it ends.
    Session,
}

impl SessionKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SessionKind::Link => "link",
            SessionKind::Session => "session",
        }
    }
}

/// A door to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The SHA-256 of its secret.
    pub sha256: [u8; 32],
    /// What kind it is.
    pub kind: SessionKind,
    /// The SHA-256 of the token it opens.
    pub token_sha256: [u8; 32],
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on it is no good.
    pub expires_at: Timestamp,
}
