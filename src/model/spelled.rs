//! What every call writes down, spelled without a detour: JSON objects, and instants that share their second.
//!
//! `serde_json` reads it back and spells everything else.

use std::fmt::Write as _;

use jiff::Timestamp;

/// Spells instants. Most share their second with the one before, and with it all but a few digits.
#[derive(Debug)]
pub struct Clock {
    second: i64,
    text: String,
    /// Where the second ends in the text and its fraction begins.
    whole: usize,
    digits: usize,
}

impl Clock {
    /// One that spells this many digits of the second, at most nine.
    pub fn new(digits: usize) -> Clock {
        Clock { second: i64::MIN, text: String::new(), whole: 0, digits: digits.min(9) }
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
            self.whole = self.text.len();
        }
        let mut fraction = [b'0'; 9];
        for digit in fraction.iter_mut().rev() {
            *digit += u8::try_from(nanos % 10).expect("a digit");
            nanos /= 10;
        }
        self.text.truncate(self.whole);
        self.text.push('.');
        self.text.push_str(str::from_utf8(&fraction[..self.digits]).expect("digits"));
        self.text.push('Z');
        &self.text
    }
}

/// JSON that is being spelled: its skeleton as it stands, values between.
#[derive(Debug)]
pub struct Spelling<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Spelling<'a> {
    /// Goes on behind what is there.
    pub fn on(out: &'a mut Vec<u8>) -> Spelling<'a> {
        Spelling { out }
    }

    /// What is JSON already. Inlined, so that the compiler sees how long it is.
    #[inline(always)]
    pub fn raw(&mut self, skeleton: &str) -> &mut Self {
        self.out.extend_from_slice(skeleton.as_bytes());
        self
    }

    /// A text.
    pub fn text(&mut self, value: &str) -> &mut Self {
        if is_plain(value.as_bytes()) {
            return self.word(value.as_bytes());
        }
        serde_json::to_writer(&mut *self.out, value).expect("text into memory");
        self
    }

    /// A text of our own, which needs no escaping.
    pub fn word(&mut self, value: impl AsRef<[u8]>) -> &mut Self {
        let value = value.as_ref();
        self.out.reserve(value.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(value);
        self.out.push(b'"');
        self
    }

    /// A text, or `null`.
    pub fn maybe(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.raw("null"),
        }
    }

    /// A text of our own, or `null`.
    pub fn maybe_word(&mut self, value: Option<impl AsRef<[u8]>>) -> &mut Self {
        match value {
            Some(value) => self.word(value),
            None => self.raw("null"),
        }
    }

    /// A number.
    pub fn number(&mut self, value: u64) -> &mut Self {
        let digits = Digits::of(value);
        self.out.extend_from_slice(&digits.text[digits.begin..]);
        self
    }

    /// A number, or `null`.
    pub fn maybe_number(&mut self, value: Option<u64>) -> &mut Self {
        match value {
            Some(value) => self.number(value),
            None => self.raw("null"),
        }
    }
}

/// A number's text, without memory of its own.
pub struct Digits {
    text: [u8; 20],
    begin: usize,
}

impl Digits {
    /// In decimal.
    pub fn of(mut value: u64) -> Digits {
        let (mut text, mut begin) = ([b'0'; 20], 20);
        loop {
            begin -= 1;
            text[begin] += (value % 10) as u8;
            value /= 10;
            if value == 0 {
                return Digits { text, begin };
            }
        }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.text[self.begin..]).expect("digits are ASCII")
    }
}

/// True if JSON has these bytes as they are.
fn is_plain(value: &[u8]) -> bool {
    each_eight(value, |eight| !(any_below(eight, b' ') | any_is(eight, b'"') | any_is(eight, b'\\')))
}

/// Whether all bytes are fine, asked of eight at a time. Some are asked about twice, and of fewer than eight `0` fills up
/// the rest.
pub fn each_eight(bytes: &[u8], fine: impl Fn(u64) -> bool) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        let few = bytes.iter().fold(u64::from_le_bytes([b'0'; 8]), |few, byte| few << 8 | u64::from(*byte));
        return fine(few);
    };
    bytes.as_chunks::<8>().0.iter().chain([last]).all(|eight| fine(u64::from_le_bytes(*eight)))
}

/// Each of eight bytes is this one.
const fn eight_of(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Whether one of eight bytes is less than this one, which is no more than 128.
pub fn any_below(eight: u64, byte: u8) -> bool {
    eight.wrapping_sub(eight_of(byte)) & !eight & eight_of(0x80) != 0
}

/// Whether one of eight bytes is this one.
pub fn any_is(eight: u64, byte: u8) -> bool {
    any_below(eight ^ eight_of(byte), 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
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
        let mut spelling = Spelling::on(&mut out);
        spelling.raw(r#"{"odd":"#).text(odd).raw(r#","none":"#).maybe(None).raw(r#","some":"#).maybe(Some("x"));
        spelling.raw(r#","n":"#).number(7).raw(r#","no":"#).maybe_number(None).raw(r#","t":true,"empty":"#).word("");
        spelling.raw("}");
        let read: Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(read, json!({"odd": odd, "none": null, "some": "x", "n": 7, "no": null, "t": true, "empty": ""}));
    }

    #[test]
    fn numbers_are_spelled_as_everywhere_else() {
        for value in [0, 1, 9, 10, 99, 100, 12_345_678_901, u64::MAX] {
            assert_eq!(Digits::of(value).as_str(), value.to_string());
        }
    }

    proptest! {
        #[test]
        fn eight_bytes_at_a_time_are_judged_as_one_by_one(
            bytes in prop::collection::vec(any::<u8>(), 0..30),
            limit in 0..=b'0',
            forbidden in b'1'..=255,
        ) {
            let fine = |eight| !any_below(eight, limit) && !any_is(eight, forbidden);
            let all = bytes.iter().all(|byte| *byte >= limit && *byte != forbidden);
            prop_assert_eq!(each_eight(&bytes, fine), all);
        }
    }
}
