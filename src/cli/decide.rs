//! `patchbay decide`: questions in, decisions out, one JSON document a line, offline.
//!
//! The same engine answers here as on the call path. A bad line is answered in its place, so that the n-th answer
//! always belongs to the n-th question; what is read at a time is bounded, however long the input.

use std::io::{self, BufRead, BufWriter, ErrorKind, Write};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::availability::{Availability, Strictness, parse_instant, read_override, zone};
use crate::model::{Fault, Override, Reason};
use crate::routing::{Rules, Traced, decide, next_change};

/// Longest line that is read; the largest settings anybody means are far smaller.
const LINE_BYTES_MAX: usize = 1024 * 1024;

/// Most faults told in the sentence of one answer; the list beside it holds them all.
const FAULTS_TOLD_MAX: usize = 5;

pub(super) const HELP: &str = r#"Each line on standard input is a question:
  {"availability":{"mode":"always"},"timezone":"America/Toronto","at":"2026-12-25T09:00:00Z","activeCalls":3}
`timezone` may be left out; `availability` may hold an `override`. Each is answered in its place on standard output:
  {"available":true,"reason":"always-on","trace":[…],"nextChange":null}
A line that cannot be answered gets {"error":{"code","message"}}, and the exit code is 1 at the end."#;

const KNOWN: [&str; 5] = ["availability", "timezone", "at", "activeCalls", "alreadyOverflowed"];

/// Answers every line of `input`; true if some line could not be answered.
///
/// Answers leave whenever the input at hand is used up, so a program may ask, wait and ask again.
pub fn run(mut input: impl BufRead, output: impl Write) -> io::Result<bool> {
    let mut answers = Answers { output: BufWriter::new(output), blank_before: false, failed: false };
    let mut line = Line::default();
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            break;
        }
        let bytes = chunk.len();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            line.extend(piece);
            if piece.ends_with(b"\n") {
                answers.answer(&line)?;
                line.clear();
            }
        }
        input.consume(bytes);
        answers.output.flush()?;
    }
    if line != Line::default() {
        answers.answer(&line)?;
    }
    answers.output.flush()?;
    Ok(answers.failed)
}

/// A line as far as it was read; of one that is too long only the fact is kept.
#[derive(Default, PartialEq)]
struct Line {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Line {
    fn extend(&mut self, piece: &[u8]) {
        let text = piece.strip_suffix(b"\n").unwrap_or(piece);
        if self.bytes.len() + text.len() > LINE_BYTES_MAX {
            self.too_long = true;
            self.bytes.clear();
        }
        if !self.too_long {
            self.bytes.extend_from_slice(text);
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.too_long = false;
    }

    fn is_blank(&self) -> bool {
        !self.too_long && self.bytes.iter().all(u8::is_ascii_whitespace)
    }
}

/// What is written, in the order of the questions.
struct Answers<W: Write> {
    output: BufWriter<W>,
    /// The last line was blank: a fault, unless it was the last of all.
    blank_before: bool,
    failed: bool,
}

impl<W: Write> Answers<W> {
    fn answer(&mut self, line: &Line) -> io::Result<()> {
        if std::mem::take(&mut self.blank_before) {
            self.write(Err(Refusal::of("empty_line", "the line is empty")))?;
        }
        if line.is_blank() {
            self.blank_before = true;
            return Ok(());
        }
        if line.too_long {
            let limit = format!("the line has more than {LINE_BYTES_MAX} bytes");
            return self.write(Err(Refusal::of("line_too_long", limit)));
        }
        self.write(answer(&line.bytes))
    }

    fn write(&mut self, answer: Result<Answer, Refusal>) -> io::Result<()> {
        match answer {
            Ok(answer) => serde_json::to_writer(&mut self.output, &answer)?,
            Err(error) => {
                self.failed = true;
                serde_json::to_writer(&mut self.output, &Refused { error })?;
            }
        }
        self.output.write_all(b"\n")
    }
}

/// A decision, explained.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    available: bool,
    reason: Reason,
    trace: Vec<Traced>,
    next_change: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Fault>,
}

/// The answer to a line that asks nothing that can be answered.
#[derive(Serialize)]
struct Refused {
    error: Refusal,
}

#[derive(Serialize)]
struct Refusal {
    /// The code of the first fault.
    code: String,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
}

impl Refusal {
    fn of(code: &str, message: impl Into<String>) -> Refusal {
        Refusal { code: code.to_owned(), message: message.into(), errors: Vec::new() }
    }

