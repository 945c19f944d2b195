//! A store in a file copied to a server is the same there, wherever the copying was cut off; and what is not the same is
//! never opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use patchbay::store::copy::{BATCH_ROWS, Copied, CopyError, Copying, Start, copy};
use patchbay::store::{Keyring, SessionKind, Store, StoreError, whole};
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row};
use tempfile::TempDir;

use crate::servers::postgres::{database, drop_database};
use crate::store_copy_world::{filled, raw, read, url};
use crate::store_fixtures::*;
use crate::{store_jobs, store_sessions};

/// A filled file, and an empty database.
struct Move {
    dir: TempDir,
    from: PathBuf,
    to: String,
    keys: Keyring,
}

impl Move {
    async fn new() -> Move {
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("patchbay.db");
        filled(&from).await;
        Move { dir, from, to: database().await, keys: (&KEY).into() }
    }

    async fn go<'a>(&'a self, change: impl FnOnce(&mut Copying<'a>)) -> Result<Copied, CopyError> {
        let (from, to, keys) = (&self.from, &self.to, &self.keys);
        let mut wish = Copying { from, to, keys, anew: false, batch_rows: BATCH_ROWS, batches_max: None };
        change(&mut wish);
        copy(&wish, |_| {}).await
    }

    async fn all(&self) -> Result<Copied, CopyError> {
        self.go(|_| {}).await
    }

    /// Opens the target as `serve` does.
    async fn target(&self) -> Result<Store, StoreError> {
        let store = Store::open(&self.to, &KEY).await?;
        store.ping().await.map(|()| store)
    }

