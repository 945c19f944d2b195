//! The layers of settings, laid over each other: built-in defaults, a file, the environment.
//!
//! Here a value is still as it was written. What it must look like is the business of `reader` and of the sections.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::fault::{Origin, SettingFault};

/// The defaults, and the documentation of every setting.
pub(super) const DEFAULTS: &str = include_str!("../../config/default.toml");

const PREFIX: &str = "PATCHBAY_";

/// Names known from elsewhere that are accepted as they are, and the settings they mean.
const BARE_NAMES: [(&str, &str); 5] = [
    ("TWILIO_ACCOUNT_SID", "twilio.account_sid"),
    ("TWILIO_AUTH_TOKEN", "twilio.auth_token"),
    ("TWILIO_PHONE_NUMBER", "twilio.phone_number"),
    ("VAPI_API_KEY", "vapi.api_key"),
    ("VAPI_WEBHOOK_SECRET", "vapi.webhook_secret"),
];

/// A value as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// A text of TOML.
    Text(String),
    /// An environment variable: a text that may also spell a number, a flag or a list.
    Variable(String),
    /// A whole number of TOML.
    Integer(i64),
    /// A flag of TOML.
    Flag(bool),
    /// A list of TOML.
    List(Vec<Raw>),
    /// A table where none of the keys below it is given.
    Section,
    /// Anything else, by its name.
    Other(&'static str),
}

/// A value and where it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Given {
    pub raw: Raw,
    pub origin: Origin,
}

/// All layers, the upper ones over the lower ones.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// What holds, by dotted key.
    pub given: BTreeMap<String, Given>,
    /// Keys that were named without a value: they too must exist.
    pub named: Vec<(String, Origin)>,
    /// What could not be read at all.
    pub faults: Vec<SettingFault>,
}

impl Layers {
    /// The lowest layer.
    pub fn defaults() -> Layers {
        let mut layers = Layers::default();
        layers.add_toml(DEFAULTS, |_| Origin::Default);
        layers
    }

    /// Lays a TOML document over what is there. A document with a syntax fault counts for nothing but its faults.
    pub fn add_file(&mut self, name: &str, text: &str) {
        self.add_toml(text, |line| Origin::File { name: name.to_owned(), line: Some(line) });
    }

    fn add_toml(&mut self, text: &str, origin: impl Fn(usize) -> Origin) {
        let at = |span: Range<usize>| origin(line_of(text, span.start));
        let (table, faults) = DeTable::parse_recoverable(text);
        if faults.is_empty() {
            self.add_table(table.get_ref(), "", &at);
            return;
        }
        for fault in faults {
            let origin = at(fault.span().unwrap_or(0..0));
            let detail = format!("not valid TOML: {}", fault.message().replace('\n', ", "));
            self.faults.push(SettingFault { origin, key: None, detail });
        }
    }

    fn add_table(&mut self, table: &DeTable<'_>, above: &str, at: &dyn Fn(Range<usize>) -> Origin) {
        for (key, value) in table {
            let dotted =
                if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
            match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => self.add_table(inner, &dotted, at),
                other => {
                    let given = Given { raw: raw(other), origin: at(key.span()) };
                    self.given.insert(dotted, given);
                }
            }
        }
    }

    /// Lays the environment over what is there. Names without `__` are no settings, save the five bare ones.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let mut own = Vec::new();
        let mut bare = Vec::new();
        for (name, value) in variables {
            if let Some(key) = setting_of(&name) {
                own.push((key, name, value));
            } else if let Some((_, key)) = BARE_NAMES.iter().find(|(bare, _)| *bare == name) {
                bare.push(((*key).to_owned(), name, value));
            }
        }
        // Our own names win over the bare ones.
        for (key, name, value) in bare.into_iter().chain(own) {
            let origin = Origin::Variable(name);
            if value.is_empty() {
                self.named.push((key, origin));
            } else {
                self.given.insert(key, Given { raw: Raw::Variable(value), origin });
            }
        }
    }
}

/// `PATCHBAY_EDGE__TLS__CERT` means `edge.tls.cert`.
fn setting_of(name: &str) -> Option<String> {
    let path = name.strip_prefix(PREFIX)?;
    path.contains("__").then(|| path.replace("__", ".").to_ascii_lowercase())
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number out of range"), Raw::Integer),
        DeValue::Boolean(flag) => Raw::Flag(*flag),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Table(_) => Raw::Section,
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
