//! The table of requests that must not have their effect twice.

use super::read::Columns;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, within};
use crate::model::Secret;
use crate::store::StoreError;
use crate::store::cursor::nanos;
use crate::store::idempotent::{Claimed, KEPT, Wish};
use crate::store::seal::Place;

/// How many expired rows a claim clears away at most: more than it adds, so that they never pile up.
const CLEARED_MAX: i64 = 20;

const KEPT_ROW: &str = "SELECT asked, answer, at FROM idempotency WHERE key = $1 AND at > $2";

impl Engine {
    /// Of any simultaneous claims of a key one is the first: it is one transaction on the only writing connection, and
    /// another process waits for the lock on the file.
    pub(in crate::store) async fn claim(&self, wish: &Wish<'_>) -> Result<Claimed, StoreError> {
        // A repetition that comes after the answer takes no turn at writing.
        if let Some(found) = self.claimed_before(wish).await? {
            return Ok(found);
        }
        within(WORK_MAX, async {
            let expired = nanos(wish.now - KEPT);
            let mut writing = self.write().await?;
            let query = sqlx::query(KEPT_ROW).bind(wish.key).bind(expired);
            if let Some(row) = query.fetch_optional(&mut *writing).await? {
                return self.found(wish, &row);
            }
            sqlx::query("DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE at <= $1 LIMIT $2)")
                .bind(expired)
                .bind(CLEARED_MAX)
                .execute(&mut *writing)
                .await?;
            // One of the same key that expired may not have been among them.
            sqlx::query("INSERT INTO idempotency (key, asked, claim, at) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO UPDATE SET \
                 asked = excluded.asked, claim = excluded.claim, at = excluded.at, answer = NULL")
                .bind(wish.key)
                .bind(&wish.asked[..])
                .bind(wish.claim)
                .bind(nanos(wish.now))
                .execute(&mut *writing)
                .await?;
            writing.commit().await?;
            Ok(Claimed::First)
        })
        .await
    }

    async fn claimed_before(&self, wish: &Wish<'_>) -> Result<Option<Claimed>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(KEPT_ROW).bind(wish.key).bind(nanos(wish.now - KEPT));
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| self.found(wish, &row)).transpose()
        })
        .await
    }

    fn found(&self, wish: &Wish<'_>, row: &DbRow) -> Result<Claimed, StoreError> {
        let columns = Columns(row);
        if columns.bytes_or_none("asked")? != Some(&wish.asked[..]) {
            return Ok(Claimed::Reused);
        }
        let Some(sealed) = columns.bytes_or_none("answer")? else {
            return Ok(Claimed::Unanswered { since: columns.at("at")? });
        };
        let answer = self.open_sealed(place(wish.key), sealed);
        if let Err(failure) = &answer {
            tracing::error!(%failure, "a kept answer cannot be read any more");
        }
        Ok(Claimed::Answered { answer: answer.ok() })
    }

    pub(in crate::store) async fn keep_answer(
        &self,
        key: &str,
        claim: &str,
        answer: &Secret,
    ) -> Result<bool, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let sealed = self.seal(&writing, place(key), answer)?;
            let query = sqlx::query("UPDATE idempotency SET answer = $3 WHERE key = $1 AND claim = $2");
            let kept = query.bind(key).bind(claim).bind(sealed).execute(&mut *writing).await?;
            writing.commit().await?;
            Ok(kept.rows_affected() > 0)
        })
        .await
    }

    pub(in crate::store) async fn release_claim(&self, key: &str, claim: &str) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            sqlx::query("DELETE FROM idempotency WHERE key = $1 AND claim = $2 AND answer IS NULL")
                .bind(key)
                .bind(claim)
                .execute(&mut *writing)
                .await?;
            writing.commit().await
        })
        .await
    }
}

fn place(row: &str) -> Place<'_> {
    Place { table: "idempotency", column: "answer", row }
}
