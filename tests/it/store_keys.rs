//! What every engine promises of its sealing keys: one seals, all open, and a change of keys loses nothing, wherever
//! it is cut off.

use std::collections::BTreeSet;

use patchbay::model::Secret;
use patchbay::store::{KeyName, Keyring, ResealMark, Store, StoreError};
use proptest::prelude::*;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use crate::store_battery::battery;
use crate::store_fixtures::*;

const NEW: [u8; 32] = [8; 32];

battery!(
    everything_sealed_is_under_the_new_key_after_one_walk,
    a_walk_may_be_cut_off_after_every_batch,
    secrets_written_during_a_change_are_never_left_behind,
    a_change_of_keys_is_in_the_audit_log_by_name,
);

/// Two organizations with two tokens each, three tenants of which one has two versions: with the word that proves the
/// key, 12 sealed values.
const VALUES: u64 = 12;

async fn filled(store: &Store) {
    for n in [1, 2] {
        put_org(store, &org_with_account(n)).await.unwrap();
    }
    for n in [1, 2, 3] {
        kept_tenant(store, n).await;
    }
    set_password(store, 3, "open sesame 3").await;
}

/// Gives a tenant another password, and with it another version.
async fn set_password(store: &Store, n: u32, text: &str) {
    let by = operator();
    let set = |tenant: &mut patchbay::model::Tenant| tenant.connect.password = Some(Secret::new(text));
    let tenant = store.change_tenant(&tenant_id(n), None, &by, set).await.unwrap();
    assert_eq!(tenant.connect.password, Some(Secret::new(text)));
}

async fn all_readable(store: &Store) {
    for n in [1, 2] {
        let org = org_with_account(n);
        assert_eq!(store.org(&org.id).await.unwrap(), Some(org));
    }
    for n in [1, 2, 3] {
        let password = Some(Secret::new(format!("open sesame {n}")));
        assert_eq!(store.tenant(&tenant_id(n)).await.unwrap().unwrap().connect.password, password);
        assert_eq!(store.tenant_at(&tenant_id(n), 1).await.unwrap().unwrap().connect.password, password);
    }
}

/// Walks to the end and answers how many were sealed anew, and how many did not open.
async fn walk(store: &Store, limit: u32) -> (u64, u64) {
    let (mut mark, mut done, mut unreadable) = (Some(ResealMark::default()), 0, 0);
    while let Some(at) = mark {
        let batch = store.reseal(at, limit).await.unwrap();
        assert!(batch.done + batch.unreadable <= u64::from(limit));
        (done, unreadable, mark) = (done + batch.done, unreadable + batch.unreadable, batch.next);
    }
    (done, unreadable)
}

async fn everything_sealed_is_under_the_new_key_after_one_walk(store: Store) {
    filled(&store).await;
    assert!(!store.has_older_keys());
    let name = store.seal_with(&NEW, &operator()).await.unwrap();
    assert_eq!(name, KeyName::of(&NEW));
    let before = store.keys_in_use().await.unwrap();
    assert_eq!((before.current, before.values), (name, 0));
    assert_eq!((before.older.as_slice(), before.unknown), (&[(KeyName::of(&KEY), VALUES)][..], 0));
    assert_eq!(before.removable().count(), 0);
    all_readable(&store).await;

    assert_eq!(walk(&store, 2).await, (VALUES, 0));
    let after = store.keys_in_use().await.unwrap();
    assert_eq!((after.values, after.older.as_slice()), (VALUES, &[(KeyName::of(&KEY), 0)][..]));
    assert_eq!(after.removable().collect::<Vec<_>>(), [KeyName::of(&KEY)]);
    store.forget_key(KeyName::of(&KEY));
    assert!(!store.has_older_keys());
    all_readable(&store).await;
    assert_eq!(walk(&store, 2).await, (0, 0), "there is nothing to do");
}

