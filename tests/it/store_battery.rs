//! What every engine of the store promises: a function per promise, run once for each engine.
//!
//! Here organizations, tenants, numbers and lists; calls and voicemails are in `store_records`.

use std::collections::BTreeSet;

use patchbay::model::{
    Access, Billing, Forced, NumberState, Override, Purpose, Record, Role, Secret, Via, VoicemailState,
};
use patchbay::store::{Ask, NumberFilter, Store, StoreError};
use serde_json::json;

use crate::store_fixtures::*;

/// Runs each promise on a fresh store of every engine.
macro_rules! battery {
    ($($promise:ident),+ $(,)?) => {
        mod sqlite {
            use patchbay::store::Store;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let store = Store::open("sqlite::memory:", &crate::store_fixtures::KEY).await.unwrap();
                super::$promise(store).await;
            })+
        }

        mod postgres {
            use patchbay::store::Store;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let url = crate::servers::postgres::database().await;
                let store = Store::open(&url, &crate::store_fixtures::KEY).await.unwrap();
                super::$promise(store).await;
                crate::servers::postgres::drop_database(&url).await;
            })+
        }
    };
}
pub(crate) use battery;

battery!(
    it_answers,
    the_platforms_organization_is_made_once,
    an_organization_comes_back_as_it_was_put,
    one_twilio_account_belongs_to_one_organization,
    a_tenant_comes_back_as_it_was_given,
    a_tenant_of_no_organization_is_refused,
    two_tenants_never_answer_to_one_name,
    a_tenant_answers_to_its_slug_alias_and_sip_user_in_any_case,
    a_change_raises_the_version_and_leaves_the_old_one_to_read,
    a_change_may_not_touch_identity,
    a_change_of_slug_frees_the_old_one,
    a_change_from_a_stale_version_is_refused,
    no_increment_is_lost_between_two_writers,
    a_deleted_tenant_leaves_resting_numbers_and_its_versions,
    tenants_are_listed_by_name_and_found_by_part_of_it,
    pages_show_every_row_once,
    a_foreign_cursor_is_a_bad_cursor,
    a_number_comes_back_as_it_was_put,
    a_number_leads_to_one_tenant_at_a_time,
    digits_put_again_add_what_was_not_known,
    one_vapi_number_is_one_number,
    numbers_are_listed_newest_first,
    a_load_brings_numbers_and_the_organizations_account,
    the_bootstrap_token_is_made_once,
    every_change_is_in_the_audit_log_without_secrets,
);

async fn it_answers(store: Store) {
    store.ping().await.unwrap();
}

async fn the_platforms_organization_is_made_once(store: Store) {
    let (one, other) = tokio::join!(store.platform_org(), store.platform_org());
    assert_eq!(one.unwrap(), other.unwrap());
    assert_eq!(store.platform_org().await.unwrap().twilio, None);
}

async fn an_organization_comes_back_as_it_was_put(store: Store) {
    let mut org = org_with_account(1);
    store.create_org(&org, &operator()).await.unwrap();
    assert_eq!(store.org(&org.id).await.unwrap().as_ref(), Some(&org));
    let account = org.twilio.clone().unwrap();
    assert_eq!(store.org_by_account(&account.sid).await.unwrap().as_ref(), Some(&org));
    assert_eq!(store.org_by_account(&sid("AC-nobody")).await.unwrap(), None);
    org.name = "Renamed".to_owned();
    org.billing = Billing::Verified;
    org.twilio.as_mut().unwrap().auth_token_next = None;
    org = put_org(&store, &org).await.unwrap();
    assert_eq!(org.version, 2);
    assert_eq!(store.org(&org.id).await.unwrap().as_ref(), Some(&org));
    org.twilio = None;
    put_org(&store, &org).await.unwrap();
    assert_eq!(store.org_by_account(&account.sid).await.unwrap(), None);
}

async fn one_twilio_account_belongs_to_one_organization(store: Store) {
    let one = org_with_account(1);
    put_org(&store, &one).await.unwrap();
    let mut other = org_with_account(2);
    other.twilio.clone_from(&one.twilio);
    assert!(matches!(put_org(&store, &other).await, Err(StoreError::AccountTaken)));
    assert_eq!(store.org_by_account(&one.twilio.clone().unwrap().sid).await.unwrap(), Some(one));
}

