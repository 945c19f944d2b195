//! One box to find everything by: a few of each kind, what is named exactly first, and nothing of anybody else.

use axum::http::Method;
use patchbay::model::{Record, TenantId, VoicemailState};
use serde_json::{Value, json};

use crate::admin_access::World;
use crate::admin_desk::Desk;
use crate::commands_support::Shell;
use crate::rig::Rig;
use crate::store_fixtures::{began, news, numbered, operator, org_with_account, put_org, tenant};

const CALL: &str = "CA0123456789abcdef0123456789abcdef";
const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

async fn found(desk: &Desk, q: &str) -> Vec<Value> {
    let escaped: String = q.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let found = desk.get(&format!("/api/search?q={escaped}")).await.expect(200);
    found["data"].as_array().unwrap().clone()
}

/// Kinds and titles.
fn told(found: &[Value]) -> Vec<String> {
    found.iter().map(|hit| format!("{} {}", hit["kind"].as_str().unwrap(), hit["title"].as_str().unwrap())).collect()
}

/// A tenant with a number, a call and a voicemail.
async fn business(desk: &Desk) -> TenantId {
    let id = desk.tenant("Smile Dental").await;
    desk.number("+16475550123", &id).await;
    let tenant = TenantId::parse(&id).unwrap();
    let mut message = news(1, CALL, Some(RECORDING), VoicemailState::Ready, 2);
    message.transcript = Some("please call me back about tuesday".to_owned());
    message.from = Some("+16475550111".to_owned());
    let records = [Record::CallBegan(began(CALL, Some(&tenant), 1)), Record::Voicemail(message)];
    desk.store.apply("test", &numbered(1, &records)).await.unwrap();
    tenant
}

#[tokio::test]
async fn each_kind_is_found_by_what_people_know_of_it() {
    let desk = Desk::new().await;
    let tenant = business(&desk).await;
    let org = put_org(&desk.store, &org_with_account(4)).await.unwrap();
    let forwarded = json!({"method": "forwarded", "clinicNumber": "+16475550188"});
    desk.put(&format!("/api/tenants/{tenant}/phone-integration"), forwarded).await.expect(200);
    let deployed = desk.ask(Method::POST, &format!("/api/tenants/{tenant}/deploy"), &[], None).await.expect(202);
    let job = deployed["jobId"].as_str().unwrap();
    let call = "call +16475550111 → +16475550123";
    for (q, expected) in [
        ("smile", vec!["tenant Smile Dental"]),
        ("SMILE-DEN", vec!["tenant Smile Dental"]),
        (tenant.as_str(), vec!["tenant Smile Dental"]),
        ("+16475550123", vec!["number +16475550123", call]),
        ("(647) 555-0123", vec!["number +16475550123", call]),
        ("0111", vec![call, "voicemail +16475550111"]),
        (CALL, vec![call, "voicemail +16475550111"]),
        (RECORDING, vec!["voicemail +16475550111"]),
        ("tuesday", vec!["voicemail +16475550111"]),
        (job, vec!["job deploy"]),
        ("reseller", vec!["org Reseller 4"]),
        (org.id.as_str(), vec!["org Reseller 4"]),
        (org.twilio.as_ref().unwrap().sid.as_str(), vec!["org Reseller 4"]),
        ("nobody knows this", vec![]),
        ("   ", vec![]),
        ("vm_0000000000000000000000zzzz", vec![]),
    ] {
        assert_eq!(told(&found(&desk, q).await), expected, "{q}");
    }
    let voicemail = &found(&desk, "tuesday").await[0];
    let by_id = found(&desk, voicemail["id"].as_str().unwrap()).await;
    assert_eq!(by_id, std::slice::from_ref(voicemail));
}

