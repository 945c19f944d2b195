//! What every engine promises of its lists: each filter, whose rows are shown when tenants and accounts go, and how
//! numbers are found.

use std::sync::Arc;

use patchbay::model::{
    Arrival, CallBegan, Decision, EndedBy, Number, NumberState, Purpose, Reason, Record, Scope, Tenant, VoicemailState,
};
use patchbay::store::{
    Ask, AuditFilter, CallFilter, LiveFilter, NumberFilter, Store, StoreError, TenantFilter, VoicemailFilter,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor, Row};

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    calls_are_narrowed_by_each_filter,
    calls_are_found_by_a_number_however_it_is_written,
    voicemails_are_narrowed_by_each_filter,
    numbers_are_narrowed_by_each_filter,
    tenants_are_narrowed_by_each_filter,
    the_audit_log_is_narrowed_by_each_filter,
    what_is_kept_of_a_deleted_tenant_stays_with_its_organization,
    calls_and_voicemails_move_with_their_tenant,
    a_number_of_the_pool_goes_with_its_account,
    a_cursor_is_good_for_what_it_was_given_out_for,
);

async fn sids(store: &Store, ask: Ask<CallFilter>) -> Vec<String> {
    store.calls(&ask).await.unwrap().rows.into_iter().map(|call| call.began.call_sid.to_string()).collect()
}

async fn of_calls(store: &Store, only: CallFilter) -> Vec<String> {
    sids(store, Ask { only, ..Ask::default() }).await
}

async fn calls_are_narrowed_by_each_filter(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let call = |sid: &str, second: i64| began(sid, Some(&tenant.id), second);
    let mut failed = ended("CA3", EndedBy::Status, 35);
    failed.status = Some("failed".to_owned());
    let records = [
        Record::CallBegan(call("CA1", 10)),
        Record::CallBegan(CallBegan { decision: Decision::fallback(Reason::Loop), ..call("CA2", 20) }),
        Record::CallBegan(CallBegan {
            arrival: Arrival::Sip,
            to: "sip:smile@example.test".to_owned(),
            ..call("CA3", 30)
        }),
        Record::CallBegan(CallBegan { from: "+12125550142".to_owned(), ..call("CA4", 40) }),
        Record::CallEnded(ended("CA2", EndedBy::Status, 25)),
        Record::CallEnded(failed),
        // Of this one only the end was heard.
        Record::CallEnded(ended("CA5", EndedBy::Status, 50)),
    ];
    store.apply("j", &numbered(1, &records)).await.unwrap();
    let all = CallFilter::default;
    for (only, expected) in [
        (all(), vec!["CA5", "CA4", "CA3", "CA2", "CA1"]),
        (CallFilter { since: Some(at(20)), ..all() }, vec!["CA5", "CA4", "CA3", "CA2"]),
        (CallFilter { until: Some(at(20)), ..all() }, vec!["CA1"]),
        (CallFilter { since: Some(at(20)), until: Some(at(40)), ..all() }, vec!["CA3", "CA2"]),
        (CallFilter { available: Some(true), ..all() }, vec!["CA4", "CA3", "CA1"]),
        (CallFilter { available: Some(false), ..all() }, vec!["CA5", "CA2"]),
        (CallFilter { reason: Some(Reason::Loop), ..all() }, vec!["CA2"]),
        (CallFilter { reason: Some(Reason::UnknownNumber), ..all() }, vec!["CA5"]),
        (CallFilter { status: Some("completed".to_owned()), ..all() }, vec!["CA5", "CA2"]),
        (CallFilter { status: Some("failed".to_owned()), ..all() }, vec!["CA3"]),
        (CallFilter { arrival: Some(Arrival::Sip), ..all() }, vec!["CA3"]),
        (CallFilter { from: Some(e164("+12125550142")), ..all() }, vec!["CA4"]),
        (CallFilter { to: Some(e164("+16475550123")), ..all() }, vec!["CA4", "CA2", "CA1"]),
        (CallFilter { from: Some(e164("+16475550111")), to: Some(e164("+16475550123")), ..all() }, vec!["CA2", "CA1"]),
        (CallFilter { to: Some(e164("+16475550123")), reason: Some(Reason::Loop), ..all() }, vec!["CA2"]),
    ] {
        assert_eq!(of_calls(&store, only.clone()).await, expected, "{only:?}");
        // Whoever sees the tenant alone sees the same of it.
        let own: Vec<&str> = expected.into_iter().filter(|call| *call != "CA5").collect();
        for scope in [Scope::Tenant(tenant.id.clone()), Scope::Org(tenant.org_id.clone())] {
            assert_eq!(sids(&store, Ask { scope, only: only.clone(), ..Ask::default() }).await, own, "{only:?}");
        }
    }
    let live = |live, now: &[&str]| Some(LiveFilter { live, now: now.iter().map(|call| sid(call)).collect() });
    let now = ["CA1", "CA4", "CA9"];
    assert_eq!(of_calls(&store, CallFilter { live: live(true, &now), ..all() }).await, ["CA4", "CA1"]);
    assert_eq!(of_calls(&store, CallFilter { live: live(false, &now), ..all() }).await, ["CA5", "CA3", "CA2"]);
    assert!(of_calls(&store, CallFilter { live: live(true, &[]), ..all() }).await.is_empty());
}