    fn faults(errors: Vec<Fault>) -> Refusal {
        let code = errors.first().map_or_else(|| "invalid".to_owned(), |fault| fault.code.clone());
        let told = errors.iter().take(FAULTS_TOLD_MAX).map(|fault| format!("{}: {}", fault.pointer, fault.detail));
        let mut message = told.collect::<Vec<_>>().join("; ");
        if errors.len() > FAULTS_TOLD_MAX {
            message.push_str(&format!("; and {} more", errors.len() - FAULTS_TOLD_MAX));
        }
        Refusal { code, message, errors }
    }
}

/// A question that was read and found whole.
struct Question {
    rules: Rules,
    at: Timestamp,
    active_calls: u32,
    already_overflowed: bool,
    warnings: Vec<Fault>,
}

fn answer(line: &[u8]) -> Result<Answer, Refusal> {
    let given = serde_json::from_slice(line).map_err(|error| Refusal::of("json", format!("not JSON: {error}")))?;
    let Value::Object(given) = given else { return Err(Refusal::of("type", "the line must hold an object")) };
    let question = read(given).map_err(Refusal::faults)?;
    let Question { rules, at, active_calls, already_overflowed, warnings } = question;
    let mut trace = Vec::new();
    let decision = decide(&rules, active_calls, already_overflowed, at, &mut trace);
    let next_change = next_change(&rules, active_calls, already_overflowed, at);
    Ok(Answer { available: decision.available, reason: decision.reason, trace, next_change, warnings })
}

/// Reads a question, every fault of it together.
fn read(mut given: Map<String, Value>) -> Result<Question, Vec<Fault>> {
    let mut availability = given.remove("availability");
    let forced = availability.as_mut().and_then(Value::as_object_mut).and_then(|settings| settings.remove("override"));
    let mut reader = Reader { given, faults: Vec::new(), warnings: Vec::new() };
    let availability = reader.availability(availability.filter(|given| !given.is_null()));
    let forced = reader.forced(forced.filter(|given| !given.is_null()));
    let tenant_zone = reader.zone();
    let at = reader.at();
    let active_calls = reader.active_calls();
    let already_overflowed = reader.already_overflowed();
    reader.name_unknown();

    let Reader { faults, warnings, .. } = reader;
    match (availability, at, active_calls) {
        (Some(availability), Some(at), Some(active_calls)) if faults.is_empty() => {
            let (rules, _) = Rules::compile(&availability, forced.as_ref(), &tenant_zone);
            Ok(Question { rules, at, active_calls, already_overflowed, warnings })
        }
        _ => Err(faults),
    }
}

/// A question on its way to being read.
struct Reader {
    given: Map<String, Value>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Reader {
    fn availability(&mut self, given: Option<Value>) -> Option<Availability> {
        let Some(given) = given else {
            self.fault("/availability", "required", "`availability` is missing");
            return None;
        };
        match Availability::read(&given, Strictness::Stored) {
            Ok(reading) => {
                self.warnings.extend(below("/availability", reading.warnings));
                Some(reading.availability)
            }
            Err(faults) => {
                self.faults.extend(below("/availability", faults));
                None
            }
        }
    }

    fn forced(&mut self, given: Option<Value>) -> Option<Override> {
        match read_override(&given?) {
            Ok(reading) => {
                self.warnings.extend(below("/availability/override", reading.warnings));
                Some(reading.forced)
            }
            Err(faults) => {
                self.faults.extend(below("/availability/override", faults));
                None
            }
        }
    }

    /// The tenant's zone; empty where none is given.
    fn zone(&mut self) -> String {
        match self.get("timezone") {
            None => String::new(),
            Some(Value::String(name)) if zone::named(name).is_some() => name.clone(),
            Some(_) => {
                self.fault("/timezone", "timezone", "must be the name of an IANA time zone, as `America/Toronto`");
                String::new()
            }
        }
    }

    fn at(&mut self) -> Option<Timestamp> {
        let Some(given) = self.get("at") else {
            self.fault("/at", "required", "`at` is missing");
            return None;
        };
        let at = given.as_str().and_then(parse_instant);
        if at.is_none() {
            self.fault("/at", "date_time", "must be an RFC 3339 instant as `2026-12-25T09:00:00Z`");
        }
        at
    }

    /// A count beyond what is counted is the highest there is.
    fn active_calls(&mut self) -> Option<u32> {
        let Some(given) = self.get("activeCalls") else {
            self.fault("/activeCalls", "required", "`activeCalls` is missing");
            return None;
        };
        let count = given.as_u64().map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        if count.is_none() {
            self.fault("/activeCalls", "type", "must be a whole number, zero or more");
        }
        count
    }

    fn already_overflowed(&mut self) -> bool {
        match self.get("alreadyOverflowed") {
            None => false,
            Some(Value::Bool(already)) => *already,
            Some(_) => {
                self.fault("/alreadyOverflowed", "type", "must be true or false");
                false
            }
        }
    }

    fn name_unknown(&mut self) {
        for key in self.given.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
            let pointer = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            self.warnings.push(Fault::new(pointer, "unknown_key", "nothing obeys this key"));
        }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.given.get(key).filter(|value| !value.is_null())
    }

    fn fault(&mut self, pointer: &str, code: &str, detail: &str) {
        self.faults.push(Fault::new(pointer, code, detail));
    }
}

/// Notes taken inside a part of the question, with their place in the whole.
fn below(place: &str, notes: Vec<Fault>) -> impl Iterator<Item = Fault> {
    notes.into_iter().map(move |note| Fault { pointer: format!("{place}{}", note.pointer), ..note })
}

#[cfg(test)]
mod tests;
