//! Text to values that know their lines.

use anyhow::{anyhow, bail};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Budget, MergeKeyPolicy, Options, Spanned, budget, options};
use std::fmt;

/// The longest text taken: the settings of some ten thousand businesses.
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bounds of what a text may become. A few lines of aliases of aliases could fill any memory otherwise.
fn bounds() -> Option<Budget> {
    budget! {
        max_events: 4_000_000,
        max_nodes: 2_000_000,
        max_depth: 48,
        max_documents: 64,
        max_anchors: 1_000,
        max_aliases: 20_000,
        max_merge_keys: 20_000,
        max_recorded_anchor_events: 200_000,
        max_recorded_anchor_bytes: 4 * 1024 * 1024,
        max_total_scalar_bytes: 2 * BYTES_MAX,
        // A week written once and used for every business is what aliases are for.
        enforce_alias_anchor_ratio: false,
    }
}

/// A value, and where it stands.
#[derive(Debug)]
pub struct Node {
    kind: Kind,
    /// The line of its name, or its own where it has none; of an alias, the line that uses it.
    pub line: u64,
}

#[derive(Debug)]
enum Kind {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Reads a text of one document or several.
pub fn read(source: &str) -> anyhow::Result<Vec<Node>> {
    if source.len() > BYTES_MAX {
        bail!("is longer than {} MiB; split it", BYTES_MAX / 1024 / 1024);
    }
    let options: Options = options! {
        budget: bounds(),
        strict_booleans: true,
        reject_non_finite_typeless_float: false,
        reject_unsupported_tags: true,
        merge_keys: MergeKeyPolicy::Merge,
        with_snippet: false,
    };
    let documents: Vec<Spanned<Raw>> =
        serde_saphyr::from_multiple_with_options(source, options).map_err(|error| unreadable(&error))?;
    Ok(documents.into_iter().map(|document| Node::of(document, source)).collect())
}

fn unreadable(error: &serde_saphyr::Error) -> anyhow::Error {
    let line = error.location().map(|place| place.line()).filter(|line| *line > 0);
    let said = error.to_string();
    let mut said = said.as_str();
    // The library names the place in words of its own.
    if let Some((before, _)) = said.rsplit_once(" at line ") {
        said = before;
    }
    if let Some((_, after)) = said.split_once(": ").filter(|(before, _)| before.starts_with("line ")) {
        said = after;
    }
    let said = said.replace(", set DuplicateKeyPolicy in Options if acceptable", "");
    match line {
        Some(line) => anyhow!("line {line}: {said}"),
        None => anyhow!("{said}"),
    }
}

impl Node {
    fn of(spanned: Spanned<Raw>, source: &str) -> Node {
        let span = spanned.defined.span();
        let typed = || {
            let begin = usize::try_from(span.byte_offset()?).ok()?;
            let end = begin + usize::try_from(span.byte_len()?).ok()?;
            source.get(begin..end).map(str::trim)
        };
        let kind = match spanned.value {
            Raw::Null => Kind::Scalar(Value::Null),
            Raw::Bool(flag) => Kind::Scalar(flag.into()),
            Raw::Text(text) => Kind::Scalar(text.into()),
            Raw::Number(read) => Kind::Scalar(number(typed(), read)),
            Raw::List(items) => Kind::List(items.into_iter().map(|item| Node::of(item, source)).collect()),
            Raw::Map(members) => {
                let member = |(name, value): (Spanned<String>, _)| {
                    // What stands under a name is found by its name.
                    let line = name.referenced.line();
                    (name.value, Node { line, ..Node::of(value, source) })
                };
                Kind::Map(members.into_iter().map(member).collect())
            }
        };
        Node { kind, line: spanned.referenced.line() }
    }

    /// It, and all in it, as JSON.
    pub fn value(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(items) => items.iter().map(Node::value).collect(),
            Kind::Map(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), value.value())).collect::<Map<_, _>>())
            }
        }
    }

    /// Its members, if it has some.
    pub fn members(&self) -> Option<&[(String, Node)]> {
        match &self.kind {
            Kind::Map(members) => Some(members),
            Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// Likewise, given away.
    pub fn into_members(self) -> Option<Vec<(String, Node)>> {
        match self.kind {
            Kind::Map(members) => Some(members),
            Kind::Scalar(_) | Kind::List(_) => None,
        }
    }

    /// Does nothing stand there?
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Scalar(Value::Null))
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Node> {
        self.members()?.iter().find(|(given, _)| given == name).map(|(_, node)| node)
    }

    /// The text it is.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(value) => value.as_str(),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The line of what a JSON pointer names, or of the innermost around it that is there.
    pub fn line_of(&self, pointer: &str) -> u64 {
        let mut here = self;
        let mut line = self.line;
        for step in pointer.split('/').skip(1) {
            let name = step.replace("~1", "/").replace("~0", "~");
            let inner = match &here.kind {
                Kind::Map(_) => here.member(&name),
                Kind::List(items) => name.parse::<usize>().ok().and_then(|place| items.get(place)),
                Kind::Scalar(_) => None,
            };
            let Some(inner) = inner else { break };
            here = inner;
            line = here.line;
        }
        line
    }
}

/// Only what JSON calls a number is one. All else that YAML calls so is a text somebody did not quote: telephone
/// numbers, times, codes with leading zeros.
fn number(typed: Option<&str>, read: Option<Number>) -> Value {
    let as_json = |text: &str| serde_json::from_str::<Number>(text).ok();
    match typed {
        Some(text) => as_json(text).map_or_else(|| text.into(), Value::Number),
        None => read.map_or(Value::Null, Value::Number),
    }
}

/// A value as the library reads it.
#[derive(Debug)]
enum Raw {
    Null,
    Bool(bool),
    Number(Option<Number>),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Raw, D::Error> {
        from.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(Some(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(Some(number.into())))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Raw, E> {
        Ok(Raw::Number(Number::from_i128(number)))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Raw, E> {
        Ok(Raw::Number(Number::from_u128(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(Number::from_f64(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Raw, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = from.next_entry()? {
            members.push(member);
        }
        Ok(Raw::Map(members))
    }
}
