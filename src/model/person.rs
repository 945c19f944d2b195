//! A person, known by a telephone number, however a provider wrote it.
//!
//! Pure: where persons stand in what is kept is the store's business.

use super::{E164, Record};

/// Somebody whose number this is.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    number: E164,
    digits: String,
}

/// What stands before a number dialled abroad in place of the plus: most of the world, North America.
const DIALLED_ABROAD: [&str; 2] = ["00", "011"];

/// The schemes of addresses that name a number.
const SCHEMES: [&str; 3] = ["sip:", "sips:", "tel:"];

/// What ends the number within an address: host, parameters, the end of brackets, headers.
const ENDS: [char; 5] = ['@', ';', '>', '?', ','];

/// What people put between digits.
const BETWEEN: [char; 5] = ['-', '.', '(', ')', ' '];

impl Person {
    /// Whoever has this number.
    pub fn new(number: E164) -> Person {
        let digits = number.to_string().trim_start_matches('+').to_owned();
        Person { number, digits }
    }

    /// Their number.
    pub fn number(&self) -> E164 {
        self.number
    }

    /// Its digits, country code first.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// The ways to write the number with nothing but digits and a plus, which an index finds as they stand.
    pub fn plain_spellings(&self) -> [String; 4] {
        let digits = &self.digits;
        [format!("+{digits}"), digits.clone(), format!("00{digits}"), format!("011{digits}")]
    }

    /// Is it this person's number that is written there: alone, in a SIP or tel address, with a plus, `%2B` or none?
    pub fn is_written(&self, raw: &str) -> bool {
        let decoded = undo_percent(raw);
        let lower = decoded.to_ascii_lowercase();
        let begin = SCHEMES.iter().filter_map(|scheme| lower.rfind(scheme).map(|at| at + scheme.len())).max();
        let rest = &lower[begin.unwrap_or(0)..];
        let user = rest.split(ENDS).next().unwrap_or_default();
        let written: String = user.chars().filter(|letter| !BETWEEN.contains(letter)).collect();
        let bare = written.trim_start_matches('+');
        bare == self.digits || DIALLED_ABROAD.iter().any(|prefix| bare.strip_prefix(prefix) == Some(&self.digits))
    }

    /// Does this record name the person, as its caller, or as the one called on no line of ours?
    pub fn is_in(&self, record: &Record) -> bool {
        match record {
            Record::CallBegan(began) => {
                self.is_written(&began.from) || (began.number_id.is_none() && self.is_written(&began.to))
            }
            Record::Voicemail(news) => news.from.as_deref().is_some_and(|from| self.is_written(from)),
            Record::CallEvent(_) | Record::CallEnded(_) | Record::AiReport(_) => false,
        }
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Person").field(&self.number).finish()
    }
}

/// The text with `%2B` and its like undone, where that makes ASCII.
fn undo_percent(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('%') {
        let hex = rest.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        text.push_str(&rest[..at]);
        match code {
            Some(code) => {
                text.push(char::from(code));
                rest = &rest[at + 3..];
            }
            None => {
                text.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person() -> Person {
        Person::new(E164::parse("+16475550111").expect("a number"))
    }

    #[test]
    fn a_number_is_known_however_a_provider_wrote_it() {
        for raw in [
            "+16475550111",
            "16475550111",
            "0016475550111",
            "01116475550111",
            " +16475550111",
            "%2B16475550111",
            "%2b16475550111",
            "sip:+16475550111@pbx.example.com",
            "SIP:16475550111@pbx.example.com;transport=tls",
            "sips:%2B16475550111@pbx.example.com:5061",
            "sip:+16475550111;phone-context=x@pbx.example.com",
            "\"Ann Example\" <sip:+16475550111@pbx.example.com>",
            "<sip:+16475550111>",
            "tel:+1-647-555-0111",
            "+1 (647) 555-0111",
            "+1.647.555.0111",
        ] {
            assert!(person().is_written(raw), "{raw}");
        }
    }

    #[test]
    fn another_number_is_another_person() {
        for raw in [
            "",
            "+",
            "anonymous",
            "+16475550112",
            "+164755501110",
            "+916475550111",
            "6475550111",
            "sip:reception@16475550111.example.com",
            "sip:x16475550111@pbx.example.com",
            "+1647555011",
            "%",
            "%2",
            "%zz16475550111x",
        ] {
            assert!(!person().is_written(raw), "{raw}");
        }
    }

    #[test]
    fn debug_output_hides_the_middle() {
        assert_eq!(format!("{:?}", person()), "Person(+1647•••0111)");
    }

    proptest! {
        #[test]
        fn nothing_that_is_written_makes_it_fail(raw in ".{0,40}", odd in "[%+0-9a-fsip:@;<>]{0,30}") {
            let _ = (person().is_written(&raw), person().is_written(&odd));
        }

        #[test]
        fn every_plain_spelling_is_known(digits in "[1-9][0-9]{6,14}") {
            let person = Person::new(E164::parse(&format!("+{digits}")).expect("a number"));
            for spelling in person.plain_spellings() {
                prop_assert!(person.is_written(&spelling));
            }
        }
    }
}
