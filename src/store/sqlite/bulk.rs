//! One statement for many rows: each statement is a message to the database's thread and back, which costs as much as
//! what it does.

use std::sync::OnceLock;

use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;

use super::Writing;
use crate::store::StoreError;

/// Most rows that a statement writes: about a tenth of a millisecond of work, so that a call on the same core need not
/// wait for more than that.
const ROWS_MAX: usize = 8;

/// Most keys that a statement looks up, likewise.
pub(super) const KEYS_MAX: usize = 16;

/// How many rows a statement can have: powers of two, so that there are few different statements to keep prepared.
const COUNTS: usize = ROWS_MAX.ilog2() as usize + 1;

/// A statement around a list of rows, spelled once for each count of them.
pub(super) struct Bulk {
    begin: &'static str,
    row: &'static str,
    end: &'static str,
    spelled: [OnceLock<String>; COUNTS],
}

impl Bulk {
    /// A row holds a `?` for each of its values; `VALUES` or what else opens the list belongs to the beginning.
    pub(super) const fn new(begin: &'static str, row: &'static str, end: &'static str) -> Bulk {
        Bulk { begin, row, end, spelled: [const { OnceLock::new() }; COUNTS] }
    }

    /// Executes it for all these rows, of which `values` tells each.
    pub(super) async fn execute<T: Sync>(
        &'static self,
        writing: &mut Writing,
        rows: &[T],
        values: impl Fn(&T, &mut SqliteArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), StoreError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let power = rest.len().min(ROWS_MAX).ilog2() as usize;
            let (part, others) = rest.split_at(1 << power);
            let mut arguments = SqliteArguments::default();
            let spelled = part.iter().try_for_each(|row| values(row, &mut arguments));
            spelled.map_err(|error| StoreError::Failed(format!("could not write a row: {error}")))?;
            sqlx::query_with(self.spelled(power), arguments).execute(&mut **writing).await?;
            rest = others;
        }
        Ok(())
    }

    fn spelled(&'static self, power: usize) -> &'static str {
        self.spelled[power]
            .get_or_init(|| format!("{}{}{}", self.begin, vec![self.row; 1 << power].join(", "), self.end))
    }
}
