//! Who answers when, drawn: a row a day, as long as the day is, on the tenant's own clock.
//!
//! Whoever cannot tell the colours has patterns and words, whoever cannot see has a title and a description. The picture
//! is a document by itself and may stand in a page: its names and its style are its own.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;

use super::coverage::{Window, midnight};
use crate::routing::{Covered, Mark, MarkKind};

/// Where rows begin, and how wide an hour of them is.
const LEFT: f64 = 124.0;
const HOUR: f64 = 24.0;

/// Where words stand beside a row: behind a day of 25 hours.
const WORDS: f64 = LEFT + 25.0 * HOUR + 12.0;
const WIDTH: f64 = WORDS + 300.0;

const TOP: f64 = 100.0;
const ROW: f64 = 22.0;
const BAR: f64 = 14.0;

/// As many letters as fit beside a row; all of them can be read in the row's title.
const LETTERS: usize = 48;

const STYLE: &str = "\
.pb-coverage{background:#fff;color:#1c1e21;font:12px system-ui,sans-serif}\
.pb-coverage text{fill:currentColor}.pb-coverage .pb-big{font-size:15px;font-weight:600}\
.pb-coverage .pb-ai{fill:#2563c9}.pb-coverage .pb-staff{fill:#e4e7ec}.pb-coverage .pb-busy{fill:#f2c14e}\
.pb-coverage .pb-on-ai{stroke:#a9c7fb;stroke-width:1.5}.pb-coverage .pb-on-busy{fill:#6b4a00}\
.pb-coverage .pb-edge{fill:none;stroke:#5f6570}.pb-coverage .pb-mark{fill:#b3261e}\
@media (prefers-color-scheme:dark){\
.pb-coverage{background:#16181c;color:#e6e8eb}\
.pb-coverage .pb-ai{fill:#6ea2ff}.pb-coverage .pb-staff{fill:#343a43}.pb-coverage .pb-busy{fill:#a9790f}\
.pb-coverage .pb-on-ai{stroke:#1d3f7d}.pb-coverage .pb-on-busy{fill:#ffe9b0}\
.pb-coverage .pb-edge{stroke:#9aa1ac}.pb-coverage .pb-mark{fill:#ff8a80}}";

/// Diagonals for the AI, nothing for staff, dots where it hangs on how many call.
const PATTERNS: &str = "<defs>\
<pattern id=\"pb-ai\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
<rect class=\"pb-ai\" width=\"7\" height=\"7\"/><path class=\"pb-on-ai\" d=\"M0 7L7 0\"/></pattern>\
<pattern id=\"pb-staff\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
<rect class=\"pb-staff\" width=\"7\" height=\"7\"/></pattern>\
<pattern id=\"pb-busy\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">\
<rect class=\"pb-busy\" width=\"7\" height=\"7\"/><circle class=\"pb-on-busy\" cx=\"3.5\" cy=\"3.5\" r=\"1.2\"/></pattern>\
</defs>\n";

/// Whom a call reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Ai,
    Staff,
    /// It hangs on how many others call.
    Busy,
}

impl Who {
    fn of(covered: &Covered) -> Who {
        match (covered.quiet.available, covered.busy.available) {
            (true, true) => Who::Ai,
            (false, false) => Who::Staff,
            _ => Who::Busy,
        }
    }

    fn pattern(self) -> &'static str {
        match self {
            Who::Ai => "pb-ai",
            Who::Staff => "pb-staff",
            Who::Busy => "pb-busy",
        }
    }

    fn words(self, threshold: Option<u32>) -> String {
        match (self, threshold) {
            (Who::Ai, _) => "the AI answers".to_owned(),
            (Who::Staff, _) => "the fallback takes calls".to_owned(),
            (Who::Busy, Some(1)) => "the fallback; the AI from 1 other call on".to_owned(),
            (Who::Busy, count) => format!("the fallback; the AI from {} other calls on", count.unwrap_or_default()),
        }
    }
}

/// The picture as SVG.
pub(super) fn picture(window: &Window) -> String {
    let height = TOP + f64::from(window.days) * ROW + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pb-coverage\" role=\"img\" \
         aria-labelledby=\"pb-title pb-desc\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n"
    );
    let title = escaped(&format!("When the AI answers for {}", window.name));
    // Writing to a text never fails.
    let _ = writeln!(svg, "<title id=\"pb-title\">{title}</title>");
    let _ = writeln!(svg, "<desc id=\"pb-desc\">{}</desc>", escaped(&described(window)));
    let _ = writeln!(svg, "<style>{STYLE}</style>");
    svg.push_str(PATTERNS);
    let _ = writeln!(svg, "<text class=\"pb-big\" x=\"12\" y=\"24\">{title}</text>");
    let _ = writeln!(svg, "<text x=\"12\" y=\"43\">on the clock of {}</text>", escaped(&window.timezone));
    legend(&mut svg, window);
    for hour in (0..=24).step_by(6) {
        let x = LEFT + f64::from(hour) * HOUR;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{hour:02}:00</text>", TOP - 8.0);
    }
    let mut date = window.first;
    for row in 0..window.days {
        let Ok(next) = date.tomorrow() else { break };
        draw_day(&mut svg, window, date, next, TOP + f64::from(row) * ROW);
        date = next;
    }
    svg.push_str("</svg>\n");
    svg
}

