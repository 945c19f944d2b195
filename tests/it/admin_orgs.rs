//! Organizations over the API: their credentials are sealed and never told, their versions guard them.

use axum::http::Method;
use patchbay::model::{Change, OrgId, Sid};
use serde_json::json;

use crate::admin_desk::{Desk, PLATFORM};

const CREDENTIALS: &str = "/api/orgs/{org}/twilio";

async fn acme(desk: &Desk) -> String {
    let org = desk.post("/api/orgs", json!({"name": "Acme Reception"})).await.expect(201);
    org["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_organization_is_made_listed_changed_and_deleted() {
    let desk = Desk::new().await;
    let id = acme(&desk).await;
    let at = format!("/api/orgs/{id}");
    let read = desk.get(&at).await;
    assert_eq!(read.header("etag"), "\"1\"");
    let read = read.expect(200);
    assert_eq!(
        (&read["name"], &read["twilio"], &read["billing"]),
        (&json!("Acme Reception"), &json!(null), &json!("unverified"))
    );

    let stale = desk.ask(Method::PATCH, &at, &[("if-match", "\"7\"")], Some(json!({"name": "Late"}))).await;
    assert_eq!(stale.problem(412).0, "version_changed");
    let renamed = desk.patch(&at, json!({"name": "Acme"})).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["version"]), (&json!("Acme"), &json!(2)));
    let unchanged = desk.patch(&at, json!({"name": "Acme"})).await.expect(200);
    assert_eq!(unchanged["version"], 2, "what changes nothing is no change");
    let found = desk.get("/api/orgs?q=ACM").await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);

    let tenant = desk.post("/api/tenants", json!({"name": "Smile Dental", "orgId": id})).await.expect(201);
    assert_eq!(desk.delete(&at).await.problem(409).0, "org_in_use");
    desk.delete(&format!("/api/tenants/{}", tenant["id"].as_str().unwrap())).await.expect(204);
    desk.delete(&at).await.expect(204);
    assert_eq!(desk.get(&at).await.status, 404);
    desk.tenant("Smile Dental").await;
    assert_eq!(desk.delete(&format!("/api/orgs/{PLATFORM}")).await.problem(409).0, "org_in_use");
}

#[tokio::test]
async fn credentials_are_taken_and_never_told_again() {
    let desk = Desk::new().await;
    let id = acme(&desk).await;
    let at = CREDENTIALS.replace("{org}", &id);
    let given = json!({
        "accountSid": "AC00000000000000000000000000000002", "authToken": "a-planted-token",
        "authTokenNext": "a-planted-next-token", "phoneNumber": "+16475550155"
    });
    desk.told();
    let org = desk.put(&at, given).await.expect(200);
    let shown = json!({
        "accountSid": "AC00000000000000000000000000000002", "hasNextToken": true, "phoneNumber": "+16475550155"
    });
    assert_eq!(org["twilio"], shown);
    assert_eq!(desk.told(), [Change::Org(OrgId::parse(&id).unwrap())], "the directory forgets the account at once");
    for path in [format!("/api/orgs/{id}"), "/api/orgs".to_owned(), "/api/audit".to_owned()] {
        assert!(!desk.get(&path).await.text.contains("a-planted"), "{path}");
    }
    let sid = Sid::parse("AC00000000000000000000000000000002").unwrap();
    let kept = desk.store.org_by_account(&sid).await.unwrap().unwrap().twilio.unwrap();
    assert_eq!(kept.auth_token.reveal(), "a-planted-token");

    // Another token for the same account leaves its number; null takes it away.
    let rotated = json!({"accountSid": "AC00000000000000000000000000000002", "authToken": "another-planted-token"});
    let org = desk.put(&at, rotated).await.expect(200);
    assert_eq!(
        (&org["twilio"]["phoneNumber"], &org["twilio"]["hasNextToken"]),
        (&json!("+16475550155"), &json!(false))
    );
    desk.delete(&at).await.expect(204);
    assert!(desk.store.org_by_account(&sid).await.unwrap().is_none());
}

#[tokio::test]
async fn an_account_belongs_to_one_organization_and_never_to_two() {
    let desk = Desk::new().await;
    let (one, two) = (acme(&desk).await, acme(&desk).await);
    let put = |org: &str, sid: &str| {
        let at = CREDENTIALS.replace("{org}", org);
        let body = json!({"accountSid": sid, "authToken": "an-invented-token"});
        let desk = &desk;
        async move { desk.put(&at, body).await }
    };
    put(&one, "AC00000000000000000000000000000002").await.expect(200);
    assert_eq!(put(&two, "AC00000000000000000000000000000002").await.problem(409).0, "account_taken");
    // The account of the settings is the platform's.
    assert_eq!(put(&two, "AC00000000000000000000000000000001").await.problem(409).0, "account_taken");
}

#[tokio::test]
async fn billing_is_said_by_the_platform_alone() {
    let desk = Desk::new().await;
    let id = acme(&desk).await;
    let at = format!("/api/orgs/{id}/billing");
    assert_eq!(desk.get(&at).await.expect(200), json!({"status": "unverified"}));
    assert_eq!(desk.put(&at, json!({"status": "verified"})).await.expect(200), json!({"status": "verified"}));
    assert_eq!(desk.get(&format!("/api/orgs/{id}")).await.expect(200)["billing"], "verified");
    assert_eq!(desk.put(&at, json!({"status": "maybe"})).await.faults(), ["/status unknown_value"]);
}