#[tokio::test]
async fn a_hit_says_what_it_is_and_whose() {
    let desk = Desk::new().await;
    let tenant = business(&desk).await;
    let hit = |kind: &str, id: &str, title: &str, detail: &str| json!({"kind": kind, "id": id, "title": title, "detail": detail, "tenantId": tenant.as_str()});
    let hits = found(&desk, CALL).await;
    let expected = "2026-11-20 10:00 UTC, ai: after-hours";
    assert_eq!(hits[0], hit("call", CALL, "+16475550111 → +16475550123", expected));
    assert_eq!(hits[1]["detail"], "2026-11-20 10:00 UTC: please call me back about tuesday");
    let hits = found(&desk, "smile").await;
    assert_eq!(hits, [hit("tenant", tenant.as_str(), "Smile Dental", "smile-dental")]);
    let hits = found(&desk, "+16475550123").await;
    assert_eq!((&hits[0]["detail"], &hits[0]["tenantId"]), (&json!("active"), &json!(tenant.as_str())));
}

#[tokio::test]
async fn of_each_kind_there_are_five_at_most_and_what_is_named_comes_first() {
    let desk = Desk::new().await;
    let org = desk.store.platform_org().await.unwrap();
    for n in 1..=9 {
        desk.store.create_tenant(&tenant(n, &org.id), &operator()).await.unwrap();
    }
    let calls: Vec<Record> = (0..9).map(|n| Record::CallBegan(began(&format!("CA{n}"), None, n))).collect();
    desk.store.apply("test", &numbered(1, &calls)).await.unwrap();
    assert_eq!(found(&desk, "smile").await.len(), 5);
    assert_eq!(found(&desk, "+16475550123").await.len(), 5);
    desk.number("+16475550123", tenant(3, &org.id).id.as_str()).await;
    let hits = found(&desk, "+16475550123").await;
    assert_eq!((hits.len(), &hits[0]["kind"]), (6, &json!("number")));
    // A slug that is part of others' names.
    for n in [10, 11] {
        let mut other = tenant(n, &org.id);
        other.name = format!("a smile-dental-1{n} like business");
        desk.store.create_tenant(&other, &operator()).await.unwrap();
    }
    assert_eq!(found(&desk, "smile-dental-1").await[0]["detail"], "smile-dental-1");
}

#[tokio::test]
async fn a_token_finds_its_own_and_nothing_else() {
    let world = World::new().await;
    let things = ["{tenant}", "{number}", "{job}", "{voicemail}", "{call}", "{org}", "+16475550123", "smile tenant"];
    let escaped = |q: &str| world.named(q).replace('+', "%2B").replace(' ', "%20");
    for thing in things {
        let at = format!("/api/search?q={}", escaped(thing));
        let count = async |token: &str| {
            let found = world.ask(Some(token), &Method::GET, &at, None).await.expect(200);
            found["data"].as_array().unwrap().len()
        };
        assert!(count("operator").await >= 1, "{thing}");
        assert!(count("org").await >= 1, "{thing}");
        assert_eq!(count("tenant").await >= 1, thing != "{org}", "{thing}");
        for token in ["sibling", "other org"] {
            assert_eq!(count(token).await, 0, "{thing} by {token}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_shell_it_is_a_table_and_for_programs_the_apis_own_json() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", "+16475550123", json!({"mode": "always"})).await;
    let shell = Shell::of(&rig);
    let table = shell.run(&["search", "smile"]).done();
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.lines().nth(1).is_some_and(|row| row.starts_with("tenant  Smile Dental") && row.ends_with(&tenant)));
    assert_eq!(shell.run(&["search", "+16475550123", "--json"]).json()["data"][0]["kind"], "number");
    assert_eq!(shell.run(&["search", "nobody"]).done(), "nothing found\n");
    let today = shell.run(&["today"]).done();
    assert!(today.starts_with("last hour  0 to the AI, 0 to the fallback\n"), "{today}");
    assert_eq!(shell.run(&["today", "--json"]).json()["storeUp"], true);
}

#[tokio::test]
async fn every_fault_of_the_words_is_named() {
    let desk = Desk::new().await;
    for (query, expected) in [
        ("", vec!["?q required"]),
        ("?q=", vec!["?q too_short"]),
        ("?q=a&q=b", vec!["?q repeated_parameter"]),
        ("?q=a&limit=9", vec!["?limit unknown_parameter"]),
    ] {
        assert_eq!(desk.get(&format!("/api/search{query}")).await.faults(), expected, "{query}");
    }
    let long = "a".repeat(101);
    assert_eq!(desk.get(&format!("/api/search?q={long}")).await.faults(), ["?q too_long"]);
}
