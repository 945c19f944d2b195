//! A business changes its SIP password without a lost call, and ends one that somebody else has at once.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use patchbay::simulator::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::provision::{Town, step};

const DAY: i64 = 86_400;

/// A town whose clock goes by this many seconds before the system's.
macro_rules! ahead {
    ($seconds:ident) => {{
        fn now() -> Timestamp {
            Timestamp::now() + SignedDuration::from_secs($seconds.load(Ordering::Relaxed))
        }
        Town::with(Options { clock: Some(now), ..Options::default() }, &[]).await
    }};
}

#[tokio::test]
async fn a_new_password_is_a_second_name_beside_the_older_and_no_call_is_lost() {
    let town = Town::new().await;
    let (tenant, older) = town.with_sip("Smile Dental").await;
    let path = format!("/api/tenants/{tenant}/phone-integration");
    let url = town.get(&path).await["sipUrl"].clone();
    assert!(town.sip_call(&older, "smile-dental").await);

    let newer = town.renewed(&tenant).await;
    assert_ne!(newer, older);
    let phone = town.get(&path).await;
    assert_eq!((&phone["sipUsername"], &phone["sipUrl"]), (&json!(newer), &url), "what is dialled stays as it is");
    assert_eq!(phone["notes"][1].as_str().map(|note| note.contains(&older)), Some(true), "{phone}");
    assert!(town.sip_call(&older, "smile-dental").await, "before it is deployed");

    let job = town.deployed(&tenant).await;
    assert_eq!(step(&job, "createSipCredential").1, format!("{newer} may call example.sip.twilio.com"));
    town.twilio_lets_in(&[&older, &newer]).await;
    assert_eq!(town.names_at_twilio().await.len(), 1);
    assert_eq!(town.sim.asked("DELETE", "/Credentials/").await, 0);
    for signed_in in [&older, &newer] {
        for dialled in [&older, &newer, "smile-dental", &format!("clinic-{tenant}")] {
            assert!(town.sip_call(signed_in, dialled).await, "{signed_in} dials {dialled}");
        }
    }
    town.has_called(&tenant, &newer).await;
    let names = town.sip_names(&tenant).await;
    let told: Vec<&Value> = names.iter().map(|name| &name["username"]).collect();
    assert_eq!(told, [&json!(older), &json!(newer)]);
    assert!(names.iter().all(|name| name["goodSince"].is_string() && name["firstCallAt"].is_string()), "{names:?}");
    assert!(names[0]["endsAt"].is_string() && names[1]["endsAt"].is_null(), "{names:?}");
    // Once more changes nothing.
    town.deployed(&tenant).await;
    town.twilio_lets_in(&[&older, &newer]).await;
}

#[tokio::test]
async fn nobody_signs_in_with_the_name_of_another() {
    let town = Town::new().await;
    let (one, first) = town.with_sip("One").await;
    let (_, other) = town.with_sip("Two").await;
    let second = town.renewed(&one).await;
    for name in [&first, &second] {
        assert!(town.sip_call(name, "one").await && !town.sip_call(name, "two").await);
    }
    assert!(!town.sip_call(&other, "one").await && !town.sip_call(&other, &second).await);
}

