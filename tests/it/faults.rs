//! The store locked, the disk full, settings broken: calls are answered, and nothing acknowledged is lost.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Executor};

use crate::rig::{Rig, call_sid};

const CALLER: &str = "+14165550101";
const CLINIC: &str = "+16475550111";

async fn second_connection(rig: &Rig) -> sqlx::SqliteConnection {
    let path = rig.dir.path().join("patchbay.db");
    sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.expect("a second connection")
}

async fn voicemail(rig: &Rig, recording: &str) -> u16 {
    let fields = [("CallSid", "CA-of-a-message"), ("RecordingSid", recording), ("RecordingStatus", "completed")];
    rig.post("/api/twilio/voicemail", &fields).await.status
}

async fn kept(rig: &Rig) -> Vec<String> {
    let (_, list) = rig.admin(Method::GET, "/api/voicemails?limit=200", None).await;
    let rows = list["data"].as_array().cloned().unwrap_or_default();
    let mut sids: Vec<String> = rows.iter().filter_map(|row| row["recordingSid"].as_str()).map(str::to_owned).collect();
    sids.sort();
    sids
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_locked_calls_are_answered_and_messages_kept() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.voice(CALLER, CLINIC, &call_sid()).await;
    let mut lock = second_connection(&rig).await;
    lock.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    let mut names = Vec::new();
    for message in 0..20 {
        let started = std::time::Instant::now();
        let heard = rig.voice(CALLER, CLINIC, &call_sid()).await;
        assert!(heard.body.contains("sip.vapi.ai"), "{}", heard.body);
        assert!(started.elapsed() < Duration::from_secs(1), "a call waited {:?}", started.elapsed());
        let name = format!("RE{message:02}");
        assert_eq!(voicemail(&rig, &name).await, 204);
        names.push(name);
    }
    // A number nobody has called before cannot be looked up: the caller hears so, and it is not "unknown".
    let (status, problem) = rig.admin(Method::POST, "/api/tenants", Some(json!({"name": "Late"}))).await;
    assert_eq!(status, 503, "{problem}");
    lock.execute("ROLLBACK").await.expect("unlocked");
    rig.eventually("every acknowledged message is in the store, once", async || {
        (kept(&rig).await == names).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_with_broken_settings_falls_back_politely_and_hurts_nobody_else() {
    let rig = Rig::start().await;
    let broken = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    rig.tenant("Acme Pizza", "+16475550112", json!({"mode": "always"})).await;
    let mut connection = second_connection(&rig).await;
    for garbage in
        ["{\"mode\":", "[]", "{\"mode\":\"sometimes\"}", "7", "{\"mode\":\"scheduled\",\"customSchedule\":9}"]
    {
        sqlx::query("UPDATE tenants SET availability = $1 WHERE id = $2")
            .bind(garbage)
            .bind(&broken)
            .execute(&mut connection)
            .await
            .expect("the row is broken by hand");
        let id = patchbay::model::TenantId::parse(&broken).expect("an id");
        rig.running.handler.directory.changed(&patchbay::model::Change::Tenant(id));
        let heard = rig.voice(CALLER, CLINIC, &call_sid()).await;
        assert_eq!(heard.status, 200);
        assert!(heard.body.contains("<Record"), "{garbage}: {}", heard.body);
        let heard = rig.voice(CALLER, "+16475550112", &call_sid()).await;
        assert!(heard.body.contains("sip.vapi.ai"), "{}", heard.body);
    }
    let (status, listed) = rig.admin(Method::GET, "/api/tenants", None).await;
    assert_eq!((status, listed["data"].as_array().map(Vec::len)), (200, Some(2)), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_settings_are_refused_with_every_fault_and_change_nothing() {
    let rig = Rig::start().await;
    let tenant = rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let path = format!("/api/tenants/{tenant}/availability");
    let bad = json!({"mode": "combined", "highVolume": {"enabled": true, "threshold": -1},
        "customSchedule": {"enabled": true, "rules": [{"dayOfWeek": 9, "startTime": "25:00", "endTime": "9", "action": "on"}]},
        "fallback": {"type": "forward"}});
    let (status, problem) = rig.admin(Method::PUT, &path, Some(bad)).await;
    assert_eq!(status, 422, "{problem}");
    let pointers: Vec<&str> =
        problem["errors"].as_array().expect("faults").iter().filter_map(|fault| fault["pointer"].as_str()).collect();
    for pointer in [
        "/highVolume/threshold",
        "/customSchedule/rules/0/dayOfWeek",
        "/customSchedule/rules/0/startTime",
        "/customSchedule/rules/0/endTime",
        "/customSchedule/rules/0/action",
        "/fallback/forwardNumber",
    ] {
        assert!(pointers.contains(&pointer), "{pointer} is missing: {problem}");
    }
    let (_, kept) = rig.admin(Method::GET, &path, None).await;
    let kept = kept.get("availability").cloned().unwrap_or(kept);
    assert_eq!(kept["mode"], Value::from("always"));
}

/// A small file system of its own that can be filled. Needs the right to mount; says so where it is missing.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path) -> Option<SmallDisk> {
        std::fs::create_dir_all(at).expect("a mount point");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at)
            .status()
            .is_ok_and(|status| status.success());
        mounted.then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_journals_disk_full_calls_are_answered_and_messages_go_to_the_store() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let Some(disk) = SmallDisk::mount(&dir.path().join("spool")) else {
        println!("no right to mount a small disk here: the full disk is covered by the journal's own tests only");
        return;
    };
    let rig = Rig::start_in(dir, &[]).await;
    rig.tenant("Smile Dental", CLINIC, json!({"mode": "always"})).await;
    let ballast = disk.0.join("ballast");
    let full = std::fs::write(&ballast, vec![0u8; 4 << 20]);
    assert!(full.is_err(), "the disk should be full by now");
    let mut names = Vec::new();
    for message in 0..40 {
        let heard = rig.voice(CALLER, CLINIC, &call_sid()).await;
        assert!(heard.body.contains("sip.vapi.ai"), "{}", heard.body);
        let name = format!("RE{message:02}");
        assert_eq!(voicemail(&rig, &name).await, 204);
        names.push(name);
    }
    rig.eventually("every acknowledged message is in the store", async || (kept(&rig).await == names).then_some(()))
        .await;
    std::fs::remove_file(&ballast).expect("room again");
    assert_eq!(voicemail(&rig, "RE99").await, 204);
    names.push("RE99".to_owned());
    rig.eventually("the journal works again", async || (kept(&rig).await == names).then_some(())).await;
    rig.running.stop().await;
    drop(disk);
}
