//! Lists as walks: rows in the order of one index, from a cursor on, a page at a time, looking at a bounded number.
//!
//! A walk goes along an index that has what narrows the list most, and then the list's order. What else was asked for is
//! judged row by row, on at most [`LOOKS_MAX`] of them; a page whose walk ends there is short, perhaps empty, and names
//! where the search goes on. So no page costs more than its bound, however rare what is looked for. The index is named
//! in the query: the plan is ours and not a guess that changes with what the table holds.

use serde::Serialize;
use sqlx::{QueryBuilder, Row as _};

use super::read::json_text;
use super::{Db, DbConnection, DbRow, Engine, WORK_MAX, push_index, text_at, within};
use crate::store::cursor::Cursor;
use crate::store::{Ask, Page, StoreError};

/// Rows looked at for one page where the index tells all that is asked: a few tens of milliseconds.
pub(super) const LOOKS_MAX: u32 = 100_000;
/// Rows looked at for one page where each must be read from its table: about as long.
pub(super) const READS_MAX: u32 = 20_000;

/// A list: a table, and the order of its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub table: &'static str,
    /// Asks for them whole.
    pub rows: &'static str,
    /// What rows are ordered by first.
    pub by: &'static str,
    /// What tells rows of one place apart.
    pub id: &'static str,
    pub order: Order,
}

/// In which order a list goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// By a name.
    Name,
    /// By an instant, the newest first; rows are told apart by a text.
    Newest,
    /// The same, told apart by a number.
    NewestNumbered,
}

/// Where a row stands in its list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub place: Part,
    pub id: Part,
}

/// A condition on a row, with the values in it.
#[derive(Clone, Debug)]
pub(super) struct Cond(Vec<Part>);

/// A piece of a condition or of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Sql(&'static str),
    Integer(i64),
    Text(String),
}

impl Part {
    fn push_to(&self, query: &mut QueryBuilder<Db>) {
        match self {
            Part::Sql(sql) => query.push(*sql),
            Part::Integer(integer) => query.push_bind(*integer),
            Part::Text(text) => query.push_bind(text.clone()),
        };
    }
}

impl Cond {
    /// The beginning of a condition.
    pub fn sql(sql: &'static str) -> Cond {
        Cond(vec![Part::Sql(sql)])
    }

    /// A condition that begins with a value.
    pub fn text_first(text: impl Into<String>) -> Cond {
        Cond(vec![Part::Text(text.into())])
    }

    /// Goes on with SQL.
    pub fn and_sql(mut self, sql: &'static str) -> Cond {
        self.0.push(Part::Sql(sql));
        self
    }

    /// Goes on with a text.
    pub fn text(mut self, text: impl Into<String>) -> Cond {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// Goes on with a number.
    pub fn integer(mut self, integer: i64) -> Cond {
        self.0.push(Part::Integer(integer));
        self
    }

    fn push_to(&self, query: &mut QueryBuilder<Db>) {
        query.push(" AND ");
        self.0.iter().for_each(|part| part.push_to(query));
    }
}

/// The part of a list's order that is walked through.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretch {
    /// Rows behind this one, as a cursor says.
    pub after: Option<Key>,
    /// Rows of this instant or later.
    pub since: Option<i64>,
    /// Rows of before this instant.
    pub until: Option<i64>,
}

/// A way along one index.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// None where what is asked names a row, or a few that are sorted.
    pub index: Option<&'static str>,
    /// What the index has before the list's order.
    pub along: Vec<Cond>,
    /// What is judged row by row.
    pub only: Vec<Cond>,
    /// How many rows are looked at.
    pub looks_max: u32,
}

impl Walk {
    /// A walk on which every row counts.
    pub fn along(index: &'static str, along: Vec<Cond>) -> Walk {
        Walk { index: Some(index), along, only: Vec::new(), looks_max: LOOKS_MAX }
    }

    /// The few rows that are named.
    pub fn named(name: Cond) -> Walk {
        Walk { index: None, along: vec![name], only: Vec::new(), looks_max: READS_MAX }
    }

    /// Judges by what stands in the index.
    pub fn only(mut self, conds: impl IntoIterator<Item = Cond>) -> Walk {
        self.only.extend(conds);
        self
    }

    /// Judges by what stands in the table alone.
    pub fn reading(mut self, conds: impl IntoIterator<Item = Cond>) -> Walk {
        let before = self.only.len();
        self.only.extend(conds);
        if self.only.len() > before {
            self.looks_max = READS_MAX;
        }
        self
    }
}

