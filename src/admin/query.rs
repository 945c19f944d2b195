//! The part after `?`, held against the description the document shows of it.
//!
//! Whatever is not taken is refused by name: a misspelt filter that is passed over shows everything, and nobody notices.

use std::num::{IntErrorKind, ParseIntError};

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::error::Problem;
use super::schema;
use crate::model::Fault;

/// What is asked with a few words after `?`, as `Q` describes them.
pub(super) struct Asked<Q>(pub Q);

impl<S: Send + Sync, Q: IntoParams + DeserializeOwned> FromRequestParts<S> for Asked<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<Q>, Problem> {
        let given = given(parts, state).await?;
        typed(read(&Q::into_params(|| Some(ParameterIn::Query)), "this path", given)?).map(Asked)
    }
}

/// Each name with its text, as they came.
pub(super) async fn given<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Vec<(String, String)>, Problem> {
    let read = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
    let Query(given) = read.map_err(|_| Problem::bad_request("bad_query", "the part after ? cannot be read"))?;
    Ok(given)
}

/// Reads what was given, naming every fault.
pub(super) fn read(
    known: &[Parameter],
    who: &str,
    given: Vec<(String, String)>,
) -> Result<Map<String, Value>, Problem> {
    let (mut read, mut faults) = (Map::new(), Vec::new());
    for (name, text) in given {
        let at = format!("?{name}");
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            let names: Vec<&str> = known.iter().map(|parameter| parameter.name.as_str()).collect();
            let detail = format!("{who} does not take it; it takes {}", names.join(", "));
            faults.push(Fault::new(&at, "unknown_parameter", detail));
            continue;
        };
        if read.contains_key(&name) {
            faults.push(Fault::new(&at, "repeated_parameter", "this was given twice"));
            continue;
        }
        // Forms send fields that nobody filled in.
        if text.trim_matches(' ').is_empty() && ["cursor", "q"].contains(&name.as_str()) {
            continue;
        }
        let value = value_of(parameter, text);
        if let Some(schema) = &parameter.schema {
            faults.extend(schema::faults_at(schema, &value, &at));
        }
        read.insert(name, value);
    }
    if faults.is_empty() { Ok(read) } else { Err(Problem::invalid(faults)) }
}

/// What fits the description fits the type; should the two ever differ, the sender still hears what was wrong.
pub(super) fn typed<Q: DeserializeOwned>(read: Map<String, Value>) -> Result<Q, Problem> {
    serde_json::from_value(Value::Object(read)).map_err(|error| Problem::fault("?", "type", error.to_string()))
}

/// A text as the value it stands for. What is no number or flag stays a text, and the schema says what is wrong.
fn value_of(parameter: &Parameter, text: String) -> Value {
    let schema = serde_json::to_value(&parameter.schema).unwrap_or_default();
    let is = |name: &str| schema["type"] == name || schema["type"].as_array().is_some_and(|t| t.contains(&name.into()));
    if is("boolean") {
        return text.parse::<bool>().map_or(Value::String(text), Value::Bool);
    }
    if is("integer") {
        return whole(&text).map_or(Value::String(text), Value::from);
    }
    // An unescaped plus arrives as a blank, which no number has.
    if schema["format"] == "e164" { Value::String(text.replace(' ', "+")) } else { Value::String(text) }
}

/// A whole number; one beyond this machine's numbers is as good as the outermost of them.
fn whole(text: &str) -> Option<i64> {
    text.parse()
        .or_else(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => Ok(i64::MAX),
            IntErrorKind::NegOverflow => Ok(i64::MIN),
            _ => Err(error),
        })
        .ok()
}