async fn a_walk_may_be_cut_off_after_every_batch(store: Store) {
    filled(&store).await;
    for cut in 0..VALUES {
        store.seal_with(&[cut as u8 + 10; 32], &operator()).await.unwrap();
        let mut mark = ResealMark::default();
        for _ in 0..cut {
            match store.reseal(mark, 1).await.unwrap().next {
                Some(next) => mark = next,
                None => break,
            }
        }
        all_readable(&store).await;
        // Whoever comes next begins at the beginning.
        walk(&store, 3).await;
        let keys = store.keys_in_use().await.unwrap();
        assert_eq!((keys.values, keys.unknown), (VALUES, 0), "cut after {cut}");
        assert!(keys.older.iter().all(|(_, values)| *values == 0));
        all_readable(&store).await;
    }
}

async fn secrets_written_during_a_change_are_never_left_behind(store: Store) {
    filled(&store).await;
    let writers: Vec<_> = (1..=3)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                for turn in 0..60 {
                    let password = format!("open sesame {n} {turn}");
                    set_password(&store, n, &password).await;
                    let kept = store.tenant(&tenant_id(n)).await.unwrap().unwrap();
                    assert_eq!(kept.connect.password, Some(Secret::new(password)));
                }
            })
        })
        .collect();
    let mut round = 20;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let before = store.keys_in_use().await.unwrap().current;
        store.seal_with(&[round; 32], &operator()).await.unwrap();
        walk(&store, 7).await;
        let keys = store.keys_in_use().await.unwrap();
        assert_eq!(keys.older.iter().map(|(_, values)| values).sum::<u64>(), 0, "nothing is under an older key");
        // A value that was on its way under the key before would be counted as unknown from now on.
        store.forget_key(before);
        round += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(round > 22, "the key changed while they wrote");
    assert_eq!(store.keys_in_use().await.unwrap().unknown, 0);
    for n in 1..=3u32 {
        for version in 1..=60 {
            assert!(store.tenant_at(&tenant_id(n), version).await.unwrap().unwrap().connect.password.is_some());
        }
    }
}

async fn a_change_of_keys_is_in_the_audit_log_by_name(store: Store) {
    store.seal_with(&NEW, &operator()).await.unwrap();
    let page = store.audit(&ask()).await.unwrap();
    let entry = &page.rows[0];
    assert_eq!((entry.what.as_str(), entry.who.as_str()), ("secrets.rotate", "operator"));
    let name = |value: &Option<serde_json::Value>| value.as_ref().unwrap()["key"].as_str().unwrap().to_owned();
    assert_eq!(name(&entry.before), KeyName::of(&KEY).to_string());
    assert_eq!(name(&entry.after), KeyName::of(&NEW).to_string());
}

fn ask() -> patchbay::store::Ask<patchbay::store::AuditFilter> {
    patchbay::store::Ask { limit: 10, ..patchbay::store::Ask::default() }
}

/// A store in a file, which can be opened again with other keys.
struct File(TempDir);

impl File {
    fn new() -> File {
        File(TempDir::new().unwrap())
    }

    async fn open(&self, keys: impl Into<Keyring>) -> Result<Store, StoreError> {
        Store::open(&format!("sqlite:{}/patchbay.db", self.0.path().display()), keys).await
    }

