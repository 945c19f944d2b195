//! Cursors of lists: the sort key of a page's last row, opaque to whoever carries it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::{Ask, Page, StoreError};

/// Most rows of a page.
const ROWS_MAX: u32 = 200;
/// Rows of a page where nothing was asked.
const ROWS_DEFAULT: u32 = 50;

/// The sort key after which the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// What rows are ordered by: a name, or an instant in nanoseconds.
    pub key: String,
    /// What tells rows of one key apart.
    pub id: String,
}

impl Cursor {
    /// Where the page asked for begins; none for the first.
    pub(crate) fn asked(ask: &Ask) -> Result<Option<Cursor>, StoreError> {
        ask.cursor.as_deref().map(Cursor::parse).transpose()
    }

    /// The instant in it, for lists ordered by time.
    pub(crate) fn nanos(&self) -> Result<i64, StoreError> {
        self.key.parse().map_err(|_| StoreError::BadCursor)
    }

    fn parse(text: &str) -> Result<Cursor, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::BadCursor)?;
        let (key, id) = serde_json::from_slice(&bytes).map_err(|_| StoreError::BadCursor)?;
        Ok(Cursor { key, id })
    }

    fn spell(&self) -> String {
        let pair = serde_json::to_vec(&(&self.key, &self.id)).expect("two texts are always JSON");
        URL_SAFE_NO_PAD.encode(pair)
    }
}

impl Ask {
    /// How many rows the page may have.
    pub(crate) fn rows_max(&self) -> usize {
        let rows = if self.limit == 0 { ROWS_DEFAULT } else { self.limit.min(ROWS_MAX) };
        rows as usize
    }

    /// The words to look for, where there are any.
    pub(crate) fn words(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|words| !words.is_empty())
    }
}

/// Makes a page of what was read, which is one row more than the page may have where there is a next page.
///
/// Rows come with their sort keys; a row that could not be read keeps its place in the order and is left out.
pub(crate) fn page<T>(ask: &Ask, mut read: Vec<(Cursor, Option<T>)>) -> Page<T> {
    let more = read.len() > ask.rows_max();
    read.truncate(ask.rows_max());
    let next_cursor = if more { read.last().map(|(cursor, _)| cursor.spell()) } else { None };
    Page { rows: read.into_iter().filter_map(|(_, row)| row).collect(), next_cursor }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the words anywhere, as they stand.
pub(crate) fn anywhere(words: &str) -> String {
    let mut pattern = String::with_capacity(words.len() + 2);
    pattern.push('%');
    for letter in words.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// An instant as tables keep it; what no 64-bit count of nanoseconds can say (before 1677, after 2262) is held at the end.
pub(crate) fn nanos(at: Timestamp) -> i64 {
    let nanos = at.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

/// The instant a table keeps.
pub(crate) fn instant(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).expect("64-bit nanoseconds lie within the range of instants")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor { key: "smile \"dental\" ☎".to_owned(), id: "ten_1".to_owned() };
        assert_eq!(Cursor::parse(&cursor.spell()).unwrap(), cursor);
    }

    #[test]
    fn a_cursor_that_is_not_ours_is_a_bad_cursor() {
        for bad in ["", "garbage", "%%%", "W10", "WyJhIl0", "eyJhIjoxfQ"] {
            let ask = Ask { cursor: Some(bad.to_owned()), ..Ask::default() };
            assert!(matches!(Cursor::asked(&ask), Err(StoreError::BadCursor)), "{bad}");
        }
    }

    #[test]
    fn a_page_has_at_most_two_hundred_rows_and_fifty_where_nothing_is_asked() {
        for (asked, rows) in [(0, 50), (1, 1), (200, 200), (201, 200), (u32::MAX, 200)] {
            assert_eq!(Ask { limit: asked, ..Ask::default() }.rows_max(), rows, "{asked}");
        }
    }

    #[test]
    fn words_are_looked_for_as_they_stand() {
        assert_eq!(anywhere(r"50%_\off"), r"%50\%\_\\off%");
    }

    #[test]
    fn any_instant_has_a_place() {
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            instant(nanos(at));
        }
        let at: Timestamp = "2026-11-20T10:00:00.123456789Z".parse().unwrap();
        assert_eq!(instant(nanos(at)), at);
    }
}