async fn a_tenant_comes_back_as_it_was_given(store: Store) {
    let org = store.platform_org().await.unwrap();
    let mut full = tenant(1, &org.id);
    full.forced = Some(Override { state: Forced::ForceFallback, until: Some(at(99)), note: Some("flood".to_owned()) });
    full.availability = json!({"zz": 1, "aa": {"b": [], "a": "\u{0}☎\u{1F600}"}, "n": -0.25, "big": u64::MAX});
    let mut bare = tenant(2, &org.id);
    (bare.language, bare.target, bare.sip_username) = (None, None, None);
    bare.connect.via = Via::Redirect;
    (bare.connect.sip_uri, bare.connect.username, bare.connect.password) = (None, None, None);
    bare.connect.timeout_seconds = None;
    for tenant in [&full, &bare] {
        store.create_tenant(tenant, &operator()).await.unwrap();
        assert_eq!(store.tenant(&tenant.id).await.unwrap().as_ref(), Some(tenant));
        assert_eq!(store.tenant_at(&tenant.id, 1).await.unwrap().as_ref(), Some(tenant));
    }
    let kept = store.tenant(&full.id).await.unwrap().unwrap();
    assert_eq!(kept.availability.to_string(), full.availability.to_string(), "keys keep their order");
    assert_eq!(store.tenant(&tenant_id(9)).await.unwrap(), None);
    assert_eq!(store.tenant_at(&full.id, 2).await.unwrap(), None);
    assert_eq!(store.tenant_at(&full.id, u64::MAX).await.unwrap(), None);
}

async fn a_tenant_of_no_organization_is_refused(store: Store) {
    let orphan = tenant(1, &org_with_account(5).id);
    assert!(matches!(store.create_tenant(&orphan, &operator()).await, Err(StoreError::NotFound)));
    assert_eq!(store.tenant(&orphan.id).await.unwrap(), None);
}

async fn two_tenants_never_answer_to_one_name(store: Store) {
    let first = kept_tenant(&store, 1).await;
    let sip_user = first.sip_username.clone().unwrap();
    let taken = [
        first.slug.clone(),
        first.slug.to_uppercase(),
        format!("clinic-{}", first.id),
        sip_user,
        "sip_ffffffff".into(),
    ];
    for slug in taken.into_iter().chain([format!("clinic-{}", tenant_id(7))]) {
        let mut other = tenant(2, &first.org_id);
        other.slug.clone_from(&slug);
        assert!(matches!(store.create_tenant(&other, &operator()).await, Err(StoreError::SlugTaken)), "{slug}");
        assert_eq!(store.tenant(&other.id).await.unwrap(), None);
    }
    let second = kept_tenant(&store, 2).await;
    let theft = store.change_tenant(&second.id, None, &operator(), |tenant| tenant.slug = first.slug.clone()).await;
    assert!(matches!(theft, Err(StoreError::SlugTaken)));
    assert_eq!(store.tenant_by_sip_user(&first.slug).await.unwrap(), Some(first.id));
    assert_eq!(store.tenant(&second.id).await.unwrap().unwrap().version, 1, "nothing changed");
}

async fn a_tenant_answers_to_its_slug_alias_and_sip_user_in_any_case(store: Store) {
    let tenant = kept_tenant(&store, 0xabc).await;
    for name in [tenant.slug.clone(), format!("clinic-{}", tenant.id), "sip_00000abc".to_owned()] {
        for name in [name.clone(), name.to_uppercase()] {
            assert_eq!(store.tenant_by_sip_user(&name).await.unwrap().as_ref(), Some(&tenant.id), "{name}");
        }
    }
    assert_eq!(store.tenant_by_sip_user("acme-pizza").await.unwrap(), None);
}

