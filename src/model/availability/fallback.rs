//! `fallback`: what happens to a call the AI does not take.

use serde_json::Value;

use super::reader::{Notes, Object, Path, bounded};
use crate::model::{E164, Fallback, FallbackKind, NoAnswer, Ring};

/// Most numbers to ring: Twilio dials ten nouns in one `<Dial>`.
const FORWARD_MAX: usize = 10;

/// Longest greeting: what Twilio says in one `<Say>` with the stricter of its voices.
const GREETING_CHARS_MAX: usize = 3_000;

const KINDS: [(&str, FallbackKind); 3] = [
    ("voicemail", FallbackKind::Voicemail),
    ("forward", FallbackKind::Forward),
    ("busy-signal", FallbackKind::BusySignal),
];

const RINGS: [(&str, Ring); 2] = [("together", Ring::Together), ("in-turn", Ring::InTurn)];

const NO_ANSWERS: [(&str, NoAnswer); 3] =
    [("voicemail", NoAnswer::Voicemail), ("busy-signal", NoAnswer::BusySignal), ("ai", NoAnswer::Ai)];

const KNOWN: [&str; 8] =
    ["type", "forwardNumber", "voicemailGreeting", "ring", "acceptKey", "noAnswer", "transcribe", "reject"];

/// Reads the section; voicemail where there is none.
pub(super) fn read(settings: &Object<'_>, notes: &mut Notes) -> Fallback {
    let path = settings.path.key("fallback");
    let standard = Fallback::default();
    let Some(given) = settings.section(&path, notes) else { return standard };
    given.name_unknown(&KNOWN, &[], notes);
    let kind = given.required_word("type", &KINDS, notes).unwrap_or(standard.kind);
    Fallback {
        kind,
        forward: read_forward(&given, kind, notes),
        ring: given.word("ring", &RINGS, notes).unwrap_or(standard.ring),
        accept_key: given.flag("acceptKey", notes),
        no_answer: given.word("noAnswer", &NO_ANSWERS, notes).unwrap_or(standard.no_answer),
        greeting: read_greeting(&given, notes),
        transcribe: given.flag("transcribe", notes),
        reject: given.flag("reject", notes),
    }
}

/// One number or a list of them. Where nothing is forwarded an empty text is a form left blank, not a fault.
fn read_forward(given: &Object<'_>, kind: FallbackKind, notes: &mut Notes) -> Vec<E164> {
    let path = given.path.key("forwardNumber");
    let mut numbers = Vec::new();
    match given.get("forwardNumber") {
        None => {}
        Some(Value::String(text)) if text.is_empty() && kind != FallbackKind::Forward => {}
        Some(Value::Array(entries)) => {
            for (index, entry) in bounded(entries, &path, FORWARD_MAX, notes).iter().enumerate() {
                read_number(entry, &path.index(index), &mut numbers, notes);
            }
        }
        Some(entry) => read_number(entry, &path, &mut numbers, notes),
    }
    if kind == FallbackKind::Forward && numbers.is_empty() && !notes.faulted_under(&path.pointer()) {
        notes.fault(&path, "required", "a forward needs a number to ring");
    }
    numbers
}

fn read_number(entry: &Value, place: &Path<'_>, numbers: &mut Vec<E164>, notes: &mut Notes) {
    let Value::String(text) = entry else {
        notes.fault(place, "type", "must be a number as `+16475550123`");
        return;
    };
    match E164::parse(text) {
        Err(_) => notes.fault(place, "e164", "must be an E.164 number: `+` and 7 to 15 digits"),
        Ok(number) if numbers.contains(&number) => {
            notes.warn(place, "duplicate", "is in the list already and rings only once");
        }
        Ok(number) => numbers.push(number),
    }
}

/// Nothing but blanks is no greeting: the standard one is said.
fn read_greeting(given: &Object<'_>, notes: &mut Notes) -> Option<String> {
    let text = given.text("voicemailGreeting", GREETING_CHARS_MAX, notes)?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}
