//! A guide as one page of HTML, to be read on a screen or a telephone, printed, or sent on.
//!
//! It holds its style and loads nothing: no picture, no font, no script. Every text goes through [`Escaped`].

use std::fmt::{self, Display, Write as _};

use super::markdown::plain;
use super::{Code, Comparison, Guide, Instructions, MethodGuide, Section, Table, Todo, Value, Warning};

/// The style of the page, as it stands between its tags: a policy that allows it may name it by its hash.
pub const STYLE: &str = include_str!("guide.css");

/// Writes a guide as a page.
pub fn html(guide: &Guide) -> String {
    let mut page = String::with_capacity(24 * 1024);
    // Three columns take more room than one.
    let width = if guide.comparison.is_some() { "wide" } else { "narrow" };
    let (title, business, brand) = (Escaped(&guide.title), Escaped(&guide.business.name), Escaped(&guide.brand));
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · {business}</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n<main class=\"{width}\">\n\
         <header>\n<p class=\"brand\"><bdi>{brand}</bdi></p>\n<h1>{title}</h1>\n\
         <p class=\"whose\">For <bdi>{business}</bdi></p>\n</header>\n"
    );
    match &guide.comparison {
        Some(comparison) => choice(&mut page, guide, comparison),
        None => guide.guides.iter().for_each(|one| method(&mut page, guide, one)),
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// A text on its way into a page, between tags or in an attribute.
struct Escaped<'t>(&'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        plain(self.0).try_for_each(|letter| match letter {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            letter => f.write_char(letter),
        })
    }
}

fn choice(page: &mut String, guide: &Guide, comparison: &Comparison) {
    table(page, &comparison.effort);
    page.push_str("<div class=\"cards\">\n");
    for one in &guide.guides {
        let _ = write!(page, "<section class=\"card\">\n<h2>{}</h2>\n", Escaped(&one.label));
        paragraph(page, &one.description);
        labelled(page, "good", "Pros", &one.pros);
        labelled(page, "bad", "Cons", &one.cons);
        labelled(page, "", "Best for", &one.best_for);
        let _ = writeln!(page, "<h3>The way of a call</h3>");
        ordered(page, "flow", &one.flow);
        warnings(page, &guide.minded(one));
        page.push_str("</section>\n");
    }
    page.push_str("</div>\n");
    for (title, rows) in
        [("How calls arrive", &comparison.matrix), ("What becomes of your number", &comparison.numbers)]
    {
        let _ = write!(page, "<section>\n<h2>{title}</h2>\n");
        table(page, rows);
        page.push_str("</section>\n");
    }
    section(page, &comparison.costs);
    page.push_str("<section>\n<h2>Next</h2>\n<p>Ask for the guide of the method you choose:</p>\n");
    for one in &guide.guides {
        let line = format!("patchbay tenants guide {} --method {}", guide.business.slug, one.method.as_str());
        code(page, &line);
    }
    page.push_str("</section>\n");
}

fn method(page: &mut String, whole: &Guide, guide: &MethodGuide) {
    if whole.title != guide.label {
        let _ = writeln!(page, "<h3>{}</h3>", Escaped(&guide.label));
    }
    paragraph(page, &guide.description);
    first(page, &guide.first);
    values(page, &guide.values);
    warnings(page, &whole.minded(guide));
    instructions(page, guide);
    guide.sections.iter().for_each(|one| section(page, one));
    page.push_str("<section>\n<h2>The way of a call</h2>\n");
    ordered(page, "flow", &guide.flow);
    page.push_str("</section>\n<section>\n<h2>Is it the right way?</h2>\n<div class=\"two\">\n<div>\n");
    labelled(page, "good", "Pros", &guide.pros);
    page.push_str("</div>\n<div>\n");
    labelled(page, "bad", "Cons", &guide.cons);
    page.push_str("</div>\n<div>\n");
    labelled(page, "", "Best for", &guide.best_for);
    page.push_str("</div>\n<div>\n<h3>Costs and time</h3>\n<dl class=\"small\">\n");
    for (what, value) in [("Once", &guide.costs.once), ("A month", &guide.costs.monthly), ("Time", &guide.time)] {
        let _ = writeln!(page, "<div><dt>{what}</dt><dd>{}</dd></div>", Escaped(value));
    }
    page.push_str("</dl>\n</div>\n</div>\n</section>\n");
}

fn first(page: &mut String, todos: &[Todo]) {
    if todos.is_empty() {
        return;
    }
    page.push_str(
        "<section class=\"first\">\n<h2>First</h2>\n<p>Not everything is there yet. Whoever runs the installation does \
         this, in this order:</p>\n<ol>\n",
    );
    for Todo { text, command, request } in todos {
        let _ = writeln!(page, "<li><p>{}</p>", Escaped(text));
        [command, request].into_iter().flatten().for_each(|line| code(page, line));
        page.push_str("</li>\n");
    }
    page.push_str("</ol>\n</section>\n");
}

