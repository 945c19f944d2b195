//! What processes tell each other of the records they write, in the transaction that writes them.

use super::places::{Behind, behind};
use super::sql::read::json_text;
use super::{Postgres, Writing, text_at};
use crate::model::Record;
use crate::store::StoreError;
use crate::store::told::{Told, Word};
use crate::store::within::{READ_MAX, within};

/// Batches read at once; whoever has to read more begins anew.
const BATCHES_MAX: i64 = 512;

/// More go than come. Whoever has not looked for a minute begins anew.
const TELL: &str = "WITH gone AS (DELETE FROM told WHERE seq IN ( \
         SELECT seq FROM told WHERE at < clock_timestamp() - INTERVAL '1 minute' ORDER BY seq LIMIT 4)) \
     INSERT INTO told (by, words) VALUES (current_setting('patchbay.edge', true), $1)";

/// Tells the other processes of what was written.
pub(super) async fn tell_others(writing: &mut Writing, records: &[&Record]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let words: Vec<Word> = records.iter().map(|record| Word::of(record)).collect();
    sqlx::query(TELL).bind(json_text(&words)?).execute(&mut **writing).await?;
    Ok(())
}

impl Postgres {
    pub(in crate::store) async fn told_since(&self, place: Option<u64>) -> Result<Told, StoreError> {
        within(READ_MAX, async {
            let mut reading = self.snapshot().await?;
            let (behind, upto) = behind(&mut reading, "told", place, BATCHES_MAX).await?;
            let mut told = Told { words: Vec::new(), more: matches!(behind, Behind::TooFar), upto };
            let Behind::Rows(place) = behind else { return Ok(told) };
            let query = sqlx::query("SELECT words FROM told WHERE seq > $1 AND by IS DISTINCT FROM $2 ORDER BY seq");
            let rows = query.bind(place).bind(&*self.process).fetch_all(&mut *reading).await?;
            for row in &rows {
                match serde_json::from_str::<Vec<Word>>(&text_at(row, 0)?.unwrap_or_default()) {
                    Ok(words) => told.words.extend(words),
                    // A newer program's words.
                    Err(_) => told.more = true,
                }
            }
            Ok(told)
        })
        .await
    }
}
