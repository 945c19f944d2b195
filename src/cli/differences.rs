//! What differs between two settings, in lines a person reads: where, how it was, how it will be.

use serde_json::Value;

/// One place at which two values differ.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// `availability.afterHours.businessHours.schedule.friday`, `rules[0].endTime`.
    pub place: String,
    /// How it was; none where nothing was there.
    pub before: Option<Value>,
    /// How it will be.
    pub after: Option<Value>,
    /// What is around it is new as well.
    pub is_within_new: bool,
}

/// Every place at which two values differ. Nothing and `null` are the same.
pub(super) fn between(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(before, after, String::new(), &mut found);
    found
}

fn walk(before: &Value, after: &Value, place: String, found: &mut Vec<Difference>) {
    if before == after {
        return;
    }
    match (before, after) {
        _ if hours(before).is_some() || hours(after).is_some() => found.push(difference(before, after, place)),
        (Value::Object(was), Value::Object(is)) => {
            let gone = was.keys().filter(|name| !is.contains_key(*name));
            for name in is.keys().chain(gone) {
                let (was, is) = (was.get(name).unwrap_or(&Value::Null), is.get(name).unwrap_or(&Value::Null));
                walk(was, is, inside(&place, name), found);
            }
        }
        // What is new or gone as a whole is told member by member.
        (Value::Null, Value::Object(is)) if !is.is_empty() => {
            let begin = found.len();
            is.iter().for_each(|(name, is)| walk(&Value::Null, is, inside(&place, name), found));
            found[begin..].iter_mut().for_each(|one| one.is_within_new = true);
        }
        (Value::Array(was), Value::Array(is)) if was.iter().chain(is).any(Value::is_object) => {
            walk_list(was, is, &place, found);
        }
        _ => found.push(difference(before, after, place)),
    }
}

/// Lists of objects: what they share at the beginning and at the end is left out, the rest is compared one by one.
fn walk_list(was: &[Value], is: &[Value], place: &str, found: &mut Vec<Difference>) {
    let begin = was.iter().zip(is).take_while(|(was, is)| was == is).count();
    let (was, is) = (&was[begin..], &is[begin..]);
    let end = was.iter().rev().zip(is.iter().rev()).take_while(|(was, is)| was == is).count();
    let (was, is) = (&was[..was.len() - end], &is[..is.len() - end]);
    for index in 0..was.len().max(is.len()) {
        let place = format!("{place}[{}]", begin + index);
        match (was.get(index), is.get(index)) {
            (Some(was), Some(is)) => walk(was, is, place, found),
            (was, is) => {
                found.push(difference(was.unwrap_or(&Value::Null), is.unwrap_or(&Value::Null), place));
            }
        }
    }
}

