//! The words of Postgres where engines differ.

/// Postgres chooses its way itself.
macro_rules! indexed_by {
    ($index:ident) => {
        ""
    };
}

/// The order in which tables are looked at is chosen too.
macro_rules! then_join {
    () => {
        " JOIN"
    };
}

/// Matches a pattern, small and capital letters alike.
macro_rules! like {
    () => {
        "ILIKE"
    };
}

/// The last four characters of a column.
macro_rules! last_four {
    ($column:literal) => {
        concat!("right(", $column, ", 4)")
    };
}

/// A number written with more than digits and a plus.
macro_rules! odd {
    ($column:literal) => {
        concat!($column, " ~ '[^+0-9]'")
    };
}

/// To each endpoint that waits the first deliveries `due` to it: asked for each, where a list would be looked through for
/// every one of them.
macro_rules! first_of_each {
    ($first:literal) => {
        concat!(" CROSS JOIN LATERAL (SELECT id, webhook_id, next_at FROM ", $first, ") AS due")
    };
}

/// What looks at SQLite itself is nothing here.
macro_rules! of_sqlite {
    ($($item:item)*) => {};
}
