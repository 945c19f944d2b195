//! Rows on their way from one engine to another, and what proves that they are the same there: values in a form that
//! both engines have, summed one after the other.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::Kind;

/// Bytes after which a batch is full, however few its rows are.
const BATCH_BYTES: usize = 4 << 20;

/// A value in the words of neither engine. Texts are as tables keep them: what is no text is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Value<'r> {
    Null,
    Integer(i64),
    Text(Cow<'r, str>),
    Bytes(&'r [u8]),
}

/// What a table comes to: its rows counted, and summed in the order they are walked in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many there are.
    pub rows: u64,
    /// SHA-256 over the values of all of them.
    pub sha256: [u8; 32],
}

/// A sum in the making.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Summing {
    rows: u64,
    hash: Sha256,
}

impl Summing {
    /// What a value is stands before it, and how long it is: no two rows of values run into the same bytes.
    pub(in crate::store) fn value(&mut self, value: &Value<'_>) {
        let mut headed = |kind: u8, bytes: &[u8]| {
            self.hash.update([kind]);
            self.hash.update((bytes.len() as u64).to_be_bytes());
            self.hash.update(bytes);
        };
        match value {
            Value::Null => headed(0, &[]),
            Value::Integer(number) => headed(1, &number.to_be_bytes()),
            Value::Text(text) => headed(2, text.as_bytes()),
            Value::Bytes(bytes) => headed(3, bytes),
        }
    }

    pub(in crate::store) fn row_ends(&mut self) -> u64 {
        self.rows += 1;
        self.rows
    }

    pub(in crate::store) fn end(self) -> Sum {
        Sum { rows: self.rows, sha256: self.hash.finalize().into() }
    }
}

impl Sum {
    /// The hash as people compare it.
    pub fn hex(&self) -> String {
        hex(&self.sha256)
    }
}

pub(in crate::store) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The values of one column, over the rows of a batch.
#[derive(Debug)]
pub(in crate::store) enum Cells {
    Integers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// Rows that are written together, by column.
#[derive(Debug)]
pub(in crate::store) struct Batch {
    columns: Vec<Cells>,
    rows: usize,
    bytes: usize,
}

impl Batch {
    pub(in crate::store) fn new(kinds: impl Iterator<Item = Kind>) -> Batch {
        let columns = kinds.map(|kind| match kind {
            Kind::Integer => Cells::Integers(Vec::new()),
            Kind::Text => Cells::Texts(Vec::new()),
            Kind::Bytes => Cells::Bytes(Vec::new()),
        });
        Batch { columns: columns.collect(), rows: 0, bytes: 0 }
    }

    /// Takes the value of a column; each row gives one to each.
    pub(in crate::store) fn take(&mut self, column: usize, value: Value<'_>) {
        match (&mut self.columns[column], value) {
            (Cells::Integers(cells), Value::Integer(number)) => cells.push(Some(number)),
            (Cells::Texts(cells), Value::Text(text)) => {
                self.bytes += text.len();
                cells.push(Some(text.into_owned()));
            }
            (Cells::Bytes(cells), Value::Bytes(bytes)) => {
                self.bytes += bytes.len();
                cells.push(Some(bytes.to_vec()));
            }
            // Values are read by the kind of their column, so what is of no other kind is none.
            (Cells::Integers(cells), _) => cells.push(None),
            (Cells::Texts(cells), _) => cells.push(None),
            (Cells::Bytes(cells), _) => cells.push(None),
        }
    }

    /// The row has given all of its values. True once no more should be taken.
    pub(in crate::store) fn row_ends(&mut self, rows_max: usize) -> bool {
        self.rows += 1;
        self.rows >= rows_max || self.bytes >= BATCH_BYTES
    }

    pub(in crate::store) fn rows(&self) -> usize {
        self.rows
    }

    pub(in crate::store) fn into_columns(self) -> Vec<Cells> {
        self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[Value<'_>]) -> [u8; 32] {
        let mut summing = Summing::default();
        values.iter().for_each(|value| summing.value(value));
        summing.end().sha256
    }

    #[test]
    fn values_of_different_kinds_and_at_different_places_are_told_apart() {
        let text = |text: &'static str| Value::Text(text.into());
        let rows = [
            vec![Value::Null],
            vec![text("")],
            vec![Value::Bytes(b"")],
            vec![Value::Integer(0)],
            vec![text("1")],
            vec![Value::Bytes(b"1")],
            vec![Value::Integer(1)],
            vec![text("1"), Value::Null],
            vec![Value::Null, text("1")],
            vec![text("12"), text("3")],
            vec![text("1"), text("23")],
        ];
        for (at, one) in rows.iter().enumerate() {
            for other in &rows[at + 1..] {
                assert_ne!(sum(one), sum(other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_batch_is_full_by_rows_or_by_bytes() {
        let mut batch = Batch::new([Kind::Text].into_iter());
        batch.take(0, Value::Null);
        assert!(!batch.row_ends(2));
        batch.take(0, Value::Text("x".into()));
        assert!(batch.row_ends(2));
        let mut batch = Batch::new([Kind::Text].into_iter());
        batch.take(0, Value::Text("x".repeat(BATCH_BYTES).into()));
        assert!(batch.row_ends(2));
    }
}
