//! Reading columns that somebody may have damaged: one bad value never takes its row or its neighbours along.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::Row as _;

use super::{DbRow, flag_at, text_at};
use crate::store::StoreError;
use crate::store::cursor::instant;

/// A row, column by column.
#[derive(Clone, Copy)]
pub(super) struct Columns<'r>(pub &'r DbRow);

impl<'r> Columns<'r> {
    /// A text; bytes that are no UTF-8 are replaced.
    pub(super) fn text(self, column: &str) -> Result<String, StoreError> {
        Ok(self.text_or_none(column)?.unwrap_or_default())
    }

    /// A text that may be absent.
    pub(super) fn text_or_none(self, column: &str) -> Result<Option<String>, StoreError> {
        Ok(text_at(self.0, column)?)
    }

    /// A sealed value.
    pub(super) fn bytes_or_none(self, column: &str) -> Result<Option<&'r [u8]>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    /// A whole number.
    pub(super) fn integer(self, column: &str) -> Result<i64, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    /// A whole number that may be absent.
    pub(super) fn integer_or_none(self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.0.try_get(column)?)
    }

    /// A flag.
    pub(super) fn flag(self, column: &str) -> Result<bool, StoreError> {
        Ok(flag_at(self.0, column)?)
    }

    /// An instant.
    pub(super) fn at(self, column: &str) -> Result<Timestamp, StoreError> {
        Ok(instant(self.integer(column)?))
    }

    /// What a row cannot be without: its identity.
    pub(super) fn identity<T: TryFrom<String>>(self, column: &str) -> Result<T, StoreError> {
        let text = self.text(column)?;
        T::try_from(text).map_err(|_| StoreError::Failed(format!("a row is damaged: {column} is none")))
    }

    /// Something parsed that a row can live without; what does not parse is as good as absent, and said to be.
    pub(super) fn parsed<T: TryFrom<String>>(self, column: &str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.text_or_none(column)? else { return Ok(None) };
        let parsed = T::try_from(text).ok();
        if parsed.is_none() {
            tracing::warn!(column, "a stored value is damaged and passed over");
        }
        Ok(parsed)
    }

    /// JSON that a row can live without, likewise.
    pub(super) fn json<T: DeserializeOwned>(self, column: &str) -> Result<Option<T>, StoreError> {
        let Some(text) = self.text_or_none(column)? else { return Ok(None) };
        let parsed = serde_json::from_str(&text).ok();
        if parsed.is_none() {
            tracing::warn!(column, "stored JSON is damaged and passed over");
        }
        Ok(parsed)
    }
}

/// A word of a closed set, as JSON writes it.
pub(super) fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

/// The same the other way.
pub(super) fn spelled<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}

/// A text from outside as tables keep it: no engine finds what stands behind a NUL, and Postgres takes none.
pub(in crate::store) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// JSON as tables keep it.
pub(in crate::store) fn json_text<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(format!("could not write JSON: {error}")))
}
