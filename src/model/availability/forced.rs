//! An override as given: which way, until when, and why.

use jiff::Timestamp;
use serde_json::Value;

use super::reader::{Notes, Object, Path};
use crate::model::{Fault, Forced, Override};

/// Longest note; it is shown in lists and traces.
const NOTE_CHARS_MAX: usize = 500;

const STATES: [(&str, Forced); 2] = [("force-ai", Forced::ForceAi), ("force-fallback", Forced::ForceFallback)];

/// An override that was read, and what is doubtful in it.
#[derive(Clone, Debug)]
pub struct ForcedReading {
    /// The override.
    pub forced: Override,
    /// Unknown keys.
    pub warnings: Vec<Fault>,
}

/// Reads `{state, until, note}`; all faults are reported together.
pub fn read_override(given: &Value) -> Result<ForcedReading, Vec<Fault>> {
    let mut notes = Notes::default();
    match read(given, &mut notes) {
        Some(forced) if notes.faults.is_empty() => Ok(ForcedReading { forced, warnings: notes.warnings }),
        _ => Err(notes.faults),
    }
}

fn read(given: &Value, notes: &mut Notes) -> Option<Override> {
    let root = Path::ROOT;
    let given = Object::read(given, &root, notes)?;
    given.name_unknown(&["state", "until", "note"], &[], notes);
    let state = given.required_word("state", &STATES, notes);
    let until = given.text("until", usize::MAX, notes).and_then(|text| {
        let until = parse_instant(text);
        if until.is_none() {
            notes.fault(&given.path.key("until"), "date_time", "must be an RFC 3339 instant as `2026-12-25T09:00:00Z`");
        }
        until
    });
    let note = given.text("note", NOTE_CHARS_MAX, notes).map(str::to_owned);
    Some(Override { state: state?, until, note })
}

/// An instant as RFC 3339 writes it; jiff alone would also take forms of its own.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (separator, rest) = rest.split_at_checked(1)?;
    let (clock, rest) = rest.split_at_checked(8)?;
    let shaped = fits(date, "dddd-dd-dd") && matches!(separator, "T" | "t" | " ") && fits(clock, "dd:dd:dd");
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if offset.len() == fraction.len() {
                return None;
            }
            offset
        }
    };
    let zulu = matches!(offset, "Z" | "z");
    let numeric = fits(offset, "+dd:dd") || fits(offset, "-dd:dd");
    (shaped && (zulu || numeric)).then(|| text.parse().ok()).flatten()
}

/// Whether a text has the shape: `d` stands for a digit.
fn fits(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_rfc_3339_has_it() {
        for good in [
            "2026-12-25T09:00:00Z",
            "2026-12-25t09:00:00z",
            "2026-12-25T09:00:00.5+05:30",
            "2026-12-25 09:00:00-00:00",
            "2016-12-31T23:59:60Z",
            "2026-12-25T09:00:00.123456789Z",
        ] {
            assert!(parse_instant(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "2026-12-25",
            "2026-12-25T09:00Z",
            "2026-12-25T09:00:00",
            "2026-12-25T09:00:00+05",
            "2026-12-25T09:00:00.Z",
            "2026-12-25T09:00:00Z[UTC]",
            "20261225T090000Z",
            "2026-02-30T09:00:00Z",
            "2026-12-25T25:00:00Z",
            "2026-12-25T09:00:00+0530",
            "2026-12-25T09:00:0０Z",
            "ééééééééééééééé",
        ] {
            assert!(parse_instant(bad).is_none(), "{bad}");
        }
    }
}