async fn calls_are_found_by_a_number_however_it_is_written(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let call = |sid: &str, from: &str, second| {
        Record::CallBegan(CallBegan { from: from.to_owned(), ..began(sid, Some(&tenant.id), second) })
    };
    let records = [
        call("CA0123456789abcdef0123456789abcdef", "+12125550142", 10),
        call("CA2", "+16475550142", 20),
        call("CA3", "anonymous", 30),
    ];
    store.apply("j", &numbered(1, &records)).await.unwrap();
    let first = "CA0123456789abcdef0123456789abcdef";
    for (words, expected) in [
        ("+12125550142", vec![first]),
        ("12125550142", vec![first]),
        ("(212) 555-0142", vec![first]),
        ("0142", vec!["CA2", first]),
        ("5550142", vec!["CA2", first]),
        ("550123", vec!["CA3", "CA2", first]),
        ("212", vec![first]),
        ("+1212", vec![first]),
        ("anonym", vec!["CA3"]),
        (first, vec![first]),
        ("CA2", vec!["CA2"]),
        ("2125", vec![]),
        ("%", vec![]),
    ] {
        for tenant in [None, Some(tenant.id.clone())] {
            let ask = Ask { q: Some(words.to_owned()), tenant, ..Ask::default() };
            assert_eq!(sids(&store, ask.clone()).await, expected, "{words} of {:?}", ask.tenant);
        }
    }
}

async fn voicemails_are_narrowed_by_each_filter(store: Store) {
    let mut told = news(1, "CA1", Some("RE1"), VoicemailState::Ready, 10);
    told.from = Some("+16475550111".to_owned());
    told.transcript = Some("Please call me back about Tuesday".to_owned());
    let records = [
        Record::Voicemail(told),
        Record::Voicemail(news(2, "CA2", Some("RE2"), VoicemailState::Failed, 20)),
        Record::Voicemail(news(3, "CA3", None, VoicemailState::Pending, 30)),
    ];
    store.apply("j", &numbered(1, &records)).await.unwrap();
    let heard = store.voicemails(&Ask::default()).await.unwrap().rows.pop().unwrap();
    store.set_heard(&heard.id, true).await.unwrap();
    let found = async |only: VoicemailFilter, q: Option<&str>| -> Vec<String> {
        let ask = Ask { only, q: q.map(str::to_owned), ..Ask::default() };
        store.voicemails(&ask).await.unwrap().rows.into_iter().map(|one| one.call_sid.to_string()).collect()
    };
    let all = VoicemailFilter::default;
    for (only, expected) in [
        (all(), vec!["CA3", "CA2", "CA1"]),
        (VoicemailFilter { heard: Some(true), ..all() }, vec!["CA1"]),
        (VoicemailFilter { heard: Some(false), ..all() }, vec!["CA3", "CA2"]),
        (VoicemailFilter { state: Some(VoicemailState::Failed), ..all() }, vec!["CA2"]),
        (VoicemailFilter { since: Some(at(20)), ..all() }, vec!["CA3", "CA2"]),
        (VoicemailFilter { until: Some(at(20)), ..all() }, vec!["CA1"]),
        (VoicemailFilter { call: Some(sid("CA2")), ..all() }, vec!["CA2"]),
        (VoicemailFilter { call: Some(sid("CA2")), heard: Some(true), ..all() }, vec![]),
    ] {
        assert_eq!(found(only.clone(), None).await, expected, "{only:?}");
    }
    for words in ["back about", "TUESDAY", "0111", "+1 647 555"] {
        assert_eq!(found(all(), Some(words)).await, ["CA1"], "{words}");
    }
    assert!(found(all(), Some("wednesday")).await.is_empty());
}

