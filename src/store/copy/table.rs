//! Which tables there are, as each engine says of itself. Nobody keeps a list: a table that is made tomorrow is copied
//! tomorrow, and one that only one engine has is refused.

use super::CopyError;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Integer,
    Text,
    Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Column {
    pub name: String,
    pub kind: Kind,
}

/// A table, and what an engine says of it.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Table {
    pub name: String,
    /// By name; the column that tells the order in which rows came is none of them.
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// The source has it in the order in which rows came.
    pub comes_in_order: bool,
    /// The target walks along that order.
    pub is_walked_in_order: bool,
    /// Tables whose rows must be there before its own.
    pub refers_to: Vec<String>,
    /// Columns whose next value the target counts.
    pub counted: Vec<String>,
    /// Changes to it have consequences in the target.
    pub has_triggers: bool,
}

impl Table {
    /// Its columns, as both engines write them.
    pub(in crate::store) fn column_list(&self) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|column| quoted(&column.name)).collect();
        quoted.join(", ")
    }

    /// The order in which it is summed, on both sides.
    pub(in crate::store) fn order(&self) -> String {
        if self.is_walked_in_order {
            return "rowid".to_owned();
        }
        let key: Vec<String> = self.key.iter().map(|column| quoted(column)).collect();
        key.join(", ")
    }

    /// Which rows are copied: all but what a copy writes down of itself, and what builds the schema needs.
    pub(in crate::store) fn only(&self) -> &'static str {
        if self.name == "meta" { " WHERE name NOT IN ('copy', 'needs')" } else { "" }
    }
}

/// A name in SQL, whatever it is.
pub(in crate::store) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The tables that both have, in an order in which each comes after those it refers to.
pub(super) fn agreed(source: &[Table], target: &[Table]) -> Result<Vec<Table>, CopyError> {
    let find = |tables: &[Table], name: &str| tables.iter().position(|table| table.name == name);
    if let Some(table) = source.iter().find(|table| find(target, &table.name).is_none()) {
        return Err(CopyError::Shapes(format!("{} is in the source alone", table.name)));
    }
    let mut waiting = Vec::new();
    for table in target {
        let Some(own) = find(source, &table.name).map(|at| &source[at]) else {
            return Err(CopyError::Shapes(format!("{} is in the target alone", table.name)));
        };
        let differing = own.columns.iter().find(|column| !table.columns.contains(column));
        if let Some(column) = differing.or(table.columns.iter().find(|column| !own.columns.contains(column))) {
            return Err(CopyError::Shapes(format!("{} of {}", column.name, table.name)));
        }
        if own.key != table.key {
            return Err(CopyError::Shapes(format!("the key of {}", table.name)));
        }
        waiting.push(Table { comes_in_order: own.comes_in_order, ..table.clone() });
    }
    let mut ordered: Vec<Table> = Vec::new();
    while !waiting.is_empty() {
        let is_there = |name: &String| find(&ordered, name).is_some();
        let ready = |table: &Table| table.refers_to.iter().all(|name| *name == table.name || is_there(name));
        let Some(next) = waiting.iter().position(ready) else {
            return Err(CopyError::Shapes(format!("{} refers to itself by others", waiting[0].name)));
        };
        let next = waiting.remove(next);
        ordered.push(next);
    }
    Ok(ordered)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(name: &str, columns: &[&str], refers_to: &[&str]) -> Table {
        let columns = columns.iter().map(|name| Column { name: (*name).to_owned(), kind: Kind::Text }).collect();
        let refers_to = refers_to.iter().map(|name| (*name).to_owned()).collect();
        Table { name: name.to_owned(), columns, refers_to, ..Table::default() }
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let tables =
            [table("a", &["x"], &["c", "a"]), table("b", &[], &[]), table("c", &[], &["d"]), table("d", &[], &[])];
        let names: Vec<String> = agreed(&tables, &tables).unwrap().into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["b", "d", "c", "a"]);
    }

    #[test]
    fn what_only_one_side_has_is_refused() {
        let (one, more) = (table("a", &["x"], &[]), table("a", &["x", "y"], &[]));
        for (source, target) in [
            (vec![one.clone()], vec![more.clone()]),
            (vec![more.clone()], vec![one.clone()]),
            (vec![one.clone()], vec![]),
            (vec![], vec![one.clone()]),
        ] {
            assert!(matches!(agreed(&source, &target), Err(CopyError::Shapes(_))), "{source:?} {target:?}");
        }
        let same = [one];
        assert!(agreed(&same, &same).is_ok());
    }
}
