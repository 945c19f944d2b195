//! The one line a call leaves in the log: who, why, what and how long.
//!
//! It is spelled by hand into one buffer, because every call pays for it; it has the shape of all other lines.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::logs::{Format, Logs};
use super::mask::push_masked;
use crate::model::spelled::{Clock, Digits, any_below, any_is, each_eight};
use crate::model::{Decision, E164, Sid};

/// Longest text from outside that is written, in bytes: a SIP URI with its parameters.
const TEXT_BYTES_MAX: usize = 160;

macro_rules! name {
    ($name:literal) => {
        Name { text: concat!(" ", $name, "="), json: concat!(",\"", $name, "\":") }
    };
}

/// What the log tells of a call.
#[derive(Clone, Copy, Debug)]
pub struct CallLine<'a> {
    /// When it was answered.
    pub at: Timestamp,
    /// The tenant's name in SIP URIs; none where the number is unknown.
    pub tenant: Option<&'a str>,
    /// Twilio's CallSid, or Vapi's id of the call.
    pub call_sid: &'a Sid,
    /// The caller as the provider wrote it.
    pub from: &'a str,
    /// What was dialled, as the provider wrote it.
    pub to: &'a str,
    /// What was decided.
    pub decision: Decision,
    /// What the caller gets, as `routing::plan` spells the step.
    pub step: &'a str,
    /// How long the answer took.
    pub took: Duration,
    /// The request's id.
    pub request_id: &'a str,
}

impl CallLine<'_> {
    /// Writes the line to the log of this process, if one is installed.
    pub fn write(&self) {
        if let Some(logs) = Logs::installed() {
            logs.call(self);
        }
    }

    fn message(&self) -> &'static str {
        if self.decision.available { "AI answering call" } else { "AI not available - routing to fallback" }
    }

    /// Appends the line, its end included.
    pub(super) fn spell(&self, out: &mut String, clock: &mut Clock, format: Format, phone_numbers: bool) {
        let (before, between, after) = match format {
            Format::Text => ("", "  INFO patchbay::call: ", ""),
            Format::Json => {
                ("{\"timestamp\":\"", "\",\"level\":\"INFO\",\"target\":\"patchbay::call\",\"message\":\"", "\"")
            }
        };
        out.push_str(before);
        for part in [clock.spell(self.at), between, self.message(), after] {
            out.push_str(part);
        }
        let mut fields = Fields { out, format, phone_numbers };
        fields.optional(name!("clinicId"), self.tenant);
        fields.word(name!("reason"), self.decision.reason.as_str());
        fields.text(name!("step"), self.step);
        fields.number(name!("duration_us"), u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX));
        fields.text(name!("callSid"), self.call_sid.as_str());
        fields.phone(name!("from"), self.from);
        fields.phone(name!("to"), self.to);
        fields.text(name!("requestId"), self.request_id);
        out.push_str(match format {
            Format::Text => "\n",
            Format::Json => "}\n",
        });
    }
}

/// A field's name with what stands around it, as each format has it.
#[derive(Clone, Copy)]
struct Name {
    text: &'static str,
    json: &'static str,
}

struct Fields<'a> {
    out: &'a mut String,
    format: Format,
    phone_numbers: bool,
}

impl Fields<'_> {
    fn name(&mut self, name: Name) {
        self.out.push_str(if self.format == Format::Json { name.json } else { name.text });
    }

    fn number(&mut self, name: Name, value: u64) {
        self.name(name);
        self.out.push_str(Digits::of(value).as_str());
    }

    /// What needs no escaping.
    fn word(&mut self, name: Name, value: &str) {
        self.name(name);
        if self.format == Format::Text {
            return self.out.push_str(value);
        }
        self.out.push('"');
        self.out.push_str(value);
        self.out.push('"');
    }

    fn optional(&mut self, name: Name, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None if self.format == Format::Json => {
                self.name(name);
                self.out.push_str("null");
            }
            None => self.word(name, "-"),
        }
    }

    /// A text from outside: cut, quoted where it needs it, escaped.
    fn text(&mut self, name: Name, value: &str) {
        let value = &value[..value.floor_char_boundary(TEXT_BYTES_MAX)];
        if is_plain(value) {
            return self.word(name, value);
        }
        self.name(name);
        self.out.push('"');
        for letter in value.chars() {
            push_escaped(self.out, letter, self.format);
        }
        self.out.push('"');
    }

    fn phone(&mut self, name: Name, value: &str) {
        if self.phone_numbers {
            return self.text(name, value);
        }
        let value = &value[..value.floor_char_boundary(TEXT_BYTES_MAX)];
        if let Ok(number) = E164::parse(value) {
            self.name(name);
            self.out.push('"');
            number.masked().write_to(self.out).expect("a String takes all");
            self.out.push('"');
            return;
        }
        let mut masked = String::with_capacity(value.len());
        push_masked(&mut masked, value, |_| true);
        self.text(name, &masked);
    }
}