async fn a_change_raises_the_version_and_leaves_the_old_one_to_read(store: Store) {
    let before = kept_tenant(&store, 1).await;
    let changed = store
        .change_tenant(&before.id, Some(1), &operator(), |tenant| {
            tenant.availability = json!({"mode": "always"});
            tenant.connect.password = Some(Secret::new("new password"));
            tenant.updated_at = at(50);
        })
        .await
        .unwrap();
    assert_eq!(changed.version, 2);
    assert_eq!(store.tenant(&before.id).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(store.tenant_at(&before.id, 2).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(store.tenant_at(&before.id, 1).await.unwrap(), Some(before));
}

async fn a_change_may_not_touch_identity(store: Store) {
    let before = kept_tenant(&store, 1).await;
    let changed = store
        .change_tenant(&before.id, None, &operator(), |tenant| {
            tenant.id = tenant_id(77);
            tenant.version = 1_000;
            tenant.created_at = at(9_999);
            tenant.name = "Acme Pizza".to_owned();
        })
        .await
        .unwrap();
    let expected = patchbay::model::Tenant { name: "Acme Pizza".to_owned(), version: 2, ..before };
    assert_eq!(changed, expected);
    assert_eq!(store.tenant(&expected.id).await.unwrap(), Some(expected));
}

async fn a_change_of_slug_frees_the_old_one(store: Store) {
    let first = kept_tenant(&store, 1).await;
    let rename = |tenant: &mut patchbay::model::Tenant| tenant.slug = "corner-garage".to_owned();
    store.change_tenant(&first.id, None, &operator(), rename).await.unwrap();
    assert_eq!(store.tenant_by_sip_user(&first.slug).await.unwrap(), None);
    assert_eq!(store.tenant_by_sip_user("corner-garage").await.unwrap().as_ref(), Some(&first.id));
    let mut second = tenant(2, &first.org_id);
    second.slug.clone_from(&first.slug);
    store.create_tenant(&second, &operator()).await.unwrap();
    assert_eq!(store.tenant_by_sip_user(&first.slug).await.unwrap(), Some(second.id));
}

async fn a_change_from_a_stale_version_is_refused(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    store.change_tenant(&tenant.id, Some(1), &operator(), |_| {}).await.unwrap();
    for stale in [0, 1, 3] {
        let late = store.change_tenant(&tenant.id, Some(stale), &operator(), |_| {}).await;
        assert!(matches!(late, Err(StoreError::VersionChanged(2))), "{stale}");
        let late = store.delete_tenant(&tenant.id, Some(stale), &operator()).await;
        assert!(matches!(late, Err(StoreError::VersionChanged(2))), "{stale}");
    }
    let nobody = store.change_tenant(&tenant_id(9), None, &operator(), |_| {}).await;
    assert!(matches!(nobody, Err(StoreError::NotFound)));
}

async fn no_increment_is_lost_between_two_writers(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.availability = json!({"n": 0})).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (store, id) = (store.clone(), tenant.id.clone());
        writers.spawn(async move {
            let mut version = 2;
            for _ in 0..500 {
                loop {
                    let increment = |tenant: &mut patchbay::model::Tenant| {
                        let n = tenant.availability["n"].as_u64().unwrap();
                        tenant.availability = json!({"n": n + 1});
                    };
                    match store.change_tenant(&id, Some(version), &operator(), increment).await {
                        Ok(changed) => break version = changed.version,
                        Err(StoreError::VersionChanged(now)) => version = now,
                        Err(other) => panic!("{other}"),
                    }
                }
            }
        });
    }
    writers.join_all().await;
    let kept = store.tenant(&tenant.id).await.unwrap().unwrap();
    assert_eq!((kept.availability, kept.version), (json!({"n": 1000}), 1002));
}

async fn a_deleted_tenant_leaves_resting_numbers_and_its_versions(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let other = kept_tenant(&store, 2).await;
    for (n, digits, owner) in [(1, "+16475550101", &tenant), (2, "+16475550102", &tenant), (3, "+16475550103", &other)]
    {
        store.put_number(&number(n, digits, Some(&owner.id)), &operator()).await.unwrap();
    }
    let rested = store.delete_tenant(&tenant.id, Some(1), &operator()).await.unwrap();
    assert_eq!(rested.len(), 2);
    for number in &rested {
        assert_eq!((&number.tenant_id, number.state), (&None, NumberState::Resting));
        assert_eq!(store.number_by_e164(number.e164).await.unwrap().as_ref(), Some(number));
    }
    assert_eq!(store.number_by_e164(e164("+16475550103")).await.unwrap().unwrap().state, NumberState::Active);
    assert_eq!(store.tenant(&tenant.id).await.unwrap(), None);
    assert_eq!(store.tenant_by_sip_user(&tenant.slug).await.unwrap(), None);
    assert_eq!(store.tenant_at(&tenant.id, 1).await.unwrap(), Some(tenant.clone()));
    assert!(matches!(store.delete_tenant(&tenant.id, None, &operator()).await, Err(StoreError::NotFound)));
    store.put_number(&number(9, "+16475550101", Some(&other.id)), &operator()).await.unwrap();
}

