//! `patchbay store copy` as a process: killed and called again, wrong usage, and the start that follows it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use patchbay::store::Store;
use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS, patchbay, said};
use crate::rig::OPERATOR;
use crate::servers::postgres::{database, drop_database};
use crate::store_copy::{many, multiply};
use crate::store_copy_world::{filled, url};
use crate::store_fixtures::KEY;

/// A key as files hold it.
fn spelled(key: [u8; 32]) -> String {
    BASE64_STANDARD.encode(key)
}

/// A filled store with its key beside it.
async fn here() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    filled(&dir.path().join("patchbay.db")).await;
    fs::write(dir.path().join("patchbay.db.key"), format!("{}\n", spelled(KEY))).unwrap();
    dir
}

fn run(dir: &Path, words: &[&str]) -> (i32, String, String) {
    said(patchbay(dir, &[&["store", "copy"], words].concat(), &[]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_goes_on_and_what_it_made_is_served() {
    let (dir, to) = (here().await, database().await);
    multiply(&dir.path().join("patchbay.db"), many()).await;
    let mut killed = patchbay(dir.path(), &["store", "copy", "--to", &to, "--batch-rows", "20"], &[]);
    let mut killed = killed.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    // The events come first.
    let heard = BufReader::new(killed.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut of_events = heard.filter(|line| line.starts_with("copying call_events: ") && !line.contains(": 0 of "));
    assert!(of_events.next().is_some());
    killed.kill().unwrap();
    assert_eq!(killed.wait().unwrap().code(), None, "it was in the middle");

    let served = [("PATCHBAY_STORE__URL", to.as_str()), ("PATCHBAY_SECRETS__KEY_FILE", "patchbay.db.key")];
    let served = [&served[..], &WITH_ACCOUNTS[..]].concat();
    let (code, _, err) = said(patchbay(dir.path(), &["serve"], &served));
    assert_eq!(code, 1);
    assert!(err.contains("call `patchbay store copy` again"), "{err}");

    let (code, out, err) = run(dir.path(), &["--to", &to, "--json"]);
    assert_eq!(code, 0, "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told["start"], &told["sourceInUse"]), (&"went-on".into(), &false.into()));
    assert!(told["written"].as_u64() < told["rows"].as_u64(), "{told}");
    assert_eq!(told["tables"]["calls"]["rows"], many() + 13);
    assert!(told["key"]["at"].as_str().unwrap().ends_with("patchbay.db.key"), "{told}");
    assert!(!out.contains(&spelled(KEY)));
    assert!(err.contains("comparing ") && err.contains(" % of everything"), "{err}");
    assert!(!dir.path().join("patchbay.db.copying").exists());

    let process = Process::start(dir.path(), &served);
    let (status, page) = process.admin("GET", "/api/tenants?q=smile-dental-2", OPERATOR, Value::Null).await;
    assert_eq!((status, &page["data"][0]["slug"]), (200, &"smile-dental-2".into()), "{page}");
    drop(process);
    drop_database(&to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_copies_is_told_what_is_not_in_it_and_where_the_key_is() {
    let (dir, to) = (here().await, database().await);
    let store = Store::open(&url(&dir.path().join("patchbay.db")), &KEY).await.unwrap();
    let (code, out, err) = run(dir.path(), &["--from", "sqlite:patchbay.db", "--to", &to]);
    assert_eq!(code, 0, "{err}");
    assert!(err.starts_with("patchbay.db is in use: "), "{err}");
    assert!(out.contains("every one was compared") && out.contains("is in patchbay.db.key"), "{out}");
    assert!(out.contains("this was a rehearsal, not the move"), "{out}");
    store.close().await;
    let (code, out, err) = run(dir.path(), &["--to", &to]);
    assert_eq!((code, err.contains("in use")), (0, false), "{err}");
    assert!(out.contains("nothing was done") && out.contains("start patchbay with store.url of the server"), "{out}");
    drop_database(&to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_copied_is_told_in_one_sentence_without_a_password() {
    let dir = here().await;
    let away = "postgres://patchbay:hunter2@127.0.0.1:9/patchbay";
    for (words, code, expected) in [
        (&[][..], 2, "--to is missing"),
        (&["--to", "sqlite:other.db"], 2, "--to must be postgres://"),
        (&["--to", "mysql://patchbay:hunter2@127.0.0.1/x"], 2, "--to must be postgres://"),
        (&["--from", away, "--to", away], 2, "--from must be sqlite:PATH"),
        (&["--from", "sqlite::memory:", "--to", away], 2, "in memory"),
        (&["--from", "sqlite:nothing.db", "--to", away], 1, "there is no store at nothing.db"),
        (&["--to", away], 1, "call the same command again"),
    ] {
        let (is, out, err) = run(dir.path(), words);
        assert_eq!((is, out.as_str()), (code, ""), "{words:?}: {err}");
        assert!(err.contains(expected) && !err.contains("hunter2"), "{words:?}: {err}");
        assert!(code == 2 || err.lines().filter(|line| line.starts_with("patchbay: ")).count() == 1, "{err}");
    }
    // The key is another's.
    fs::write(dir.path().join("patchbay.db.key"), format!("{}\n", spelled([9; 32]))).unwrap();
    let (code, _, err) = run(dir.path(), &["--to", away]);
    assert_eq!(code, 1);
    assert!(err.contains("no key at hand opens the source"), "{err}");
}
