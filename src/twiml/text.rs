//! Text that somebody gave, made fit to be spoken: without what XML forbids, in pieces short enough for `<Say>`.
//!
//! Escaping is left to the writer.

use std::borrow::Cow;

use super::escape::{first, is_legal, may_be_illegal};

/// Longest text of one `<Say>`. Twilio takes 4096 bytes of its basic voices, 5000 of Google's and 3000 of Polly's.
const SAY_BYTES_MAX: usize = 3_000;

/// Longest text of one `<Say>` as a URL would encode it.
const SAY_ENCODED_MAX: usize = 4_500;

/// Most pieces a text is cut into; what is left after them (20 minutes of speech) is not spoken. With every character
/// escaped they stay below the 64,000 bytes of a document.
const PIECES_MAX: usize = 6;

/// The text without the characters XML 1.0 forbids even when escaped; everything else stays.
pub fn legal(text: &str) -> Cow<'_, str> {
    let suspicious = first(text.as_bytes(), may_be_illegal).is_some();
    if suspicious && !text.chars().all(is_legal) {
        return Cow::Owned(text.chars().filter(|letter| is_legal(*letter)).collect());
    }
    Cow::Borrowed(text)
}

/// The text in pieces for one `<Say>` each, cut after a sentence where there is one, else between words. None of them
/// is blank.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut left = text;
    std::iter::from_fn(move || {
        left = left.trim_start();
        if left.is_empty() {
            return None;
        }
        let (piece, rest) = left.split_at(cut(left));
        left = rest;
        Some(piece.trim_end())
    })
    .take(PIECES_MAX)
}

/// Where a piece ends: as late as the limits allow.
fn cut(text: &str) -> usize {
    if text.len() <= SAY_BYTES_MAX.min(SAY_ENCODED_MAX / 3) {
        return text.len();
    }
    let (mut encoded, mut sentence, mut word) = (0, 0, 0);
    for (at, letter) in text.char_indices() {
        encoded += encoded_len(letter);
        if at + letter.len_utf8() > SAY_BYTES_MAX || encoded > SAY_ENCODED_MAX {
            return [sentence, word, at].into_iter().find(|place| *place > 0).unwrap_or(at);
        }
        let after = at + letter.len_utf8();
        if letter.is_whitespace() {
            word = after;
        }
        if matches!(letter, '.' | '!' | '?' | '。' | '！' | '？' | '\n') {
            sentence = after;
        }
    }
    text.len()
}

fn encoded_len(letter: char) -> usize {
    let stays = letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '~' | ' ');
    if stays { 1 } else { 3 * letter.len_utf8() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_xml_forbids_goes_and_everything_else_stays() {
        for (given, expected) in [
            ("a\0b\u{1}c\u{8}d\u{b}\u{c}\u{e}\u{1f}e", "abcde"),
            ("\u{fffe}x\u{ffff}", "x"),
            ("tab\tline\nreturn\r", "tab\tline\nreturn\r"),
            ("]]> & <b> \"quoted\" 'too'", "]]> & <b> \"quoted\" 'too'"),
            ("🦷 שלום مرحبا \u{202e}rtl\u{200f}", "🦷 שלום مرحبا \u{202e}rtl\u{200f}"),
            ("\u{7f}\u{85}\u{fffd}\u{10ffff}", "\u{7f}\u{85}\u{fffd}\u{10ffff}"),
        ] {
            assert_eq!(legal(given), expected);
        }
    }

    #[test]
    fn long_texts_are_cut_after_sentences_then_between_words_then_anywhere() {
        let sentence = format!("{} end.", "word ".repeat(200));
        let spoken: Vec<&str> = pieces(&sentence).collect();
        assert_eq!(spoken, [sentence.as_str()]);
        let long = format!("{sentence} ").repeat(4);
        assert!(pieces(&long).all(|piece| piece.ends_with("end.")));
        let unpunctuated = "word ".repeat(1_000);
        assert!(pieces(&unpunctuated).all(|piece| piece.split(' ').all(|word| word == "word")));
        assert_eq!(pieces(&"x".repeat(3_001)).map(str::len).collect::<Vec<_>>(), [3_000, 1]);
        assert_eq!(pieces(&"&".repeat(1_501)).map(str::len).collect::<Vec<_>>(), [1_500, 1]);
        assert_eq!(pieces(&"x".repeat(100_000)).count(), PIECES_MAX);
        assert_eq!(pieces(" \n\t ").count(), 0);
    }

    proptest! {
        #[test]
        fn every_piece_fits_and_nothing_but_blanks_is_lost(text in "(\\PC|[ .&<🦷\n]){0,4000}") {
            let spoken: Vec<&str> = pieces(&text).collect();
            for piece in &spoken {
                prop_assert!(!piece.trim().is_empty() && piece.len() <= SAY_BYTES_MAX);
                prop_assert!(piece.chars().map(encoded_len).sum::<usize>() <= SAY_ENCODED_MAX);
            }
            if spoken.len() < PIECES_MAX {
                let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                prop_assert_eq!(letters(&spoken.concat()), letters(&text));
            }
        }
    }
}
