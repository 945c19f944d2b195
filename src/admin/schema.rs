//! Holds a JSON body against the schema the OpenAPI document shows, and names every fault with its place.
//!
//! The document is the check, so the two cannot drift apart. It knows the keywords our own types produce and no more;
//! what a text of some `format` may say stands in `formats`.

use regex::Regex;
use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::formats;
use crate::model::Fault;

/// Every fault of `body` as a `T`. Whole numbers that were written with a fraction of zero lose it: JSON Schema knows
/// no difference between 5 and 5.0, and our types do.
pub(super) fn faults<T: ToSchema + PartialSchema>(body: &mut Value) -> Vec<Fault> {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let root = as_json(&T::schema());
    let named = named.into_iter().map(|(name, schema)| (name, as_json(&schema))).collect();
    let mut walk = Walk { named, faults: Vec::new(), fractions: Vec::new() };
    walk.check(&root, body, "");
    for at in walk.fractions {
        if let Some(number) = body.pointer_mut(&at)
            && let Some(whole) = whole(number)
        {
            *number = whole.into();
        }
    }
    walk.faults
}

/// Every fault of a value by itself, that a schema without references describes.
pub(super) fn faults_at(schema: &RefOr<Schema>, value: &Value, at: &str) -> Vec<Fault> {
    let mut walk = Walk { named: Map::new(), faults: Vec::new(), fractions: Vec::new() };
    walk.check(&as_json(schema), value, at);
    walk.faults
}

fn as_json(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).expect("a schema is made of texts and numbers and always serialises")
}

struct Walk {
    named: Map<String, Value>,
    faults: Vec<Fault>,
    /// Where a whole number was written with a fraction.
    fractions: Vec<String>,
}

impl Walk {
    fn check(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(schema) = self.referred(schema) {
            return self.check(&schema, value, at);
        }
        if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            return self.check_choice(choices, value, at);
        }
        if !self.check_type(schema, value, at) {
            return;
        }
        match value {
            Value::Object(members) => self.check_members(schema, members, at),
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    self.check(&schema["items"], item, &format!("{at}/{place}"));
                }
            }
            Value::String(text) => self.check_text(schema, text, at),
            Value::Number(_) => self.check_number(schema, value, at),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn referred(&self, schema: &Value) -> Option<Value> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")?;
        self.named.get(name).cloned()
    }

    /// An optional member is written as "null or that"; the faults of "that" are the ones worth reading.
    fn check_choice(&mut self, choices: &[Value], value: &Value, at: &str) {
        let is_null = |choice: &&Value| choice.get("type").and_then(Value::as_str) == Some("null");
        if value.is_null() && choices.iter().any(|choice| is_null(&choice)) {
            return;
        }
        if let Some(choice) = choices.iter().find(|choice| !is_null(choice)) {
            self.check(choice, value, at);
        }
    }

    /// False if the value is of another type, so that there is nothing more to say about it.
    fn check_type(&mut self, schema: &Value, value: &Value, at: &str) -> bool {
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => return true,
        };
        if types.iter().any(|name| is_of_type(value, name)) {
            return true;
        }
        if types.contains(&"integer") && whole(value).is_some() {
            self.fractions.push(at.to_owned());
            return true;
        }
        let wanted: Vec<&str> = types.iter().map(|name| in_words(name)).collect();
        self.fault(at, "type", format!("this must be {}", wanted.join(" or ")));
        false
    }

    fn check_members(&mut self, schema: &Value, members: &Map<String, Value>, at: &str) {
        let empty = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                self.fault(&place(at, name), "required", "this is missing");
            }
        }
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        for (name, value) in members {
            match known.get(name) {
                Some(schema) => self.check(schema, value, &place(at, name)),
                None if closed => {
                    let names: Vec<&str> = known.keys().map(String::as_str).collect();
                    let detail = format!("nothing of this name is known here; known are {}", names.join(", "));
                    self.fault(&place(at, name), "unknown_key", detail);
                }
                None => {}
            }
        }
    }

    fn check_text(&mut self, schema: &Value, text: &str, at: &str) {
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
            if !allowed.iter().any(|word| word.as_str() == Some(text)) {
                let words: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
                self.fault(at, "unknown_value", format!("this must be one of {}", words.join(", ")));
            }
            return;
        }
        let length = text.chars().count() as u64;
        if let Some(least) = schema.get("minLength").and_then(Value::as_u64).filter(|least| length < *least) {
            return self.fault(at, "too_short", format!("this must have {least} characters at least"));
        }
        if let Some(most) = schema.get("maxLength").and_then(Value::as_u64).filter(|most| length > *most) {
            return self.fault(at, "too_long", format!("this may have {most} characters at most"));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
            let pattern = Regex::new(pattern).expect("the patterns are our own, and a test compiles each");
            if !pattern.is_match(text) {
                return self.fault(at, "wrong_form", form_in_words(pattern.as_str()));
            }
        }
        if let Err(wrong) = formats::check(schema.get("format").and_then(Value::as_str), text) {
            self.fault(at, wrong.code, wrong.detail);
        }
    }

    fn check_number(&mut self, schema: &Value, value: &Value, at: &str) {
        let number = value.as_f64().unwrap_or(f64::NAN);
        if let Some(least) = schema.get("minimum").and_then(Value::as_f64).filter(|least| number < *least) {
            return self.fault(at, "range", format!("this must be {least} at least"));
        }
        if let Some(most) = schema.get("maximum").and_then(Value::as_f64).filter(|most| number > *most) {
            self.fault(at, "range", format!("this may be {most} at most"));
        }
    }

    fn fault(&mut self, at: &str, code: &str, detail: impl Into<String>) {
        self.faults.push(Fault::new(at, code, detail));
    }
}