async fn numbers_are_narrowed_by_each_filter(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let mut voicemail = number(1, "+16475550101", Some(&tenant.id));
    voicemail.purpose = Purpose::Voicemail;
    let mut elsewhere = number(2, "+16475550102", None);
    elsewhere.account_sid = Some(sid("AC-else"));
    for number in [voicemail, elsewhere, number(3, "+16475550103", Some(&tenant.id))] {
        store.put_number(&number, &operator()).await.unwrap();
    }
    let found = async |only: NumberFilter, q: Option<String>| -> Vec<String> {
        let ask = Ask { only, q, ..Ask::default() };
        store.numbers(&ask).await.unwrap().rows.into_iter().map(|number| number.e164.to_string()).collect()
    };
    let all = NumberFilter::default;
    let (one, two, three) = ("+16475550101", "+16475550102", "+16475550103");
    for (only, expected) in [
        (NumberFilter { state: Some(NumberState::Active), ..all() }, vec![three, one]),
        (NumberFilter { state: Some(NumberState::Unassigned), ..all() }, vec![two]),
        (NumberFilter { purpose: Some(Purpose::Voicemail), ..all() }, vec![one]),
        (NumberFilter { account: Some(sid("AC-else")), ..all() }, vec![two]),
        (NumberFilter { account: Some(sid("AC-else")), state: Some(NumberState::Active), ..all() }, vec![]),
    ] {
        assert_eq!(found(only.clone(), None).await, expected, "{only:?}");
    }
    for words in [two.to_owned(), "0102".to_owned(), "(647) 555-0102".to_owned(), format!("PN{:032}", 2)] {
        assert_eq!(found(all(), Some(words.clone())).await, [two], "{words}");
    }
}

async fn tenants_are_narrowed_by_each_filter(store: Store) {
    let org = org_with_account(1);
    store.create_org(&org, &operator()).await.unwrap();
    let theirs = tenant(1, &org.id);
    store.create_tenant(&theirs, &operator()).await.unwrap();
    let platforms = kept_tenant(&store, 2).await;
    let target = theirs.target.clone().unwrap().id;
    let found = async |scope: Scope, only: TenantFilter| -> Vec<Tenant> {
        store.tenants(&Ask { scope, only, ..Ask::default() }).await.unwrap().rows
    };
    let all = TenantFilter::default;
    for (only, expected) in [
        (TenantFilter { org: Some(org.id.clone()), ..all() }, vec![theirs.clone()]),
        (TenantFilter { slug: Some(platforms.slug.clone()), ..all() }, vec![platforms.clone()]),
        (TenantFilter { target: Some(target.clone()), ..all() }, vec![theirs.clone(), platforms.clone()]),
        (TenantFilter { target: Some(target), org: Some(org.id.clone()), ..all() }, vec![theirs.clone()]),
        (TenantFilter { target: Some(sid("nobody")), ..all() }, vec![]),
        (TenantFilter { slug: Some(platforms.slug.clone()), org: Some(org.id.clone()), ..all() }, vec![]),
    ] {
        assert_eq!(found(Scope::All, only.clone()).await, expected, "{only:?}");
    }
    let foreign = TenantFilter { org: Some(platforms.org_id.clone()), ..all() };
    assert!(found(Scope::Org(org.id.clone()), foreign.clone()).await.is_empty());
    assert!(found(Scope::Tenant(theirs.id.clone()), foreign).await.is_empty());
}

