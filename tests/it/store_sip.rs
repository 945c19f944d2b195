//! Names on the SIP domain in the store: two at most, each whose it is, and every place in a list counted.

use patchbay::model::{PhoneIntegration, PhoneMethod, Secret, SipPlace, SipSeat, SipUser, TenantId};
use patchbay::store::{NewSipName, Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor as _, Row, SqliteConnection};

use crate::store_battery::battery;
use crate::store_fixtures::{at, e164, kept_tenant, operator, sid};

battery!(
    a_tenant_has_two_names_at_most_and_none_that_is_in_use_makes_room,
    a_name_that_is_good_no_more_goes_on_leading_to_its_tenant,
    every_place_in_a_list_counts_until_it_is_left_also_that_of_a_tenant_that_is_gone,
    whoever_read_a_name_before_it_had_another_password_takes_no_place_for_it,
);

pub fn phone() -> PhoneIntegration {
    PhoneIntegration {
        current_carrier: None,
        wants_temporary_number: false,
        temporary_number: None,
        method: PhoneMethod::Sip,
        clinic_number: e164("+16475550188"),
        pbx_type: None,
        source_ips: Vec::new(),
        area_code: None,
        needs_phone_number: false,
        configured_at: at(0),
        number: None,
        setup_completed_at: None,
        seats: Vec::new(),
    }
}

/// Gives the tenant a new name, and answers which it has got.
async fn renewed(store: &Store, tenant: &TenantId, username: &str) -> Result<Option<String>, StoreError> {
    let new = NewSipName { username: username.to_owned(), password: Secret::new(format!("of {username}")) };
    store.put_phone_integration(tenant, &phone(), Some(&new), &operator()).await
}

fn place(list: &str) -> SipPlace {
    SipPlace { account: sid("AC1"), list: sid(list) }
}

async fn names(store: &Store, tenant: &TenantId) -> Vec<String> {
    let seats = store.sip_seats(tenant).await.expect("read");
    SipSeat::names(&seats).filter_map(|seat| seat.username.clone()).collect()
}

/// The newest name comes into a list.
async fn placed(store: &Store, tenant: &TenantId, list: &str) {
    let seats = store.sip_seats(tenant).await.expect("read");
    let newest = SipSeat::names(&seats).next_back().expect("a name").id;
    store.place_sip_seat(newest, Some(&place(list))).await.expect("placed");
    store.fill_sip_seat(newest, Some(&sid("CR1")), 1, at(5)).await.expect("filled");
}

async fn a_tenant_has_two_names_at_most_and_none_that_is_in_use_makes_room(store: Store) {
    let tenant = kept_tenant(&store, 1).await.id;
    let got = |name: &str| Ok::<_, ()>(Some(name.to_owned()));
    let renewed = async |name: &str| renewed(&store, &tenant, name).await.map_err(drop);
    assert_eq!(renewed("sip_aaaaaaaa").await, got("sip_00000001"), "its own first");
    assert_eq!(renewed("sip_bbbbbbbb").await, got("sip_00000001"), "nobody was asked to let it in");
    placed(&store, &tenant, "CL1").await;
    assert_eq!(renewed("sip_cccccccc").await, got("sip_cccccccc"));
    assert_eq!(names(&store, &tenant).await, ["sip_00000001", "sip_cccccccc"]);
    placed(&store, &tenant, "CL1").await;
    assert_eq!(renewed("sip_dddddddd").await, got("sip_dddddddd"));
    assert_eq!(
        names(&store, &tenant).await,
        ["sip_00000001", "sip_dddddddd"],
        "nobody had called with the one between"
    );
    placed(&store, &tenant, "CL1").await;
    store.sip_names_heard(&[("sip_dddddddd", at(9))]).await.expect("written");
    assert_eq!(renewed("sip_eeeeeeee").await, Err(()));
    assert_eq!(names(&store, &tenant).await, ["sip_00000001", "sip_dddddddd"]);
    let (_, password) = store.phone_integration(&tenant).await.expect("read").expect("there");
    assert_eq!(password.expect("a password").reveal(), "of sip_dddddddd", "a refusal changes nothing");
}

