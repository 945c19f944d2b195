//! What the store on a server promises beside what every engine does: walls, news of changes, duties, and that a server
//! which is away or taken away is one thing and not another.

use std::time::Duration;

use patchbay::model::Change;
use patchbay::store::{Ask, Noticed, Store, StoreError, seen_by};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};

use crate::servers::postgres::{database, drop_database, server};
use crate::store_fixtures::*;

async fn open(url: &str) -> Store {
    Store::open(url, &KEY).await.unwrap()
}

/// A connection as patchbay's own role, with its hand on the tables and no filter in its head.
async fn bare(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    options.connect().await.unwrap()
}

/// Every table, and how many rows of it are seen by somebody of this organization.
async fn rows_seen(connection: &mut PgConnection, org: Option<&str>) -> Vec<(String, i64)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::TEXT FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::REGNAMESPACE ORDER BY 1",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut seen = Vec::new();
    let mut transaction = connection.begin().await.unwrap();
    if let Some(org) = org {
        transaction.execute(AssertSqlSafe(format!("SET LOCAL patchbay.org = '{org}'"))).await.unwrap();
    }
    for table in tables {
        let count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\"")));
        let count: i64 = count.fetch_one(&mut *transaction).await.unwrap();
        seen.push((table, count));
    }
    seen
}