async fn the_audit_log_is_narrowed_by_each_filter(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let somebody = patchbay::store::Actor("front desk".to_owned());
    store.change_tenant(&tenant.id, None, &somebody, |tenant| tenant.name = "Acme Pizza".to_owned()).await.unwrap();
    let found = async |only: AuditFilter| -> Vec<String> {
        store.audit(&Ask { only, ..Ask::default() }).await.unwrap().rows.into_iter().map(|entry| entry.what).collect()
    };
    let all = AuditFilter::default;
    assert_eq!(found(AuditFilter { who: Some("front desk".to_owned()), ..all() }).await, ["tenant.change"]);
    assert_eq!(found(AuditFilter { what: Some("org.create".to_owned()), ..all() }).await, ["org.create"]);
    let subject = Some(tenant.id.to_string());
    assert_eq!(found(AuditFilter { subject: subject.clone(), ..all() }).await, ["tenant.change", "tenant.create"]);
    let change = store.audit(&Ask::default()).await.unwrap().rows.remove(0).at;
    assert_eq!(found(AuditFilter { since: Some(change), ..all() }).await, ["tenant.change"]);
    assert_eq!(found(AuditFilter { until: Some(change), subject, ..all() }).await, ["tenant.create"]);
}

async fn what_is_kept_of_a_deleted_tenant_stays_with_its_organization(store: Store) {
    let org = org_with_account(1);
    store.create_org(&org, &operator()).await.unwrap();
    let tenant = tenant(1, &org.id);
    store.create_tenant(&tenant, &operator()).await.unwrap();
    let before = [Record::CallBegan(began("CA1", Some(&tenant.id), 10))];
    store.apply("j", &numbered(1, &before)).await.unwrap();
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    // Records come late: the tenant is gone when they do.
    let mut late = news(1, "CA2", Some("RE2"), VoicemailState::Ready, 25);
    late.tenant_id = Some(tenant.id.clone());
    let late = [Record::CallBegan(began("CA2", Some(&tenant.id), 20)), Record::Voicemail(late)];
    store.apply("j", &numbered(2, &late)).await.unwrap();

    for tenant in [None, Some(tenant.id.clone())] {
        let (scope, other) = (Scope::Org(org.id.clone()), Scope::Org(org_with_account(2).id));
        let of = |scope: &Scope| Ask { scope: scope.clone(), tenant: tenant.clone(), ..Ask::default() };
        assert_eq!(sids(&store, of(&scope)).await, ["CA2", "CA1"], "{tenant:?}");
        assert!(sids(&store, of(&other)).await.is_empty(), "{tenant:?}");
        let voicemails = |scope: &Scope| Ask { scope: scope.clone(), tenant: tenant.clone(), ..Ask::default() };
        assert_eq!(store.voicemails(&voicemails(&scope)).await.unwrap().rows.len(), 1);
        assert!(store.voicemails(&voicemails(&other)).await.unwrap().rows.is_empty());
    }
    assert_eq!(store.call(&sid("CA2")).await.unwrap().unwrap().org_id, Some(org.id));
}

