//! How settings are walked: a value, its place, and the notes taken on the way.
//!
//! Knows JSON and pointers; what a key means is its neighbours' business.

use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::zone;
use crate::model::Fault;

/// What was found wrong or doubtful so far.
#[derive(Default)]
pub(super) struct Notes {
    pub faults: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

impl Notes {
    pub fn fault(&mut self, place: &Path<'_>, code: &str, detail: impl Into<String>) {
        self.faults.push(Fault::new(place.pointer(), code, detail));
    }

    pub fn warn(&mut self, place: &Path<'_>, code: &str, detail: impl Into<String>) {
        self.warnings.push(Fault::new(place.pointer(), code, detail));
    }

    /// Whether a section is faulty already, so that what follows from the fault need not be named as well.
    pub fn faulted_under(&self, pointer: &str) -> bool {
        self.faults.iter().any(|fault| fault.pointer.starts_with(pointer))
    }
}

/// A place in the document; spelled only where something is wrong there.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    pub fn key(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Key(name) }
    }

    pub fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    /// The JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let mut pointer = self.parent.map(Path::pointer).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Index(index) => pointer.push_str(&format!("/{index}")),
        }
        pointer
    }

    fn last_key(&self) -> &'p str {
        match self.step {
            Step::Key(name) => name,
            Step::Root | Step::Index(_) => "",
        }
    }
}

/// An object of the document.
pub(super) struct Object<'v> {
    map: &'v Map<String, Value>,
    pub path: &'v Path<'v>,
}

impl<'v> Object<'v> {
    pub fn read(value: &'v Value, path: &'v Path<'v>, notes: &mut Notes) -> Option<Object<'v>> {
        let map = value.as_object();
        if map.is_none() {
            notes.fault(path, "type", "must be an object");
        }
        Some(Object { map: map?, path })
    }

    /// The object at `path`, which is a key of this one; none if it is absent or faulty.
    pub fn section<'s>(&'s self, path: &'s Path<'s>, notes: &mut Notes) -> Option<Object<'s>> {
        Object::read(self.get(path.last_key())?, path, notes)
    }

    /// The value of a key; `null` is as good as absent.
    pub fn get(&self, key: &str) -> Option<&'v Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Whether the key is there at all, be it `null`.
    pub fn mentions(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// Refuses keys whose promise this build does not keep.
    pub fn refuse(&self, keys: &[&str], notes: &mut Notes) {
        for key in keys.iter().filter(|key| self.get(key).is_some()) {
            notes.fault(&self.path.key(key), "not_supported", "this version does not obey this key yet");
        }
    }

    /// Names keys that are neither known nor judged elsewhere.
    pub fn name_unknown(&self, known: &[&str], judged: &[&[&str]], notes: &mut Notes) {
        for key in self.map.keys().map(String::as_str) {
            if !known.contains(&key) && !judged.iter().any(|keys| keys.contains(&key)) {
                notes.warn(&self.path.key(key), "unknown_key", "kept, but nothing obeys this key");
            }
        }
    }

    /// A value that must be there.
    pub fn required(&self, key: &str, notes: &mut Notes) -> Option<&'v Value> {
        let value = self.get(key);
        if value.is_none() {
            notes.fault(&self.path.key(key), "required", format!("`{key}` is missing"));
        }
        value
    }

    /// True or false; false where absent.
    pub fn flag(&self, key: &str, notes: &mut Notes) -> bool {
        match self.get(key) {
            None => false,
            Some(Value::Bool(set)) => *set,
            Some(_) => {
                notes.fault(&self.path.key(key), "type", "must be true or false");
                false
            }
        }
    }

    /// One of our own words.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], notes: &mut Notes) -> Option<T> {
        let given = self.text(key, usize::MAX, notes)?;
        let known = words.iter().find(|(word, _)| *word == given);
        if known.is_none() {
            let all = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            notes.fault(&self.path.key(key), "unknown_value", format!("must be one of {all}"));
        }
        known.map(|(_, meaning)| *meaning)
    }

    /// One of our own words, which must be there.
    pub fn required_word<T: Copy>(&self, key: &str, words: &[(&str, T)], notes: &mut Notes) -> Option<T> {
        self.required(key, notes)?;
        self.word(key, words, notes)
    }

    /// A text of at most so many characters.
    pub fn text(&self, key: &str, chars_max: usize, notes: &mut Notes) -> Option<&'v str> {
        let place = self.path.key(key);
        match self.get(key)? {
            Value::String(text) if text.len() > chars_max && text.chars().count() > chars_max => {
                notes.fault(&place, "too_long", format!("must have at most {chars_max} characters"));
                None
            }
            Value::String(text) => Some(text),
            _ => {
                notes.fault(&place, "type", "must be a text");
                None
            }
        }
    }

    /// A whole number; `3.0` is one.
    pub fn whole(&self, key: &str, allowed: RangeInclusive<u32>, notes: &mut Notes) -> Option<u32> {
        let place = self.path.key(key);
        let value = self.get(key)?;
        let Some(number) = as_whole(value) else {
            notes.fault(&place, "type", "must be a whole number");
            return None;
        };
        let number = u32::try_from(number).ok().filter(|number| allowed.contains(number));
        if number.is_none() {
            notes.fault(&place, "range", format!("must be from {} to {}", allowed.start(), allowed.end()));
        }
        number
    }

    /// An IANA zone by name.
    pub fn zone(&self, key: &str, notes: &mut Notes) -> Option<TimeZone> {
        let name = self.text(key, usize::MAX, notes)?;
        let zone = zone::named(name);
        if zone.is_none() {
            notes.fault(&self.path.key(key), "timezone", "must be the name of an IANA time zone, as `America/Toronto`");
        }
        zone
    }

    /// A list of at most so many entries; a longer one is not looked into.
    pub fn list(&self, key: &str, entries_max: usize, notes: &mut Notes) -> &'v [Value] {
        match self.get(key) {
            None => &[],
            Some(Value::Array(entries)) => bounded(entries, &self.path.key(key), entries_max, notes),
            Some(_) => {
                notes.fault(&self.path.key(key), "type", "must be a list");
                &[]
            }
        }
    }
}

/// The entries of a list, none of them if there are too many to be meant.
pub(super) fn bounded<'v>(
    entries: &'v [Value],
    place: &Path<'_>,
    entries_max: usize,
    notes: &mut Notes,
) -> &'v [Value] {
    if entries.len() > entries_max {
        notes.fault(place, "too_many", format!("must have at most {entries_max} entries"));
        return &[];
    }
    entries
}

/// A JSON number without a fraction, however it is written.
fn as_whole(value: &Value) -> Option<i128> {
    if let Some(number) = value.as_i64() {
        return Some(number.into());
    }
    if let Some(number) = value.as_u64() {
        return Some(number.into());
    }
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e30)?;
    // Exact: the fraction is zero and the magnitude far below that of i128.
    Some(number as i128)
}
