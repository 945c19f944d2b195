//! The table of other doors to tokens: sessions of browsers, and links that each make one.

use jiff::Timestamp;

use super::read::Columns;
use super::{Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::store::StoreError;
use crate::store::cursor::nanos;
use crate::store::session::{SESSIONS_MAX, Session, SessionKind};

/// How many rows that are over a new one clears away at most: more than it adds, so that they never pile up.
const CLEARED_MAX: i64 = 20;

impl Engine {
    pub(in crate::store) async fn keep_session(&self, session: &Session) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            sqlx::query(
                "DELETE FROM sessions WHERE sha256 IN (SELECT sha256 FROM sessions WHERE expires_at <= $1 LIMIT $2)",
            )
            .bind(nanos(session.created_at))
            .bind(CLEARED_MAX)
            .execute(&mut *writing)
            .await?;
            sqlx::query(
                "INSERT INTO sessions (sha256, kind, token_sha256, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&session.sha256[..])
            .bind(session.kind.as_str())
            .bind(&session.token_sha256[..])
            .bind(nanos(session.created_at))
            .bind(nanos(session.expires_at))
            .execute(&mut *writing)
            .await?;
            // Of those that are equally old, the one that was there first.
            sqlx::query(
                "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE token_sha256 = $1 AND kind = $2 \
                 ORDER BY created_at DESC, rowid DESC LIMIT 1000 OFFSET $3)",
            )
            .bind(&session.token_sha256[..])
            .bind(session.kind.as_str())
            .bind(SESSIONS_MAX)
            .execute(&mut *writing)
            .await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn session(
        &self,
        sha256: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        within(READ_MAX, async {
            let query =
                sqlx::query(concat!(rows_of!(sessions), " WHERE sha256 = $1 AND kind = 'session' AND expires_at > $2"));
            let row = query.bind(&sha256[..]).bind(nanos(now)).fetch_optional(&mut *self.read().await?).await?;
            let Some(row) = row else { return Ok(None) };
            let columns = Columns(&row);
            Ok(Some(Session {
                sha256: *sha256,
                kind: SessionKind::Session,
                token_sha256: hash(columns)?,
                created_at: columns.at("created_at")?,
                expires_at: columns.at("expires_at")?,
            }))
        })
        .await
    }

    pub(in crate::store) async fn take_link(
        &self,
        sha256: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            // One statement: of any who come with it, one finds the row.
            let query = sqlx::query(
                "DELETE FROM sessions WHERE sha256 = $1 AND kind = 'link' AND expires_at > $2 RETURNING token_sha256",
            );
            let row = query.bind(&sha256[..]).bind(nanos(now)).fetch_optional(&mut *writing).await?;
            let token = row.map(|row| hash(Columns(&row))).transpose()?;
            writing.commit().await?;
            Ok(token)
        })
        .await
    }

    pub(in crate::store) async fn end_session(&self, sha256: &[u8; 32]) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("DELETE FROM sessions WHERE sha256 = $1 AND kind = 'session'");
            query.bind(&sha256[..]).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }
}

fn hash(columns: Columns<'_>) -> Result<[u8; 32], StoreError> {
    let bytes = columns.bytes_or_none("token_sha256")?.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| StoreError::Failed("a session's row is damaged: its token's hash is none".to_owned()))
}

/// Doors to tokens that are good no more are shut with them; they would open nothing.
pub(super) async fn end_all_of_revoked(writing: &mut Writing) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM sessions WHERE token_sha256 IN (SELECT sessions.token_sha256 FROM sessions \
         JOIN tokens ON tokens.sha256 = sessions.token_sha256 WHERE tokens.revoked_at IS NOT NULL)",
    )
    .execute(&mut **writing)
    .await?;
    Ok(())
}
