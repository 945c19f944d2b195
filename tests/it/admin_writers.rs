//! Two who write at once: nothing that was acknowledged is lost, and each hears when the other was first.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use crate::admin_desk::Desk;

/// How often each of the two changes the tenant.
const CHANGES: usize = 500;

/// What a writer changes: always another value, so that every change is one.
fn change(writer: usize, turn: usize) -> (Method, &'static str, Value) {
    let mark = format!("writer {writer} turn {turn}");
    match turn % 3 {
        0 => {
            let body = json!({"mode": "always", "fallback": {"type": "voicemail"}, "mark": mark});
            (Method::PUT, "/availability", body)
        }
        1 => (Method::PATCH, "", json!({"name": mark})),
        _ => (Method::PUT, "/override", json!({"state": "force-ai", "until": null, "note": mark})),
    }
}

/// What a version of the tenant shows of a change.
fn mark(method: &Method, place: &str, tenant: &patchbay::model::Tenant) -> Option<String> {
    match (method, place) {
        (&Method::PATCH, _) => Some(tenant.name.clone()),
        (_, "/availability") => tenant.availability["mark"].as_str().map(str::to_owned),
        _ => tenant.forced.as_ref()?.note.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_a_thousand_times_no_update_is_lost() {
    let desk = Arc::new(Desk::new().await);
    let id = desk.tenant("Smile Dental").await;
    let writers: Vec<_> = (0..2)
        .map(|writer| {
            let (desk, path) = (Arc::clone(&desk), format!("/api/tenants/{id}"));
            tokio::spawn(async move {
                let (mut acknowledged, mut refused) = (Vec::new(), 0);
                for turn in 0..CHANGES {
                    let (method, place, body) = change(writer, turn);
                    loop {
                        let read = desk.get(&path).await;
                        let tag = read.header("etag").to_owned();
                        let headers = [("if-match", tag.as_str())];
                        let answer =
                            desk.ask(method.clone(), &format!("{path}{place}"), &headers, Some(body.clone())).await;
                        match answer.status.as_u16() {
                            200 => {
                                let now = answer.header("etag").trim_matches('"').parse::<u64>().expect("a version");
                                let then = tag.trim_matches('"').parse::<u64>().expect("a version");
                                assert_eq!(now, then + 1, "what was read is what was changed");
                                acknowledged.push((now, turn));
                                break;
                            }
                            412 => refused += 1,
                            other => panic!("{other} {}", answer.text),
                        }
                    }
                }
                (acknowledged, refused)
            })
        })
        .collect();
    let mut versions = BTreeMap::new();
    let mut refusals = 0;
    for (writer, task) in writers.into_iter().enumerate() {
        let (acknowledged, refused) = task.await.expect("a writer");
        assert!(acknowledged.is_sorted(), "in the order in which they were made");
        refusals += refused;
        for (version, turn) in acknowledged {
            assert_eq!(versions.insert(version, (writer, turn)), None, "one change a version");
        }
    }
    let in_a_row: Vec<u64> = (2..2 + 2 * CHANGES as u64).collect();
    assert_eq!(versions.keys().copied().collect::<Vec<_>>(), in_a_row);
    let tenant = patchbay::model::TenantId::parse(&id).expect("an id");
    assert_eq!(desk.store.tenant(&tenant).await.unwrap().expect("the tenant").version, 1 + 2 * CHANGES as u64);
    for (version, (writer, turn)) in versions {
        let (method, place, _) = change(writer, turn);
        let then = desk.store.tenant_at(&tenant, version).await.unwrap().expect("every version is there");
        assert_eq!(mark(&method, place, &then), Some(format!("writer {writer} turn {turn}")), "version {version}");
    }
    println!("1000 changes, {refusals} refused because the other was first");
    assert!(refusals > 0, "they never met");
}
