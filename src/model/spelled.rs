//! What every call writes down, spelled without a detour: JSON objects, and instants that share their second.
//!
//! `serde_json` reads it back and spells everything else.

use std::fmt::Write as _;
use std::io::Write as _;

use jiff::Timestamp;

/// Spells instants. Most share their second with the one before, and with it all but a few digits.
#[derive(Debug)]
pub struct Clock {
    second: i64,
    text: String,
    digits: usize,
}

impl Clock {
    /// One that spells this many digits of the second, at most nine.
    pub fn new(digits: usize) -> Clock {
        Clock { second: i64::MIN, text: String::new(), digits: digits.min(9) }
    }

    /// The instant, as RFC 3339 has it.
    pub fn spell(&mut self, at: Timestamp) -> &str {
        let (second, nanos) = (at.as_second(), at.subsec_nanosecond());
        // Before 1970 seconds count down and their fractions with them; no call is from there.
        let Ok(mut nanos) = u32::try_from(nanos) else {
            self.second = i64::MIN;
            self.text.clear();
            write!(self.text, "{at:.*}", self.digits).expect("a String takes all");
            return &self.text;
        };
        if self.second != second {
            self.second = second;
            self.text.clear();
            write!(self.text, "{at:.0}").expect("a String takes all");
            self.text.pop();
        }
        let mut fraction = [b'0'; 9];
        for digit in fraction.iter_mut().rev() {
            *digit += u8::try_from(nanos % 10).expect("a digit");
            nanos /= 10;
        }
        let whole = self.text.find('.').unwrap_or(self.text.len());
        self.text.truncate(whole);
        self.text.push('.');
        self.text.push_str(str::from_utf8(&fraction[..self.digits]).expect("digits"));
        self.text.push('Z');
        &self.text
    }
}

/// A JSON object that is being spelled. Names are our own and need no escaping.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    mark: u8,
}

impl<'a> Object<'a> {
    /// Begins one.
    pub fn begin(out: &'a mut Vec<u8>) -> Object<'a> {
        Object { out, mark: b'{' }
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.name(name);
        if value.bytes().fold(true, |plain, byte| plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\')) {
            self.out.push(b'"');
            self.out.extend_from_slice(value.as_bytes());
            self.out.push(b'"');
        } else {
            serde_json::to_writer(&mut *self.out, value).expect("text into memory");
        }
        self
    }

    /// A text, or `null`.
    pub fn maybe(&mut self, name: &'static str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, "null"),
        }
    }

    /// A number.
    pub fn number(&mut self, name: &'static str, value: u64) -> &mut Self {
        self.name(name);
        write!(self.out, "{value}").expect("digits into memory");
        self
    }

    /// What is JSON already.
    pub fn raw(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(value.as_bytes());
        self
    }

    /// An object within.
    pub fn object(&mut self, name: &'static str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.name(name);
        let mut inner = Object::begin(self.out);
        fill(&mut inner);
        inner.end();
        self
    }

    /// Ends it.
    pub fn end(&mut self) {
        if self.mark == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }

    fn name(&mut self, name: &'static str) {
        self.out.push(self.mark);
        self.mark = b',';
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn instants_are_spelled_as_everywhere_else() {
        for digits in [6, 9] {
            let mut clock = Clock::new(digits);
            for micros in [1, 999_999, 1_000_000, 1_000_001, 1_794_200_000_123_456, 1_794_200_000_000_000, -1, 2] {
                let at = Timestamp::from_microsecond(micros).expect("in range");
                assert_eq!(clock.spell(at), format!("{at:.digits$}"));
            }
        }
    }

    #[test]
    fn what_is_spelled_is_read_back() {
        let odd = "a\"b\\c\u{1}\u{7f}é🦷\n";
        let mut out = Vec::new();
        let mut object = Object::begin(&mut out);
        object.text("odd", odd).maybe("none", None).maybe("some", Some("x")).number("n", 7).raw("t", "true");
        object
            .object("inner", |inner| {
                inner.text("a", "");
            })
            .object("empty", |_| ());
        object.end();
        let read: Value = serde_json::from_slice(&out).expect("JSON");
        let meant = json!({"odd": odd, "none": null, "some": "x", "n": 7, "t": true, "inner": {"a": ""}, "empty": {}});
        assert_eq!(read, meant);
    }
}
