//! What only a file can suffer: locks, damage, another key, a newer program.

use std::path::Path;
use std::time::{Duration, Instant};

use patchbay::model::{Record, VoicemailState};
use patchbay::store::{Ask, Numbered, Store, StoreError};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

use crate::store_fixtures::*;

struct File {
    directory: TempDir,
}

impl File {
    fn new() -> File {
        File { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("patchbay.db")
    }

    async fn store(&self) -> Store {
        open(&self.path(), &KEY).await.unwrap()
    }

    /// A connection past the store's doors.
    async fn raw(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path()).connect().await.unwrap()
    }

    async fn sql(&self, sql: &'static str) {
        self.raw().await.execute(sql).await.unwrap();
    }
}

async fn open(path: &Path, key: &[u8; 32]) -> Result<Store, StoreError> {
    Store::open(&format!("sqlite:{}", path.display()), key).await
}

fn event_at(seq: u64) -> Numbered {
    Numbered { seq, record: Record::CallEvent(event("CA1", "ai-leg", seq as i64)) }
}

#[tokio::test]
async fn what_was_kept_is_there_after_reopening() {
    let file = File::new();
    let (tenant, org) = {
        let store = file.store().await;
        put_org(&store, &org_with_account(1)).await.unwrap();
        store.apply("j", &[event_at(1)]).await.unwrap();
        (kept_tenant(&store, 1).await, org_with_account(1))
    };
    let store = file.store().await;
    assert_eq!(store.tenant(&tenant.id).await.unwrap().as_ref(), Some(&tenant));
    assert_eq!(store.org(&org.id).await.unwrap(), Some(org));
    assert_eq!(store.applied("j").await.unwrap(), 1);
}

#[tokio::test]
async fn while_somebody_locks_the_file_reads_go_on_and_writes_are_away() {
    let file = File::new();
    let store = file.store().await;
    let tenant = kept_tenant(&store, 1).await;
    let mut locker = file.raw().await;
    locker.execute("BEGIN EXCLUSIVE").await.unwrap();

    assert!(store.load_tenant(&tenant.id).await.unwrap().is_some());
    store.ping().await.unwrap();
    let started = Instant::now();
    let (by, batch) = (operator(), [event_at(1)]);
    let change = store.change_tenant(&tenant.id, None, &by, |_| {});
    let (change, apply) = tokio::join!(change, store.apply("j", &batch));
    assert!(matches!(change, Err(StoreError::Away(_))), "{change:?}");
    assert!(matches!(apply, Err(StoreError::Away(_))), "{apply:?}");
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());

    locker.execute("ROLLBACK").await.unwrap();
    assert_eq!(store.applied("j").await.unwrap(), 0);
    store.apply("j", &[event_at(1)]).await.unwrap();
    assert_eq!(store.call(&sid("CA1")).await.unwrap().unwrap().events.len(), 1);
}

#[tokio::test]
async fn two_programs_on_one_file_lose_nothing() {
    let file = File::new();
    let (one, other) = (file.store().await, file.store().await);
    let tenant = kept_tenant(&one, 1).await;
    let raise = async |store: &Store| {
        for _ in 0..50 {
            store.change_tenant(&tenant.id, None, &operator(), |_| {}).await.unwrap();
        }
    };
    tokio::join!(raise(&one), raise(&other));
    assert_eq!(one.tenant(&tenant.id).await.unwrap().unwrap().version, 101);
}

#[tokio::test]
async fn another_key_is_refused_at_the_door() {
    let file = File::new();
    drop(file.store().await);
    match open(&file.path(), &[8; 32]).await {
        Err(StoreError::Failed(text)) => assert!(text.contains("was sealed with another key"), "{text}"),
        other => panic!("{other:?}"),
    }
    open(&file.path(), &KEY).await.unwrap();
}