async fn tenants_are_listed_by_name_and_found_by_part_of_it(store: Store) {
    let org = store.platform_org().await.unwrap();
    let names = ["acme Pizza", "Corner Garage", "smile dental", "Smile Dental", "100% _Clean\\", "Ärztehaus"];
    for (n, name) in (1..).zip(names) {
        let mut tenant = tenant(n, &org.id);
        tenant.name = name.to_owned();
        tenant.slug = format!("business-{n}");
        store.create_tenant(&tenant, &operator()).await.unwrap();
    }
    let found = async |q: &str| -> Vec<String> {
        let ask = Ask { q: Some(q.to_owned()), ..Ask::default() };
        store.tenants(&ask).await.unwrap().rows.into_iter().map(|tenant| tenant.name).collect()
    };
    let all = ["100% _Clean\\", "acme Pizza", "Corner Garage", "smile dental", "Smile Dental", "Ärztehaus"];
    assert_eq!(found("").await, all);
    assert_eq!(found(" ").await, all);
    assert_eq!(found("SMILE").await, ["smile dental", "Smile Dental"]);
    assert_eq!(found("pizza").await, ["acme Pizza"]);
    assert_eq!(found("business-2").await, ["Corner Garage"]);
    assert_eq!(found("ÄRZTE").await, ["Ärztehaus"]);
    assert_eq!(found(tenant_id(1).as_str()).await, ["acme Pizza"]);
    assert_eq!(found("%").await, ["100% _Clean\\"]);
    assert_eq!(found("_").await, ["100% _Clean\\"]);
    assert_eq!(found("\\").await, ["100% _Clean\\"]);
    assert!(found("' OR 1 = 1 --").await.is_empty());
    let own = Ask { tenant: Some(tenant_id(2)), ..Ask::default() };
    assert_eq!(store.tenants(&own).await.unwrap().rows.len(), 1);
}

