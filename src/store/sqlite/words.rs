//! The words of SQLite where engines differ.

/// The index a question goes along, named so that the plan is ours.
macro_rules! indexed_by {
    ($index:ident) => {
        concat!(" INDEXED BY ", stringify!($index))
    };
}

/// Tables looked at in this order: the second for each row of the first.
macro_rules! then_join {
    () => {
        " CROSS JOIN"
    };
}

/// Matches a pattern, small and capital letters alike.
macro_rules! like {
    () => {
        "LIKE"
    };
}

/// The last four characters of a column.
macro_rules! last_four {
    ($column:literal) => {
        concat!("substr(", $column, ", -4)")
    };
}

/// A number written with more than digits and a plus.
macro_rules! odd {
    ($column:literal) => {
        concat!($column, " GLOB '*[^+0-9]*'")
    };
}

/// To each endpoint that waits the first deliveries `due` to it.
macro_rules! first_of_each {
    ($first:literal) => {
        concat!(" JOIN webhook_deliveries AS due ON due.id IN (SELECT id FROM ", $first, ")")
    };
}

/// What looks at SQLite itself.
macro_rules! of_sqlite {
    ($($item:item)*) => {
        $($item)*
    };
}
