//! One statement for many rows: each statement is a message to the database's thread and back, which costs as much as
//! what it does.

use std::sync::OnceLock;

use sqlx::error::BoxDynError;

use super::{DbArguments, Writing};
use crate::store::StoreError;

pub(super) use super::KEYS_MAX;
use super::ROWS_MAX;

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
        values: impl Fn(&T, &mut DbArguments) -> Result<(), BoxDynError>,
    ) -> Result<(), StoreError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let power = rest.len().min(ROWS_MAX).ilog2() as usize;
            let (part, others) = rest.split_at(1 << power);
            let mut arguments = DbArguments::default();
            let spelled = part.iter().try_for_each(|row| values(row, &mut arguments));
            spelled.map_err(|error| StoreError::Failed(format!("could not write a row: {error}")))?;
            sqlx::query_with(self.spelled(power), arguments).execute(&mut **writing).await?;
            rest = others;
        }
        Ok(())
    }

    fn spelled(&'static self, power: usize) -> &'static str {
        self.spelled[power]
            .get_or_init(|| numbered(&format!("{}{}{}", self.begin, vec![self.row; 1 << power].join(", "), self.end)))
    }
}

/// Numbers its places, as every engine reads them.
fn numbered(sql: &str) -> String {
    let mut numbered = String::with_capacity(sql.len() * 2);
    for (place, part) in sql.split('?').enumerate() {
        if place > 0 {
            numbered.push_str(&format!("${place}"));
        }
        numbered.push_str(part);
    }
    numbered
}