/// Where a page's rows are, and where the next page begins.
#[derive(Debug)]
pub(super) struct Found {
    pub keys: Vec<Key>,
    pub next: Option<Key>,
}

impl List {
    /// The rows of one page, found by one walk or several: a row that several find counts once.
    pub async fn find(
        self,
        reading: &mut DbConnection,
        stretch: &Stretch,
        walks: &[Walk],
        rows_max: usize,
    ) -> Result<Found, StoreError> {
        let mut keys = Vec::new();
        let mut turned: Option<Key> = None;
        for walk in walks {
            let turn = self.turn(reading, stretch, walk).await?;
            let found = self.rows(reading, stretch, walk, turn.as_ref(), rows_max).await?;
            if found.len() <= rows_max
                && let Some(turn) = turn
            {
                turned = Some(turned.map_or(turn.clone(), |nearest| self.nearer(&nearest, &turn).clone()));
            }
            keys.extend(found);
        }
        keys.sort_unstable();
        if self.order != Order::Name {
            keys.reverse();
        }
        keys.dedup();
        if let Some(turned) = &turned {
            // Behind the place where one walk turned back, the others know only a part.
            keys.retain(|key| self.nearer(key, turned) == key);
        }
        let more = keys.len() > rows_max;
        keys.truncate(rows_max);
        let next = if more { keys.last().cloned() } else { turned };
        Ok(Found { keys, next })
    }

    /// Of two rows the one that comes first.
    fn nearer<'k>(self, one: &'k Key, other: &'k Key) -> &'k Key {
        if self.order == Order::Name { one.min(other) } else { one.max(other) }
    }

    /// The last row this walk looks at, if there are rows behind it.
    async fn turn(self, reading: &mut DbConnection, stretch: &Stretch, walk: &Walk) -> Result<Option<Key>, StoreError> {
        // Where every row counts there is nothing to pass over, and what is named is few.
        if walk.only.is_empty() || walk.index.is_none() {
            return Ok(None);
        }
        let mut query = self.turn_query(stretch, walk);
        let rows = query.build().fetch_all(reading).await?;
        match rows.as_slice() {
            [last, _behind] => Ok(Some(self.key_of(last)?)),
            _ => Ok(None),
        }
    }

    pub(super) fn turn_query(self, stretch: &Stretch, walk: &Walk) -> QueryBuilder<Db> {
        let mut query = self.keys_along(stretch, walk, None);
        self.push_order(&mut query);
        query.push(" LIMIT 2 OFFSET ").push_bind(i64::from(walk.looks_max) - 1);
        query
    }

    async fn rows(
        self,
        reading: &mut DbConnection,
        stretch: &Stretch,
        walk: &Walk,
        turn: Option<&Key>,
        rows_max: usize,
    ) -> Result<Vec<Key>, StoreError> {
        let mut query = self.rows_query(stretch, walk, turn, rows_max);
        let rows = query.build().fetch_all(reading).await?;
        rows.iter().map(|row| self.key_of(row)).collect()
    }

    pub(super) fn rows_query(
        self,
        stretch: &Stretch,
        walk: &Walk,
        turn: Option<&Key>,
        rows_max: usize,
    ) -> QueryBuilder<Db> {
        let mut query = self.keys_along(stretch, walk, turn);
        for cond in &walk.only {
            cond.push_to(&mut query);
        }
        self.push_order(&mut query);
        // One more than the page has tells whether there is a next one.
        query.push(" LIMIT ").push_bind(rows_max as i64 + 1);
        query
    }

    fn keys_along(self, stretch: &Stretch, walk: &Walk, turn: Option<&Key>) -> QueryBuilder<Db> {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(self.by).push(", ").push(self.id).push(" FROM ").push(self.table);
        if let Some(index) = walk.index {
            push_index(&mut query, index);
        }
        query.push(" WHERE 1 = 1");
        for cond in &walk.along {
            cond.push_to(&mut query);
        }
        self.push_bounds(&mut query, stretch, turn);
        query
    }

    /// At most one bound at either end: of two the engine would walk to the one it happens to choose.
    fn push_bounds(self, query: &mut QueryBuilder<Db>, stretch: &Stretch, turn: Option<&Key>) {
        let edge = |at: i64| Key { place: Part::Integer(at), id: self.least_id() };
        let (since, until) = (stretch.since.map(edge), stretch.until.map(edge));
        // The row where a walk turns is still looked at; the one a cursor names is not.
        match self.order {
            Order::Name => {
                self.push_bound(query, " > ", stretch.after.as_ref());
                self.push_bound(query, " <= ", turn);
            }
            Order::Newest | Order::NewestNumbered => {
                self.push_bound(query, " >= ", since.as_ref().max(turn));
                self.push_bound(query, " < ", [stretch.after.as_ref(), until.as_ref()].into_iter().flatten().min());
            }
        }
    }