async fn a_name_that_is_good_no_more_goes_on_leading_to_its_tenant(store: Store) {
    let tenant = kept_tenant(&store, 1).await.id;
    renewed(&store, &tenant, "sip_aaaaaaaa").await.expect("named");
    placed(&store, &tenant, "CL1").await;
    renewed(&store, &tenant, "sip_bbbbbbbb").await.expect("named");
    let user = async |name: &str| store.sip_user(name).await.expect("read").expect("somebody's");
    let good = |is_awaited| SipUser { tenant: tenant.clone(), signs_in: true, is_awaited };
    assert_eq!(user("sip_00000001").await, good(true), "the older one's calls are asked after");
    assert_eq!(user("SIP_bbbbbbbb").await, good(true), "and the newer one's first");
    store.sip_names_heard(&[("sip_00000001", at(7)), ("sip_bbbbbbbb", at(8))]).await.expect("written");
    assert_eq!((user("sip_00000001").await, user("sip_bbbbbbbb").await), (good(true), good(false)));

    store.retire_sip_name(&tenant, "sip_00000001", &operator()).await.expect("retired");
    let gone = SipUser { tenant: tenant.clone(), signs_in: false, is_awaited: false };
    assert_eq!(user("sip_00000001").await, gone);
    let again = store.retire_sip_name(&tenant, "sip_00000001", &operator()).await;
    assert!(matches!(again, Err(StoreError::NotFound)), "{again:?}");
    assert_eq!(store.leaving_sip_seats().await.expect("read"), std::slice::from_ref(&tenant));
    // What a tenant is called otherwise leaves this as it is.
    let rename = |tenant: &mut patchbay::model::Tenant| tenant.slug = "corner-garage".to_owned();
    store.change_tenant(&tenant, None, &operator(), rename).await.expect("renamed");
    assert_eq!((user("sip_00000001").await, user("sip_bbbbbbbb").await), (gone, good(false)));
    assert_eq!(user("corner-garage").await, good(false));
}

async fn every_place_in_a_list_counts_until_it_is_left_also_that_of_a_tenant_that_is_gone(store: Store) {
    let (one, two) = (kept_tenant(&store, 1).await.id, kept_tenant(&store, 2).await.id);
    renewed(&store, &one, "sip_aaaaaaaa").await.expect("named");
    let seat = store.sip_seats(&one).await.expect("read").remove(0);
    store.place_sip_seat(seat.id, Some(&place("CL1"))).await.expect("placed");
    let counts = async || store.sip_entries(&sid("AC1")).await.expect("read");
    assert_eq!(counts().await, [(sid("CL1"), 1)], "before Twilio is asked");
    placed(&store, &one, "CL1").await;
    renewed(&store, &one, "sip_bbbbbbbb").await.expect("named");
    placed(&store, &one, "CL1").await;
    store.add_address_seat(&two, &place("AL1"), 7).await.expect("added");
    store.retire_sip_name(&one, "sip_00000001", &operator()).await.expect("retired");
    assert_eq!(counts().await, [(sid("AL1"), 7), (sid("CL1"), 2)], "it is not out yet");
    for tenant in [&one, &two] {
        store.delete_tenant(tenant, None, &operator()).await.expect("deleted");
    }
    assert_eq!(counts().await, [(sid("AL1"), 7), (sid("CL1"), 2)]);
    let mut leaving = store.leaving_sip_seats().await.expect("read");
    leaving.sort();
    assert_eq!(leaving, [one.clone(), two]);
    for seat in store.sip_seats(&one).await.expect("read") {
        store.drop_sip_seat(seat.id).await.expect("dropped");
    }
    assert_eq!(counts().await, [(sid("AL1"), 7)]);
    assert!(store.sip_entries(&sid("AC2")).await.expect("read").is_empty(), "another account");
}

async fn whoever_read_a_name_before_it_had_another_password_takes_no_place_for_it(store: Store) {
    let tenant = kept_tenant(&store, 1).await.id;
    renewed(&store, &tenant, "sip_aaaaaaaa").await.expect("named");
    let seat = store.sip_seats(&tenant).await.expect("read").remove(0);
    renewed(&store, &tenant, "sip_bbbbbbbb").await.expect("named");
    let late = store.place_sip_seat(seat.id, Some(&place("CL1"))).await;
    assert!(matches!(late, Err(StoreError::NotFound)), "{late:?}");
}

