//! Takes typed values out of the layers and takes note of every fault on the way.
//!
//! A fault does not stop the reading: the default stands in until all is read, and then nobody gets to see it.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::fault::{Faults, Origin, SettingFault};
use super::layers::{Given, Layers, Raw};

/// Why a text is no value of its kind. Lower case, without a full stop; of a secret it must not quote anything.
pub(super) type Refusal = String;

/// The layers, and what was asked of them.
#[derive(Debug)]
pub(super) struct Reader {
    layers: Layers,
    defaults: Layers,
    asked: BTreeSet<&'static str>,
    faults: Vec<SettingFault>,
}

impl Reader {
    pub fn new(mut layers: Layers) -> Reader {
        let faults = std::mem::take(&mut layers.faults);
        Reader { layers, defaults: Layers::defaults(), asked: BTreeSet::new(), faults }
    }

    /// A text that has a default.
    pub fn text<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, Refusal>) -> T {
        self.required(key, |raw| as_text(raw).and_then(&parse))
    }

    /// A text that may be absent.
    pub fn optional_text<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, Refusal>) -> Option<T> {
        self.optional(key, |raw| as_text(raw).and_then(&parse))
    }

    /// A list of texts: a list, a single text, or a variable with commas.
    pub fn list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, Refusal>) -> Vec<T> {
        let parsed = self.optional(key, |raw| Ok(as_list(raw)?.into_iter().map(&parse).collect::<Vec<_>>()));
        let mut list = Vec::new();
        for item in parsed.unwrap_or_default() {
            match item {
                Ok(value) => list.push(value),
                Err(detail) => self.fault(key, detail),
            }
        }
        list
    }

    /// A whole number that has a default.
    pub fn number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> u32 {
        self.required(key, |raw| as_number(raw, &range))
    }

    /// A whole number that may be absent.
    pub fn optional_number(&mut self, key: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        self.optional(key, |raw| as_number(raw, &range))
    }

    /// A flag that has a default.
    pub fn flag(&mut self, key: &'static str) -> bool {
        self.required(key, as_flag)
    }

    /// True if somebody gave this setting, rather than the defaults.
    pub fn is_given(&self, key: &str) -> bool {
        self.layers.given.get(key).is_some_and(|given| given.origin != Origin::Default)
    }

    /// Takes note of a fault that shows only where settings meet.
    pub fn fault(&mut self, key: &str, detail: impl Into<String>) {
        let origin = self.layers.given.get(key).map_or(Origin::Default, |given| given.origin.clone());
        self.faults.push(SettingFault { origin, key: Some(key.to_owned()), detail: detail.into() });
    }

    /// Ends the reading: what nobody asked for is unknown.
    pub fn finish(mut self) -> Result<(), Faults> {
        let given = self.layers.given.iter().map(|(key, given)| (key, &given.raw, &given.origin));
        let named = self.layers.named.iter().map(|(key, origin)| (key, &Raw::Section, origin));
        for (key, raw, origin) in given.chain(named) {
            if let Some(detail) = unknown(key, raw, &self.asked) {
                self.faults.push(SettingFault { origin: origin.clone(), key: Some(key.clone()), detail });
            }
        }
        if self.faults.is_empty() { Ok(()) } else { Err(Faults(self.faults)) }
    }

    /// Every key that was asked for.
    #[cfg(test)]
    pub fn asked(&self) -> BTreeSet<&'static str> {
        self.asked.clone()
    }

    fn required<T>(&mut self, key: &'static str, read: impl Fn(&Raw) -> Result<T, Refusal>) -> T {
        if let Some(value) = self.optional(key, &read) {
            return value;
        }
        let default = self.defaults.given.get(key).map(|given| read(&given.raw));
        default.and_then(Result::ok).expect("the built-in defaults are complete and valid; a test loads them")
    }

    fn optional<T>(&mut self, key: &'static str, read: impl Fn(&Raw) -> Result<T, Refusal>) -> Option<T> {
        self.asked.insert(key);
        let Given { raw, origin } = self.layers.given.get(key)?;
        match read(raw) {
            Ok(value) => Some(value),
            Err(detail) => {
                self.faults.push(SettingFault { origin: origin.clone(), key: Some(key.to_owned()), detail });
                None
            }
        }
    }
}

fn unknown(key: &str, raw: &Raw, asked: &BTreeSet<&'static str>) -> Option<String> {
    let is_section = asked.iter().any(|known| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
    match raw {
        _ if asked.contains(key) => None,
        Raw::Section if is_section => None,
        _ if is_section => Some("this is a section, not a setting: its keys go below it".to_owned()),
        _ => match nearest(key, asked) {
            Some(known) => Some(format!("there is no such setting; did you mean {known}?")),
            None => Some("there is no such setting".to_owned()),
        },
    }
}

fn nearest<'a>(key: &str, asked: &BTreeSet<&'a str>) -> Option<&'a str> {
    let near = asked.iter().map(|known| (distance(key, known), *known)).min();
    near.filter(|(distance, _)| *distance <= 3).map(|(_, known)| known)
}

/// How many characters must be typed, struck or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

fn as_text(raw: &Raw) -> Result<&str, Refusal> {
    match raw {
        Raw::Text(text) | Raw::Variable(text) => Ok(text),
        other => Err(format!("must be a text in quotes, not {}", name(other))),
    }
}

fn as_list(raw: &Raw) -> Result<Vec<&str>, Refusal> {
    match raw {
        Raw::Text(text) => Ok(vec![text]),
        Raw::Variable(text) => Ok(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()),
        Raw::List(items) => items.iter().map(as_text).collect(),
        other => Err(format!("must be a list of texts, not {}", name(other))),
    }
}

fn as_number(raw: &Raw, range: &RangeInclusive<u32>) -> Result<u32, Refusal> {
    let number = match raw {
        Raw::Integer(number) => u32::try_from(*number).ok(),
        Raw::Variable(text) => text.parse().ok(),
        _ => None,
    };
    let refusal = || format!("must be a whole number from {} to {}", range.start(), range.end());
    number.filter(|number| range.contains(number)).ok_or_else(refusal)
}

fn as_flag(raw: &Raw) -> Result<bool, Refusal> {
    match raw {
        Raw::Flag(flag) => Ok(*flag),
        Raw::Variable(text) if text == "true" => Ok(true),
        Raw::Variable(text) if text == "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

fn name(raw: &Raw) -> &'static str {
    match raw {
        Raw::Text(_) | Raw::Variable(_) => "a text",
        Raw::Integer(_) => "a number",
        Raw::Flag(_) => "true or false",
        Raw::List(_) => "a list",
        Raw::Section => "a section",
        Raw::Other(name) => name,
    }
}
