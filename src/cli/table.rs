//! Tables and lists of facts for people: aligned, never coloured, and cut only on a terminal that is too narrow, and
//! only where the rest can be read elsewhere.

use terminal_size::{Width, terminal_size_of};

/// Space between two columns.
const GAP: &str = "  ";

/// No column is cut to less.
const CUT_MIN: usize = 12;

/// Rows of texts under their heads.
pub(super) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// The columns that may be cut, the first one first.
    may_cut: &'static [&'static str],
}

impl Table {
    pub fn new(heads: &[&'static str], may_cut: &'static [&'static str]) -> Table {
        Table { heads: heads.to_vec(), rows: Vec::new(), may_cut }
    }

    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| one_line(&cell)).to_vec());
    }

    /// As wide as the terminal, or as it needs to be where nobody sees it on one.
    pub fn told(&self) -> String {
        let width = terminal_size_of(std::io::stdout()).map(|(Width(width), _)| usize::from(width));
        self.within(width)
    }

    fn within(&self, width: Option<usize>) -> String {
        let widest = |column: usize| {
            let cells = self.rows.iter().map(|row| width_of(&row[column]));
            cells.chain([width_of(self.heads[column])]).max().unwrap_or_default()
        };
        let mut widths: Vec<usize> = (0..self.heads.len()).map(widest).collect();
        let whole = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
        let mut too_wide = whole.saturating_sub(width.unwrap_or(usize::MAX));
        for name in self.may_cut {
            let Some(column) = self.heads.iter().position(|head| head == name) else { continue };
            let cut = too_wide.min(widths[column].saturating_sub(CUT_MIN));
            widths[column] -= cut;
            too_wide -= cut;
        }
        let heads = self.heads.iter().map(|head| (*head).to_owned()).collect();
        let lines = std::iter::once(&heads).chain(&self.rows).map(|row| line(row, &widths));
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| {
        let cell = fitted(cell, *width);
        let fill = " ".repeat(width - width_of(&cell));
        format!("{cell}{fill}")
    });
    cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
}

fn fitted(cell: &str, width: usize) -> String {
    if width_of(cell) <= width {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// Names with their values, one a line, the values under each other; a value of several lines is indented.
pub(super) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| width_of(name)).max().unwrap_or_default() + 1;
    let told = facts.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
        let fill = " ".repeat(width - width_of(name));
        let indent = format!("\n{}", " ".repeat(width + 1));
        let value = value.lines().map(harmless).collect::<Vec<_>>().join(&indent);
        format!("{name}{fill} {value}")
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Letters, as far as they take a column each.
fn width_of(text: &str) -> usize {
    text.chars().count()
}

fn one_line(text: &str) -> String {
    harmless(&text.lines().collect::<Vec<_>>().join(" ⏎ "))
}

/// What callers and providers wrote must not command the terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(&["ID", "NAME", "STATE"], &["NAME"]);
        table.row(["ten_1".to_owned(), "Smile Dental of the long name".to_owned(), "ready".to_owned()]);
        table.row(["ten_2".to_owned(), "Café".to_owned(), String::new()]);
        table
    }

    #[test]
    fn columns_stand_under_their_heads_and_lines_end_without_blanks() {
        let expected =
            "ID     NAME                           STATE\nten_1  Smile Dental of the long name  ready\nten_2  Café";
        assert_eq!(sample().within(None), expected);
    }

    #[test]
    fn a_narrow_terminal_cuts_what_may_be_cut_and_nothing_else() {
        let expected = "ID     NAME                STATE\nten_1  Smile Dental of t…  ready\nten_2  Café";
        assert_eq!(sample().within(Some(32)), expected);
        let least = sample().within(Some(1));
        assert!(least.contains("ten_1  Smile Denta…  ready"), "{least}");
    }

    #[test]
    fn what_others_wrote_does_not_command_the_terminal() {
        let mut table = Table::new(&["FROM"], &[]);
        table.row(["\u{1b}[2Jx\ny".to_owned()]);
        assert_eq!(table.within(None), "FROM\n\u{fffd}[2Jx ⏎ y");
        assert_eq!(
            facts(&[("a", "one\n\u{7}two".to_owned()), ("empty", String::new())]),
            "a      one\n       \u{fffd}two"
        );
    }
}