    async fn sql(&self, sql: &'static str) {
        let file = self.0.path().join("patchbay.db");
        let mut raw = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        sqlx::query(sql).execute(&mut raw).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_opens_with_any_ring_that_has_its_key_and_goes_on_where_it_was() {
    let file = File::new();
    filled(&file.open(&KEY).await.unwrap()).await;
    match file.open(&NEW).await {
        Err(StoreError::Failed(text)) => assert!(text.contains("another key"), "{text}"),
        other => panic!("{other:?}"),
    }
    // The key stands behind another one, and a walk is cut off by the end of the process.
    let store = file.open(Keyring::new(NEW, [KEY])).await.unwrap();
    all_readable(&store).await;
    store.reseal(ResealMark::default(), 250).await.unwrap();
    drop(store);
    let store = file.open(Keyring::new(NEW, [KEY])).await.unwrap();
    all_readable(&store).await;
    walk(&store, 250).await;
    drop(store);
    all_readable(&file.open(&NEW).await.unwrap()).await;
}

#[tokio::test]
async fn values_whose_key_is_missing_are_counted_left_alone_and_read_once_it_is_back() {
    let file = File::new();
    filled(&file.open(&KEY).await.unwrap()).await;
    let store = file.open(Keyring::new(NEW, [KEY])).await.unwrap();
    // The word that proves the key is under the new one now; all the rest needs the old one.
    assert_eq!(store.reseal(ResealMark::default(), 1).await.unwrap().done, 1);
    drop(store);
    let store = file.open(&NEW).await.unwrap();
    assert_eq!(walk(&store, 5).await, (0, 0));
    let keys = store.keys_in_use().await.unwrap();
    assert_eq!((keys.values, keys.unknown), (1, VALUES - 1));
    assert!(store.org(&org_with_account(1).id).await.is_err());
    drop(store);
    let store = file.open(Keyring::new(NEW, [KEY])).await.unwrap();
    assert_eq!(walk(&store, 5).await, (VALUES - 1, 0));
    all_readable(&store).await;
}

#[tokio::test]
async fn a_damaged_value_stays_under_its_key_and_keeps_the_key_from_being_removed() {
    let file = File::new();
    let store = file.open(&KEY).await.unwrap();
    filled(&store).await;
    file.sql("UPDATE organizations SET twilio_auth_token = substr(twilio_auth_token, 1, 40) WHERE name = 'Reseller 1'")
        .await;
    store.seal_with(&NEW, &operator()).await.unwrap();
    assert_eq!(walk(&store, 3).await, (VALUES - 1, 1));
    let keys = store.keys_in_use().await.unwrap();
    assert_eq!(keys.older, [(KeyName::of(&KEY), 1)]);
    assert_eq!(keys.removable().count(), 0);
}

/// What happens to a store.
#[derive(Clone, Debug)]
enum Deed {
    Rotate,
    Reseal { limit: u32 },
    Write { tenant: u32 },
    Restart,
    Tidy,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => Just(Deed::Rotate),
        4 => (1u32..6).prop_map(|limit| Deed::Reseal { limit }),
        3 => (1u32..4).prop_map(|tenant| Deed::Write { tenant }),
        2 => Just(Deed::Restart),
        2 => Just(Deed::Tidy),
    ];
    prop::collection::vec(deed, 1..24)
}

/// What an operator has: the key file and the store, and what was promised to be in it.
async fn live_through(deeds: Vec<Deed>) {
    let file = File::new();
    // The file of keys, the one that seals first.
    let mut keys = vec![KEY];
    let mut store = file.open(&KEY).await.unwrap();
    filled(&store).await;
    let mut passwords = [1, 2, 3].map(|n| format!("open sesame {n}"));
    let mut mark = ResealMark::default();
    for (turn, deed) in deeds.into_iter().enumerate() {
        match deed {
            Deed::Rotate => {
                keys.insert(0, [100 + turn as u8; 32]);
                store.seal_with(&keys[0], &operator()).await.unwrap();
                mark = ResealMark::default();
            }
            Deed::Reseal { limit } => mark = store.reseal(mark, limit).await.unwrap().next.unwrap_or_default(),
            Deed::Write { tenant } => {
                let password = format!("turn {turn}");
                passwords[tenant as usize - 1].clone_from(&password);
                set_password(&store, tenant, &password).await;
            }
            Deed::Restart => {
                drop(store);
                store = file.open(Keyring::new(keys[0], keys[1..].iter().copied())).await.unwrap();
                mark = ResealMark::default();
            }
            Deed::Tidy => {
                let idle: BTreeSet<KeyName> = store.keys_in_use().await.unwrap().removable().collect();
                keys.retain(|key| !idle.contains(&KeyName::of(key)));
                idle.into_iter().for_each(|name| store.forget_key(name));
            }
        }
        let in_use = store.keys_in_use().await.unwrap();
        assert_eq!(in_use.unknown, 0);
        assert_eq!(in_use.current, KeyName::of(&keys[0]));
    }
    for (n, password) in (1..).zip(passwords) {
        let kept = store.tenant(&tenant_id(n)).await.unwrap().unwrap().connect.password;
        assert_eq!(kept, Some(Secret::new(password)));
        assert!(store.tenant_at(&tenant_id(n), 1).await.unwrap().unwrap().connect.password.is_some());
    }
    for n in [1, 2] {
        let org = org_with_account(n);
        assert_eq!(store.org(&org.id).await.unwrap(), Some(org));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_rotating_sealing_anew_writing_and_restarting_leaves_every_secret_readable(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(live_through(deeds));
    }
}