/// All of it in a few sentences, for those who do not see it.
fn described(window: &Window) -> String {
    let seconds = |of: Who| -> i64 {
        let own = window.spans.iter().filter(|span| Who::of(span) == of);
        own.map(|span| span.until.as_second() - span.from.as_second()).sum()
    };
    let all = [Who::Ai, Who::Staff, Who::Busy].map(seconds).iter().sum::<i64>().max(1);
    let mut words = format!(
        "{} days from {} on, a row each, on the clock of {}.",
        window.days,
        window.first.strftime("%A %Y-%m-%d"),
        window.timezone
    );
    for who in [Who::Ai, Who::Staff, Who::Busy] {
        let share = seconds(who) as f64 * 100.0 / all as f64;
        if share > 0.0 {
            let _ = write!(words, " {share:.0} % of the time: {}.", who.words(window.threshold));
        }
    }
    words
}

fn legend(svg: &mut String, window: &Window) {
    let mut x = 12.0;
    for who in [Who::Ai, Who::Staff, Who::Busy] {
        if who == Who::Busy && window.threshold.is_none() {
            continue;
        }
        let words = who.words(window.threshold);
        bar(svg, who, x, 54.0, 24.0, None);
        let _ = writeln!(svg, "<path class=\"pb-edge\" d=\"M{x} 54h24v{BAR}h-24z\"/>");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"65\">{words}</text>", x + 30.0);
        x += 56.0 + words.len() as f64 * 6.5;
    }
}

fn bar(svg: &mut String, who: Who, x: f64, y: f64, width: f64, title: Option<&str>) {
    let pattern = who.pattern();
    let _ = write!(svg, "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"url(#{pattern})\"");
    match title {
        Some(title) => drop(writeln!(svg, "><title>{}</title></rect>", escaped(title))),
        None => svg.push_str("/>\n"),
    }
}

/// One day: its bars, its edge with a tick every six hours of the clock, what is marked, and words beside it.
fn draw_day(svg: &mut String, window: &Window, date: Date, next: Date, y: f64) {
    let day = date.strftime("%a %Y-%m-%d").to_string();
    let base = y + BAR - 3.0;
    let _ = writeln!(svg, "<text x=\"12\" y=\"{base}\">{day}</text>");
    let (Some(begins), Some(ends)) = (midnight(date, &window.zone), midnight(next, &window.zone)) else { return };
    if ends <= begins {
        let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{base}\">clocks passed over this day</text>");
        return;
    }
    let hours = |until: Timestamp| until.duration_since(begins).as_secs_f64() / 3600.0;
    let x = |at: Timestamp| LEFT + hours(at) * HOUR;
    let clock = |at: Timestamp| window.zone.to_datetime(at).strftime("%H:%M").to_string();
    for (who, from, until) in stretches(&window.spans, begins, ends) {
        let close = if until == ends { "24:00".to_owned() } else { clock(until) };
        let title = format!("{day} {}–{close}: {}", clock(from), who.words(window.threshold));
        bar(svg, who, x(from), y, x(until) - x(from), Some(&title));
    }
    let mut edge = format!("M{LEFT} {y}H{:.1}V{}H{LEFT}Z", x(ends), y + BAR);
    for hour in [6, 12, 18] {
        let tick = date.at(hour, 0, 0, 0).to_zoned(window.zone.clone());
        let tick = tick.ok().map(|tick| tick.timestamp()).filter(|tick| begins < *tick && *tick < ends);
        if let Some(tick) = tick {
            let _ = write!(edge, "M{:.1} {y}v3", x(tick));
        }
    }
    let _ = writeln!(svg, "<path class=\"pb-edge\" d=\"{edge}\"/>");

    let marks: Vec<&Mark> = window.marks.iter().filter(|mark| begins <= mark.at && mark.at < ends).collect();
    for mark in &marks {
        let at = x(mark.at);
        let (left, right, tip) = (at - 4.0, at + 4.0, y + 4.0);
        let _ = writeln!(svg, "<path class=\"pb-mark\" d=\"M{left:.1} {}H{right:.1}L{at:.1} {tip}Z\"/>", y - 3.0);
    }
    let length = hours(ends);
    let length = (length - 24.0).abs() > 0.001;
    let length = length.then(|| format!("{} hours", (hours(ends) * 100.0).round() / 100.0));
    let words: Vec<String> = length.into_iter().chain(marks.iter().map(|mark| told(mark, &clock(mark.at)))).collect();
    let words = words.join(", ");
    if !words.is_empty() {
        let shown = if words.chars().count() <= LETTERS {
            escaped(&words)
        } else {
            let cut: String = words.chars().take(LETTERS - 1).collect();
            format!("{}…<title>{}</title>", escaped(&cut), escaped(&words))
        };
        let _ = writeln!(svg, "<text x=\"{WORDS}\" y=\"{base}\">{shown}</text>");
    }
}

/// Who is reached in a day, stretch by stretch: those that differ in their reason alone are one.
fn stretches(spans: &[Covered], begins: Timestamp, ends: Timestamp) -> Vec<(Who, Timestamp, Timestamp)> {
    let first = spans.partition_point(|span| span.until <= begins);
    let mut found: Vec<(Who, Timestamp, Timestamp)> = Vec::new();
    for span in spans[first..].iter().take_while(|span| span.from < ends) {
        let (who, from, until) = (Who::of(span), span.from.max(begins), span.until.min(ends));
        match found.last_mut() {
            Some(last) if last.0 == who => last.2 = until,
            _ => found.push((who, from, until)),
        }
    }
    found
}

fn told(mark: &Mark, clock: &str) -> String {
    match mark.kind {
        MarkKind::ClockChange | MarkKind::Override => format!("{clock} {}", mark.label),
        MarkKind::Holiday => mark.label.clone(),
        MarkKind::Exception => format!("exception: {}", mark.label),
    }
}

/// A text as XML takes it: what it forbids is left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}