#[tokio::test]
async fn no_secret_stands_in_the_file() {
    let file = File::new();
    let store = file.store().await;
    put_org(&store, &org_with_account(1)).await.unwrap();
    let tenant = kept_tenant(&store, 1).await;
    store.change_tenant(&tenant.id, None, &operator(), |_| {}).await.unwrap();
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(file.directory.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(bytes.windows(12).any(|window| window == b"Smile Dental"), "the file was read");
    for secret in ["open sesame", "token-1"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn sealed_values_do_not_open_in_another_row() {
    let file = File::new();
    let store = file.store().await;
    let (one, other) = (org_with_account(1), org_with_account(2));
    put_org(&store, &one).await.unwrap();
    put_org(&store, &other).await.unwrap();
    let (first, second) = (kept_tenant(&store, 1).await, kept_tenant(&store, 2).await);
    file.sql(
        "UPDATE organizations SET twilio_auth_token = \
         (SELECT twilio_auth_token FROM organizations o WHERE o.name = 'Reseller 1') WHERE name = 'Reseller 2'",
    )
    .await;
    file.sql(
        "UPDATE tenants SET connect_password = \
         (SELECT connect_password FROM tenants t WHERE t.slug = 'smile-dental-1') WHERE slug = 'smile-dental-2'",
    )
    .await;
    assert!(matches!(store.org(&other.id).await, Err(StoreError::Failed(_))));
    assert_eq!(store.org(&one.id).await.unwrap(), Some(one));
    assert_eq!(store.tenant(&second.id).await.unwrap().unwrap().connect.password, None);
    assert_eq!(store.tenant(&first.id).await.unwrap(), Some(first));
}

#[tokio::test]
async fn a_password_that_does_not_open_survives_other_changes() {
    let file = File::new();
    let store = file.store().await;
    let tenant = kept_tenant(&store, 1).await;
    file.sql("UPDATE tenants SET connect_password = x'01deadbeef'").await;
    let changed = store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.name = "Acme Pizza".into()).await;
    assert_eq!(changed.unwrap().connect.password, None);
    let kept: Vec<u8> =
        sqlx::query_scalar("SELECT connect_password FROM tenants").fetch_one(&mut file.raw().await).await.unwrap();
    assert_eq!(kept, [1, 0xde, 0xad, 0xbe, 0xef]);
}

#[tokio::test]
async fn damaged_settings_spare_the_row_and_its_neighbours() {
    let file = File::new();
    let store = file.store().await;
    let (broken, whole) = (kept_tenant(&store, 1).await, kept_tenant(&store, 2).await);
    store.put_number(&number(1, "+16475550101", Some(&broken.id)), &operator()).await.unwrap();
    file.sql(
        "UPDATE tenants SET availability = '{\"mode\": garbage', forced = 'x', target_kind = 'nobody', \
         connect_via = 'pigeon', connect_timeout_seconds = -1, language = CAST(x'ff41' AS TEXT) \
         WHERE slug = 'smile-dental-1'",
    )
    .await;
    let load = store.load_tenant(&broken.id).await.unwrap().unwrap();
    assert_eq!(load.tenant.availability, Value::String("{\"mode\": garbage".to_owned()));
    assert_eq!(
        (load.tenant.forced, load.tenant.target, load.tenant.language.as_deref()),
        (None, None, Some("\u{fffd}A"))
    );
    assert_eq!((load.tenant.name, load.numbers.len()), (broken.name, 1));
    assert_eq!(store.tenants(&Ask::default()).await.unwrap().rows.len(), 2);
    assert_eq!(store.tenant(&whole.id).await.unwrap(), Some(whole.clone()));

    file.sql("PRAGMA foreign_keys = OFF; UPDATE tenants SET org_id = '?' WHERE slug = 'smile-dental-1'").await;
    assert!(matches!(store.tenant(&broken.id).await, Err(StoreError::Failed(_))));
    let listed = store.tenants(&Ask { limit: 1, ..Ask::default() }).await.unwrap();
    let next = Ask { cursor: listed.next_cursor, ..Ask::default() };
    assert_eq!((listed.rows, store.tenants(&next).await.unwrap().rows), (vec![], vec![whole]), "pages go on behind it");
}

#[tokio::test]
async fn damaged_records_spare_their_neighbours() {
    let file = File::new();
    let store = file.store().await;
    let calls = ["CA1", "CA2"].map(|call| Record::CallBegan(began(call, Some(&tenant_id(1)), 10)));
    let records: Vec<Numbered> = (1..).zip(calls).map(|(seq, record)| Numbered { seq, record }).collect();
    store.apply("j", &records).await.unwrap();
    file.sql("UPDATE calls SET began = 'garbage', report = '[]', ending = '7' WHERE call_sid = 'CA1'").await;
    let shell = store.call(&sid("CA1")).await.unwrap().unwrap();
    assert_eq!((shell.began.from.as_str(), shell.began.at), ("", at(10)));
    assert_eq!(store.calls(&Ask::default()).await.unwrap().rows.len(), 2);
    let live = store.live_calls(at(0)).await.unwrap();
    assert_eq!(live.iter().map(|call| call.began.call_sid.as_str()).collect::<Vec<_>>(), ["CA2"]);
    store.apply("j", &[Numbered { seq: 3, ..records[0].clone() }]).await.unwrap();
    assert_eq!(store.call(&sid("CA1")).await.unwrap().unwrap().began.from, "+16475550111", "told again, it is whole");
}

#[tokio::test]
async fn a_record_that_cannot_be_applied_is_set_aside_and_holds_nobody_up() {
    let file = File::new();
    let store = file.store().await;
    let voicemail = |seq: u64, call: &str| Numbered {
        seq,
        record: Record::Voicemail(news(seq as u32, call, Some(&format!("RE-{call}")), VoicemailState::Ready, 10)),
    };
    store.apply("j", &[voicemail(1, "CA1")]).await.unwrap();
    // The row loses its name: the recording is taken, and by nobody who can be found.
    file.sql("UPDATE voicemails SET id = 'damaged'").await;
    store.apply("j", &[event_at(2), voicemail(3, "CA1"), voicemail(4, "CA2"), event_at(5)]).await.unwrap();
    assert_eq!(store.applied("j").await.unwrap(), 5);
    assert_eq!(store.call(&sid("CA1")).await.unwrap().unwrap().events.len(), 2);
    assert_eq!(store.voicemails(&Ask::default()).await.unwrap().rows.len(), 1);
    let (seq, record): (i64, String) =
        sqlx::query_as("SELECT seq, record FROM refused").fetch_one(&mut file.raw().await).await.unwrap();
    assert_eq!(seq, 3);
    assert_eq!(serde_json::from_str::<Record>(&record).unwrap(), voicemail(3, "CA1").record);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_away_and_left_alone() {
    let file = File::new();
    let text = "this is a letter, not a database. ".repeat(100);
    std::fs::write(file.path(), &text).unwrap();
    assert!(matches!(open(&file.path(), &KEY).await, Err(StoreError::Away(_))));
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
    let nowhere = file.directory.path().join("no/such/directory/patchbay.db");
    match open(&nowhere, &KEY).await {
        Err(StoreError::Away(text)) => assert!(text.contains("no/such/directory"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn other_engines_are_refused_without_showing_the_url() {
    match Store::open("mysql://user:hunter2@localhost/patchbay", &KEY).await {
        Err(StoreError::Failed(text)) => assert!(text.contains("mysql") && !text.contains("hunter2"), "{text}"),
        other => panic!("{other:?}"),
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    let store = file.store().await;
    store.platform_org().await.unwrap();
    for entry in std::fs::read_dir(file.directory.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}