/// Needs neither quotes nor escapes.
fn is_plain(value: &str) -> bool {
    let fine = |eight| !any_below(eight, b'!') && ![0x7f, b'"', b'\\', b'='].iter().any(|odd| any_is(eight, *odd));
    !value.is_empty() && value.is_ascii() && each_eight(value.as_bytes(), fine)
}

fn push_escaped(out: &mut String, letter: char, format: Format) {
    match letter {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        _ if forges(letter) => push_code(out, letter, format),
        _ => out.push(letter),
    }
}

/// True for characters that end a line, hide text or turn it round: what a reader of logs could be deceived with.
pub(super) fn forges(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Appends a character as its code: all that forge are in the first plane.
pub(super) fn push_code(out: &mut String, letter: char, format: Format) {
    let code = u32::from(letter);
    let written = match format {
        Format::Text => write!(out, "\\u{{{code:x}}}"),
        Format::Json => write!(out, "\\u{code:04x}"),
    };
    written.expect("a String takes all");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    fn sid() -> Sid {
        Sid::parse("CA0001").expect("a SID")
    }

    fn line(call_sid: &Sid) -> CallLine<'_> {
        CallLine {
            at: Timestamp::from_microsecond(1_794_200_000_123_456).expect("in range"),
            tenant: Some("smile-dental"),
            call_sid,
            from: "+16475550123",
            to: "+16475550100",
            decision: Decision::ai(Reason::AfterHours),
            step: "ai",
            took: Duration::from_micros(87),
            request_id: "abc",
        }
    }

    fn spelled(line: &CallLine<'_>, format: Format, phone_numbers: bool) -> String {
        let mut out = String::new();
        line.spell(&mut out, &mut Clock::new(6), format, phone_numbers);
        out
    }

    #[test]
    fn the_line_says_who_why_what_and_how_long() {
        insta::assert_snapshot!(spelled(&line(&sid()), Format::Text, false), @r#"2026-11-09T04:53:20.123456Z  INFO patchbay::call: AI answering call clinicId=smile-dental reason=after-hours step=ai duration_us=87 callSid=CA0001 from="+1647•••0123" to="+1647•••0100" requestId=abc"#);
        insta::assert_snapshot!(spelled(&line(&sid()), Format::Json, false), @r#"{"timestamp":"2026-11-09T04:53:20.123456Z","level":"INFO","target":"patchbay::call","message":"AI answering call","clinicId":"smile-dental","reason":"after-hours","step":"ai","duration_us":87,"callSid":"CA0001","from":"+1647•••0123","to":"+1647•••0100","requestId":"abc"}"#);
    }

    #[test]
    fn a_call_the_ai_does_not_take_says_so_in_the_agreed_words() {
        let sid = sid();
        let mut line = line(&sid);
        line.decision = Decision::fallback(Reason::UnknownNumber);
        line.tenant = None;
        let json: serde_json::Value = serde_json::from_str(&spelled(&line, Format::Json, false)).expect("valid JSON");
        assert_eq!(json["message"], "AI not available - routing to fallback");
        assert_eq!(json["reason"], "unknown-number");
        assert!(json["clinicId"].is_null());
    }

    #[test]
    fn text_from_outside_stays_in_its_field() {
        let evil = "a\"b\\c\n{\"level\":\"ERROR\"} \u{1b}[31m \u{202e}x\u{0}";
        let sid = sid();
        let mut line = line(&sid);
        (line.from, line.step) = (evil, evil);
        let json = spelled(&line, Format::Json, false);
        assert_eq!(json.trim_end().lines().count(), 1);
        let parsed: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
        assert_eq!(parsed["step"], evil);
        let text = spelled(&line, Format::Text, false);
        assert_eq!(text.trim_end_matches('\n').lines().count(), 1);
        assert!(!text.trim_end_matches('\n').chars().any(forges), "{text:?}");
    }

    #[test]
    fn phone_numbers_show_only_where_they_may() {
        for format in [Format::Text, Format::Json] {
            assert!(!spelled(&line(&sid()), format, false).contains("+16475550123"));
            let open = spelled(&line(&sid()), format, true);
            assert!(open.contains("+16475550123") && open.contains("+16475550100"));
        }
    }

    #[test]
    fn an_endless_text_is_cut_at_a_character() {
        let long = "é".repeat(500);
        let sid = sid();
        let mut line = line(&sid);
        line.from = &long;
        assert!(spelled(&line, Format::Text, false).len() < 600);
    }
}