/// The pointer to a member (RFC 6901).
pub(super) fn place(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// A whole number that was written with a fraction of zero, as far as numbers of that kind are exact.
fn whole(value: &Value) -> Option<i64> {
    const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT_MAX)?;
    Some(number as i64)
}

fn in_words(name: &str) -> &str {
    match name {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

/// What a pattern of ours asks for, for people who do not read patterns.
fn form_in_words(pattern: &str) -> String {
    match pattern {
        "^[!-~]*$" => "this must be of visible ASCII characters, without blanks".to_owned(),
        "^[A-Za-z0-9._-]+$" => "this must be of letters, digits, dots, hyphens and underscores".to_owned(),
        "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$" => "this must be a language as in en or en-US".to_owned(),
        other => format!("this must have the form {other}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(ToSchema, serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[allow(dead_code)]
    struct Shop {
        #[schema(min_length = 1, max_length = 5)]
        name: String,
        #[schema(minimum = 5, maximum = 600)]
        wait_seconds: Option<u16>,
        #[schema(format = "e164")]
        phone: Option<String>,
        owner: Option<Owner>,
        #[serde(default)]
        open: bool,
        tags: Option<Vec<String>>,
    }

    #[derive(ToSchema, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Owner {
        kind: Kind,
    }

    #[derive(ToSchema, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code)]
    enum Kind {
        Person,
        Firm,
    }

    fn check(body: Value, expected: &[(&str, &str)]) {
        let found = faults::<Shop>(&mut body.clone());
        let found: Vec<_> = found.iter().map(|fault| (fault.pointer.as_str(), fault.code.as_str())).collect();
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn what_fits_the_schema_has_no_fault() {
        check(json!({"name": "a"}), &[]);
        check(json!({"name": "abcde", "waitSeconds": 5, "phone": null, "owner": {"kind": "firm"}, "open": true}), &[]);
        check(json!({"name": "äöüßé", "waitSeconds": 600, "owner": null, "tags": ["a", "b"]}), &[]);
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        check(json!({}), &[("/name", "required")]);
        check(json!([]), &[("", "type")]);
        check(json!({"name": "abcdef", "waitSeconds": 4}), &[("/name", "too_long"), ("/waitSeconds", "range")]);
        check(json!({"name": "", "waitSeconds": 601}), &[("/name", "too_short"), ("/waitSeconds", "range")]);
        check(json!({"name": 1, "open": "yes"}), &[("/name", "type"), ("/open", "type")]);
        check(json!({"name": "a", "waitSeconds": 5.5}), &[("/waitSeconds", "type")]);
        check(json!({"name": "a", "waitSeconds": 4.0}), &[("/waitSeconds", "range")]);
        check(json!({"name": "a", "owner": {"kind": "dog"}}), &[("/owner/kind", "unknown_value")]);
        check(json!({"name": "a", "owner": {}}), &[("/owner/kind", "required")]);
        check(json!({"name": "a", "owner": "x"}), &[("/owner", "type")]);
        check(json!({"name": "a", "phone": "123"}), &[("/phone", "not_e164")]);
        check(json!({"name": "a", "a/b~": 1}), &[("/a~1b~0", "unknown_key")]);
        check(json!({"name": "a", "tags": ["a", 1]}), &[("/tags/1", "type")]);
        check(json!({"name": "a", "open": null}), &[("/open", "type")]);
    }

    #[test]
    fn what_has_no_fault_can_be_read() {
        for seconds in [json!(12), json!(12.0), json!(1.2e1)] {
            let mut body = json!({"name": "abc", "waitSeconds": seconds, "owner": {"kind": "person"}});
            assert!(faults::<Shop>(&mut body).is_empty());
            assert_eq!(serde_json::from_value::<Shop>(body).ok().and_then(|shop| shop.wait_seconds), Some(12));
        }
    }
}