async fn calls_and_voicemails_move_with_their_tenant(store: Store) {
    let (old, new) = (org_with_account(1), org_with_account(2));
    for org in [&old, &new] {
        store.create_org(org, &operator()).await.unwrap();
    }
    let tenant = tenant(1, &old.id);
    store.create_tenant(&tenant, &operator()).await.unwrap();
    store.put_number(&number(1, "+16475550101", Some(&tenant.id)), &operator()).await.unwrap();
    let mut voicemail = news(1, "CA1", Some("RE1"), VoicemailState::Ready, 15);
    voicemail.tenant_id = Some(tenant.id.clone());
    let records = [Record::CallBegan(began("CA1", Some(&tenant.id), 10)), Record::Voicemail(voicemail)];
    store.apply("j", &numbered(1, &records)).await.unwrap();
    let seen = async |org: &patchbay::model::Org| -> [usize; 4] {
        let scope = || Scope::Org(org.id.clone());
        [
            store.calls(&Ask { scope: scope(), ..Ask::default() }).await.unwrap().rows.len(),
            store.voicemails(&Ask { scope: scope(), ..Ask::default() }).await.unwrap().rows.len(),
            store.numbers(&Ask { scope: scope(), ..Ask::default() }).await.unwrap().rows.len(),
            store.tenants(&Ask { scope: scope(), ..Ask::default() }).await.unwrap().rows.len(),
        ]
    };
    assert_eq!((seen(&old).await, seen(&new).await), ([1; 4], [0; 4]));
    store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.org_id = new.id.clone()).await.unwrap();
    assert_eq!((seen(&old).await, seen(&new).await), ([0; 4], [1; 4]));
}

async fn a_number_of_the_pool_goes_with_its_account(store: Store) {
    let org = org_with_account(1);
    let pooled = Number { account_sid: Some(org.twilio.clone().unwrap().sid), ..number(1, "+16475550101", None) };
    store.put_number(&pooled, &operator()).await.unwrap();
    let seen = async || {
        let ask = Ask { scope: Scope::Org(org.id.clone()), ..Ask::default() };
        store.numbers(&ask).await.unwrap().rows.len()
    };
    assert_eq!(seen().await, 0);
    store.create_org(&org, &operator()).await.unwrap();
    assert_eq!(seen().await, 1, "known before its organization");
    store.change_org(&org.id, None, &operator(), |org| org.twilio = None).await.unwrap();
    assert_eq!(seen().await, 0, "the account is another's business now");
    store.change_org(&org.id, None, &operator(), |own| own.twilio.clone_from(&org.twilio)).await.unwrap();
    assert_eq!(seen().await, 1);
    let platforms = kept_tenant(&store, 1).await;
    let led = Number { tenant_id: Some(platforms.id.clone()), state: NumberState::Active, ..pooled.clone() };
    store.put_number(&led, &operator()).await.unwrap();
    assert_eq!(seen().await, 0, "a tenant's number is its organization's, whoever carries it");
    store.delete_tenant(&platforms.id, None, &operator()).await.unwrap();
    assert_eq!(seen().await, 1, "and goes back to whoever carries it");
    store.delete_org(&org.id, None, &operator()).await.unwrap();
    assert_eq!(seen().await, 0);
}

async fn a_cursor_is_good_for_what_it_was_given_out_for(store: Store) {
    let records: Vec<Record> = (0..5).map(|n| Record::CallBegan(began(&format!("CA{n}"), None, n))).collect();
    store.apply("j", &numbered(1, &records)).await.unwrap();
    let only = CallFilter { available: Some(true), ..CallFilter::default() };
    let first = Ask { limit: 2, only, ..Ask::default() };
    let cursor = store.calls(&first).await.unwrap().next_cursor;
    let next = Ask { cursor: cursor.clone(), ..first.clone() };
    assert_eq!(sids(&store, next.clone()).await, ["CA2", "CA1"]);
    assert_eq!(sids(&store, Ask { limit: 1, ..next.clone() }).await, ["CA2"], "pages may change their size");
    let others = [
        Ask { only: CallFilter::default(), ..next.clone() },
        Ask { only: CallFilter { available: Some(false), ..CallFilter::default() }, ..next.clone() },
        Ask { q: Some("0123".to_owned()), ..next.clone() },
        Ask { tenant: Some(tenant_id(1)), ..next.clone() },
        Ask { scope: Scope::Tenant(tenant_id(1)), ..next },
    ];
    for other in others {
        assert!(matches!(store.calls(&other).await, Err(StoreError::BadCursor)), "{other:?}");
    }
    // Which calls are live changes from page to page; that they are asked for does not.
    let live = |now: &str| Some(LiveFilter { live: false, now: Arc::from([sid(now)]) });
    let of =
        |now: &str| Ask { limit: 2, only: CallFilter { live: live(now), ..CallFilter::default() }, ..Ask::default() };
    let cursor = store.calls(&of("CA4")).await.unwrap().next_cursor;
    assert_eq!(sids(&store, Ask { cursor, ..of("CA1") }).await, ["CA0"]);
}

