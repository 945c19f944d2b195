//! The drill: a backup taken under load and put back elsewhere has everything that was acknowledged before it began,
//! once; one that was touched is noticed; and nothing that is there is ever lost to a restore.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use patchbay::backup;
use patchbay::journal::{Journal, Options};
use patchbay::model::{Record, VoicemailState};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS, patchbay, said};
use crate::load::{Acknowledged, DURABLE_AFTER, each_once, leave_messages};
use crate::store_fixtures::news;

const NUMBER: &str = "+16475550125";

/// Longest the load may take to get going, on a machine that is busy elsewhere.
const PATIENCE: Duration = Duration::from_secs(60);

fn run(dir: &Path, words: &[&str]) -> (i32, String, String) {
    said(patchbay(dir, words, &WITH_ACCOUNTS))
}

/// A command that must go well; what it said.
fn done(dir: &Path, words: &[&str]) -> String {
    let (code, out, err) = run(dir, words);
    assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
    out
}

/// A command that must be refused, in one sentence.
fn refused(dir: &Path, words: &[&str]) -> String {
    let (code, out, err) = run(dir, words);
    assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{words:?}: {err}");
    err
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

async fn tenant(process: &Process) -> String {
    let connect = json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "a-user-name-of-twenty-chars",
        "password": "a-password-of-twenty-and-more"});
    process.tenant(NUMBER, connect).await
}

