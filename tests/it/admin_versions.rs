//! Versions over the API: what was saved when and by whom, what it changed, and the way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::admin_desk::{Desk, NOW};

fn pointers(version: &Value) -> Vec<&str> {
    version["changes"].as_array().unwrap().iter().map(|change| change["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_version_says_who_saved_it_and_what_it_changed() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let at = format!("/api/tenants/{id}");
    desk.patch(&at, json!({"name": "Smile Dental North", "timezone": "UTC"})).await.expect(200);
    let disabled = json!({"mode": "disabled", "fallback": {"type": "busy-signal"}});
    desk.put(&format!("{at}/availability"), disabled).await.expect(200);
    let connect = |password: &str| json!({"connect": {"sipUri": "sip:desk@sip.vapi.ai", "username": "front-desk", "password": password}});
    desk.patch(&at, connect("an-invented-password")).await.expect(200);
    desk.patch(&at, connect("another-invented-password")).await.expect(200);

    let answer = desk.get(&format!("{at}/versions")).await;
    assert!(!answer.text.contains("invented-password"));
    let page = answer.expect(200);
    let versions: Vec<u64> =
        page["data"].as_array().unwrap().iter().map(|one| one["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [5, 4, 3, 2, 1]);
    let data = &page["data"];
    assert_eq!(pointers(&data[0]), ["/connect/password"], "that it changed is told, what it was is not");
    assert_eq!(pointers(&data[1]), ["/connect/hasPassword", "/connect/sipUri", "/connect/username"]);
    assert!(pointers(&data[2]).contains(&"/availability/mode"));
    assert_eq!(pointers(&data[3]), ["/name", "/timezone"]);
    assert_eq!(
        data[3]["changes"][0],
        json!({"pointer": "/name", "before": "Smile Dental", "after": "Smile Dental North"})
    );
    assert_eq!((&data[4]["by"], pointers(&data[4]).len()), (&json!("operator"), 0));

    let first = desk.get(&format!("{at}/versions?limit=2")).await.expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = desk.get(&format!("{at}/versions?limit=9&cursor={cursor}")).await.expect(200);
    assert_eq!((rest["data"][0]["version"].as_u64(), &rest["nextCursor"]), (Some(3), &json!(null)));
}

#[tokio::test]
async fn every_version_says_when_it_was_saved() {
    let hours = Arc::new(AtomicI64::new(0));
    let seen = Arc::clone(&hours);
    let began: Timestamp = NOW.parse().unwrap();
    let now = move || began + SignedDuration::from_hours(seen.load(Ordering::Relaxed));
    let desk = Desk::with(|state| state.now = Arc::new(now)).await;
    let id = desk.tenant("Smile Dental").await;
    let at = format!("/api/tenants/{id}");
    hours.store(1, Ordering::Relaxed);
    desk.patch(&at, json!({"name": "Renamed"})).await.expect(200);
    hours.store(2, Ordering::Relaxed);
    desk.put(&format!("{at}/override"), json!({"state": "force-ai"})).await.expect(200);
    hours.store(3, Ordering::Relaxed);
    desk.patch(&at, json!({"name": "Renamed"})).await.expect(200);

    let instant = |hours| (began + SignedDuration::from_hours(hours)).to_string();
    let page = desk.get(&format!("{at}/versions")).await.expect(200);
    let saved: Vec<&str> =
        page["data"].as_array().unwrap().iter().map(|version| version["at"].as_str().unwrap()).collect();
    assert_eq!(saved, [instant(2), instant(1), instant(0)]);
    let tenant = desk.get(&at).await.expect(200);
    assert_eq!((&tenant["createdAt"], &tenant["updatedAt"]), (&json!(instant(0)), &json!(instant(2))));
}

#[tokio::test]
async fn going_back_saves_what_was_once_more_and_leaves_override_and_slug() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let at = format!("/api/tenants/{id}");
    let first = desk.get(&at).await.expect(200);
    desk.patch(&at, json!({"name": "Renamed", "slug": "renamed"})).await.expect(200);
    desk.put(&format!("{at}/availability"), json!({"mode": "disabled"})).await.expect(200);
    desk.put(&format!("{at}/override"), json!({"state": "force-ai"})).await.expect(200);

    let back = desk.post(&format!("{at}/rollback"), json!({"version": 1})).await.expect(200);
    assert_eq!((&back["tenant"]["name"], &back["tenant"]["slug"]), (&first["name"], &json!("renamed")));
    assert_eq!((&back["tenant"]["version"], &back["availability"]["mode"]), (&json!(5), &json!("always")));
    assert_eq!(desk.get(&format!("{at}/override")).await.expect(200)["state"], "force-ai");
    assert_eq!(desk.post(&format!("{at}/rollback"), json!({"version": 9})).await.faults(), ["/version not_found"]);
    let stale = [("if-match", "\"1\"")];
    let late = desk.ask(Method::POST, &format!("{at}/rollback"), &stale, Some(json!({"version": 2}))).await;
    assert_eq!(late.problem(412).0, "version_changed");
}

#[tokio::test]
async fn old_settings_are_held_against_todays_rules() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let at = format!("/api/tenants/{id}");
    let forward = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": "+16475550190"}});
    desk.put(&format!("{at}/availability"), forward).await.expect(200);
    desk.put(&format!("{at}/availability"), json!({"mode": "always", "fallback": {"type": "voicemail"}}))
        .await
        .expect(200);
    // Meanwhile the number that was forwarded to has become the tenant's own.
    desk.number("+16475550190", &id).await;
    let refused = desk.post(&format!("{at}/rollback"), json!({"version": 2})).await;
    assert_eq!(refused.faults(), ["/fallback/forwardNumber loop"]);
    assert_eq!(desk.get(&at).await.expect(200)["version"], 3, "nothing changed");
}
