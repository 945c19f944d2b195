//! The sealing key changed by the API, in a whole patchbay: the file, the store, and what a restart finds.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::rig::{OPERATOR, Rig, call_sid};

const NUMBER: &str = "+16475550124";

fn key_file(rig: &Rig) -> PathBuf {
    rig.dir.path().join("patchbay.db.key")
}

fn keys_in(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("the key file").lines().map(str::to_owned).collect()
}

async fn rotate(rig: &Rig) -> (u16, Value) {
    rig.admin(Method::POST, "/api/secrets/rotation", None).await
}

async fn state(rig: &Rig) -> Value {
    let (status, state) = rig.admin(Method::GET, "/api/secrets/rotation", None).await;
    assert_eq!(status, 200, "{state}");
    state
}

/// Waits until nothing is left to seal anew.
async fn settled(rig: &Rig) -> Value {
    rig.eventually("the sealing anew ends", async || {
        Some(state(rig).await).filter(|state| state["running"] == json!(false))
    })
    .await
}

/// A call reaches the AI with the tenant's own, once sealed, credentials.
async fn calls_reach_the_ai(rig: &Rig) {
    let heard = rig
        .eventually("the directory answers", async || {
            let heard = rig.voice("+14165550101", NUMBER, &call_sid()).await;
            Some(heard).filter(|heard| heard.body.contains("<Sip"))
        })
        .await;
    assert!(heard.body.contains("a-password-of-twenty-and-more"), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_seals_what_is_there_and_the_old_one_leaves_the_file() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let first = keys_in(&key_file(&rig));
    let before = settled(&rig).await;
    assert_eq!((&before["older"], &before["unreadable"]), (&json!([]), &json!(0)));

    let (status, answer) = rotate(&rig).await;
    assert_eq!(status, 202, "{answer}");
    assert_ne!(answer["key"], before["key"]);
    let after = settled(&rig).await;
    assert_eq!((&after["key"], &after["older"]), (&answer["key"], &json!([])));
    assert_eq!((&after["unreadable"], &after["removable"]), (&json!(0), &json!([])));
    let second = keys_in(&key_file(&rig));
    assert_eq!(second.len(), 1, "the old key is gone from the file");
    assert_ne!(first, second);
    assert_eq!(fs::metadata(key_file(&rig)).expect("there").permissions().mode() & 0o777, 0o600);
    calls_reach_the_ai(&rig).await;

    let rig = rig.restart(&[]).await;
    assert_eq!(settled(&rig).await["key"], answer["key"]);
    calls_reach_the_ai(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_goes_on_with_what_a_death_left_half_done() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let old = keys_in(&key_file(&rig));
    // A process that dies after it has kept a new key has sealed nothing with it yet.
    let new = STANDARD.encode([9; 32]);
    let file = key_file(&rig);
    let Rig { dir, running, .. } = rig;
    running.stop().await;
    fs::write(&file, format!("{new}\n{}\n", old[0])).expect("written");
    let rig = Rig::start_in(dir, &[]).await;
    let state = settled(&rig).await;
    assert_eq!((&state["older"], &state["unreadable"]), (&json!([]), &json!(0)));
    assert_eq!(keys_in(&file), [new]);
    calls_reach_the_ai(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_from_the_settings_is_changed_there() {
    let [old, new] = [[7; 32], [8; 32]].map(|key| STANDARD.encode(key));
    let rig = Rig::start_with(&[("PATCHBAY_SECRETS__KEY", &old)]).await;
    rig.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let (status, refused) = rotate(&rig).await;
    assert_eq!((status, &refused["code"]), (409, &json!("key_given")), "{refused}");
    let name = settled(&rig).await["key"].clone();

    let rig = rig.restart(&[("PATCHBAY_SECRETS__KEY", &new), ("PATCHBAY_SECRETS__PREVIOUS", &old)]).await;
    let state = settled(&rig).await;
    assert_ne!(state["key"], name);
    assert_eq!(state["older"], json!([{"name": name, "values": 0}]));
    assert_eq!(state["removable"], json!([name]), "the operator may shorten the list");
    let rig = rig.restart(&[("PATCHBAY_SECRETS__KEY", &new)]).await;
    assert_eq!(settled(&rig).await["unreadable"], json!(0));
    calls_reach_the_ai(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_that_is_gone_is_told_of_and_the_key_stays() {
    let rig = Rig::start().await;
    let before = settled(&rig).await;
    let aside = rig.dir.path().join("aside");
    fs::rename(key_file(&rig), &aside).expect("moved");
    let (status, refused) = rotate(&rig).await;
    assert_eq!((status, &refused["code"]), (409, &json!("key_file")), "{refused}");
    assert!(!refused.to_string().contains(&rig.dir.path().display().to_string()), "{refused}");
    fs::rename(aside, key_file(&rig)).expect("moved back");
    assert_eq!(settled(&rig).await["key"], before["key"]);
    assert_eq!(rotate(&rig).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_changed_by_many_at_once_end_in_one_and_every_secret_opens() {
    let rig = Rig::start().await;
    rig.tenant("Smile Dental", NUMBER, json!({"mode": "always"})).await;
    let (a, b, c, d) = tokio::join!(rotate(&rig), rotate(&rig), rotate(&rig), rotate(&rig));
    let names: BTreeSet<String> = [a, b, c, d]
        .into_iter()
        .map(|(status, answer)| {
            assert_eq!(status, 202, "{answer}");
            answer["key"].to_string()
        })
        .collect();
    let state = settled(&rig).await;
    assert!(names.contains(&state["key"].to_string()));
    assert_eq!((&state["older"], &state["unreadable"]), (&json!([]), &json!(0)));
    assert_eq!(keys_in(&key_file(&rig)).len(), 1);
    calls_reach_the_ai(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_any_of_its_keys_is_refused() {
    let rig = Rig::start().await;
    let Rig { dir, running, .. } = rig;
    running.stop().await;
    fs::write(dir.path().join("patchbay.db.key"), STANDARD.encode([1; 32])).expect("written");
    let refused = patchbay::app::start(crate::rig::settings(dir.path(), &[])).await.expect_err("refused");
    let told = format!("{refused:#}");
    assert!(told.contains("sealed with another key") && told.contains("secrets.previous"), "{told}");
    let _dir: TempDir = dir;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_in_the_middle_of_a_change_loses_no_secret() {
    let dir = TempDir::new().expect("a directory");
    let mut process = Process::start(dir.path(), &WITH_ACCOUNTS);
    let connect = json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "a-user-name-of-twenty-chars",
        "password": "a-password-of-twenty-and-more"});
    process.tenant(NUMBER, connect).await;
    for round in 0..6 {
        let file = dir.path().join("patchbay.db.key");
        let before = fs::read_to_string(&file).expect("the key file");
        let asked = process.http.post(format!("http://{}/api/secrets/rotation", process.admin)).bearer_auth(OPERATOR);
        let asking = tokio::spawn(asked.send());
        // As soon as the file has changed, or after the answer: before, while and after the first values follow.
        while fs::read_to_string(&file).is_ok_and(|now| now == before) {
            tokio::task::yield_now().await;
        }
        if round % 2 == 1 {
            asking.await.expect("no panic").expect("an answer");
        }
        process.signal("KILL");
        process.ended();
        process = Process::start(dir.path(), &WITH_ACCOUNTS);
        process.known(NUMBER).await;
        let call = [("CallSid", "CA1"), ("From", "+14165550100"), ("To", NUMBER), ("CallStatus", "ringing")];
        let (_, twiml) = process.webhook("/api/twilio/voice", &call).await;
        assert!(twiml.contains("a-password-of-twenty-and-more"), "round {round}: {twiml}");
        let (_, state) = process.admin("GET", "/api/secrets/rotation", OPERATOR, Value::Null).await;
        assert_eq!(state["unreadable"], json!(0), "{state}");
    }
}