/// A call reaches the AI with the tenant's credentials, which are sealed in the store.
async fn calls_reach_the_ai(process: &Process) {
    process.known(NUMBER).await;
    let call = [("CallSid", "CA-after"), ("From", "+14165550100"), ("To", NUMBER), ("CallStatus", "ringing")];
    let (_, twiml) = process.webhook("/api/twilio/voice", &call).await;
    assert!(twiml.contains("a-password-of-twenty-and-more"), "{twiml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_it_began_exactly_once() {
    let (here, there) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    let mut process = Process::start(here.path(), &WITH_ACCOUNTS);
    tenant(&process).await;
    process.known(NUMBER).await;
    let heard = Arc::new(Mutex::new(Acknowledged::default()));
    let workers: Vec<_> = (0..6)
        .map(|worker| {
            let (http, heard) = (process.http.clone(), Arc::clone(&heard));
            tokio::spawn(leave_messages(http, process.edge, NUMBER, worker.to_string(), heard))
        })
        .collect();
    let at_least = async |voicemails: usize| {
        let deadline = Instant::now() + PATIENCE;
        while heard.lock().unwrap().voicemails.len() < voicemails {
            assert!(Instant::now() < deadline, "the load does not get going");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    at_least(100).await;
    tokio::time::sleep(DURABLE_AFTER + Duration::from_millis(200)).await;

    let (voicemails, calls) = {
        let heard = heard.lock().unwrap();
        (heard.voicemails.clone(), heard.durable_calls(Instant::now()))
    };
    let (dir, backup) = (here.path().to_owned(), there.path().join("copy"));
    let to = backup.clone();
    let made = tokio::task::spawn_blocking(move || done(&dir, &["backup", "--to", text(&to), "--with-key"]));
    let made = made.await.expect("it runs");
    assert!(made.contains("1 tenants") && made.contains("every credential"), "{made}");
    at_least(voicemails.len() + 50).await;
    process.signal("KILL");
    process.ended();
    for worker in workers {
        worker.await.expect("no wrong answer before the end");
    }
    assert!(voicemails.len() > 50 && calls.len() > 50, "{} voicemails, {} calls", voicemails.len(), calls.len());

    let checked = done(there.path(), &["restore", "--from", "copy", "--check"]);
    assert!(checked.contains("is whole and opens"), "{checked}");
    done(there.path(), &["restore", "--from", "copy"]);
    let process = Process::start(there.path(), &WITH_ACCOUNTS);
    process.drained().await;
    each_once("voicemails", &voicemails, &process.all("/api/voicemails").await, "recordingSid");
    each_once("calls", &calls, &process.all("/api/calls").await, "sid");
    calls_reach_the_ai(&process).await;
}

/// A place with a store of one tenant, nobody running in it, and a backup of it without the key.
struct Place {
    dir: TempDir,
}

impl Place {
    async fn new() -> Place {
        let dir = TempDir::new().expect("a directory");
        let mut process = Process::start(dir.path(), &WITH_ACCOUNTS);
        tenant(&process).await;
        process.signal("TERM");
        process.ended();
        done(dir.path(), &["backup", "--to", "copy"]);
        Place { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

#[tokio::test]
async fn what_waits_in_the_spool_is_in_the_backup_and_in_the_store_after_a_restore() {
    let place = Place::new().await;
    let (journal, drain) = Journal::open(&place.file("patchbay-spool"), Options::default(), Arc::default()).unwrap();
    let voicemail = news(1, "CA-waiting", Some("RE-waiting"), VoicemailState::Ready, 1);
    journal.append_durable(Record::Voicemail(voicemail)).await.unwrap();
    journal.shutdown().await;
    drop((journal, drain));
    done(place.path(), &["backup", "--to", "with-spool", "--with-key"]);
    let there = TempDir::new().unwrap();
    done(there.path(), &["restore", "--from", text(&place.file("with-spool"))]);
    let process = Process::start(there.path(), &WITH_ACCOUNTS);
    process.drained().await;
    each_once("messages", &["RE-waiting".to_owned()], &process.all("/api/voicemails").await, "recordingSid");
    assert!(place.file("patchbay.db").exists(), "what was copied is untouched");
}

#[tokio::test]
async fn a_backup_is_its_owners_alone_and_holds_the_key_only_where_it_was_asked_for() {
    let place = Place::new().await;
    let told = done(place.path(), &["backup", "--to", "deep/with-key", "--with-key", "--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["format"], &told["withKey"], &told["rows"]["tenants"]), (&json!(1), &json!(true), &json!(1)));
    assert_eq!(told["keys"].as_array().map(Vec::len), Some(1));
    assert!(told["bytes"].as_u64() > Some(10_000) && told["seconds"].is_number(), "{told}");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let mut seen = Vec::new();
    for backup in ["copy", "deep/with-key"] {
        assert_eq!(mode(&place.file(backup)), 0o700);
        for entry in fs::read_dir(place.file(backup)).expect("listed") {
            let path = entry.expect("an entry").path();
            assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            seen.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
    }
    seen.sort();
    let once = |name: &str| seen.iter().filter(|seen| *seen == name).count();
    assert_eq!((once("patchbay.db"), once("manifest.json"), once("patchbay.key")), (2, 2, 1), "{seen:?}");
    // Whoever has the tools of the system alone can check the manifest.
    let mut sums = Command::new("sha256sum");
    sums.args(["--check", "--status", "manifest.json.sha256"]).current_dir(place.file("copy"));
    assert!(sums.status().is_ok_and(|status| status.success()));
}

#[tokio::test]
async fn a_backup_that_cannot_be_finished_leaves_nothing_and_says_what_to_do() {
    let place = Place::new().await;
    let told = refused(place.path(), &["backup", "--to", "copy"]);
    assert!(told.contains("is there already"), "{told}");
    let empty = TempDir::new().unwrap();
    assert!(refused(empty.path(), &["backup", "--to", "copy"]).contains("nothing to back up"));

    // No file may grow beyond 8 kB: as good as a full disk.
    let binary = env!("CARGO_BIN_EXE_patchbay");
    let mut narrow = Command::new("sh");
    narrow.args(["-c", &format!("trap '' XFSZ; ulimit -f 8; exec {binary} backup --to narrow")]);
    let (code, out, err) = said({
        narrow.current_dir(place.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        narrow
    });
    assert_eq!((code, out.as_str(), err.lines().count()), (1, "", 1), "{err}");
    assert!(err.contains("is there room"), "{err}");
    let left = fs::read_dir(place.path()).expect("listed").map(|entry| entry.expect("an entry").file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("narrow")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_restore_wants_a_key_that_opens_the_backup() {
    let place = Place::new().await;
    let there = TempDir::new().unwrap();
    let from = place.file("copy");
    let told = refused(there.path(), &["restore", "--from", text(&from)]);
    assert!(told.contains("no key at hand opens the backup") && told.contains("patchbay.db.key"), "{told}");
    assert!(!there.path().join("patchbay.db").exists());
    fs::copy(place.file("patchbay.db.key"), there.path().join("patchbay.db.key")).unwrap();
    done(there.path(), &["restore", "--from", text(&from), "--check"]);
    done(there.path(), &["restore", "--from", text(&from)]);
    calls_reach_the_ai(&Process::start(there.path(), &WITH_ACCOUNTS)).await;

    // Another installation's key stays, and the backup's own comes behind it.
    let other = Place::new().await;
    assert!(refused(other.path(), &["restore", "--from", text(&from), "--replace"]).contains("no key at hand"));
    done(place.path(), &["backup", "--to", "with-key", "--with-key"]);
    let own = fs::read_to_string(other.file("patchbay.db.key")).unwrap();
    done(other.path(), &["restore", "--from", text(&place.file("with-key")), "--replace"]);
    let keys = fs::read_to_string(other.file("patchbay.db.key")).unwrap();
    assert!(keys.starts_with(&own) && keys.lines().count() == 2, "both are there");
    calls_reach_the_ai(&Process::start(other.path(), &WITH_ACCOUNTS)).await;
}

#[tokio::test]
async fn a_store_that_is_there_is_moved_aside_whole_and_only_when_asked() {
    let place = Place::new().await;
    assert!(refused(place.path(), &["restore", "--from", "copy"]).contains("--replace"));
    let process = Process::start(place.path(), &WITH_ACCOUNTS);
    let later = process.tenant("+16475550126", json!({"via": "sip", "sipUri": "sip:later@sip.vapi.ai"})).await;
    // A place in use is refused; a check is not.
    assert!(refused(place.path(), &["restore", "--from", "copy", "--replace"]).contains("stop it"));
    done(place.path(), &["restore", "--from", "copy", "--check"]);
    // It dies: what it wrote last is in the database's log, not in the database.
    drop(process);
    let told = done(place.path(), &["restore", "--from", "copy", "--replace", "--json"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let aside = place.file(told["movedAside"].as_str().expect("a path"));

    let process = Process::start(place.path(), &WITH_ACCOUNTS);
    assert_eq!(process.all("/api/tenants").await.len(), 1, "the store is the backup's");
    drop(process);
    let there = TempDir::new().unwrap();
    fs::copy(place.file("patchbay.db.key"), there.path().join("patchbay.db.key")).unwrap();
    for ending in ["", "-wal"] {
        let from = PathBuf::from(format!("{}{ending}", aside.display()));
        fs::copy(from, there.path().join(format!("patchbay.db{ending}"))).expect("moved aside with its log");
    }
    let process = Process::start(there.path(), &WITH_ACCOUNTS);
    let tenants = process.all("/api/tenants").await;
    assert!(tenants.iter().any(|tenant| tenant["id"] == json!(later)), "what was moved aside is all there");
}

#[tokio::test]
async fn after_a_restore_that_was_cut_off_nothing_starts_until_it_is_done_again() {
    let place = Place::new().await;
    // Cut off while it copied: the old store is as it was, and what is half done is in nobody's way.
    fs::create_dir(place.file("patchbay.db.restoring")).unwrap();
    fs::write(place.file("patchbay.db.restoring/patchbay.db"), "half").unwrap();
    drop(Process::start(place.path(), &WITH_ACCOUNTS));

    // Cut off in the change itself, at each of its steps.
    for gone in [&["patchbay.db"][..], &[]] {
        fs::create_dir_all(place.file("patchbay.db.switching/spool")).unwrap();
        fs::write(place.file("patchbay.db.switching/patchbay.db"), "left over").unwrap();
        for name in gone {
            fs::rename(place.file(name), place.file(&format!("{name}.replaced-earlier"))).unwrap();
        }
        let (code, _, err) = run(place.path(), &["serve"]);
        assert!(code == 1 && err.contains("cut off half-way"), "{err}");
        assert!(run(place.path(), &["check"]).1.contains("cut off half-way"));
        assert!(refused(place.path(), &["restore", "--from", "copy"]).contains("--replace"));
        done(place.path(), &["restore", "--from", "copy", "--replace"]);
        assert!(!place.file("patchbay.db.switching").exists());
        calls_reach_the_ai(&Process::start(place.path(), &WITH_ACCOUNTS)).await;
    }
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_old_store_the_new_one_or_a_sentence() {
    let place = Place::new().await;
    let process = Process::start(place.path(), &WITH_ACCOUNTS);
    process.tenant("+16475550126", json!({"via": "sip", "sipUri": "sip:later@sip.vapi.ai"})).await;
    drop(process);
    for marker in ["patchbay.db.restoring", "patchbay.db.switching", "patchbay.db.restoring", "patchbay.db.switching"] {
        let words = ["restore", "--from", "copy", "--replace"];
        let mut restoring = patchbay(place.path(), &words, &WITH_ACCOUNTS);
        let mut restoring = restoring.stdout(Stdio::null()).spawn().expect("it runs");
        while !place.file(marker).exists() && restoring.try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
        let _ = restoring.kill();
        restoring.wait().expect("it is gone");
        if place.file("patchbay.db.switching").exists() {
            assert!(run(place.path(), &["serve"]).2.contains("cut off half-way"));
            done(place.path(), &words);
        }
        let process = Process::start(place.path(), &WITH_ACCOUNTS);
        let tenants = process.all("/api/tenants").await.len();
        assert!(tenants == 1 || tenants == 2, "{tenants}");
        calls_reach_the_ai(&process).await;
    }
}

#[tokio::test]
async fn keys_from_the_settings_open_a_backup_and_are_never_written() {
    use base64::Engine as _;
    let [key, other] = [[7; 32], [8; 32]].map(|key| base64::engine::general_purpose::STANDARD.encode(key));
    let with = |key: &str, words: &[&str], dir: &Path| {
        let env: Vec<_> = WITH_ACCOUNTS.into_iter().chain([("PATCHBAY_SECRETS__KEY", key)]).collect();
        said(patchbay(dir, words, &env))
    };
    let (here, there) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let env: Vec<_> = WITH_ACCOUNTS.into_iter().chain([("PATCHBAY_SECRETS__KEY", key.as_str())]).collect();
    tenant(&Process::start(here.path(), &env)).await;
    assert_eq!(with(&key, &["backup", "--to", "copy", "--with-key"], here.path()).0, 0);
    let copy = here.path().join("copy");
    let (code, _, err) = with(&other, &["restore", "--from", text(&copy)], there.path());
    assert!(code == 1 && err.contains("secrets.previous"), "{err}");
    assert_eq!(with(&key, &["restore", "--from", text(&copy)], there.path()).0, 0);
    assert!(!there.path().join("patchbay.db.key").exists());
    calls_reach_the_ai(&Process::start(there.path(), &env)).await;
}

#[tokio::test]
async fn a_backup_of_a_newer_program_and_what_is_none_are_told_apart() {
    let place = Place::new().await;
    assert!(refused(place.path(), &["restore", "--from", "nowhere", "--check"]).contains("is no backup"));
    let manifest = fs::read_to_string(place.file("copy/manifest.json")).unwrap();
    let newer = manifest.replace("\"format\": 1", "\"format\": 2");
    let sum = <sha2::Sha256 as sha2::Digest>::digest(newer.as_bytes());
    let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(place.file("copy/manifest.json"), newer).unwrap();
    fs::write(place.file("copy/manifest.json.sha256"), format!("{sum}  manifest.json\n")).unwrap();
    assert!(refused(place.path(), &["restore", "--from", "copy", "--check"]).contains("newer patchbay"));
}

/// A backup with a piece of the journal and the key, and the files of it.
async fn whole() -> (TempDir, Vec<PathBuf>) {
    let dir = TempDir::new().expect("a directory");
    let settings = crate::rig::settings(dir.path(), &[]);
    let keys = patchbay::config::secrets::keys(&settings).expect("a key");
    let store = patchbay::store::Store::open(&settings.store.url, &*keys.current).await.expect("a store");
    crate::store_fixtures::kept_tenant(&store, 1).await;
    let (journal, _drain) = Journal::open(&settings.spool.dir, Options::default(), Arc::default()).expect("a journal");
    let voicemail = news(1, "CA1", Some("RE1"), VoicemailState::Ready, 1);
    journal.append_durable(Record::Voicemail(voicemail)).await.expect("kept");
    journal.shutdown().await;
    backup::make(&settings, &dir.path().join("copy"), true, jiff::Timestamp::now()).await.expect("made");
    let mut files: Vec<PathBuf> =
        ["patchbay.db", "patchbay.key", "manifest.json", "manifest.json.sha256"].map(PathBuf::from).into();
    let segments = fs::read_dir(dir.path().join("copy/spool")).expect("segments");
    files.extend(segments.map(|segment| PathBuf::from("spool").join(segment.expect("an entry").file_name())));
    assert_eq!(files.len(), 5);
    (dir, files)
}

/// What becomes of a backup in the wrong hands, or on a bad disk.
#[derive(Clone, Debug)]
enum Harm {
    Flip { file: usize, place: f64, bit: u8 },
    Cut { file: usize, place: f64 },
    Lose { file: usize },
    Add { name: String },
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        6 => (0..5usize, 0.0..1.0f64, 0..8u8).prop_map(|(file, place, bit)| Harm::Flip { file, place, bit }),
        3 => (0..5usize, 0.0..1.0f64).prop_map(|(file, place)| Harm::Cut { file, place }),
        1 => (0..5usize).prop_map(|file| Harm::Lose { file }),
        1 => "[a-z]{1,8}".prop_map(|name| Harm::Add { name }),
    ]
}

/// Copies a directory and all below it.
fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("listed").map(|entry| entry.expect("an entry").path()) {
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy_all(&entry, &target);
        } else {
            fs::copy(&entry, target).expect("copied");
        }
    }
}

impl Harm {
    fn befall(&self, copy: &Path, files: &[PathBuf]) {
        let at = |bytes: &[u8], place: f64| (bytes.len() as f64 * place) as usize;
        let read = |file: usize| fs::read(copy.join(&files[file])).expect("a file");
        match self {
            Harm::Flip { file, place, bit } => {
                let mut bytes = read(*file);
                let at = at(&bytes, *place);
                bytes[at] ^= 1 << bit;
                fs::write(copy.join(&files[*file]), bytes).expect("written");
            }
            Harm::Cut { file, place } => {
                let bytes = read(*file);
                fs::write(copy.join(&files[*file]), &bytes[..at(&bytes, *place)]).expect("written");
            }
            Harm::Lose { file } => fs::remove_file(copy.join(&files[*file])).expect("removed"),
            Harm::Add { name } => fs::write(copy.join("spool").join(name), "more").expect("written"),
        }
    }
}

#[test]
fn a_byte_changed_lost_or_added_anywhere_in_a_backup_is_noticed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (dir, files) = runtime.block_on(whole());
    let settings = crate::rig::settings(dir.path(), &[]);
    let untouched = runtime.block_on(backup::verify(&settings, &dir.path().join("copy"))).expect("believed");
    assert_eq!((untouched.unreadable, untouched.manifest.rows["tenants"]), (0, 1));
    let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
    let noticed = runner.run(&harm(), |harm| {
        let scratch = TempDir::new().expect("a directory");
        let copy = scratch.path().join("copy");
        copy_all(&dir.path().join("copy"), &copy);
        harm.befall(&copy, &files);
        prop_assert!(runtime.block_on(backup::verify(&settings, &copy)).is_err());
        Ok(())
    });
    noticed.unwrap_or_else(|harm| panic!("{harm}"));
}
