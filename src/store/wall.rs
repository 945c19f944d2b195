//! Whose rows the task at work may read: said once, where it is known who asks, and told to the engine with every
//! question. A question that forgets to ask for its own then finds no more than its own.
//!
//! SQLite has nothing to tell it to. On Postgres the rows of other organizations are not there.

use std::fmt;

use crate::model::OrgId;

tokio::task_local! {
    static SEEN: Seen;
}

/// Whose rows are seen.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    All,
    Of(OrgId),
}

/// As the engine is told.
impl fmt::Display for Seen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::All => formatter.write_str("*"),
            Seen::Of(org) => write!(formatter, "{org}"),
        }
    }
}

/// Does work for somebody who sees one organization, or all where it says none.
pub async fn seen_by<T>(org: Option<&OrgId>, work: impl Future<Output = T>) -> T {
    SEEN.scope(org.cloned().map_or(Seen::All, Seen::Of), work).await
}

/// Whose rows this task sees: its own work, done for nobody in particular, sees all.
pub(super) fn seen() -> Seen {
    SEEN.try_with(Seen::clone).unwrap_or(Seen::All)
}