fn inside(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

fn difference(before: &Value, after: &Value, place: String) -> Difference {
    let given = |value: &Value| (!value.is_null()).then(|| value.clone());
    Difference { place, before: given(before), after: given(after), is_within_new: false }
}

impl Difference {
    /// The lines that tell it: `+` for what is new, `-` for what goes, `~` for what changes.
    pub fn told(&self) -> Vec<String> {
        let place = &self.place;
        let spoken = |value: &Option<Value>| self.spoken(value.as_ref());
        match (&self.before, &self.after) {
            (before, after) if is_long(before.as_ref()) || is_long(after.as_ref()) => {
                let mark = match (before, after) {
                    (None, _) => '+',
                    (_, None) => '-',
                    _ => '~',
                };
                let mut lines = vec![format!("{mark} {place}:")];
                lines.extend(text_lines(before.as_ref(), after.as_ref()));
                lines
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) if !is_day(place) => self.told_list(was, is),
            (None, after) if self.is_within_new || !is_day(place) => vec![format!("+ {place}: {}", spoken(after))],
            (before, None) if !is_day(place) => vec![format!("- {place}: {}", spoken(before))],
            (before, after) => vec![format!("~ {place}: {} → {}", spoken(before), spoken(after))],
        }
    }

    fn told_list(&self, was: &[Value], is: &[Value]) -> Vec<String> {
        let only = |these: &[Value], those: &[Value]| {
            let only: Vec<String> = these.iter().filter(|one| !those.contains(one)).map(words).collect();
            only.join(", ")
        };
        let (new, gone) = (only(is, was), only(was, is));
        let place = &self.place;
        match (new.is_empty(), gone.is_empty()) {
            (false, true) => vec![format!("~ {place}: {new} added")],
            (true, false) => vec![format!("~ {place}: {gone} taken out")],
            (false, false) => vec![format!("~ {place}: {new} added, {gone} taken out")],
            // The same ones in another order, or more or fewer of them.
            (true, true) => vec![format!("~ {place}: {} → {}", list(was), list(is))],
        }
    }

    fn spoken(&self, value: Option<&Value>) -> String {
        match value {
            None if is_day(&self.place) => "closed".to_owned(),
            None => "nothing".to_owned(),
            Some(value) => words(value),
        }
    }
}

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Is it the hours of a weekday? There nothing means closed.
fn is_day(place: &str) -> bool {
    let mut steps = place.rsplit('.');
    steps.next().is_some_and(|last| DAYS.contains(&last)) && steps.next() == Some("schedule")
}

/// Opening hours, in the two ways they can be given.
fn hours(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) if members.len() == 2 => {
            let (open, close) = (members.get("open")?.as_str()?, members.get("close")?.as_str()?);
            Some(format!("{open}–{close}"))
        }
        Value::Array(spans) if !spans.is_empty() => {
            let spans: Option<Vec<String>> =
                spans.iter().map(|span| hours(span).filter(|_| span.is_object())).collect();
            Some(spans?.join(" and "))
        }
        _ => None,
    }
}

/// A value in one line.
pub(super) fn words(value: &Value) -> String {
    if let Some(hours) = hours(value) {
        return hours;
    }
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(_) => value.to_string(),
        Value::Array(items) => list(items),
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name} {}", words(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

fn list(items: &[Value]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.iter().map(words).collect::<Vec<_>>().join(", ") }
}

/// Needs no quotes to be seen as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

/// The longest text that stands beside another one on a line.
const BESIDE_CHARS_MAX: usize = 60;

fn is_long(value: Option<&Value>) -> bool {
    let text = value.and_then(Value::as_str);
    text.is_some_and(|text| text.contains('\n') || text.chars().count() > BESIDE_CHARS_MAX)
}