#[tokio::test]
async fn the_older_name_ends_by_itself_once_only_the_newer_has_called_for_a_week() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = ahead!(AHEAD);
    let later = async |days: i64| {
        AHEAD.fetch_add(days * DAY, Ordering::Relaxed);
        town.look().await;
    };
    let (tenant, older) = town.with_sip("Smile Dental").await;
    let newer = town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    later(400).await;
    assert_eq!(town.sip_names(&tenant).await.len(), 2, "nobody knows that the business has the newer");
    assert!(town.sip_call(&newer, "smile-dental").await && town.sip_call(&older, "smile-dental").await);
    town.has_called(&tenant, &newer).await;
    town.has_called(&tenant, &older).await;
    later(6).await;
    assert_eq!(town.sip_names(&tenant).await.len(), 2);
    // A second telephone system that was forgotten: its calls are not lost either.
    let before = town.sip_names(&tenant).await[0]["lastCallAt"].clone();
    town.rig
        .eventually("the older one's call is seen", async || {
            assert!(town.sip_call(&older, "smile-dental").await);
            (town.sip_names(&tenant).await[0]["lastCallAt"] != before).then_some(())
        })
        .await;
    later(6).await;
    assert_eq!(town.sip_names(&tenant).await.len(), 2, "twelve days after the newer, six after the older has called");
    later(1).await;
    let names = town.sip_names(&tenant).await;
    assert_eq!((names.len(), &names[0]["username"]), (1, &json!(newer)));
    assert!(!town.sip_call(&older, "smile-dental").await, "it is good no more");
    assert!(town.sip_call(&newer, &older).await, "and may be dialled still");
    let jobs = town.get("/api/jobs?kind=retire").await;
    assert_eq!(town.over(&jobs["data"][0]["id"]).await["state"], "succeeded");
    town.twilio_lets_in(&[&newer]).await;
    later(1).await;
    assert_eq!(town.get("/api/jobs?kind=retire").await["data"].as_array().map(Vec::len), Some(1), "that was all");
}

#[tokio::test]
async fn a_password_somebody_else_has_is_refused_at_once_also_while_twilio_is_away() {
    let town = Town::new().await;
    let (tenant, leaked) = town.with_sip("Smile Dental").await;
    let newer = town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    assert!(town.sip_call(&leaked, "smile-dental").await);
    town.sim.tell("faults", json!({ "match": "DELETE .*", "kind": "error", "times": 2 })).await;
    let path = format!("/api/tenants/{tenant}/sip-names/{leaked}");
    let (status, begun) = town.ask(Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, 202, "{begun}");
    assert!(!town.sip_call(&leaked, "smile-dental").await && town.sip_call(&newer, "smile-dental").await);
    // Asked twice, it is one job.
    let (status, again) = town.ask(Method::DELETE, &path, Value::Null).await;
    assert!(status == 404 || again["jobId"] == begun["jobId"], "{status} {again}");
    let job = town.over(&begun["jobId"]).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    assert_eq!(step(&job, "removeFromSipLists"), ("done", &*format!("let in no more: {leaked}")));
    town.twilio_lets_in(&[&newer]).await;
    let town = Town { rig: town.rig.restart(&Town::settings(&town.sim.url())).await, sim: town.sim };
    assert!(!town.sip_call(&leaked, "smile-dental").await && town.sip_call(&newer, "smile-dental").await);
    assert!(town.sip_call(&newer, &leaked).await, "the telephone system may dial what it always dialled");
    assert_eq!(town.ask(Method::DELETE, &path, Value::Null).await.0, 404, "it is gone");
}

