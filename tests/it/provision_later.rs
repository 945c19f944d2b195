//! What follows at the providers when something changes afterwards: who answers, how a tenant is reached, an older
//! version, another organization's number.

use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::{ASSISTANT, OTHER_ASSISTANT, Town};

async fn phone(town: &Town, tenant: &str, body: Value) {
    let (status, answer) = town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), body).await;
    assert_eq!(status, 200, "{answer}");
    let job = town.done(&format!("/api/tenants/{tenant}/deploy"), Value::Null).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
}

/// Waits for the newest job of a kind.
async fn newest(town: &Town, kind: &str) -> Value {
    let jobs = town.get(&format!("/api/jobs?kind={kind}")).await;
    town.over(&jobs["data"][0]["id"]).await
}

#[tokio::test]
async fn whoever_changes_to_another_way_of_being_reached_is_let_in_by_the_older_no_more() {
    let town = Town::with(Default::default(), &[("PATCHBAY_SIP__ACL_DOMAIN", "addresses.sip.twilio.com")]).await;
    let tenant = town.tenant("Acme", json!({})).await;
    let sip = json!({ "method": "sip", "clinicNumber": "+16475550188", "needsPhoneNumber": false });
    let mut by_address = sip.clone();
    by_address["sourceIps"] = json!(["203.0.113.7"]);
    let asked = async |method: &str, what: &str| town.sim.asked(method, what).await;
    phone(&town, &tenant, by_address.clone()).await;
    phone(&town, &tenant, sip.clone()).await;
    assert_eq!((asked("DELETE", "/IpAddresses/").await, asked("POST", "/Credentials.json").await), (1, 1));
    phone(&town, &tenant, by_address).await;
    assert_eq!((asked("DELETE", "/Credentials/").await, asked("POST", "/IpAddresses.json").await), (1, 2));
    phone(&town, &tenant, sip).await;
    phone(&town, &tenant, json!({ "method": "forwarded", "clinicNumber": "+16475550188" })).await;
    assert_eq!((asked("DELETE", "/Credentials/").await, asked("DELETE", "/IpAddresses/").await), (2, 2));
    town.holds().await;
}

#[tokio::test]
async fn an_address_at_vapi_is_made_as_soon_as_somebody_can_answer_at_it() {
    let town = Town::new().await;
    let (_, made) = town.post("/api/tenants", json!({ "name": "Acme" })).await;
    let tenant = made["id"].as_str().unwrap();
    let sip = json!({ "method": "sip", "clinicNumber": "+16475550188", "needsPhoneNumber": false });
    phone(&town, tenant, sip).await;
    assert!(town.at_vapi().await.is_empty(), "nobody would answer there");
    let target = json!({ "target": { "kind": "assistant", "id": ASSISTANT } });
    town.ask(Method::PATCH, &format!("/api/tenants/{tenant}"), target).await;
    assert_eq!(newest(&town, "target").await["state"], "succeeded");
    assert_eq!(town.at_vapi().await[0]["assistantId"], ASSISTANT);
}

#[tokio::test]
async fn going_back_to_a_version_keeps_the_tenants_own_address_and_lets_vapi_know() {
    let town = Town::new().await;
    let tenant = town.tenant("Acme", json!({})).await;
    assert_eq!(town.post("/api/numbers", json!({ "projectId": tenant, "agentId": OTHER_ASSISTANT })).await.0, 201);
    let now = town.get(&format!("/api/tenants/{tenant}")).await;
    assert!(now["connect"]["sipUri"].is_string());
    let (status, back) = town.post(&format!("/api/tenants/{tenant}/rollback"), json!({ "version": 1 })).await;
    assert_eq!(status, 200, "{back}");
    assert_eq!(back["tenant"]["connect"], now["connect"], "older words would open nothing");
    assert_eq!(back["tenant"]["target"]["id"], ASSISTANT);
    assert_eq!(newest(&town, "target").await["state"], "succeeded");
    assert!(town.at_vapi().await.iter().all(|number| number["assistantId"] == ASSISTANT));
    town.holds().await;
}

#[tokio::test]
async fn a_number_of_another_organizations_account_is_not_to_be_had_by_naming_it() {
    let town = Town::new().await;
    let (_, org) = town.post("/api/orgs", json!({ "name": "Acme Reception" })).await;
    let account = json!({ "accountSid": "AC00000000000000000000000000000002", "authToken": "another-token" });
    let path = format!("/api/orgs/{}/twilio", org["id"].as_str().unwrap());
    assert_eq!(town.ask(Method::PUT, &path, account).await.0, 200);
    let own = json!({ "e164": "+12055550177", "accountSid": "AC00000000000000000000000000000002" });
    assert_eq!(town.post("/api/numbers/owned", own).await.0, 201);
    let tenant = town.tenant("Other", json!({})).await;
    let (_, begun) = town.post("/api/numbers", json!({ "projectId": tenant, "number": "+12055550177" })).await;
    let job = town.over(&begun["jobId"]).await;
    assert_eq!(job["state"], "manual");
    assert!(job["detail"].as_str().unwrap().contains("is not to be had"), "{job:#}");
}
