//! The README's examples, taken at their word.

use reqwest::Method;
use serde_json::Value;

use crate::rig::Rig;

const README: &str = include_str!("../../README.md");

/// Method, path and body of each request to the admin API that the README shows.
fn shown() -> Vec<(Method, String, String)> {
    let requests = README.split("\napi ").skip(1).map(|text| {
        let method = if text.starts_with("-X PUT ") { Method::PUT } else { Method::POST };
        let path = text.split("http://127.0.0.1:8081").nth(1).and_then(|rest| rest.split(' ').next()).expect("a path");
        let body = text.split("-d '").nth(1).expect("a body").replace("'$TENANT'", "$TENANT");
        (method, path.to_owned(), body.split('\'').next().expect("its end").to_owned())
    });
    requests.collect()
}

#[tokio::test]
async fn the_readmes_examples_make_a_business_whose_calls_the_ai_answers_after_hours() {
    let rig = Rig::start().await;
    let (mut tenant, mut last) = (String::new(), Value::Null);
    for (method, path, body) in shown() {
        let [path, body] = [path, body].map(|text| text.replace("$TENANT", &tenant));
        let body = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (status, answer) = rig.admin(method, &path, Some(body)).await;
        assert!(status == 200 || status == 201, "{path}: {status} {answer}");
        assert!(answer.get("warnings").is_none_or(|warnings| warnings == &Value::Array(Vec::new())), "{answer}");
        if path == "/api/tenants" {
            tenant = answer["id"].as_str().expect("an id").to_owned();
        }
        last = answer;
    }
    assert_eq!(last["decision"], serde_json::json!({"available": true, "reason": "after-hours"}));
    let steps: Vec<_> = last["plan"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["ai", "forward", "voicemail"]);
}