    async fn is_refused(&self) {
        match self.target().await {
            Err(StoreError::Failed(why)) => assert!(why.contains("call `patchbay store copy` again"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    async fn source(&self) -> Store {
        Store::open(&url(&self.from), &KEY).await.unwrap()
    }

    /// The server with patchbay's own role, which sees everything.
    async fn bare(&self) -> PgConnection {
        let options: PgConnectOptions = self.to.parse().unwrap();
        let mut bare = options.connect().await.unwrap();
        bare.execute("SET patchbay.org = '*'").await.unwrap();
        bare
    }

    async fn is_the_same(&self) {
        let (source, target) = (self.source().await, self.target().await.unwrap());
        let (is, should) = (read(&target).await, read(&source).await);
        assert_eq!(is.len(), should.len());
        for (is, should) in is.iter().zip(&should) {
            assert_eq!(is, should);
        }
        source.close().await;
        target.close().await;
    }
}

fn sha256(file: &Path) -> Vec<u8> {
    Sha256::digest(std::fs::read(file).unwrap()).to_vec()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_read_back_through_every_door_as_it_was() {
    let a_move = Move::new().await;
    let mut tables = whole::contents(&a_move.from).await.unwrap().rows;
    // What builds its schema needs is the file's own.
    tables.entry("meta".to_owned()).and_modify(|rows| *rows -= 1);
    let empty: Vec<_> = tables.iter().filter(|(_, rows)| **rows == 0).collect();
    assert!(empty.is_empty(), "a table that nothing fills is not tried: {empty:?}");
    let before = sha256(&a_move.from);

    let copied = a_move.all().await.unwrap();
    assert_eq!(sha256(&a_move.from), before, "the source is only read");
    let files = std::fs::read_dir(a_move.dir.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside it");
    assert_eq!((copied.start, copied.written), (Start::Empty, tables.values().sum()));
    let counted: BTreeMap<String, u64> = copied.tables.iter().map(|(name, sum)| (name.clone(), sum.rows)).collect();
    assert_eq!(counted, tables);
    a_move.is_the_same().await;

    // What had come in an order has it still.
    let mut bare = a_move.bare().await;
    let seqs: Vec<i64> =
        sqlx::query_scalar("SELECT seq FROM refused ORDER BY rowid").fetch_all(&mut bare).await.unwrap();
    assert_eq!(seqs, [7, 3, 5]);
    let disabled = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'";
    assert_eq!(sqlx::query_scalar::<_, i64>(disabled).fetch_one(&mut bare).await.unwrap(), 0, "triggers work again");
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_store_goes_on_counting_behind_all_that_ever_was() {
    let a_move = Move::new().await;
    a_move.all().await.unwrap();
    let newest = async || -> i64 {
        sqlx::query_scalar("SELECT max(id) FROM audit").fetch_one(&mut a_move.bare().await).await.unwrap()
    };
    let last = newest().await;
    let target = a_move.target().await.unwrap();
    let tenant = tenant_id(1);
    target.change_tenant(&tenant, None, &operator(), |tenant| tenant.name.push('!')).await.unwrap();
    assert!(newest().await > last);
    // Two names, and the address that was taken out of its list before the move.
    let place = patchbay::model::SipPlace { account: sid("AC1"), list: sid("AL1") };
    assert_eq!(target.add_address_seat(&tenant, &place, 1).await.unwrap(), 4);
    let records = [patchbay::model::Record::CallEvent(event("CA8", "later", 99))];
    target.apply("after", &numbered(1, &records)).await.unwrap();
    assert_eq!(target.call(&sid("CA8")).await.unwrap().unwrap().events.last().unwrap().what, "later");
    target.keep_session(&store_sessions::door(1, SessionKind::Session, 1, at(1))).await.unwrap();
    assert_eq!(target.claim_jobs(store_jobs::at(50), store_jobs::at(60), 9).await.unwrap().len(), 2);
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_broken_off_after_every_transaction_goes_on_and_writes_nothing_twice() {
    let a_move = Move::new().await;
    let mut breaks = 0;
    let last = loop {
        match a_move.go(|wish| (wish.batch_rows, wish.batches_max) = (9, Some(1))).await {
            Err(CopyError::BrokenOff) => breaks += 1,
            done => break done.unwrap(),
        }
        if breaks % 8 == 1 {
            a_move.is_refused().await;
        }
        assert!(breaks < 200, "it does not come to an end");
    };
    assert!(breaks > last.tables.len(), "{breaks}");
    assert_eq!((last.start, last.written > 0), (Start::WentOn, true));
    a_move.is_the_same().await;
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_in_the_target_is_found_and_not_used() {
    let a_move = Move::new().await;
    let tables = whole::contents(&a_move.from).await.unwrap().rows.len() as u64;
    for (damage, table) in [
        ("UPDATE calls SET status = 'busy' WHERE call_sid = 'CA9'", "calls"),
        ("UPDATE call_events SET outcome = NULL WHERE id = 1", "call_events"),
        ("UPDATE call_events SET outcome = '' WHERE id = (SELECT min(id) FROM call_events)", "call_events"),
        ("DELETE FROM tenant_versions WHERE version = 2", "tenant_versions"),
        ("INSERT INTO tombstones VALUES ('another', 1)", "tombstones"),
        ("UPDATE tenants SET connect_password = substr(connect_password, 2) WHERE version = 2", "tenants"),
        (
            "WITH gone AS (DELETE FROM refused WHERE seq = 7 RETURNING journal, seq, record, why) \
             INSERT INTO refused (journal, seq, record, why) SELECT * FROM gone",
            "refused",
        ),
    ] {
        let broken_off = a_move.go(|wish| (wish.batches_max, wish.anew) = (Some(tables - 1), true)).await;
        assert!(matches!(broken_off, Err(CopyError::BrokenOff)), "{broken_off:?}");
        let changed = a_move.bare().await.execute(damage).await.unwrap().rows_affected();
        assert_eq!(changed, 1, "{damage}");
        for _ in 0..2 {
            match a_move.all().await {
                Err(CopyError::Differs { table: found, .. }) => assert_eq!(found, table, "{damage}"),
                other => panic!("{damage}: {other:?}"),
            }
            a_move.is_refused().await;
        }
    }
    let anew = a_move.go(|wish| wish.anew = true).await.unwrap();
    assert_eq!(anew.start, Start::Anew);
    a_move.is_the_same().await;
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_somebody_elses_is_refused() {
    let a_move = Move::new().await;
    // A store that was in use, if only a little.
    let other = database().await;
    let store = Store::open(&other, &KEY).await.unwrap();
    store.platform_org().await.unwrap();
    let refused = a_move.go(|wish| wish.to = &other).await;
    assert!(matches!(&refused, Err(CopyError::Occupied(_))), "{refused:?}");
    store.close().await;
    assert!(Store::open(&other, &KEY).await.is_ok(), "nothing has happened to it");

    // A copy of another store, unfinished and finished.
    let another = Move { to: a_move.to.clone(), ..Move::new().await };
    assert!(another.go(|wish| wish.batches_max = Some(3)).await.is_err());
    let refused = a_move.all().await;
    assert!(matches!(refused, Err(CopyError::Foreign)), "{refused:?}");
    another.all().await.unwrap();
    for anew in [false, true] {
        let refused = a_move.go(|wish| wish.anew = anew).await;
        assert!(matches!(refused, Err(CopyError::InUse)), "{refused:?}");
    }
    another.is_the_same().await;
    let again = another.all().await.unwrap();
    assert_eq!((again.start, again.written), (Start::AlreadyDone, 0));

    // The keys at hand are others.
    let keys = Keyring::new([9; 32], []);
    let refused = another.go(|wish| wish.keys = &keys).await;
    assert!(matches!(refused, Err(CopyError::OtherKey)), "{refused:?}");
    drop_database(&a_move.to).await;
    drop_database(&other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_went_on_while_the_copy_lay_half_done_is_copied_anew() {
    let a_move = Move::new().await;
    assert!(a_move.go(|wish| wish.batches_max = Some(12)).await.is_err());
    let source = a_move.source().await;
    source.change_tenant(&tenant_id(1), None, &operator(), |tenant| tenant.name.push('!')).await.unwrap();
    source.close().await;
    let copied = a_move.all().await.unwrap();
    assert_eq!(copied.start, Start::Anew, "two instants are not mixed");
    a_move.is_the_same().await;
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_copied_while_it_is_used() {
    let a_move = Move::new().await;
    let source = a_move.source().await;
    let writing = async {
        for n in 0..20 {
            source
                .change_tenant(&tenant_id(1), None, &operator(), |tenant| tenant.name = format!("{n}"))
                .await
                .unwrap();
        }
    };
    let (copied, ()) = tokio::join!(a_move.go(|wish| wish.batch_rows = 5), writing);
    copied.unwrap();
    assert!(a_move.target().await.is_ok(), "it is as it was at some instant");
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_copy_at_once_one_goes_on_and_the_other_is_told() {
    let a_move = Move::new().await;
    let other = a_move.dir.path().join("other.db");
    std::fs::copy(&a_move.from, &other).unwrap();
    let (one, two) = tokio::join!(
        a_move.go(|wish| wish.batch_rows = 5),
        a_move.go(|wish| (wish.from, wish.batch_rows) = (&other, 5))
    );
    let told = |done: &Result<Copied, CopyError>| matches!(done, Err(CopyError::TwoAtOnce));
    assert!(one.is_ok() && told(&two) || told(&one) && two.is_ok(), "{one:?} {two:?}");
    a_move.is_the_same().await;
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_is_judged_before_anything_is_written() {
    let a_move = Move::new().await;
    let nothing = a_move.dir.path().join("nothing.db");
    let refused = a_move.go(|wish| wish.from = &nothing).await;
    assert!(matches!(refused, Err(CopyError::NoStore(_))), "{refused:?}");
    let text = a_move.dir.path().join("text.db");
    std::fs::write(&text, "not a database, and longer than a head of one").unwrap();
    let refused = a_move.go(|wish| wish.from = &text).await;
    assert!(matches!(refused, Err(CopyError::NotAStore(_))), "{refused:?}");
    let empty = a_move.dir.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    let refused = a_move.go(|wish| wish.from = &empty).await;
    assert!(matches!(refused, Err(CopyError::NotAStore(_))), "{refused:?}");

    // An older one is brought up to date in its copy; it is itself what it was.
    let mut file = raw(&a_move.from).await;
    file.execute("DROP INDEX jobs_by_hand; DROP INDEX webhooks_given_up; DROP INDEX number_watches_amiss")
        .await
        .unwrap();
    file.execute("DELETE FROM _sqlx_migrations WHERE version > 13").await.unwrap();
    assert!(a_move.go(|wish| wish.batches_max = Some(3)).await.is_err());
    let newest = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations");
    let newest: i64 = newest.fetch_one(&mut file).await.unwrap();
    assert_eq!(newest, 13);
    // A newer one is refused.
    file.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 13").await.unwrap();
    let refused = a_move.all().await;
    assert!(matches!(refused, Err(CopyError::Newer(9999))), "{refused:?}");
    file.execute("UPDATE _sqlx_migrations SET version = 13 WHERE version = 9999").await.unwrap();
    a_move.all().await.unwrap();
    drop(file);
    a_move.is_the_same().await;
    drop_database(&a_move.to).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_that_no_server_takes_are_replaced_as_the_store_does_it() {
    let a_move = Move::new().await;
    let mut file = raw(&a_move.from).await;
    file.execute(
        "UPDATE calls SET from_number = 'a' || char(0) || 'b' WHERE call_sid = 'CA8'; \
         UPDATE calls SET from_number = CAST(X'61FF62' AS TEXT) WHERE call_sid = 'CA9'",
    )
    .await
    .unwrap();
    a_move.all().await.unwrap();
    let mut bare = a_move.bare().await;
    for call in ["CA8", "CA9"] {
        let from = sqlx::query_scalar("SELECT from_number FROM calls WHERE call_sid = $1").bind(call);
        let from: String = from.fetch_one(&mut bare).await.unwrap();
        assert_eq!(from, "a\u{fffd}b", "{call}");
    }
    drop_database(&a_move.to).await;
}

/// Tables of one engine: each column's name and what it holds.
type Shape = BTreeMap<String, BTreeMap<String, String>>;

fn shape(rows: Vec<(String, String, String)>) -> Shape {
    let own = ["_sqlx_migrations", "changes", "duties", "told"];
    let mut shape = Shape::new();
    for (table, column, kind) in rows {
        if !own.contains(&table.as_str()) && column != "rowid" {
            shape.entry(table).or_default().insert(column, kind);
        }
    }
    shape
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_have_the_same_tables_and_columns() {
    let a_move = Move::new().await;
    let of_sqlite = "SELECT tables.name, columns.name, CASE columns.type WHEN 'INTEGER' THEN 'bigint' WHEN 'BLOB' THEN 'bytea' \
         ELSE lower(columns.type) END || iif(columns.\"notnull\" AND columns.pk = 0, ' not null', '') FROM sqlite_schema AS tables, \
         pragma_table_xinfo(tables.name) AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%'";
    let of_sqlite = sqlx::query_as(of_sqlite).fetch_all(&mut raw(&a_move.from).await).await.unwrap();
    let of_postgres = "SELECT c.table_name::TEXT, c.column_name::TEXT, c.data_type::TEXT || CASE WHEN c.is_nullable = 'NO' AND NOT EXISTS \
         (SELECT 1 FROM pg_index AS i WHERE i.indisprimary AND i.indrelid = c.table_name::TEXT::REGCLASS AND c.ordinal_position = ANY (i.indkey)) \
         THEN ' not null' ELSE '' END FROM information_schema.columns AS c WHERE c.table_schema = current_schema()";
    let of_postgres = sqlx::query_as(of_postgres).fetch_all(&mut a_move.bare().await).await.unwrap();
    let (sqlite, postgres) = (shape(of_sqlite), shape(of_postgres));
    assert!(sqlite.len() >= 30, "{}", sqlite.len());
    assert_eq!(sqlite, postgres);
    drop_database(&a_move.to).await;
}

/// Calls that are copied to see how long it takes: `PATCHBAY_COPY_CALLS`, or as many as a suite has time for.
pub fn many() -> u32 {
    std::env::var("PATCHBAY_COPY_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(20_000)
}

/// Makes many calls of the one that is there, each with two events.
pub async fn multiply(file: &Path, calls: u32) {
    let mut file = raw(file).await;
    let columns =
        sqlx::query_scalar("SELECT group_concat(name, ', ') FROM pragma_table_info('calls') WHERE name <> 'call_sid'");
    let columns: String = columns.fetch_one(&mut file).await.unwrap();
    let numbers = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < $1)";
    for sql in [
        format!(
            "{numbers} INSERT INTO calls (call_sid, {columns}) SELECT 'CAmany' || (n * 7919 % 1000003) || '-' || n, {columns} \
             FROM n, calls WHERE call_sid = 'CA8'"
        ),
        format!(
            "{numbers} INSERT INTO call_events (call_sid, at, what, outcome, step) SELECT 'CAmany' || (n * 7919 % 1000003) || '-' || n, \
             at, what, outcome, step FROM n, call_events WHERE call_sid = 'CA8'"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql)).bind(calls).execute(&mut file).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_are_copied_and_compared() {
    let a_move = Move::new().await;
    multiply(&a_move.from, many()).await;
    let begun = Instant::now();
    let copied = a_move.all().await.unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} rows, {} of them calls, in {seconds:.1} s: {:.0} rows a second",
        copied.written,
        many(),
        copied.written as f64 / seconds
    );
    let row = a_move.bare().await.fetch_one("SELECT count(*) FROM calls").await.unwrap();
    assert_eq!(row.get::<i64, _>(0), i64::from(many()) + 13);
    a_move.is_the_same().await;
    drop_database(&a_move.to).await;
}
