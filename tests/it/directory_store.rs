//! The directory over a real store: what a caller is told, before and after changes, with the store and without.

use std::sync::Arc;

use patchbay::directory::{Directory, Found, Line};
use patchbay::model::{Change, Number, NumberState, Purpose, Secret, Tenant};
use patchbay::routing::Surroundings;
use patchbay::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

use crate::store_fixtures::*;

struct House {
    home: TempDir,
    store: Store,
    directory: Directory,
}

impl House {
    async fn new() -> House {
        let home = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", home.path().join("patchbay.db").display());
        let store = Store::open(&url, &KEY).await.unwrap();
        let around = Arc::new(Surroundings { global_account: org_with_account(99).twilio, ..Surroundings::default() });
        let directory = Directory::new(store.clone(), around, Arc::default(), 1_000);
        House { home, store, directory }
    }

    async fn put(&self, n: u32, digits: &str, tenant: &Tenant) -> Number {
        self.store.put_number(&number(n, digits, Some(&tenant.id)), &operator()).await.unwrap()
    }

    async fn line(&self, digits: &str) -> Option<Line> {
        known(self.directory.by_number(e164(digits)).await)
    }

    async fn sip(&self, user: &str) -> Option<Line> {
        known(self.directory.by_sip_user(user).await)
    }

    /// Takes the tables away, so that every question to the store fails; or brings them back.
    async fn unplug(&self) {
        self.sql("ALTER TABLE numbers RENAME TO numbers_gone; ALTER TABLE tenants RENAME TO tenants_gone").await;
    }

    async fn plug_in(&self) {
        self.sql("ALTER TABLE numbers_gone RENAME TO numbers; ALTER TABLE tenants_gone RENAME TO tenants").await;
    }

    async fn sql(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.home.path().join("patchbay.db"));
        options.connect().await.unwrap().execute(sql).await.unwrap();
    }
}

fn known<T>(found: Found<T>) -> Option<T> {
    match found {
        Found::Known(thing) => Some(thing),
        Found::Unknown => None,
        Found::Trouble => panic!("the store is there"),
    }
}

#[tokio::test]
async fn a_number_at_work_is_a_line_and_any_other_is_unknown() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    let mut at_work = number(1, "+16475550101", Some(&tenant.id));
    (at_work.purpose, at_work.already_overflowed) = (Purpose::Voicemail, true);
    let mut resting = number(2, "+16475550102", Some(&tenant.id));
    resting.state = NumberState::Resting;
    for number in [&at_work, &resting, &number(3, "+16475550103", None)] {
        house.store.put_number(number, &operator()).await.unwrap();
    }
    let line = house.line("+16475550101").await.unwrap();
    assert_eq!((line.tenant.id(), line.tenant.version), (&tenant.id, 1));
    let number = line.number().unwrap();
    assert_eq!((&number.id, number.e164, &number.account_sid), (&at_work.id, at_work.e164, &at_work.account_sid));
    assert_eq!((number.purpose, number.already_overflowed), (Purpose::Voicemail, true));
    for nobodys in ["+16475550102", "+16475550103", "+16475550104"] {
        assert!(house.line(nobodys).await.is_none(), "{nobodys}");
    }
}

#[tokio::test]
async fn a_number_just_created_is_a_line_at_once() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    house.put(1, "+16475550101", &tenant).await;
    for _ in 0..2 {
        assert!(house.line("+16475550101").await.is_some(), "the tenant is cached with one number");
    }
    assert!(house.line("+16475550102").await.is_none());
    let number = house.put(2, "+16475550102", &tenant).await;
    house.directory.changed(&Change::Number(number.e164));
    let line = house.line("+16475550102").await.unwrap();
    assert!(line.tenant.numbers().contains(&number.e164), "its tenant knows it as its own");
    let line = house.line("+16475550101").await.unwrap();
    assert!(line.tenant.numbers().contains(&number.e164), "whichever number leads to it");
}

#[tokio::test]
async fn a_change_of_a_tenant_is_obeyed_by_the_next_call() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    house.put(1, "+16475550101", &tenant).await;
    for version in 2..5 {
        assert_eq!(house.line("+16475550101").await.unwrap().tenant.version, version - 1);
        house.store.change_tenant(&tenant.id, None, &operator(), |_| {}).await.unwrap();
        house.directory.changed(&Change::Tenant(tenant.id.clone()));
        assert_eq!(house.line("+16475550101").await.unwrap().tenant.version, version);
        assert_eq!(house.sip(&tenant.slug).await.unwrap().tenant.version, version);
    }
}

