//! What survives the way through YAML.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, written};

fn value(source: &str) -> Value {
    let documents = read(source).expect("readable");
    documents[0].value()
}

#[test]
fn what_only_yaml_takes_for_something_else_stays_the_text_that_was_typed() {
    for text in [
        "+16475550123",
        "08:00",
        "24:00",
        "007",
        "0777",
        "0x1f",
        "0o17",
        "1_000",
        ".5",
        ".inf",
        "yes",
        "no",
        "on",
        "off",
        "Yes",
        "y",
        "n",
        "2026-12-25",
        "--12-25",
        "1e",
        "12:30:45",
    ] {
        assert_eq!(
            value(&format!("a: {text}\nb: [{text}]\nc: {{d: {text}}}\n")),
            json!({"a": text, "b": [text], "c": {"d": text}})
        );
    }
}

#[test]
fn what_json_calls_a_number_a_flag_or_nothing_is_that() {
    let source = "a: 5\nb: -3\nc: 1.5\nd: true\ne: false\nf: null\ng:\nh: ~\ni: \"5\"\nj: 'true'\n";
    let expected = json!({"a": 5, "b": -3, "c": 1.5, "d": true, "e": false, "f": null, "g": null, "h": null, "i": "5", "j": "true"});
    assert_eq!(value(source), expected);
}

#[test]
fn every_value_knows_its_line_and_a_missing_one_that_of_what_is_around_it() {
    let source = "version: 1\ntenants:\n  a/b:\n    list:\n      - x\n      - y: 1\n    name: n\n---\nversion: 2\n";
    let documents = read(source).expect("readable");
    let lines = [("", 1), ("/version", 1), ("/tenants/a~1b/list/1/y", 6), ("/tenants/a~1b/name/deeper", 7)];
    for (pointer, line) in lines {
        assert_eq!(documents[0].line_of(pointer), line, "{pointer}");
    }
    assert_eq!(documents[1].line_of("/version"), 9);
}

#[test]
fn a_week_is_written_once_and_used_again() {
    let source = "w: &day {open: \"09:00\", close: \"17:00\"}\nx: *day\ny: {<<: *day, close: 18:00}\n";
    let day = json!({"open": "09:00", "close": "17:00"});
    assert_eq!(value(source), json!({"w": day, "x": day, "y": {"open": "09:00", "close": "18:00"}}));
    assert_eq!(read(source).expect("readable")[0].line_of("/x"), 2);
}

#[test]
fn what_is_no_yaml_is_told_with_its_line() {
    for (source, part) in [
        ("a: 1\na: 2\n", "line 2: duplicate mapping key: a"),
        ("a:\n  b: [1\n", "line 2: "),
        ("a: *nowhere\n", "line 1: alias references unknown anchor"),
        ("a: !shell x\n", "line 1: "),
    ] {
        let said = read(source).expect_err(source).to_string();
        assert!(said.starts_with(part) && !said.contains("Policy") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn one_week_may_serve_a_thousand_businesses() {
    let week =
        "week: &week {monday: &day {open: 09:00, close: 17:00}, tuesday: *day, wednesday: *day, thursday: *day}\n";
    let source = format!("{week}all:\n{}", "  - schedule: *week\n".repeat(1_000));
    let all = value(&source);
    assert_eq!(all["all"][999]["schedule"]["thursday"], json!({"open": "09:00", "close": "17:00"}));
}

/// Ten lines that would become 10^9 values.
#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, inner) in ('b'..='i').zip('a'..='h') {
        bomb.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{inner}"); 10].join(", ")));
    }
    assert!(read(&bomb).is_err());
    assert!(read(&"[".repeat(10_000)).is_err());
    assert!(read(&"- ".repeat(10_000)).is_err());
    assert!(read(&"---\nversion: 1\n".repeat(1_000)).is_err());
    assert!(read(&" ".repeat(17 * 1024 * 1024)).is_err());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~\n]{0,40}",
        "[-+0-9:.eExo_]{1,12}",
        "(yes|no|on|off|y|n|true|null|~|=|<<|\\.nan|0x1f|08:00|\\+1647555012[0-9]|Hello\\.\n+ *We are closed\\.\n*)",
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        text().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]
    #[test]
    fn what_is_written_reads_back_as_the_same(given in anything()) {
        let given = json!({ "it": given });
        let text = written(&given).expect("written");
        let back = read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(back[0].value(), given, "{}", text);
    }
}