/// A text of several lines: the lines that go and those that come, between those that stay.
fn text_lines(before: Option<&Value>, after: Option<&Value>) -> Vec<String> {
    let lines = |value: Option<&Value>| -> Vec<String> {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        text.split('\n').filter(|_| value.is_some()).map(super::table::harmless).collect()
    };
    let (mut was, mut is) = (lines(before), lines(after));
    // A last line's end is not a line of its own, save where it alone differs.
    let without_end =
        |lines: &[String]| lines[..lines.len() - usize::from(lines.last().is_some_and(String::is_empty))].to_vec();
    if without_end(&was) != without_end(&is) {
        (was, is) = (without_end(&was), without_end(&is));
    }
    let begin = was.iter().zip(&is).take_while(|(was, is)| was == is).count();
    let end = was[begin..].iter().rev().zip(is[begin..].iter().rev()).take_while(|(was, is)| was == is).count();
    let marked = |lines: &[String], mark: char| -> Vec<String> {
        lines.iter().map(|line| format!("    {mark} {line}").trim_end().to_owned()).collect()
    };
    let mut told = marked(&was[begin..was.len() - end], '-');
    told.extend(marked(&is[begin..is.len() - end], '+'));
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(before: Value, after: Value, expected: &[&str]) {
        let told: Vec<String> = between(&before, &after).iter().flat_map(Difference::told).collect();
        assert_eq!(told, expected);
    }

    fn schedule(day: Value) -> Value {
        json!({"schedule": {"monday": {"open": "09:00", "close": "17:00"}, "friday": day}})
    }

    #[test]
    fn opening_hours_are_told_as_hours() {
        let short = json!({"open": "09:00", "close": "15:00"});
        let split = json!([{"open": "09:00", "close": "12:00"}, {"open": "13:00", "close": "16:00"}]);
        check(
            schedule(short.clone()),
            schedule(split.clone()),
            &["~ schedule.friday: 09:00–15:00 → 09:00–12:00 and 13:00–16:00"],
        );
        check(schedule(short.clone()), schedule(Value::Null), &["~ schedule.friday: 09:00–15:00 → closed"]);
        check(schedule(Value::Null), schedule(short), &["~ schedule.friday: closed → 09:00–15:00"]);
        let monday = json!({"schedule": {"monday": {"open": "09:00", "close": "17:00"}, "friday": null}});
        check(json!({}), monday, &["+ schedule.monday: 09:00–17:00"]);
        check(schedule(Value::Null), json!({"schedule": {"monday": {"open": "09:00", "close": "17:00"}}}), &[]);
    }

    #[test]
    fn values_are_told_in_words() {
        check(
            json!({"a": true, "b": 5, "c": "", "d": null}),
            json!({"a": false, "b": 3, "c": "x", "d": "y"}),
            &["~ a: yes → no", "~ b: 5 → 3", "~ c: \"\" → x", "+ d: y"],
        );
        check(json!({"a": {"b": "x"}}), json!({}), &["- a: {b x}"]);
        check(json!({}), json!({"a": {"b": "x", "c": {"d": 1}}}), &["+ a.b: x", "+ a.c.d: 1"]);
    }

    #[test]
    fn of_a_list_only_what_came_and_went_is_told() {
        let days = |days: &[&str]| json!({ "holidays": days });
        check(
            days(&["--12-25", "--07-01"]),
            days(&["--12-25", "--12-26"]),
            &["~ holidays: --12-26 added, --07-01 taken out"],
        );
        check(days(&["--12-25"]), days(&[]), &["~ holidays: --12-25 taken out"]);
        check(days(&["a", "b"]), days(&["b", "a"]), &["~ holidays: a, b → b, a"]);
    }

    #[test]
    fn rules_are_compared_one_by_one() {
        let rule = |day: u32, end: &str| json!({"dayOfWeek": day, "endTime": end});
        let rules = |rules: Vec<Value>| json!({ "rules": rules });
        check(
            rules(vec![rule(1, "17:00"), rule(2, "17:00")]),
            rules(vec![rule(1, "17:00"), rule(2, "18:00")]),
            &["~ rules[1].endTime: 17:00 → 18:00"],
        );
        check(
            rules(vec![rule(1, "17:00")]),
            rules(vec![rule(0, "12:00"), rule(1, "17:00")]),
            &["+ rules[0]: {dayOfWeek 0, endTime 12:00}"],
        );
        check(
            rules(vec![rule(0, "12:00"), rule(1, "17:00")]),
            rules(vec![rule(0, "12:00")]),
            &["- rules[1]: {dayOfWeek 1, endTime 17:00}"],
        );
    }

    #[test]
    fn of_a_greeting_the_lines_that_differ_are_told() {
        let before = "You have reached Smile Dental.\nWe are closed.\nThank you.";
        let after = "You have reached Smile Dental.\nWe open at nine.\nThank you.";
        check(
            json!({ "g": before }),
            json!({ "g": after }),
            &["~ g:", "    - We are closed.", "    + We open at nine."],
        );
        check(json!({}), json!({ "g": "a\nb\n" }), &["+ g:", "    + a", "    + b"]);
        check(json!({ "g": "a\nb" }), json!({ "g": "a\nb\n" }), &["~ g:", "    +"]);
    }

    #[test]
    fn nothing_differs_from_itself() {
        for value in [json!(null), json!({"a": [1, {"b": null}]}), json!([]), json!("x")] {
            assert_eq!(between(&value, &value), []);
        }
    }
}
