//! Places in tables that are written at the end and lose their oldest rows: what lies behind one.

use sqlx::{AssertSqlSafe, Row as _};

use super::session::Reading;
use crate::store::StoreError;

/// What somebody finds who has read up to a place.
pub(super) enum Behind {
    /// Nothing new; or there was no place, and from here on it is asked for.
    Nothing,
    /// Rows with a number above this one.
    Rows(i64),
    /// Too many rows, or some are gone.
    TooFar,
}

/// What lies behind a place in `table`, where more than `most` rows are too far, and where its newest row is.
pub(super) async fn behind(
    reading: &mut Reading,
    table: &'static str,
    place: Option<u64>,
    most: i64,
) -> Result<(Behind, u64), StoreError> {
    let query = format!("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM {table}");
    let row = sqlx::query(AssertSqlSafe(query)).fetch_one(&mut **reading).await?;
    let (first, last): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let behind = match place.map(|place| i64::try_from(place).unwrap_or(i64::MAX)) {
        None => Behind::Nothing,
        Some(place) if place == last => Behind::Nothing,
        // A place behind what is there is of before a backup was put back.
        Some(place) if place > last || place + 1 < first || last - place > most => Behind::TooFar,
        Some(place) => Behind::Rows(place),
    };
    Ok((behind, last.unsigned_abs()))
}
