//! Values to text: what a person would write, quoted wherever some reader of YAML might take it for something else.

use anyhow::Context as _;
use serde::Serialize;
use serde::ser::{SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;
use serde_saphyr::{DoubleQuoted, FlowMap, FlowSeq, ser_options};

/// A value as a document.
pub fn written(value: &Value) -> anyhow::Result<String> {
    // Never folded: where a line of a greeting ends is its author's business.
    let options = ser_options! { folded_wrap_chars: usize::MAX, compact_list_indent: false };
    serde_saphyr::to_string_with_options(&Written(value), options).context("these settings cannot be written as YAML")
}

struct Written<'a>(&'a Value);

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) if is_quoted(text) => DoubleQuoted(text.as_str()).serialize(to),
            Value::Array(items) if !items.is_empty() && items.iter().all(is_short) => {
                FlowSeq(items.iter().map(Written).collect::<Vec<_>>()).serialize(to)
            }
            Value::Array(items) => {
                let mut list = to.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Written(item)))?;
                list.end()
            }
            Value::Object(members) if is_flat(self.0) => {
                let members: Vec<_> = members.iter().collect();
                FlowMap(Members(&members)).serialize(to)
            }
            Value::Object(members) => Members(&members.iter().collect::<Vec<_>>()).serialize(to),
            other => other.serialize(to),
        }
    }
}

/// Members in their order.
struct Members<'a>(&'a [(&'a String, &'a Value)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(*name, &Written(value))?;
        }
        map.end()
    }
}

/// Dates, times, telephone numbers: all alike, whichever of them a reader could mistake.
fn is_quoted(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'));
    begins && !text.contains('\n')
}

/// An interval of a day and the like stand on one line.
fn is_flat(value: &Value) -> bool {
    let members = value.as_object();
    members.is_some_and(|members| (1..=3).contains(&members.len()) && members.values().all(is_short))
}

/// Short enough to stand beside others.
fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().count() <= 24 && !text.contains('\n'),
        Value::Array(_) | Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}