fn warnings(page: &mut String, warnings: &[&Warning]) {
    if warnings.is_empty() {
        return;
    }
    page.push_str("<section class=\"mind\">\n<h2>Mind</h2>\n<ul>\n");
    for warning in warnings {
        let _ = writeln!(page, "<li>{}</li>", Escaped(&warning.text));
    }
    page.push_str("</ul>\n</section>\n");
}

fn values(page: &mut String, values: &[Value]) {
    page.push_str("<dl class=\"values\">\n");
    for Value { label, value, note } in values {
        let _ = write!(page, "<div><dt>{}</dt><dd>", Escaped(label));
        if let Some(value) = value {
            let _ = write!(page, "<code>{}</code>", Escaped(value));
        }
        let missing = value.is_none().then_some("not there yet");
        if let Some(note) = note.as_deref().or(missing) {
            let _ = write!(page, "<span class=\"note\">{}</span>", Escaped(note));
        }
        page.push_str("</dd></div>\n");
    }
    page.push_str("</dl>\n");
}

fn instructions(page: &mut String, guide: &MethodGuide) {
    let steps = match &guide.instructions {
        Instructions::Ported(porting) => {
            page.push_str("<section>\n<h2>What you need</h2>\n");
            unordered(page, "ticks", &porting.documents);
            page.push_str("</section>\n");
            porting.steps.as_slice()
        }
        Instructions::Forwarded(forwarding) => &forwarding.steps,
        Instructions::Sip(setup) => setup.steps.of(guide.pbx),
    };
    page.push_str("<section>\n<h2>Steps</h2>\n");
    ordered(page, "steps", steps);
    page.push_str("</section>\n");
}

fn section(page: &mut String, section: &Section) {
    let _ = write!(page, "<section>\n<h2>{}</h2>\n", Escaped(&section.title));
    section.text.iter().for_each(|text| paragraph(page, text));
    if let Some(rows) = &section.table {
        table(page, rows);
    }
    if !section.points.is_empty() {
        unordered(page, "points", &section.points);
    }
    for Code { caption, text, .. } in &section.code {
        let _ = writeln!(page, "<figure>\n<figcaption>{}</figcaption>", Escaped(caption));
        code(page, text);
        page.push_str("</figure>\n");
    }
    page.push_str("</section>\n");
}

fn paragraph(page: &mut String, text: &str) {
    let _ = writeln!(page, "<p>{}</p>", Escaped(text));
}

fn labelled(page: &mut String, class: &str, label: &str, points: &[String]) {
    let _ = writeln!(page, "<h3>{}</h3>", Escaped(label));
    unordered(page, class, points);
}

fn unordered(page: &mut String, class: &str, points: &[String]) {
    list(page, "ul", class, points);
}

fn ordered(page: &mut String, class: &str, points: &[String]) {
    list(page, "ol", class, points);
}

fn list(page: &mut String, tag: &str, class: &str, points: &[String]) {
    let _ = writeln!(page, "<{tag} class=\"{class}\">");
    for point in points {
        let _ = writeln!(page, "<li>{}</li>", Escaped(point));
    }
    let _ = writeln!(page, "</{tag}>");
}

fn table(page: &mut String, table: &Table) {
    page.push_str("<div class=\"scroll\"><table>\n<thead><tr>");
    for cell in &table.head {
        let _ = write!(page, "<th scope=\"col\">{}</th>", Escaped(cell));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        page.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let head = table.head.get(place).map_or("", String::as_str);
            let (tag, scope) = if place == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
            let _ = write!(page, "<{tag}{scope} data-head=\"{}\">{}</{tag}>", Escaped(head), Escaped(cell));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n");
}

/// Lines keep their ends: what is copied must be what was written.
fn code(page: &mut String, text: &str) {
    page.push_str("<pre><code>");
    for (place, line) in text.trim_end().lines().enumerate() {
        let _ = write!(page, "{}{}", if place == 0 { "" } else { "\n" }, Escaped(line));
    }
    page.push_str("</code></pre>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_makes_no_tag_no_attribute_and_no_entity() {
        let shown = Escaped("<b onclick='a()'>\"&lt;\"</b>\u{202e}\0").to_string();
        assert_eq!(shown, "&lt;b onclick=&#39;a()&#39;&gt;&quot;&amp;lt;&quot;&lt;/b&gt; ");
    }

    #[test]
    fn the_style_ends_where_it_ends_and_loads_nothing() {
        for word in ["<", "url(", "@import", "http", "expression"] {
            assert!(!STYLE.contains(word), "{word}");
        }
    }
}