/// Rows from before lists were walked get their places.
#[tokio::test]
async fn old_rows_are_found_by_what_they_were_always_about() {
    let dir = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new().filename(dir.path().join("old.db")).create_if_missing(true);
    let mut raw: SqliteConnection = file.connect().await.unwrap();
    raw.execute(include_str!("../../migrations/sqlite/0001_store.sql")).await.unwrap();
    raw.execute(include_str!("../../migrations/sqlite/0002_access.sql")).await.unwrap();
    let call = serde_json::to_string(&CallBegan {
        decision: Decision::ai(Reason::Overflow),
        arrival: Arrival::Vapi,
        ..began("CA1", Some(&tenant_id(1)), 10)
    });
    raw.execute(
        "INSERT INTO organizations (id, name, twilio_sid, created_at) VALUES ('org_1', 'Reseller', 'AC1', 0);
         INSERT INTO tenant_versions (id, org_id, slug, name, name_key, timezone, country, connect_via, availability,
             version, created_at, updated_at) VALUES ('ten_gone', 'org_1', 's', 'S', 's', 'UTC', 'US', 'sip', '{}', 1, 0, 0);
         INSERT INTO voicemails (id, tenant_id, call_sid, state, created_at) VALUES ('vm_1', 'ten_gone', 'CA1', 'ready', 0);
         INSERT INTO numbers (id, e164, account_sid, state, purpose, already_overflowed, created_at)
             VALUES ('num_1', '+16475550101', 'AC1', 'unassigned', 'calls', 0, 0);
         INSERT INTO calls (call_sid, at, from_number, to_number, began) VALUES ('CA2', 0, '', '', 'damaged');",
    )
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO calls (call_sid, tenant_id, at, from_number, to_number, began, ending) VALUES \
         ('CA1', 'ten_gone', 1, '', '', $1, '{\"at\":\"2026-11-20T10:00:00Z\",\"status\":{\"rank\":0,\
         \"at\":\"2026-11-20T10:00:00Z\",\"value\":\"busy\"}}')",
    )
    .bind(call.unwrap())
    .execute(&mut raw)
    .await
    .unwrap();
    raw.execute(include_str!("../../migrations/sqlite/0007_lists.sql")).await.unwrap();

    let rows = sqlx::query("SELECT org_id, available, reason, arrival, status FROM calls ORDER BY call_sid");
    let rows = rows.fetch_all(&mut raw).await.unwrap();
    let told = |place: usize| {
        let row = &rows[place];
        let word = |column: usize| row.get::<Option<String>, _>(column).unwrap_or_else(|| "none".to_owned());
        (word(0), row.get::<i64, _>(1), [word(2), word(3), word(4)].join(" "))
    };
    assert_eq!(told(0), ("org_1".to_owned(), 1, "overflow vapi busy".to_owned()));
    assert_eq!(told(1), ("none".to_owned(), 0, "unknown-number number none".to_owned()));
    for table in ["SELECT org_id FROM voicemails", "SELECT org_id FROM numbers"] {
        let org: Option<String> = sqlx::query_scalar(table).fetch_one(&mut raw).await.unwrap();
        assert_eq!(org.as_deref(), Some("org_1"), "{table}");
    }
}