    /// It stands before all rows of its place.
    fn least_id(self) -> Part {
        match self.order {
            Order::Name | Order::Newest => Part::Text(String::new()),
            Order::NewestNumbered => Part::Integer(i64::MIN),
        }
    }

    fn push_bound(self, query: &mut QueryBuilder<Db>, sign: &'static str, key: Option<&Key>) {
        let Some(key) = key else { return };
        query.push(" AND (").push(self.by).push(", ").push(self.id).push(")").push(sign).push("(");
        key.place.push_to(query);
        query.push(", ");
        key.id.push_to(query);
        query.push(")");
    }

    fn push_order(self, query: &mut QueryBuilder<Db>) {
        let way = if self.order == Order::Name { "" } else { " DESC" };
        query.push(" ORDER BY ").push(self.by).push(way).push(", ").push(self.id).push(way);
    }

    fn key_of(self, row: &DbRow) -> Result<Key, StoreError> {
        Ok(match self.order {
            Order::Name => Key { place: text(row, 0)?, id: text(row, 1)? },
            Order::Newest => Key { place: Part::Integer(row.try_get(0)?), id: text(row, 1)? },
            Order::NewestNumbered => Key { place: Part::Integer(row.try_get(0)?), id: Part::Integer(row.try_get(1)?) },
        })
    }

    /// Where a cursor says that the page begins.
    pub fn after<F: Serialize>(self, ask: &Ask<F>) -> Result<Option<Key>, StoreError> {
        let Some(cursor) = Cursor::asked(self.table, ask)? else { return Ok(None) };
        let integer = |text: &str| text.parse().map(Part::Integer).map_err(|_| StoreError::BadCursor);
        Ok(Some(match self.order {
            Order::Name => Key { place: Part::Text(cursor.key), id: Part::Text(cursor.id) },
            Order::Newest => Key { place: integer(&cursor.key)?, id: Part::Text(cursor.id) },
            Order::NewestNumbered => Key { place: integer(&cursor.key)?, id: integer(&cursor.id)? },
        }))
    }
}

impl Key {
    fn cursor(&self) -> Cursor {
        Cursor { key: self.place.spell(), id: self.id.spell() }
    }
}

impl Part {
    fn spell(&self) -> String {
        match self {
            Part::Sql(text) => (*text).to_owned(),
            Part::Integer(integer) => integer.to_string(),
            Part::Text(text) => text.clone(),
        }
    }
}

/// A text as it stands; bytes that are no UTF-8 are replaced, as everywhere.
fn text(row: &DbRow, column: usize) -> Result<Part, StoreError> {
    Ok(Part::Text(text_at(row, column)?.unwrap_or_default()))
}

impl Engine {
    /// The page of a list that these walks find. A row that cannot be read keeps its place and is left out.
    pub(super) async fn walked<T, F: Serialize>(
        &self,
        list: List,
        ask: &Ask<F>,
        stretch: Stretch,
        walks: &[Walk],
        readable: impl Fn(&DbRow) -> Option<T>,
    ) -> Result<Page<T>, StoreError> {
        within(WORK_MAX, async {
            // One read transaction: what was found is still there when it is read.
            let mut reading = self.snapshot().await?;
            let found = list.find(&mut reading, &stretch, walks, ask.rows_max()).await?;
            let mut query = list.whole_rows(&found.keys)?;
            let rows = query.build().fetch_all(&mut *reading).await?;
            Ok(Page {
                rows: rows.iter().filter_map(readable).collect(),
                next_cursor: found.next.map(|key| key.cursor().spell(list.table, ask)),
            })
        })
        .await
    }
}

impl List {
    pub(super) fn whole_rows(self, keys: &[Key]) -> Result<QueryBuilder<Db>, StoreError> {
        let ids: Vec<serde_json::Value> = keys
            .iter()
            .map(|key| match &key.id {
                Part::Integer(id) => (*id).into(),
                other => other.spell().into(),
            })
            .collect();
        let mut query = QueryBuilder::new(self.rows);
        query.push(" WHERE ").push(self.id);
        let value = if self.order == Order::NewestNumbered { "CAST(value AS BIGINT)" } else { "value" };
        query.push(" IN (SELECT ").push(value).push(" FROM json_each(").push_bind(json_text(&ids)?).push("))");
        self.push_order(&mut query);
        Ok(query)
    }
}

of_sqlite! {
    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    mod tests;
}