#[tokio::test]
async fn a_number_that_moves_leaves_one_tenant_and_joins_the_other() {
    let house = House::new().await;
    let (one, other) = (kept_tenant(&house.store, 1).await, kept_tenant(&house.store, 2).await);
    house.put(1, "+16475550101", &one).await;
    house.put(2, "+16475550102", &other).await;
    house.line("+16475550101").await.unwrap();
    house.line("+16475550102").await.unwrap();
    let number = house.store.number_by_e164(e164("+16475550101")).await.unwrap().unwrap();
    let freed = Number { tenant_id: None, state: NumberState::Unassigned, ..number.clone() };
    house.store.put_number(&freed, &operator()).await.unwrap();
    house.directory.changed(&Change::Number(number.e164));
    assert!(house.line("+16475550101").await.is_none());
    house.store.put_number(&Number { tenant_id: Some(other.id.clone()), ..number.clone() }, &operator()).await.unwrap();
    house.directory.changed(&Change::Number(number.e164));
    let line = house.line("+16475550101").await.unwrap();
    assert_eq!(*line.tenant.id(), other.id);
    assert_eq!(line.tenant.numbers().len(), 2);
    let Found::Known(left) = house.directory.tenant(&one.id).await else { panic!("it is there") };
    assert!(left.numbers().is_empty());
}

#[tokio::test]
async fn the_lines_of_a_deleted_tenant_are_unknown() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    house.put(1, "+16475550101", &tenant).await;
    assert!(house.line("+16475550101").await.is_some() && house.sip(&tenant.slug).await.is_some());
    house.store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    house.directory.changed(&Change::Tenant(tenant.id.clone()));
    assert!(house.line("+16475550101").await.is_none());
    assert!(house.sip(&tenant.slug).await.is_none());
    assert!(known(house.directory.tenant(&tenant.id).await).is_none());
}

#[tokio::test]
async fn a_sip_user_is_a_slug_an_alias_a_user_name_or_a_number() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 0xabc).await;
    house.put(1, "+16475550101", &tenant).await;
    for name in [tenant.slug.clone(), format!("clinic-{}", tenant.id), "sip_00000abc".into(), "SIP_00000ABC".into()] {
        let line = house.sip(&name).await.unwrap();
        assert_eq!((line.tenant.id(), line.number().is_some()), (&tenant.id, false), "{name}");
    }
    for name in ["+16475550101", "16475550101"] {
        let line = house.sip(name).await.unwrap();
        assert_eq!((line.tenant.id(), line.number().is_some()), (&tenant.id, true), "{name}");
    }
    let long = "x".repeat(70_000);
    for nobody in ["", "+16475550102", "6475550101", "acme-pizza", "clinic-", "+", &long] {
        assert!(house.sip(nobody).await.is_none());
    }
}

#[tokio::test]
async fn a_slug_of_digits_does_not_take_over_a_line() {
    let house = House::new().await;
    let (owner, other) = (kept_tenant(&house.store, 1).await, kept_tenant(&house.store, 2).await);
    house.put(1, "+16475550101", &owner).await;
    for slug in ["16475550101", "5550199555"] {
        let rename = |tenant: &mut Tenant| tenant.slug = slug.to_owned();
        house.store.change_tenant(&other.id, None, &operator(), rename).await.unwrap();
        house.directory.changed(&Change::Tenant(other.id.clone()));
        let expected = if slug.starts_with("1647") { &owner.id } else { &other.id };
        assert_eq!(house.sip(slug).await.unwrap().tenant.id(), expected, "{slug}");
    }
}

#[tokio::test]
async fn a_new_name_leads_somewhere_at_once_and_an_old_one_nowhere() {
    let house = House::new().await;
    assert!(house.sip("smile-dental-1").await.is_none());
    let tenant = kept_tenant(&house.store, 1).await;
    house.directory.changed(&Change::SipName("smile-dental-1".to_owned()));
    assert!(house.sip("smile-dental-1").await.is_some());
    assert!(house.sip("acme-pizza").await.is_none());
    let rename = |tenant: &mut Tenant| tenant.slug = "acme-pizza".to_owned();
    house.store.change_tenant(&tenant.id, None, &operator(), rename).await.unwrap();
    house.directory.changed(&Change::Tenant(tenant.id));
    assert!(house.sip("acme-pizza").await.is_some());
    assert!(house.sip("smile-dental-1").await.is_none());
}

