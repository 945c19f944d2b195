//! Text on its way into a document: what XML forbids is left out, what means something to it is escaped.
//!
//! Nearly every text passes as it stands, so sixteen bytes are looked at together before any of them alone.

/// Appends text between tags.
pub(super) fn push_text(document: &mut String, text: &str) {
    push::<false>(document, text);
}

/// Appends text between double quotes. There blanks other than a space are written by their codes: a reader would make
/// spaces of them. Between tags that is as well.
pub(super) fn push_attribute(document: &mut String, text: &str) {
    push::<true>(document, text);
}

fn push<const IN_ATTRIBUTE: bool>(document: &mut String, text: &str) {
    let mut rest = text;
    while let Some(place) = first(rest.as_bytes(), is_special::<IN_ATTRIBUTE>) {
        let (plain, special) = rest.split_at(place);
        document.push_str(plain);
        let mut letters = special.chars();
        // A byte that is special begins a character, or is the first of one that may be.
        if let Some(letter) = letters.next() {
            push_special(document, letter);
        }
        rest = letters.as_str();
    }
    document.push_str(rest);
}

fn push_special(document: &mut String, letter: char) {
    document.push_str(match letter {
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        '\'' => "&apos;",
        '"' => "&quot;",
        '\t' => "&#9;",
        '\n' => "&#10;",
        '\r' => "&#13;",
        _ if is_legal(letter) => return document.push(letter),
        _ => "",
    });
}

/// Whether XML 1.0 has any way to carry a character.
pub(super) fn is_legal(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => true,
        '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// What may begin a character that XML has no way to carry.
pub(super) fn may_be_illegal(byte: u8) -> bool {
    // U+FFFE and U+FFFF begin with EF, as do some thousand others.
    ((byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')) | (byte == 0xef)
}

fn is_special<const IN_ATTRIBUTE: bool>(byte: u8) -> bool {
    let everywhere = may_be_illegal(byte) | (byte == b'<') | (byte == b'>') | (byte == b'&');
    everywhere | (IN_ATTRIBUTE & ((byte < 0x20) | (byte == b'\'') | (byte == b'"')))
}

/// The place of the first byte that is special.
pub(super) fn first(bytes: &[u8], is_special: impl Fn(u8) -> bool) -> Option<usize> {
    // Without a way out in the middle, so that the compiler looks at the sixteen at once.
    let is_plain = |block: &[u8; 16]| !block.iter().fold(false, |any, byte| any | is_special(*byte));
    let plain = bytes.as_chunks::<16>().0.iter().take_while(|block| is_plain(block)).count();
    let begin = plain * 16;
    // The rest together with some of what was looked at already.
    if bytes.len() - begin < 16 && bytes.last_chunk().is_some_and(is_plain) {
        return None;
    }
    bytes[begin..].iter().position(|byte| is_special(*byte)).map(|place| begin + place)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::escape::unescape;

    use super::*;

    fn text(given: &str) -> String {
        let mut document = String::new();
        push_text(&mut document, given);
        document
    }

    fn attribute(given: &str) -> String {
        let mut document = String::new();
        push_attribute(&mut document, given);
        document
    }

    #[test]
    fn what_means_something_to_xml_is_escaped() {
        assert_eq!(text("a<b>&\"c'\t\n"), "a&lt;b&gt;&amp;\"c'\t\n");
        assert_eq!(attribute("a<b>&\"c'\t\n\r"), "a&lt;b&gt;&amp;&quot;c&apos;&#9;&#10;&#13;");
    }

    #[test]
    fn what_xml_forbids_is_left_out_and_its_neighbours_stay() {
        assert_eq!(text("a\0b\u{1f}c\u{fffe}d\u{ffff}e\u{fffd}f\u{feff}"), "abcde\u{fffd}f\u{feff}");
        assert_eq!(attribute("\u{b}🦷\u{ff21}"), "🦷\u{ff21}");
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_legal(given in "(\\PC|[\0\u{1}\t\n\r<>&\"'\u{fffe}\u{ffff}\u{ff01}🦷]){0,80}") {
            let legal: String = given.chars().filter(|letter| is_legal(*letter)).collect();
            for written in [text(&given), attribute(&given)] {
                prop_assert!(!written.contains(['<', '>']));
                prop_assert_eq!(unescape(&written).expect("well escaped").into_owned(), legal.clone());
            }
            prop_assert!(!attribute(&given).contains(['"', '\'', '\t', '\n', '\r']));
        }
    }
}
