//! SQLite's errors in the store's own words: is it away, or did it refuse?

use crate::store::StoreError;

// Primary result codes, https://www.sqlite.org/rescode.html
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NO_MEMORY: i32 = 7;
const READ_ONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const PROTOCOL: i32 = 15;
const AUTH: i32 = 23;
const NOT_A_DATABASE: i32 = 26;

/// Codes that say something of the file, the disk or the machine, and nothing of what was asked: another try later may
/// go well, and what was to be kept must be kept elsewhere until then.
const AWAY: [i32; 13] = [
    PERM,
    BUSY,
    LOCKED,
    NO_MEMORY,
    READ_ONLY,
    INTERRUPT,
    IO_ERROR,
    CORRUPT,
    FULL,
    CANNOT_OPEN,
    PROTOCOL,
    AUTH,
    NOT_A_DATABASE,
];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::Database(refusal) => {
                let extended: i32 = refusal.code().and_then(|code| code.parse().ok()).unwrap_or(0);
                let primary = extended & 0xff;
                if AWAY.contains(&primary) {
                    StoreError::Away(refusal.message().to_owned())
                } else {
                    StoreError::Failed(refusal.message().to_owned())
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => StoreError::Away(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        }
    }
}
