//! A guide as Markdown, for people who read it as it stands as for those who have it rendered.
//!
//! Every text is escaped: a business may be called anything, and its name makes no heading, link or tag.

use std::fmt::Write as _;

use super::{Code, Guide, Instructions, MethodGuide, Pbx, Section, Table, Value, Warning};

/// Writes a guide as Markdown.
pub fn markdown(guide: &Guide) -> String {
    let mut page = Page(String::new());
    page.heading(1, &guide.title);
    page.paragraph(&format!("For {}, with {}.", guide.business.name, guide.brand));
    match &guide.comparison {
        Some(comparison) => {
            page.table(&comparison.effort);
            page.table(&comparison.matrix);
            for one in &guide.guides {
                page.choice(one, &guide.minded(one));
            }
            page.heading(2, "What becomes of your number");
            page.table(&comparison.numbers);
            page.section(2, &comparison.costs);
            page.heading(2, "Next");
            page.paragraph("Ask for the guide of the method you choose:");
            for one in &guide.guides {
                let method = one.method.as_str();
                page.code("sh", &format!("patchbay tenants guide {} --method {method}", guide.business.slug));
            }
        }
        None => guide.guides.iter().for_each(|one| page.method(guide, one)),
    }
    page.0
}

struct Page(String);

impl Page {
    /// One method among several.
    fn choice(&mut self, guide: &MethodGuide, minded: &[&Warning]) {
        self.heading(2, &guide.label);
        self.paragraph(&guide.description);
        self.numbered(&guide.flow);
        self.labelled("Pros", &guide.pros);
        self.labelled("Cons", &guide.cons);
        self.labelled("Best for", &guide.best_for);
        if !minded.is_empty() {
            self.labelled("Mind", minded.iter().map(|warning| &warning.text));
        }
    }

    /// The guide of one method.
    fn method(&mut self, whole: &Guide, guide: &MethodGuide) {
        if whole.title != guide.label {
            self.labelled(&guide.label, []);
        }
        self.paragraph(&guide.description);
        if !guide.first.is_empty() {
            self.heading(2, "First");
            self.paragraph("Not everything is there yet. Whoever runs the installation does this, in this order:");
            for (place, todo) in guide.first.iter().enumerate() {
                self.paragraph_as(&format!("{}. ", place + 1), &todo.text);
                for (language, line) in [("sh", &todo.command), ("http", &todo.request)] {
                    if let Some(line) = line {
                        self.code_in("   ", language, line);
                    }
                }
            }
        }
        self.heading(2, "Your values");
        self.values(&guide.values);
        let minded = whole.minded(guide);
        if !minded.is_empty() {
            self.heading(2, "Mind");
            self.points(minded.iter().map(|warning| &warning.text));
        }
        self.instructions(&guide.instructions, guide.pbx);
        for section in &guide.sections {
            self.section(2, section);
        }
        self.heading(2, "The way of a call");
        self.numbered(&guide.flow);
        self.heading(2, "Is it the right way?");
        self.labelled("Pros", &guide.pros);
        self.labelled("Cons", &guide.cons);
        self.labelled("Best for", &guide.best_for);
        let costs = &guide.costs;
        let facts = [format!("Once: {}", costs.once), format!("A month: {}", costs.monthly)];
        self.labelled("Costs", &facts);
        self.labelled("Time", [&guide.time]);
    }

    fn instructions(&mut self, instructions: &Instructions, pbx: Option<Pbx>) {
        match instructions {
            Instructions::Ported(porting) => {
                self.heading(2, "What you need");
                self.points(&porting.documents);
                self.heading(2, "Steps");
                self.numbered(&porting.steps);
            }
            Instructions::Forwarded(forwarding) => {
                self.heading(2, "Steps");
                self.numbered(&forwarding.steps);
            }
            Instructions::Sip(setup) => {
                self.heading(2, "Steps");
                self.numbered(setup.steps.of(pbx));
            }
        }
    }

    fn heading(&mut self, level: usize, text: &str) {
        self.gap();
        let _ = writeln!(self.0, "{} {}", "#".repeat(level), escaped(text));
    }

    fn paragraph(&mut self, text: &str) {
        self.paragraph_as("", text);
    }

    fn paragraph_as(&mut self, before: &str, text: &str) {
        self.gap();
        let _ = writeln!(self.0, "{before}{}", escaped(text));
    }

