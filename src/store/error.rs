//! Errors of the engines in the store's own words: is it away, or did it refuse?

use sqlx::postgres::PgDatabaseError;

use super::StoreError;

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

/// The same of Postgres, by classes and codes of https://www.postgresql.org/docs/current/errcodes-appendix.html: the
/// connection, who may connect, the database's name, a server that is read-only because another has taken over, a
/// transaction that came in between or took too long, its resources, its operators, its system.
const AWAY_CLASSES: [&str; 12] = ["08", "28", "3D", "25006", "25P03", "25P02", "40", "53", "55P03", "57", "58", "XX"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match &error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                let is_away = match refusal.try_downcast_ref::<PgDatabaseError>() {
                    Some(_) => AWAY_CLASSES.iter().any(|class| code.starts_with(class)),
                    None => AWAY.contains(&(code.parse().unwrap_or(0) & 0xff)),
                };
                if is_away {
                    StoreError::Away(refusal.message().to_owned())
                } else {
                    StoreError::Failed(refusal.message().to_owned())
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => StoreError::Away(error.to_string()),
            _ => StoreError::Failed(error.to_string()),
        }
    }
}
