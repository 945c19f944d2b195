//! Whole edges over one Redis: what a caller and an operator see.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use hyper::Method;
use patchbay::preflight::live;
use serde_json::json;
use tempfile::TempDir;

use super::rig::{self, Rig, call_sid};
use super::servers::redis::Redis;

const CLINIC: &str = "+16475550100";
const CALLER: &str = "+12045550123";

/// Two edges that share a Redis, each with the same store: a copy, for one file has one process.
async fn two_edges(redis: &Redis, availability: serde_json::Value) -> [Rig; 2] {
    let url = redis.url();
    let extra = [("PATCHBAY_LIVE__URL", url.as_str())];
    let first = Rig::start_with(&extra).await;
    first.tenant("Smile Dental", CLINIC, availability).await;
    first.running.stop().await;
    let copy = TempDir::new().unwrap();
    copy_all(first.dir.path(), copy.path());
    [Rig::start_in(first.dir, &extra).await, Rig::start_in(copy, &extra).await]
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

async fn mode(rig: &Rig, mode: &str) {
    rig.eventually(mode, async || {
        let shown =
            rig.http.get(format!("http://{}/metrics", rig.running.admin)).send().await.ok()?.text().await.ok()?;
        shown.contains(&format!("patchbay_ledger_mode{{mode=\"{mode}\"}} 1")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_call_whichever_edge_its_requests_come_to() {
    let redis = Redis::start();
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 2},
                          "fallback": {"type": "voicemail"}});
    let [one, other] = two_edges(&redis, overflow).await;
    mode(&one, "redis").await;
    mode(&other, "redis").await;
    let (first, second, third) = (call_sid(), call_sid(), call_sid());
    // Two are taken by staff, whichever edge they come to; the third is the AI's.
    let voicemail = one.voice(CALLER, CLINIC, &first).await;
    assert!(voicemail.body.contains("<Record"), "{}", voicemail.body);
    assert!(other.voice(CALLER, CLINIC, &second).await.body.contains("<Record"));
    assert_eq!(other.voice(CALLER, CLINIC, &third).await.status, 200);
    one.eventually("it was the count that decided", async || {
        let (status, call) = other.admin(Method::GET, &format!("/api/calls/{third}"), None).await;
        (status == 200 && call.to_string().contains("\"activeCalls\":2")).then_some(())
    })
    .await;
    // The first answer again, from the edge that did not give it.
    let again = other.voice(CALLER, CLINIC, &first).await;
    assert_eq!(again.body.replace(&other.base(), &one.base()), voicemail.body);
    // Its end at the other edge makes room at both.
    other.ended(&first).await;
    one.eventually("it is over at both", async || {
        let shown =
            one.http.get(format!("http://{}/metrics", one.running.admin)).send().await.ok()?.text().await.ok()?;
        shown.contains("patchbay_live_calls{pool=\"tenant\"} 2").then_some(())
    })
    .await;
    other.running.stop().await;
    one.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_calls_are_answered_and_operators_are_told() {
    let redis = Redis::start();
    let url = redis.url();
    let rig = Rig::start_with(&[("PATCHBAY_LIVE__URL", &url)]).await;
    rig.tenant(
        "Smile Dental",
        CLINIC,
        json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 1},
                                              "fallback": {"type": "voicemail"}}),
    )
    .await;
    mode(&rig, "redis").await;
    let settings = rig::settings(rig.dir.path(), &[("PATCHBAY_LIVE__URL", &url)]);
    let checked = async || live(&settings).await.into_iter().map(|found| found.detail).collect::<Vec<_>>().join("; ");
    let told = checked().await;
    assert!(told.contains("7.") || told.contains("8."), "{told}");
    let port = redis.kill();
    mode(&rig, "degraded").await;
    let sid = call_sid();
    let heard = rig.voice(CALLER, CLINIC, &sid).await;
    assert!(heard.body.contains("<Record"), "{}", heard.body);
    rig.eventually("a warning", async || {
        let today = rig.admin(Method::GET, "/api/today", None).await.1.to_string();
        today.contains("ledger_degraded").then_some(())
    })
    .await;
    assert!(checked().await.contains("Redis cannot be reached"));
    let ready = rig.http.get(format!("{}/readyz", rig.base())).send().await.unwrap();
    assert_eq!(ready.status(), 200, "calls are answered");
    let redis = Redis::start_on(port);
    mode(&rig, "redis").await;
    rig.eventually("what was begun without it is there", async || {
        (redis.say("HLEN {patchbay}:live:leases\r\n")? == ":1\r\n").then_some(())
    })
    .await;
    rig.running.stop().await;
}
