//! What processes tell each other of the records they write, in the transaction that writes them.

use sqlx::Row as _;

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
    let words = serde_json::to_string(&words)
        .map_err(|error| StoreError::Failed(format!("could not spell what is told: {error}")))?;
    sqlx::query(TELL).bind(words).execute(&mut **writing).await?;
    Ok(())
}

impl Postgres {
    pub(in crate::store) async fn told_since(&self, place: Option<u64>) -> Result<Told, StoreError> {
        within(READ_MAX, async {
            let mut reading = self.snapshot().await?;
            let row = sqlx::query("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM told");
            let row = row.fetch_one(&mut *reading).await?;
            let (first, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let upto = last.unsigned_abs();
            let place = place.map(|place| i64::try_from(place).unwrap_or(i64::MAX));
            let nothing = |more| Ok(Told { words: Vec::new(), more, upto });
            match place {
                None => return nothing(false),
                Some(place) if place == last => return nothing(false),
                // Behind what is there: it was put back from a backup.
                Some(place) if place + 1 < first || place > last || last - place > BATCHES_MAX => return nothing(true),
                Some(_) => {}
            }
            let query = sqlx::query("SELECT words FROM told WHERE seq > $1 AND by IS DISTINCT FROM $2 ORDER BY seq");
            let rows = query.bind(place).bind(&*self.process).fetch_all(&mut *reading).await?;
            let mut told = Told { words: Vec::new(), more: false, upto };
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