#[tokio::test]
async fn a_vapi_number_is_a_line() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    assert!(known(house.directory.by_vapi_number(&sid("vapi-1")).await).is_none());
    let mut number = number(1, "+16475550101", Some(&tenant.id));
    number.vapi_number_id = Some(sid("vapi-1"));
    house.store.put_number(&number, &operator()).await.unwrap();
    house.directory.changed(&Change::VapiNumber(sid("vapi-1")));
    let line = known(house.directory.by_vapi_number(&sid("vapi-1")).await).unwrap();
    assert_eq!((line.tenant.id(), line.number().unwrap().e164), (&tenant.id, number.e164));
    number.state = NumberState::Resting;
    house.store.put_number(&number, &operator()).await.unwrap();
    house.directory.changed(&Change::Number(number.e164));
    assert!(known(house.directory.by_vapi_number(&sid("vapi-1")).await).is_none());
}

#[tokio::test]
async fn an_account_is_the_global_one_or_an_organizations() {
    let house = House::new().await;
    let mut org = org_with_account(1);
    let own = org.twilio.clone().unwrap();
    assert!(known(house.directory.account(own.sid.as_str()).await).is_none());
    put_org(&house.store, &org).await.unwrap();
    house.directory.changed(&Change::Org(org.id.clone()));
    let account = known(house.directory.account(own.sid.as_str()).await).unwrap();
    assert_eq!((account.org_id.as_ref(), &account.twilio), (Some(&org.id), &own));

    org.twilio.as_mut().unwrap().auth_token = Secret::new("rotated");
    put_org(&house.store, &org).await.unwrap();
    house.directory.changed(&Change::Org(org.id.clone()));
    let account = known(house.directory.account(own.sid.as_str()).await).unwrap();
    assert_eq!(account.twilio.auth_token.reveal(), "rotated");

    let global = org_with_account(99).twilio.unwrap();
    let account = known(house.directory.account(global.sid.as_str()).await).unwrap();
    assert_eq!((account.org_id.as_ref(), &account.twilio), (None, &global));
}

#[tokio::test]
async fn without_the_store_what_is_cached_answers_and_the_rest_is_trouble() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    house.put(1, "+16475550101", &tenant).await;
    house.put(2, "+16475550102", &tenant).await;
    house.line("+16475550101").await.unwrap();
    house.sip(&tenant.slug).await.unwrap();
    assert!(house.line("+16475550109").await.is_none());

    house.unplug().await;
    assert!(house.line("+16475550101").await.is_some());
    assert!(house.line("+16475550109").await.is_none(), "what was unknown stays unknown");
    assert!(matches!(house.directory.by_number(e164("+16475550102")).await, Found::Trouble));
    assert!(matches!(house.directory.by_sip_user("acme-pizza").await, Found::Unknown), "its table is still there");
    house.directory.changed(&Change::Tenant(tenant.id.clone()));
    house.directory.changed(&Change::Number(e164("+16475550101")));
    house.directory.changed(&Change::Number(e164("+16475550109")));
    assert!(house.line("+16475550101").await.is_some(), "what was known stands in");
    assert!(house.sip(&tenant.slug).await.is_some());
    assert!(matches!(house.directory.by_number(e164("+16475550109")).await, Found::Trouble), "it may be known now");

    house.plug_in().await;
    assert!(house.line("+16475550102").await.is_some(), "a failed lookup was not kept");
    assert!(house.line("+16475550109").await.is_none());
}

#[tokio::test]
async fn what_is_cached_can_be_had_without_asking() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    let number = house.put(1, "+16475550101", &tenant).await;
    assert!(house.directory.cached_by_number(number.e164).is_none());
    assert!(house.directory.cached_by_sip_user(&tenant.slug).is_none());
    house.line("+16475550101").await.unwrap();
    house.sip(&tenant.slug).await.unwrap();
    house.directory.changed(&Change::Tenant(tenant.id.clone()));
    assert!(house.directory.cached_by_number(number.e164).unwrap().number().is_some());
    assert!(house.directory.cached_by_sip_user(&tenant.slug).unwrap().number().is_none());
    assert!(house.directory.cached_by_sip_user("16475550101").unwrap().number().is_some());
}

#[tokio::test]
async fn questions_may_come_from_another_runtime() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    house.put(1, "+16475550101", &tenant).await;
    let directory = house.directory.clone();
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { matches!(directory.by_number(e164("+16475550101")).await, Found::Known(_)) })
    });
    let answered = tokio::task::spawn_blocking(move || elsewhere.join().unwrap()).await.unwrap();
    assert!(answered);
}

#[tokio::test]
async fn broken_settings_of_one_tenant_are_no_trouble_for_its_line() {
    let house = House::new().await;
    let tenant = kept_tenant(&house.store, 1).await;
    house.put(1, "+16475550101", &tenant).await;
    house.sql("UPDATE tenants SET availability = 'garbage', timezone = 'Mars/Olympus'").await;
    assert!(house.line("+16475550101").await.is_some());
}