async fn pages_show_every_row_once(store: Store) {
    let org = store.platform_org().await.unwrap();
    let mut records = Vec::new();
    for n in 0..23 {
        let mut tenant = tenant(n, &org.id);
        tenant.name = format!("Smile Dental {}", n / 5);
        store.create_tenant(&tenant, &operator()).await.unwrap();
        let mut number = number(n, &format!("+164755501{n:02}"), Some(&tenant.id));
        number.created_at = at(i64::from(n / 5));
        store.put_number(&number, &operator()).await.unwrap();
        let second = i64::from(n / 5);
        records.push(Record::CallBegan(began(&format!("CA{n}"), Some(&tenant.id), second)));
        records.push(Record::Voicemail(news(
            n,
            &format!("CA{n}"),
            Some(&format!("RE{n}")),
            VoicemailState::Ready,
            second,
        )));
    }
    store.apply("j", &numbered(1, &records)).await.unwrap();
    for limit in [1, 4, 5, 22, 23, 24, 200] {
        let mut seen: [Vec<String>; 4] = Default::default();
        for (list, seen) in seen.iter_mut().enumerate() {
            let mut cursor = None;
            loop {
                let (rows, next) = match list {
                    0 => names(store.tenants(&page(limit, &cursor)).await.unwrap(), |row| row.id.to_string()),
                    1 => names(store.numbers(&page(limit, &cursor)).await.unwrap(), |row| row.id.to_string()),
                    2 => names(store.calls(&page(limit, &cursor)).await.unwrap(), |row| row.began.call_sid.to_string()),
                    _ => names(store.voicemails(&page(limit, &cursor)).await.unwrap(), |row| row.id.to_string()),
                };
                assert!(rows.len() <= limit as usize);
                seen.extend(rows);
                match next {
                    Some(next) => cursor = Some(next),
                    None => break,
                }
            }
            assert_eq!(seen.len(), 23, "list {list}, limit {limit}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 23, "list {list}, limit {limit}");
        }
    }
}

fn page<F: Default>(limit: u32, cursor: &Option<String>) -> Ask<F> {
    Ask { limit, cursor: cursor.clone(), ..Ask::default() }
}

fn names<T>(page: patchbay::store::Page<T>, name: impl Fn(&T) -> String) -> (Vec<String>, Option<String>) {
    (page.rows.iter().map(name).collect(), page.next_cursor)
}

async fn a_foreign_cursor_is_a_bad_cursor(store: Store) {
    let foreign = Some("not-a-cursor".to_owned());
    assert!(matches!(store.tenants(&page(1, &foreign)).await, Err(StoreError::BadCursor)));
    assert!(matches!(store.numbers(&page(1, &foreign)).await, Err(StoreError::BadCursor)));
    assert!(matches!(store.calls(&page(1, &foreign)).await, Err(StoreError::BadCursor)));
    assert!(matches!(store.voicemails(&page(1, &foreign)).await, Err(StoreError::BadCursor)));
    assert!(matches!(store.audit(&page(1, &foreign)).await, Err(StoreError::BadCursor)));
    for n in 1..=2 {
        kept_tenant(&store, n).await;
    }
    let first = store.tenants(&Ask { limit: 1, ..Ask::default() }).await.unwrap();
    let of_another_list = Ask { cursor: first.next_cursor, ..Ask::default() };
    assert!(matches!(store.calls(&of_another_list).await, Err(StoreError::BadCursor)));
}

async fn a_number_comes_back_as_it_was_put(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let mut full = number(1, "+16475550123", Some(&tenant.id));
    full.sip_uri = Some("sip:smile@example.test".to_owned());
    full.vapi_number_id = Some(sid("vapi-1"));
    (full.purpose, full.already_overflowed) = (Purpose::Voicemail, true);
    let mut bare = number(2, "+0000000", None);
    (bare.account_sid, bare.twilio_sid) = (None, None);
    for number in [full, bare] {
        assert_eq!(store.put_number(&number, &operator()).await.unwrap(), number);
        assert_eq!(store.number(&number.id).await.unwrap().as_ref(), Some(&number));
        assert_eq!(store.number_by_e164(number.e164).await.unwrap().as_ref(), Some(&number));
        if let Some(vapi) = &number.vapi_number_id {
            assert_eq!(store.number_by_vapi_id(vapi).await.unwrap().as_ref(), Some(&number));
        }
    }
    assert_eq!(store.number_by_e164(e164("+16475550199")).await.unwrap(), None);
    assert_eq!(store.number_by_vapi_id(&sid("vapi-2")).await.unwrap(), None);
    let orphan = number(3, "+16475550198", Some(&tenant_id(9)));
    assert!(matches!(store.put_number(&orphan, &operator()).await, Err(StoreError::NotFound)));
}

async fn a_number_leads_to_one_tenant_at_a_time(store: Store) {
    let (one, other) = (kept_tenant(&store, 1).await, kept_tenant(&store, 2).await);
    let kept = store.put_number(&number(1, "+16475550123", Some(&one.id)), &operator()).await.unwrap();
    let theft = number(2, "+16475550123", Some(&other.id));
    assert!(matches!(store.put_number(&theft, &operator()).await, Err(StoreError::NumberTaken)));
    let moved = patchbay::model::Number { tenant_id: Some(other.id.clone()), ..kept.clone() };
    assert!(matches!(store.put_number(&moved, &operator()).await, Err(StoreError::NumberTaken)));
    assert_eq!(store.number_by_e164(kept.e164).await.unwrap().as_ref(), Some(&kept));

    let unassigned = patchbay::model::Number { tenant_id: None, state: NumberState::Unassigned, ..kept };
    assert_eq!(store.put_number(&unassigned, &operator()).await.unwrap(), unassigned);
    let moved = store.put_number(&moved, &operator()).await.unwrap();
    assert_eq!(moved.tenant_id, Some(other.id));
}

async fn digits_put_again_add_what_was_not_known(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let mut first = number(1, "+16475550123", Some(&tenant.id));
    first.vapi_number_id = Some(sid("vapi-1"));
    store.put_number(&first, &operator()).await.unwrap();
    let mut again = number(2, "+16475550123", None);
    (again.account_sid, again.twilio_sid) = (None, Some(sid("PN-new")));
    let met = store.put_number(&again, &operator()).await.unwrap();
    let expected = patchbay::model::Number { twilio_sid: Some(sid("PN-new")), ..first };
    assert_eq!(met, expected);
    assert_eq!(store.numbers(&Ask::default()).await.unwrap().rows, [expected]);
}

async fn one_vapi_number_is_one_number(store: Store) {
    let mut one = number(1, "+16475550123", None);
    one.vapi_number_id = Some(sid("vapi-1"));
    store.put_number(&one, &operator()).await.unwrap();
    let mut other = number(2, "+16475550124", None);
    other.vapi_number_id = Some(sid("vapi-1"));
    assert!(matches!(store.put_number(&other, &operator()).await, Err(StoreError::NumberTaken)));
}

async fn numbers_are_listed_newest_first(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    for (n, digits, owner) in
        [(1, "+16475550101", Some(&tenant.id)), (2, "+16475550102", None), (3, "+12125550103", Some(&tenant.id))]
    {
        store.put_number(&number(n, digits, owner), &operator()).await.unwrap();
    }
    let found = async |ask: Ask<NumberFilter>| -> Vec<String> {
        store.numbers(&ask).await.unwrap().rows.into_iter().map(|number| number.e164.to_string()).collect()
    };
    assert_eq!(found(Ask::default()).await, ["+12125550103", "+16475550102", "+16475550101"]);
    let own = Ask { tenant: Some(tenant.id.clone()), ..Ask::default() };
    assert_eq!(found(own).await, ["+12125550103", "+16475550101"]);
    let words = Ask { q: Some("647555".to_owned()), ..Ask::default() };
    assert_eq!(found(words).await, ["+16475550102", "+16475550101"]);
}

async fn a_load_brings_numbers_and_the_organizations_account(store: Store) {
    let org = org_with_account(1);
    put_org(&store, &org).await.unwrap();
    let tenant = tenant(1, &org.id);
    store.create_tenant(&tenant, &operator()).await.unwrap();
    let number = store.put_number(&number(1, "+16475550123", Some(&tenant.id)), &operator()).await.unwrap();
    let load = store.load_tenant(&tenant.id).await.unwrap().unwrap();
    assert_eq!((load.tenant, load.numbers, load.account), (tenant, vec![number], org.twilio));

    let on_the_platform = kept_tenant(&store, 2).await;
    let load = store.load_tenant(&on_the_platform.id).await.unwrap().unwrap();
    assert_eq!((load.numbers, load.account), (vec![], None));
    assert!(store.load_tenant(&tenant_id(9)).await.unwrap().is_none());
}

async fn the_bootstrap_token_is_made_once(store: Store) {
    assert!(store.bootstrap_token(|| [1; 32]).await.unwrap());
    assert!(!store.bootstrap_token(|| [2; 32]).await.unwrap());
    let token = store.token_by_hash(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((token.role, token.access, token.name.as_str()), (Role::Operator, Access::Write, "bootstrap"));
    assert!(store.token_by_hash(&[2; 32]).await.unwrap().is_none());
    // Revoked, it stays so: nobody gets a new one by starting again.
    store.revoke_token(&token.id, at(9), &operator()).await.unwrap();
    assert!(!store.bootstrap_token(|| [3; 32]).await.unwrap());
    assert!(!store.token_by_hash(&[1; 32]).await.unwrap().unwrap().is_good(at(9)));
}

async fn every_change_is_in_the_audit_log_without_secrets(store: Store) {
    put_org(&store, &org_with_account(1)).await.unwrap();
    let tenant = kept_tenant(&store, 1).await;
    store.put_number(&number(1, "+16475550123", Some(&tenant.id)), &operator()).await.unwrap();
    store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.name = "Acme Pizza".to_owned()).await.unwrap();
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    let log = store.audit(&Ask::default()).await.unwrap().rows;
    let what: Vec<&str> = log.iter().map(|entry| entry.what.as_str()).collect();
    let expected =
        ["tenant.delete", "number.rest", "tenant.change", "number.put", "tenant.create", "org.create", "org.create"];
    assert_eq!(what, expected);
    let change = &log[2];
    assert_eq!((change.who.as_str(), change.subject.as_str()), ("operator", tenant.id.as_str()));
    assert_eq!(change.before.as_ref().unwrap()["name"], "Smile Dental 1");
    assert_eq!(change.after.as_ref().unwrap()["name"], "Acme Pizza");
    let everything = format!("{log:?}");
    for secret in ["open sesame", "token-1"] {
        assert!(!everything.contains(secret), "{secret}");
    }
    let own = Ask { tenant: Some(tenant.id.clone()), ..Ask::default() };
    assert_eq!(store.audit(&own).await.unwrap().rows.len(), 5, "its numbers belong to it");
    let refused = store.change_tenant(&tenant_id(9), None, &operator(), |_| {}).await;
    assert!(refused.is_err());
    assert_eq!(store.audit(&Ask::default()).await.unwrap().rows.len(), 7, "what was refused is not in it");
}
