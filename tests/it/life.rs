//! How the process comes and goes: a start that fails, a stop that loses nothing, and when it wants calls.

use patchbay::app;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::rig::{Rig, call_sid, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_leaves_nothing_behind_that_runs() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("an address");
    let dir = TempDir::new().expect("a directory");
    for key in ["PATCHBAY_EDGE__LISTEN", "PATCHBAY_ADMIN__LISTEN"] {
        let failure = app::start(settings(dir.path(), &[(key, &taken.1)])).await.expect_err("the port is taken");
        assert!(format!("{failure:#}").contains("could not listen on"), "{failure:#}");
    }
    // The journal's directory is for one process alone: it is free again.
    let mut last = None;
    for _ in 0..100 {
        match app::start(settings(dir.path(), &[])).await {
            Ok(running) => return running.stop().await,
            Err(failure) => last = Some(format!("{failure:#}")),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("never started: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_before_the_stop_is_in_the_store_after_it() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", "+16475550111", json!({"mode": "always"})).await;
    for _ in 0..200 {
        rig.voice("+14165550101", "+16475550111", &call_sid()).await;
    }
    let dir = rig.dir;
    rig.running.stop().await;
    let left: Vec<_> = std::fs::read_dir(dir.path().join("spool"))
        .expect("the spool")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".log"))
        .collect();
    assert!(left.is_empty(), "not drained: {left:?}");
    let rig = Rig::start_in(dir, &[]).await;
    assert_eq!(rig.running.handler.ledger.live().await.len(), 200);
    let (_, calls) = rig.admin(Method::GET, "/api/calls?limit=200", None).await;
    assert_eq!(calls["data"].as_array().map(Vec::len), Some(200));
}
