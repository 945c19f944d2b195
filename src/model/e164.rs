//! Telephone numbers in E.164 form, packed into a word: the directory's key.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize, Serializer};

/// A number in E.164 form: `+` and 7 to 15 digits. Whether it is assigned is not checked.
///
/// Kept as a word whose first decimal digit is a sentinel, so that leading zeros survive, and that is never zero, so
/// that having none takes no more room. `Debug` masks it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct E164(NonZeroU64);

/// The text is no E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number: `+` and 7 to 15 digits")]
pub struct NotE164;

impl E164 {
    /// Reads `+` and 7 to 15 digits, nothing else.
    pub fn parse(raw: &str) -> Result<E164, NotE164> {
        let digits = raw.strip_prefix('+').ok_or(NotE164)?;
        let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if !only_digits || !(7..=15).contains(&digits.len()) {
            return Err(NotE164);
        }
        let packed = digits.bytes().fold(1u64, |number, byte| number * 10 + u64::from(byte - b'0'));
        NonZeroU64::new(packed).map(E164).ok_or(NotE164)
    }

    /// The key under which tables keep this number.
    pub fn packed(self) -> u64 {
        self.0.get()
    }

    /// The number with its middle hidden, for logs: `+1647•••0123`.
    pub fn masked(self) -> Masked {
        Masked(self)
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Spelled::of(*self).as_str())
    }
}

/// A number's text, without memory of its own.
struct Spelled {
    text: [u8; 16],
    begin: usize,
}

impl Spelled {
    fn of(number: E164) -> Spelled {
        let mut text = [0; 16];
        let (mut left, mut begin) = (number.0.get(), text.len());
        // What is left at the end is the sentinel.
        while left >= 10 {
            begin -= 1;
            text[begin] = b'0' + u8::try_from(left % 10).expect("a digit");
            left /= 10;
        }
        begin -= 1;
        text[begin] = b'+';
        Spelled { text, begin }
    }

    fn as_str(&self) -> &str {
        str::from_utf8(&self.text[self.begin..]).expect("a plus and digits")
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.masked(), f)
    }
}

impl TryFrom<String> for E164 {
    type Error = NotE164;
    fn try_from(raw: String) -> Result<Self, NotE164> {
        E164::parse(&raw)
    }
}

impl Serialize for E164 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Spelled::of(*self).as_str())
    }
}

impl From<E164> for String {
    fn from(number: E164) -> String {
        number.to_string()
    }
}

/// What carriers and Twilio send in place of a hidden number: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE
/// on a telephone's keys. They look like numbers and are nobody's.
pub fn is_withheld(from: &str) -> bool {
    matches!(from, "+266696687" | "+7378742833" | "+2562533" | "+8656696" | "+86282452253")
}

/// A number as logs may show it.
#[derive(Clone, Copy)]
pub struct Masked(E164);

impl Masked {
    /// Appends it, without the detour over a formatter.
    pub fn write_to(self, out: &mut impl fmt::Write) -> fmt::Result {
        let spelled = Spelled::of(self.0);
        let text = spelled.as_str();
        let shown = if text.len() > 10 { 4 } else { 2 };
        for part in [&text[..=shown], "•••", &text[text.len() - shown..]] {
            out.write_str(part)?;
        }
        Ok(())
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_to_fifteen_digits_after_a_plus() {
        for good in ["+1234567", "+123456789012345", "+0000000", "+16475550123"] {
            assert_eq!(E164::parse(good).map(|number| number.to_string()).as_deref(), Ok(good));
        }
        for bad in ["", "+", "+123456", "+1234567890123456", "16475550123", "+1 647", "+1647555012a", "+１２３４５６７"]
        {
            assert_eq!(E164::parse(bad), Err(NotE164), "{bad}");
        }
    }

    #[test]
    fn debug_output_hides_the_middle() {
        let number = E164::parse("+16475550123").expect("a number");
        assert_eq!(format!("{number:?}"), "+1647•••0123");
    }
}