/// Tables that are nobody's: what they hold is the installation's, or names nobody.
const OF_NOBODY: [&str; 9] =
    ["_sqlx_migrations", "changes", "duties", "idempotency", "journals", "meta", "refused", "sessions", "tombstones"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_forgets_its_filter_sees_no_other_organization() {
    let url = database().await;
    let store = open(&url).await;
    let mut tenants = Vec::new();
    for n in [1, 2] {
        let org = put_org(&store, &org_with_account(n)).await.unwrap();
        let mut tenant = tenant(n, &org.id);
        tenant.slug = format!("of-{n}");
        store.create_tenant(&tenant, &operator()).await.unwrap();
        let number = number(n, &format!("+1647555012{n}"), Some(&tenant.id));
        store.put_number(&number, &operator()).await.unwrap();
        let call = format!("CA{n}");
        let records = [
            patchbay::model::Record::CallBegan(began(&call, Some(&tenant.id), 1)),
            patchbay::model::Record::CallEvent(event(&call, "ai-leg", 2)),
        ];
        store.apply(&format!("j{n}"), &numbered(1, &records)).await.unwrap();
        tenants.push(tenant);
    }
    let mut connection = bare(&url).await;
    let all = rows_seen(&mut connection, Some("*")).await;
    let one = rows_seen(&mut connection, Some(tenants[0].org_id.as_str())).await;
    let nobody = rows_seen(&mut connection, None).await;
    let mut walled = 0;
    for ((table, all), ((_, one), (_, none))) in all.iter().zip(one.iter().zip(&nobody)) {
        if OF_NOBODY.contains(&table.as_str()) {
            continue;
        }
        assert_eq!(*none, 0, "{table}: who says nothing sees nothing");
        if *all > 0 {
            walled += 1;
            assert!(one < all, "{table}: {one} of {all}");
        }
    }
    assert!(walled >= 9, "{all:?}");
    for table in ["organizations", "tenants", "numbers", "calls", "call_events", "number_lives"] {
        assert!(one.contains(&(table.to_owned(), 1)), "{table}: its own it does see: {one:?}");
    }

    // The same by the store's own doors, by somebody who asks for everything.
    let org = Some(&tenants[0].org_id);
    let names = seen_by(org, store.tenants(&Ask::default())).await.unwrap();
    assert_eq!(names.rows.iter().map(|tenant| &tenant.id).collect::<Vec<_>>(), [&tenants[0].id]);
    assert!(seen_by(org, store.tenant(&tenants[1].id)).await.unwrap().is_none());
    assert!(seen_by(org, store.call(&sid("CA2"))).await.unwrap().is_none());
    assert_eq!(seen_by(None, store.tenants(&Ask::default())).await.unwrap().rows.len(), 2);
    connection.close().await.unwrap();
    drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_changes_another_is_told_once_and_in_order() {
    let url = database().await;
    let (one, other) = (open(&url).await, open(&url).await);
    let mut listening = other.listen().await.unwrap().unwrap();
    let start = other.changed_since(None).await.unwrap();
    assert!(start.changes.is_empty() && !start.all);

    let tenant = kept_tenant(&one, 1).await;
    tokio::time::timeout(Duration::from_secs(1), listening.hint()).await.expect("a hint").unwrap();
    let told = other.changed_since(Some(start.upto)).await.unwrap();
    let news = |change| Noticed { change, is_own: false };
    assert!(told.changes.contains(&news(Change::Tenant(tenant.id.clone()))), "{told:?}");
    assert!(told.changes.contains(&news(Change::SipName(tenant.slug.clone()))), "{told:?}");
    let own = one.changed_since(Some(start.upto)).await.unwrap().changes;
    assert!(own.len() == told.changes.len() && own.iter().all(|noticed| noticed.is_own), "{own:?}");
    assert!(other.changed_since(Some(told.upto)).await.unwrap().changes.is_empty());

    let number = number(1, "+16475550121", Some(&tenant.id));
    one.put_number(&number, &operator()).await.unwrap();
    one.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.name = "Another".to_owned()).await.unwrap();
    let next = other.changed_since(Some(told.upto)).await.unwrap();
    let place = |change: &Change| next.changes.iter().position(|told| told.change == *change);
    let (number, name) = (
        place(&Change::Number(number.e164)),
        next.changes.iter().rposition(|told| told.change == Change::Tenant(tenant.id.clone())),
    );
    assert!(number.is_some() && number < name, "{next:?}");

    // Calls change no settings.
    let began = patchbay::model::Record::CallBegan(began("CA1", Some(&tenant.id), 1));
    one.apply("j", &numbered(1, &[began])).await.unwrap();
    assert!(other.changed_since(Some(next.upto)).await.unwrap().changes.is_empty());
    // Whoever stands behind what is there was somewhere else: a backup was put back.
    assert!(other.changed_since(Some(next.upto + 5)).await.unwrap().all);
    drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duty_is_one_processes_until_its_time_is_over_or_it_leaves() {
    let url = database().await;
    let store = open(&url).await;
    let hold = async |holder, millis| store.hold_duty("sweep", holder, Duration::from_millis(millis)).await.unwrap();
    assert!(hold("one", 400).await);
    assert!(!hold("other", 400).await, "it is another's");
    assert!(hold("one", 400).await, "whoever has it goes on with it");
    tokio::time::sleep(Duration::from_millis(450)).await;
    assert!(hold("other", 60_000).await, "whoever was stopped has lost it");
    assert!(!hold("one", 400).await);
    store.leave_duties("other").await.unwrap();
    assert!(hold("one", 400).await);
    drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_start_at_once_make_one_schema() {
    let server = server();
    let mut master = server.master("postgres").await;
    master.execute("CREATE DATABASE started_twice OWNER patchbay TEMPLATE template0").await.unwrap();
    let url = server.url("started_twice");
    let (one, other, third) = tokio::join!(open(&url), open(&url), open(&url));
    for store in [&one, &other, &third] {
        store.ping().await.unwrap();
    }
    drop_database(&url).await;
}

#[tokio::test]
async fn a_server_that_is_away_is_away_and_not_broken() {
    let url = "postgres://patchbay:hunter2@127.0.0.1:9/patchbay";
    let store = Store::open(url, &KEY).await.expect("it may come");
    for answer in [
        store.ping().await,
        store.apply("j", &numbered(1, &[])).await,
        store.org(&tenant(1, &org_with_account(1).id).org_id).await.map(drop),
    ] {
        match answer {
            Err(StoreError::Away(why)) => assert!(!why.contains("hunter2"), "{why}"),
            // Nothing is applied where there is nothing to apply.
            Ok(()) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(store.ping().await, Err(StoreError::Away(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_cost_no_question() {
    let url = database().await;
    let store = open(&url).await;
    let tenant = kept_tenant(&store, 1).await;
    for _ in 0..3 {
        let (one, other) = tokio::join!(store.tenant(&tenant.id), store.tenant(&tenant.id));
        assert!(one.unwrap().is_some() && other.unwrap().is_some());
        let mut master = server().master("postgres").await;
        let name = url.rsplit('/').next().unwrap();
        let cut = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        master.execute(AssertSqlSafe(cut)).await.unwrap();
        assert!(store.tenant(&tenant.id).await.unwrap().is_some(), "another connection is taken");
        store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.name.push('!')).await.unwrap();
    }
    drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_stopped_while_it_writes_does_not_stop_the_others() {
    let url = database().await;
    let store = open(&url).await;
    let tenant = kept_tenant(&store, 1).await;
    // Has the turn, and goes no further.
    let mut stopped = bare(&url).await;
    stopped
        .execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '2s'; SELECT pg_advisory_xact_lock(8097881575290724729)")
        .await
        .unwrap();
    let changed = store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.name.push('!')).await;
    assert!(changed.is_ok(), "{changed:?}");
    drop_database(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_another_key_is_refused() {
    let url = database().await;
    open(&url).await.close().await;
    match Store::open(&url, &[9; 32]).await {
        Err(StoreError::Failed(why)) => assert!(why.contains("another key"), "{why}"),
        other => panic!("{other:?}"),
    }
    drop_database(&url).await;
}

/// A pooler in its transaction mode: each transaction may come to another connection of the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_that_mixes_up_connections_changes_nothing() {
    let direct = database().await;
    let pooler = crate::servers::pgbouncer::start(server().port);
    let pooled = direct.replace(&format!(":{}", server().port), &format!(":{}", pooler.port));
    let pooled = format!("{pooled}?statement-cache-capacity=0");
    let handle = tokio::runtime::Handle::current();
    let open = || Store::open_draining_on(&pooled, Some(&direct), &KEY, &handle, jiff::Timestamp::now);
    let (one, other) = (open().await.unwrap(), open().await.unwrap());
    let mut listening = other.listen().await.unwrap().expect("the server itself is listened to");
    let tenant = kept_tenant(&one, 1).await;
    tokio::time::timeout(Duration::from_secs(1), listening.hint()).await.expect("a hint").unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8u32 {
        let (store, id) = (if n % 2 == 0 { one.clone() } else { other.clone() }, tenant.id.clone());
        tasks.spawn(async move {
            let journal = format!("j{n}");
            for round in 0..10u64 {
                assert!(store.tenant(&id).await.unwrap().is_some());
                let call = format!("CA{n:03}{round:03}");
                let began = patchbay::model::Record::CallBegan(began(&call, Some(&id), 1));
                store.apply(&journal, &numbered(round + 1, &[began])).await.unwrap();
                store.tenants(&Ask::default()).await.unwrap();
                assert!(store.call(&sid(&call)).await.unwrap().is_some());
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(one.live_calls(at(-1000)).await.unwrap().len(), 80);
    let org = Some(&tenant.org_id);
    assert_eq!(seen_by(org, other.tenants(&Ask::default())).await.unwrap().rows.len(), 1);
}