#[tokio::test]
async fn the_newest_name_is_not_removed_and_neither_is_one_that_is_not_there() {
    let town = Town::new().await;
    let (tenant, only) = town.with_sip("Smile Dental").await;
    let remove = async |name: &str| {
        let path = format!("/api/tenants/{tenant}/sip-names/{name}");
        let (status, problem) = town.ask(Method::DELETE, &path, Value::Null).await;
        (status, problem["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(remove(&only).await, (409, "sip_name_newest".to_owned()));
    assert_eq!(remove("sip_00000000").await, (404, "not_found".to_owned()));
    let (_, other) = town.with_sip("Other").await;
    assert_eq!(remove(&other).await, (404, "not_found".to_owned()), "another tenant's");
    assert!(town.sip_call(&only, "smile-dental").await && town.sip_call(&other, "other").await);
}

#[tokio::test]
async fn a_rotation_begun_twice_leaves_two_names() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({})).await;
    // Before anything is deployed there is one name, whatever its password.
    let (_, first) = town.sip(&tenant, json!({})).await;
    let name = town.renewed(&tenant).await;
    assert_eq!(json!(name), first["sipUsername"]);
    town.deployed(&tenant).await;
    town.twilio_lets_in(&[&name]).await;
    // Not deployed yet: the newer is the same with another password.
    let second = town.renewed(&tenant).await;
    assert_eq!(town.renewed(&tenant).await, second);
    town.deployed(&tenant).await;
    town.twilio_lets_in(&[&name, &second]).await;
    // Deployed, and nobody has called with it yet: another takes its place, and the older stays.
    let third = town.renewed(&tenant).await;
    assert_ne!(third, second);
    assert!(!town.sip_call(&second, "smile-dental").await && town.sip_call(&name, "smile-dental").await);
    let job = town.deployed(&tenant).await;
    let told = format!("{third} may call example.sip.twilio.com, {second} no more");
    assert_eq!(step(&job, "createSipCredential").1, told);
    town.twilio_lets_in(&[&name, &third]).await;
    // Both are in use: neither is taken away.
    assert!(town.sip_call(&third, "smile-dental").await);
    town.has_called(&tenant, &third).await;
    let (status, problem) = town.sip(&tenant, json!({ "renewSipPassword": true })).await;
    assert_eq!((status, &problem["code"]), (409, &json!("sip_names_in_use")));
    let path = format!("/api/tenants/{tenant}/sip-names/{name}");
    let (_, begun) = town.ask(Method::DELETE, &path, Value::Null).await;
    town.over(&begun["jobId"]).await;
    let fourth = town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    town.twilio_lets_in(&[&third, &fourth]).await;
}

#[tokio::test]
async fn what_was_to_leave_and_did_not_is_taken_out_by_and_by() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = ahead!(AHEAD);
    let (tenant, older) = town.with_sip("Smile Dental").await;
    let newer = town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    town.sim.tell("faults", json!({ "match": "DELETE .*", "kind": "error", "times": 9 })).await;
    let path = format!("/api/tenants/{tenant}/sip-names/{older}");
    let (_, begun) = town.ask(Method::DELETE, &path, Value::Null).await;
    town.post(&format!("/api/jobs/{}/cancel", begun["jobId"].as_str().unwrap()), Value::Null).await;
    assert_eq!(town.over(&begun["jobId"]).await["state"], "cancelled");
    town.sim.clear_faults().await;
    assert!(!town.sip_call(&older, "smile-dental").await, "called off or not");
    town.look().await;
    let jobs = town.get("/api/jobs?kind=retire").await;
    assert_eq!(town.over(&jobs["data"][0]["id"]).await["state"], "succeeded");
    town.twilio_lets_in(&[&newer]).await;
}

#[tokio::test]
async fn a_tenant_that_goes_takes_both_its_names_along() {
    let town = Town::new().await;
    let (tenant, _) = town.with_sip("Smile Dental").await;
    town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    assert_eq!(town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await.0, 204);
    let jobs = town.get("/api/jobs?kind=vacate").await;
    let job = town.over(&jobs["data"][0]["id"]).await;
    assert_eq!(job["state"], "succeeded", "{job:#}");
    town.twilio_lets_in(&[]).await;
}

#[tokio::test]
async fn whoever_comes_back_to_a_password_has_the_one_it_had_last() {
    let town = Town::new().await;
    let (tenant, _) = town.with_sip("Smile Dental").await;
    let newer = town.renewed(&tenant).await;
    town.deployed(&tenant).await;
    let forwarded = json!({ "method": "forwarded", "clinicNumber": "+16475550188" });
    town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), forwarded).await;
    town.deployed(&tenant).await;
    town.twilio_lets_in(&[]).await;
    let (_, back) = town.sip(&tenant, json!({})).await;
    assert_eq!((&back["sipUsername"], &back["sipPassword"]), (&json!(newer), &Value::Null));
    town.deployed(&tenant).await;
    town.twilio_lets_in(&[&newer]).await;
    assert!(town.sip_call(&newer, "smile-dental").await);
}
