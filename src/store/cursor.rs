//! Cursors of lists: the sort key of a page's last row, opaque to whoever carries it, good for one list and one question.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Ask, Page, StoreError};
use crate::model::Scope;

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
    /// Where the page asked for begins; none for the first. A cursor that another list gave out, or this one when it was
    /// asked for something else, would show a piece of something nobody asked for.
    pub(crate) fn asked<F: Serialize>(list: &str, ask: &Ask<F>) -> Result<Option<Cursor>, StoreError> {
        let Some(text) = ask.cursor.as_deref() else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| StoreError::BadCursor)?;
        let (mark, key, id): (String, String, String) =
            serde_json::from_slice(&bytes).map_err(|_| StoreError::BadCursor)?;
        if mark == ask.mark(list) { Ok(Some(Cursor { key, id })) } else { Err(StoreError::BadCursor) }
    }

    /// The instant in it, for lists ordered by time.
    pub(crate) fn nanos(&self) -> Result<i64, StoreError> {
        self.key.parse().map_err(|_| StoreError::BadCursor)
    }

    /// The cursor as it goes out, for whoever asked this of this list.
    pub(crate) fn spell<F: Serialize>(&self, list: &str, ask: &Ask<F>) -> String {
        let parts = serde_json::to_vec(&(ask.mark(list), &self.key, &self.id)).expect("three texts are always JSON");
        URL_SAFE_NO_PAD.encode(parts)
    }
}

impl<F> Ask<F> {
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

impl<F: Serialize> Ask<F> {
    /// What a cursor is bound to: the list and all that narrows it, but not the size of a page.
    fn mark(&self, list: &str) -> String {
        let scope = match &self.scope {
            Scope::All => "",
            Scope::Org(org) => org.as_str(),
            Scope::Tenant(tenant) => tenant.as_str(),
        };
        let asked = serde_json::to_vec(&(list, self.words(), &self.tenant, scope, &self.only));
        let asked = asked.expect("what a list is narrowed to is made of texts and always JSON");
        URL_SAFE_NO_PAD.encode(&Sha256::digest(asked)[..9])
    }
}

/// Makes a page of what was read, which is one row more than the page may have where there is a next page.
///
/// Rows come with their sort keys; a row that could not be read keeps its place in the order and is left out.
pub(crate) fn page<T, F: Serialize>(list: &str, ask: &Ask<F>, mut read: Vec<(Cursor, Option<T>)>) -> Page<T> {
    let more = read.len() > ask.rows_max();
    read.truncate(ask.rows_max());
    let next_cursor = if more { read.last().map(|(cursor, _)| cursor.spell(list, ask)) } else { None };
    Page { rows: read.into_iter().filter_map(|(_, row)| row).collect(), next_cursor }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the words anywhere, as they stand.
pub(crate) fn anywhere(words: &str) -> String {
    let mut pattern = at_the_end(words);
    pattern.push('%');
    pattern
}

/// The same for what ends in the words.
pub(crate) fn at_the_end(words: &str) -> String {
    let mut pattern = String::with_capacity(words.len() + 2);
    pattern.push('%');
    for letter in words.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
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

    fn asking(cursor: &str) -> Ask {
        Ask { cursor: Some(cursor.to_owned()), ..Ask::default() }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let cursor = Cursor { key: "smile \"dental\" ☎".to_owned(), id: "ten_1".to_owned() };
        let spelled = cursor.spell("tenants", &asking(""));
        assert_eq!(Cursor::asked("tenants", &asking(&spelled)).unwrap(), Some(cursor));
    }

    #[test]
    fn a_cursor_that_is_not_ours_is_a_bad_cursor() {
        for bad in ["", "garbage", "%%%", "W10", "WyJhIl0", "eyJhIjoxfQ", "WyJhIiwiYiIsImMiXQ"] {
            assert!(matches!(Cursor::asked("tenants", &asking(bad)), Err(StoreError::BadCursor)), "{bad}");
        }
    }

    #[test]
    fn a_cursor_is_good_for_one_list_and_one_question() {
        let cursor = Cursor { key: "1".to_owned(), id: "ten_1".to_owned() };
        let org = crate::model::OrgId::new(crate::model::Seed { at: Timestamp::UNIX_EPOCH, random: [1; 10] });
        let ask = asking(&cursor.spell("calls", &Ask::<()>::default()));
        let is_good = |list: &str, ask: &Ask| Cursor::asked(list, ask).is_ok();
        assert!(is_good("calls", &ask));
        assert!(is_good("calls", &Ask { limit: 7, ..ask.clone() }), "a page may be of another size");
        assert!(!is_good("tenants", &ask));
        assert!(!is_good("calls", &Ask { q: Some("dental".to_owned()), ..ask.clone() }));
        assert!(!is_good("calls", &Ask { scope: Scope::Org(org), ..ask.clone() }));
        let narrowed = Ask { cursor: ask.cursor, only: super::super::CallFilter::default(), ..Ask::default() };
        assert!(Cursor::asked("calls", &narrowed).is_err());
    }

    #[test]
    fn a_page_has_at_most_two_hundred_rows_and_fifty_where_nothing_is_asked() {
        for (asked, rows) in [(0, 50), (1, 1), (200, 200), (201, 200), (u32::MAX, 200)] {
            assert_eq!(Ask::<()> { limit: asked, ..Ask::default() }.rows_max(), rows, "{asked}");
        }
    }

    #[test]
    fn words_are_looked_for_as_they_stand() {
        assert_eq!(anywhere(r"50%_\off"), r"%50\%\_\\off%");
        assert_eq!(at_the_end("0123"), "%0123");
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