#[tokio::test]
async fn names_and_addresses_from_before_there_were_seats_keep_their_places() {
    let dir = tempfile::tempdir().unwrap();
    let file = SqliteConnectOptions::new().filename(dir.path().join("old.db")).create_if_missing(true);
    let mut raw: SqliteConnection = file.connect().await.unwrap();
    for older in [
        include_str!("../../migrations/sqlite/0001_store.sql"),
        include_str!("../../migrations/sqlite/0002_access.sql"),
        include_str!("../../migrations/sqlite/0004_webhooks.sql"),
        include_str!("../../migrations/sqlite/0005_retention.sql"),
        include_str!("../../migrations/sqlite/0006_idempotency.sql"),
        include_str!("../../migrations/sqlite/0007_lists.sql"),
        include_str!("../../migrations/sqlite/0008_jobs.sql"),
        include_str!("../../migrations/sqlite/0009_number_life.sql"),
    ] {
        raw.execute(older).await.unwrap();
    }
    raw.execute("INSERT INTO organizations (id, name, created_at) VALUES ('org_1', 'Acme', 0);").await.unwrap();
    let rows = [
        ("ten_1", "'CL1', 'CR1'", "{}"),
        ("ten_2", "'AL1', NULL", r#"{"sourceIps": ["203.0.113.7/32", "203.0.113.8/32"]}"#),
        ("ten_3", "NULL, NULL", r#"{"passwordIsNew": true}"#),
        ("ten_4", "'CL1', 'CR4'", r#"{"passwordIsNew": true}"#),
    ];
    for (n, (tenant, seat, settings)) in (1..).zip(rows) {
        let account = if seat.starts_with("NULL") { "NULL" } else { "'AC1'" };
        raw.execute(sqlx::AssertSqlSafe(format!(
            "INSERT INTO tenants (id, org_id, slug, name, name_key, timezone, country, connect_via, sip_username, availability,
                 version, created_at, updated_at)
                 VALUES ('{tenant}', 'org_1', 's{n}', 'S', 's', 'UTC', 'US', 'sip', 'sip_0000000{n}', '{{}}', 1, 0, 0);
             INSERT INTO phone_integrations (tenant_id, settings, method, clinic_number, sip_password, account_sid, list_sid,
                 credential_sid, updated_at)
                 VALUES ('{tenant}', '{settings}', 'sip', '+1312555010{n}', x'01', {account}, {seat}, 77);"
        )))
        .await
        .unwrap();
    }
    raw.execute(include_str!("../../migrations/sqlite/0011_sip_seats.sql")).await.unwrap();
    let query = "SELECT tenant_id, username, list_sid, credential_sid, entries, good_since FROM sip_seats \
                 ORDER BY tenant_id, username";
    let found = sqlx::query(query).fetch_all(&mut raw).await.unwrap();
    let told = found.iter().map(|row| {
        let word = |column: usize| row.get::<Option<String>, _>(column).unwrap_or_else(|| "–".to_owned());
        let (entries, since) = (row.get::<i64, _>(4), row.get::<Option<i64>, _>(5));
        format!("{} {} {} {} {entries} {since:?}", word(0), word(1), word(2), word(3))
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "ten_1 sip_00000001 CL1 CR1 1 Some(77)",
            "ten_2 – AL1 – 2 Some(77)",
            "ten_2 sip_00000002 – – 1 None",
            "ten_3 sip_00000003 – – 1 None",
            "ten_4 sip_00000004 CL1 CR4 1 Some(77)",
        ]
    );
    let kept = "SELECT tenant_id FROM phone_integrations WHERE sip_password IS NOT NULL ORDER BY tenant_id";
    let kept: Vec<String> = sqlx::query_scalar(kept).fetch_all(&mut raw).await.unwrap();
    assert_eq!(kept, ["ten_1", "ten_2", "ten_3"], "one that never came to Twilio is no password");
}