    fn labelled<'t>(&mut self, label: &str, points: impl IntoIterator<Item = &'t String>) {
        self.gap();
        let _ = writeln!(self.0, "**{}**", escaped(label));
        self.points(points);
    }

    fn points<'t>(&mut self, points: impl IntoIterator<Item = &'t String>) {
        let mut points = points.into_iter().peekable();
        if points.peek().is_some() {
            self.gap();
        }
        for point in points {
            let _ = writeln!(self.0, "- {}", escaped(point));
        }
    }

    fn numbered(&mut self, steps: &[String]) {
        self.gap();
        for (place, step) in steps.iter().enumerate() {
            let _ = writeln!(self.0, "{}. {}", place + 1, escaped(step));
        }
    }

    fn values(&mut self, values: &[Value]) {
        self.gap();
        for Value { label, value, note } in values {
            let _ = write!(self.0, "- {}: ", escaped(label));
            let _ = match (value, note) {
                (Some(value), None) => writeln!(self.0, "{}", span(value)),
                (Some(value), Some(note)) => writeln!(self.0, "{} ({})", span(value), escaped(note)),
                (None, Some(note)) => writeln!(self.0, "{}", escaped(note)),
                (None, None) => writeln!(self.0, "not there yet"),
            };
        }
    }

    fn section(&mut self, level: usize, section: &Section) {
        self.heading(level, &section.title);
        section.text.iter().for_each(|text| self.paragraph(text));
        if let Some(table) = &section.table {
            self.table(table);
        }
        self.points(&section.points);
        for Code { caption, language, text } in &section.code {
            self.paragraph_as("", &format!("{caption}:"));
            self.code(language, text);
        }
    }

    fn table(&mut self, table: &Table) {
        self.gap();
        self.row(&table.head);
        let _ = writeln!(self.0, "|{}", " --- |".repeat(table.head.len()));
        table.rows.iter().for_each(|cells| self.row(cells));
    }

    fn row(&mut self, cells: &[String]) {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(self.0, "| {} |", cells.join(" | "));
    }

    fn code(&mut self, language: &str, text: &str) {
        self.code_in("", language, text);
    }

    /// Between fences longer than any inside; indented as what it belongs to.
    fn code_in(&mut self, indent: &str, language: &str, text: &str) {
        self.gap();
        let fence = "`".repeat(longest_run(text).max(2) + 1);
        let _ = writeln!(self.0, "{indent}{fence}{language}");
        for line in text.trim_end().lines() {
            let _ = writeln!(self.0, "{indent}{line}");
        }
        let _ = writeln!(self.0, "{indent}{fence}");
    }

    fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }
}

/// A value as code, whatever stands in it.
fn span(text: &str) -> String {
    let text: String = plain(text).collect();
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

/// Letters without those that steer: a line break would begin something new, and a change of direction would show a
/// text as another.
pub(super) fn plain(text: &str) -> impl Iterator<Item = char> {
    let steers =
        |letter: &char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|letter| if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') { ' ' } else { letter })
        .filter(move |letter| !steers(letter))
}

/// A text that Markdown shows as it stands.
///
/// Only what would mean something where it stands is escaped, so that it reads well unrendered too.
fn escaped(text: &str) -> String {
    let text: String = plain(text).collect();
    let text = text.trim();
    let mut out = String::with_capacity(text.len() + 8);
    for (at, letter) in text.char_indices() {
        let (before, after) = (&text[..at], &text[at + letter.len_utf8()..]);
        if means_something(before, letter, after) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

fn means_something(before: &str, letter: char, after: &str) -> bool {
    let next = after.chars().next();
    let is_word = |letter: Option<char>| letter.is_some_and(char::is_alphanumeric);
    let is_count = !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit());
    match letter {
        '\\' | '`' | '*' | '[' | '<' | '|' | '~' => true,
        '_' => !(is_word(before.chars().next_back()) && is_word(next)),
        // An entity.
        '&' => is_word(next) || next == Some('#'),
        // At the beginning of a line: a heading, a quote, a list, a rule.
        '#' | '>' | '+' | '-' | '=' => before.is_empty() && !is_word(next),
        ')' => is_count,
        // Bare addresses are made links of.
        '.' => is_count || (before.len() >= 3 && before.to_ascii_lowercase().ends_with("www")),
        ':' => after.starts_with("//"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escaped(text), expected, "{text}");
    }

    #[test]
    fn what_means_something_is_shown_as_it_stands() {
        check("Smile Dental", "Smile Dental");
        check("# Smile", "\\# Smile");
        check("- a", "\\- a");
        check("1. a", "1\\. a");
        check("[a](https://evil.example)", "\\[a](https\\://evil.example)");
        check("<script>", "\\<script>");
        check("> a", "\\> a");
        check("&lt; & so on", "\\&lt; & so on");
        check("~$1 and ~$1", "\\~$1 and \\~$1");
        check("**loud**", "\\*\\*loud\\*\\*");
        check("a | b", "a \\| b");
        check("`code`", "\\`code\\`");
        check("www.example.com", "www\\.example.com");
        check("+16475550188", "+16475550188");
        check("sip_ca5ecdfd", "sip_ca5ecdfd");
        check("_a_", "\\_a\\_");
    }

    #[test]
    fn a_text_stays_in_its_line_and_its_direction() {
        check("a\n# b", "a # b");
        check("a\u{202e}b\u{2028}c", "ab c");
    }

    #[test]
    fn code_ends_where_it_ends() {
        assert_eq!(span("a`b``c"), "```a`b``c```");
        assert_eq!(span("`"), "`` ` ``");
        let mut page = Page(String::new());
        page.code("sh", "a\n```\nb");
        assert_eq!(page.0, "````sh\na\n```\nb\n````\n");
    }
}
