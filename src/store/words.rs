//! What somebody looks for, told by how it is written: an identifier, a whole number, the end of one, or words.

use std::borrow::Cow;

use crate::model::E164;

/// What the words of a search are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Words<'a> {
    /// A provider's identifier, whole.
    Sid(&'a str),
    /// A whole number.
    Number(E164),
    /// Digits that a number ends in, as people remember or copy it: four at least, punctuation left out.
    End(Cow<'a, str>),
    /// Anything else, looked for anywhere as it stands.
    Text(&'a str),
}

/// Fewest digits that are taken for the end of a number.
pub(crate) const END_DIGITS_MIN: usize = 4;

/// What these words are.
pub(crate) fn of(words: &str) -> Words<'_> {
    if is_sid(words) {
        return Words::Sid(words);
    }
    let Some(digits) = digits_of(words) else { return Words::Text(words) };
    match E164::parse(&digits) {
        Ok(number) => Words::Number(number),
        Err(_) if digits.len() >= END_DIGITS_MIN && !digits.starts_with('+') => Words::End(digits),
        Err(_) => Words::Text(words),
    }
}

/// Twilio's identifiers are two capitals and 32 hex digits; Vapi's are UUIDs.
fn is_sid(words: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (kind, rest) = words.split_at_checked(2).unwrap_or_default();
    let twilios = words.len() == 34 && kind.bytes().all(|byte| byte.is_ascii_uppercase()) && hex(rest);
    let groups = || words.split('-');
    let uuid = words.len() == 36 && groups().all(hex) && groups().map(str::len).eq([8, 4, 4, 4, 12]);
    twilios || uuid
}

/// The digits of a number written as people write them, (647) 555-0123: a leading plus is kept.
pub(crate) fn digits_of(words: &str) -> Option<Cow<'_, str>> {
    let (plus, rest) = words.split_at(usize::from(words.starts_with('+')));
    let plain = rest.chars().all(|letter| letter.is_ascii_digit() || " ()-./".contains(letter));
    let digits = || rest.chars().filter(char::is_ascii_digit);
    if !plain || digits().next().is_none() {
        return None;
    }
    let as_it_stands = digits().count() == rest.len();
    Some(if as_it_stands { Cow::Borrowed(words) } else { plus.chars().chain(digits()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_for_what_they_look_like() {
        let number = E164::parse("+16475550123").expect("a number");
        let sid = "CA0123456789abcdef0123456789abcdef";
        let uuid = "01234567-89ab-cdef-0123-456789abcdef";
        let end = |digits: &'static str| Words::End(Cow::Borrowed(digits));
        for (words, expected) in [
            (sid, Words::Sid(sid)),
            (uuid, Words::Sid(uuid)),
            (&sid[..33], Words::Text(&sid[..33])),
            ("+16475550123", Words::Number(number)),
            ("16475550123", end("16475550123")),
            ("0123", end("0123")),
            ("555-0123", end("5550123")),
            ("(647) 555.0123", end("6475550123")),
            ("123", Words::Text("123")),
            ("1-2", Words::Text("1-2")),
            ("+1 647 555-0123", Words::Number(number)),
            ("+1647", Words::Text("+1647")),
            ("+", Words::Text("+")),
            ("--", Words::Text("--")),
            ("smile dental", Words::Text("smile dental")),
            ("é", Words::Text("é")),
        ] {
            assert_eq!(of(words), expected, "{words}");
        }
    }
}
