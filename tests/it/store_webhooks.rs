//! What every engine of the store promises of webhooks that go out: each thing told once to whom it concerns, in
//! whatever order the records of it come.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    DisabledReason, EndedBy, EventKind, MessageId, OrgId, Record, Scope, Seed, SigningSecret, Target, TenantId,
    VoicemailState, Webhook, WebhookId,
};
use patchbay::store::{
    Ask, Attempt, DeliveryFilter, DeliveryRow, DeliveryState, Disabled, ENDPOINTS_MAX, Event, FAILING_MAX,
    FINISHED_KEPT, PREVIOUS_SECRET_KEPT, Replay, Store, StoreError, Then,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    an_endpoint_comes_back_as_it_was_made,
    an_endpoint_of_nobody_is_refused,
    a_change_of_an_endpoint_leaves_whose_it_is,
    endpoints_are_listed_newest_first_within_what_may_be_seen,
    changes_of_endpoints_are_in_the_audit_log_without_secrets,
    an_ended_call_is_told_to_whom_it_concerns,
    a_voicemail_is_told_when_it_can_be_heard,
    an_endpoint_hears_only_of_what_it_asked_for,
    a_breaker_is_told_once_to_the_installation,
    an_organization_hears_of_a_call_that_outlives_its_tenant,
    what_goes_with_a_tenant_takes_its_endpoints_along,
    what_is_due_is_what_was_due_longest_of_each,
    an_attempt_is_written_down_with_what_follows,
    an_endpoint_that_is_gone_is_disabled_and_told_nothing_more,
    an_endpoint_that_only_fails_is_disabled_after_five_days,
    a_success_or_a_new_address_begins_the_five_days_anew,
    both_secrets_sign_for_a_day_after_a_rotation,
    dead_letters_are_listed_and_sent_again,
    finished_deliveries_are_forgotten_and_pending_ones_are_not,
    things_are_told_once_whatever_order_their_records_come_in,
    an_owner_has_fifty_endpoints_at_most,
    a_thousand_endpoints_are_told_and_found_due_quickly,
);

fn seed(n: u32) -> Seed {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    Seed { at: at(i64::from(n)), random }
}

const CALLS_AND_VOICEMAILS: [EventKind; 2] = [EventKind::CallEnded, EventKind::VoicemailCreated];

pub fn endpoint(n: u32, org: Option<&OrgId>, tenant: Option<&TenantId>, events: &[EventKind]) -> Webhook {
    Webhook {
        id: WebhookId::new(seed(n)),
        org_id: org.cloned(),
        tenant_id: tenant.cloned(),
        url: format!("https://hooks.example.com/{n}"),
        events: events.to_vec(),
        description: Some(format!("receiver {n}")),
        enabled: true,
        disabled_reason: None,
        version: 1,
        created_at: at(i64::from(n)),
        updated_at: at(i64::from(n)),
    }
}

pub fn secret(n: u8) -> SigningSecret {
    SigningSecret::new([n; 32])
}

async fn kept(store: &Store, webhook: Webhook) -> Webhook {
    store.create_webhook(&webhook, &secret(1), &operator()).await.unwrap();
    webhook
}

async fn all_events(store: &Store, n: u32) -> Webhook {
    kept(store, endpoint(n, None, None, &EventKind::SUBSCRIBABLE)).await
}

async fn told(store: &Store, webhook: &Webhook) -> Vec<DeliveryRow> {
    let ask = Ask { limit: 200, ..Ask::default() };
    let mut rows = store.deliveries(&webhook.id, &ask).await.unwrap().rows;
    rows.reverse();
    rows
}

fn payload(row: &DeliveryRow) -> Value {
    serde_json::from_str(&row.payload).unwrap()
}

async fn apply(store: &Store, journal: &str, records: &[Record]) {
    let first = store.applied(journal).await.unwrap() + 1;
    store.apply(journal, &numbered(first, records)).await.unwrap();
}

fn a_call(call: &str, tenant: Option<&TenantId>) -> [Record; 2] {
    [Record::CallBegan(began(call, tenant, 0)), Record::CallEnded(ended(call, EndedBy::Status, 61))]
}

fn attempt(webhook: &Webhook, row: &DeliveryRow, second: i64, then: Then) -> Attempt {
    let delivered = then == Then::Delivered;
    Attempt {
        id: row.id.clone(),
        webhook_id: webhook.id.clone(),
        url: webhook.url.clone(),
        at: at(second),
        status: Some(if delivered { 200 } else { 503 }),
        error: (!delivered).then(|| "the receiver answered 503".to_owned()),
        then,
    }
}

async fn an_endpoint_comes_back_as_it_was_made(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let mut bare = endpoint(3, None, None, &[EventKind::AiBreaker]);
    (bare.description, bare.enabled) = (None, false);
    for webhook in [
        endpoint(1, Some(&tenant.org_id), None, &CALLS_AND_VOICEMAILS),
        endpoint(2, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS),
        bare,
    ] {
        store.create_webhook(&webhook, &secret(1), &operator()).await.unwrap();
        assert_eq!(store.webhook(&webhook.id).await.unwrap().as_ref(), Some(&webhook));
    }
    assert_eq!(store.webhook(&WebhookId::new(seed(9))).await.unwrap(), None);
}

async fn an_endpoint_of_nobody_is_refused(store: Store) {
    for orphan in [
        endpoint(1, Some(&org_with_account(5).id), None, &CALLS_AND_VOICEMAILS),
        endpoint(2, None, Some(&tenant_id(5)), &CALLS_AND_VOICEMAILS),
    ] {
        let refused = store.create_webhook(&orphan, &secret(1), &operator()).await;
        assert!(matches!(refused, Err(StoreError::NotFound)));
        assert_eq!(store.webhook(&orphan.id).await.unwrap(), None);
    }
}

async fn a_change_of_an_endpoint_leaves_whose_it_is(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let before = kept(&store, endpoint(1, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS)).await;
    let change = |webhook: &mut Webhook| {
        webhook.id = WebhookId::new(seed(77));
        webhook.tenant_id = None;
        webhook.version = 1_000;
        webhook.url = "https://hooks.example.com/new".to_owned();
        webhook.updated_at = at(50);
    };
    let changed = store.change_webhook(&before.id, Some(1), &operator(), change).await.unwrap();
    let url = "https://hooks.example.com/new".to_owned();
    assert_eq!(changed, Webhook { url, version: 2, updated_at: at(50), ..before.clone() });
    assert_eq!(store.webhook(&before.id).await.unwrap(), Some(changed));
    let late = store.change_webhook(&before.id, Some(1), &operator(), |_| {}).await;
    assert!(matches!(late, Err(StoreError::VersionChanged(2))));
    let late = store.delete_webhook(&before.id, Some(1), &operator()).await;
    assert!(matches!(late, Err(StoreError::VersionChanged(2))));
    let late = store.rotate_webhook(&before.id, Some(1), &secret(2), at(51), &operator()).await;
    assert!(matches!(late, Err(StoreError::VersionChanged(2))));
    store.delete_webhook(&before.id, Some(2), &operator()).await.unwrap();
    assert_eq!(store.webhook(&before.id).await.unwrap(), None);
    let nobody = store.change_webhook(&before.id, None, &operator(), |_| {}).await;
    assert!(matches!(nobody, Err(StoreError::NotFound)));
}

async fn endpoints_are_listed_newest_first_within_what_may_be_seen(store: Store) {
    let reseller = org_with_account(1);
    store.create_org(&reseller, &operator()).await.unwrap();
    let theirs = tenant(1, &reseller.id);
    store.create_tenant(&theirs, &operator()).await.unwrap();
    let other = kept_tenant(&store, 2).await;
    for (n, org, tenant) in [
        (1, None, None),
        (2, Some(&reseller.id), None),
        (3, None, Some(&theirs.id)),
        (4, None, Some(&other.id)),
        (5, Some(&other.org_id), None),
    ] {
        kept(&store, endpoint(n, org, tenant, &CALLS_AND_VOICEMAILS)).await;
    }
    let seen = async |ask: Ask| -> Vec<String> {
        let rows = store.webhooks(&ask).await.unwrap().rows;
        rows.iter().map(|webhook| webhook.url.rsplit('/').next().unwrap().to_owned()).collect()
    };
    let within = |scope| Ask { scope, ..Ask::default() };
    assert_eq!(seen(Ask::default()).await, ["5", "4", "3", "2", "1"]);
    assert_eq!(seen(within(Scope::Org(reseller.id.clone()))).await, ["3", "2"]);
    assert_eq!(seen(within(Scope::Tenant(theirs.id.clone()))).await, ["3"]);
    assert_eq!(seen(Ask { tenant: Some(other.id.clone()), ..Ask::default() }).await, ["4"]);
    assert_eq!(seen(Ask { q: Some("receiver 3".to_owned()), ..Ask::default() }).await, ["3"]);
    let mut ask = Ask { limit: 2, ..Ask::default() };
    let mut paged = Vec::new();
    loop {
        let page = store.webhooks(&ask).await.unwrap();
        paged.extend(page.rows.into_iter().map(|webhook| webhook.id));
        match page.next_cursor {
            Some(next) => ask.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(paged, (1..=5).rev().map(|n| WebhookId::new(seed(n))).collect::<Vec<_>>());
}

async fn changes_of_endpoints_are_in_the_audit_log_without_secrets(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let webhook = kept(&store, endpoint(1, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS)).await;
    store.rotate_webhook(&webhook.id, None, &secret(2), at(1), &operator()).await.unwrap();
    store.change_webhook(&webhook.id, None, &operator(), |webhook| webhook.enabled = false).await.unwrap();
    store.delete_webhook(&webhook.id, None, &operator()).await.unwrap();
    let own = Ask { scope: Scope::Tenant(tenant.id.clone()), ..Ask::default() };
    let log = store.audit(&own).await.unwrap().rows;
    let what: Vec<&str> = log.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(what, ["webhook.delete", "webhook.change", "webhook.rotate", "webhook.create", "tenant.create"]);
    assert_eq!(
        (&log[1].before.as_ref().unwrap()["enabled"], &log[1].after.as_ref().unwrap()["enabled"]),
        (&json!(true), &json!(false))
    );
    assert!(!format!("{log:?}").contains("whsec_"));
}

async fn an_ended_call_is_told_to_whom_it_concerns(store: Store) {
    let reseller = org_with_account(1);
    store.create_org(&reseller, &operator()).await.unwrap();
    let theirs = tenant(1, &reseller.id);
    store.create_tenant(&theirs, &operator()).await.unwrap();
    let other = kept_tenant(&store, 2).await;
    let mut hears = Vec::new();
    for (n, org, tenant) in [
        (1, None, None),
        (2, Some(&reseller.id), None),
        (3, None, Some(&theirs.id)),
        (4, None, Some(&other.id)),
        (5, Some(&other.org_id), None),
    ] {
        hears.push(kept(&store, endpoint(n, org, tenant, &CALLS_AND_VOICEMAILS)).await);
    }
    apply(&store, "j", &a_call("CA1", Some(&theirs.id))).await;
    apply(&store, "j", &a_call("CA2", None)).await;
    let mut heard = Vec::new();
    for webhook in &hears {
        let rows = told(&store, webhook).await;
        let sids = rows.iter().map(|row| payload(row)["data"]["sid"].as_str().unwrap().to_owned());
        heard.push(sids.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" "));
    }
    assert_eq!(heard, ["CA1 CA2", "CA1", "CA1", "", ""]);
    let row = &told(&store, &hears[2]).await[0];
    assert_eq!((row.kind, row.state, row.attempts, row.at), (EventKind::CallEnded, DeliveryState::Pending, 0, at(61)));
    assert_eq!(
        payload(row),
        json!({"type": "call.ended", "timestamp": at(61), "data": {
            "sid": "CA1", "tenantId": theirs.id, "from": "+16475550111", "to": "+16475550123", "at": at(0),
            "endedAt": at(61), "status": "completed", "durationSeconds": 61,
            "decision": {"available": true, "reason": "after-hours"}, "step": "ai",
        }})
    );
    let ids: std::collections::BTreeSet<MessageId> = {
        let mut ids = Vec::new();
        for webhook in &hears {
            ids.extend(told(&store, webhook).await.into_iter().map(|row| row.id));
        }
        ids.into_iter().collect()
    };
    assert_eq!(ids.len(), 4, "each endpoint has ids of its own");
}

async fn a_voicemail_is_told_when_it_can_be_heard(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let everybodys = all_events(&store, 1).await;
    let theirs = kept(&store, endpoint(2, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS)).await;
    let pending = news(1, "CA1", None, VoicemailState::Pending, 10);
    let mut ready = news(2, "CA1", Some("RE1"), VoicemailState::Ready, 12);
    (ready.duration_seconds, ready.from) = (Some(7), Some("+16475550111".to_owned()));
    apply(&store, "j", &[Record::Voicemail(pending)]).await;
    assert!(told(&store, &everybodys).await.is_empty());
    apply(&store, "j", &[Record::Voicemail(ready.clone()), Record::Voicemail(ready)]).await;
    assert_eq!(told(&store, &everybodys).await.len(), 1);
    assert!(told(&store, &theirs).await.is_empty(), "nobody knows yet whose it is");
    apply(&store, "j", &[Record::CallBegan(began("CA1", Some(&tenant.id), 0))]).await;
    assert_eq!(told(&store, &everybodys).await.len(), 1, "it was told already");
    let rows = told(&store, &theirs).await;
    let voicemail = store.voicemails(&Ask::default()).await.unwrap().rows.remove(0);
    assert_eq!(
        rows.iter().map(payload).collect::<Vec<_>>(),
        [json!({"type": "voicemail.created", "timestamp": at(10), "data": {
            "id": voicemail.id, "tenantId": tenant.id, "callSid": "CA1", "recordingSid": "RE1",
            "from": "+16475550111", "duration": 7, "createdAt": at(10),
        }})]
    );
}

async fn an_endpoint_hears_only_of_what_it_asked_for(store: Store) {
    let calls = kept(&store, endpoint(1, None, None, &[EventKind::CallEnded])).await;
    let voicemails = kept(&store, endpoint(2, None, None, &[EventKind::VoicemailCreated])).await;
    let mut disabled = endpoint(3, None, None, &EventKind::SUBSCRIBABLE);
    disabled.enabled = false;
    let disabled = kept(&store, disabled).await;
    apply(&store, "j", &a_call("CA1", None)).await;
    apply(&store, "j", &[Record::Voicemail(news(1, "CA1", Some("RE1"), VoicemailState::Ready, 10))]).await;
    let kinds = async |webhook: &Webhook| -> Vec<&str> {
        told(&store, webhook).await.iter().map(|row| row.kind.as_str()).collect()
    };
    assert_eq!(kinds(&calls).await, ["call.ended"]);
    assert_eq!(kinds(&voicemails).await, ["voicemail.created"]);
    assert!(kinds(&disabled).await.is_empty());
}

async fn a_breaker_is_told_once_to_the_installation(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let everybodys = all_events(&store, 1).await;
    let theirs = kept(&store, endpoint(2, None, Some(&tenant.id), &EventKind::SUBSCRIBABLE)).await;
    let target = Target::parse("assistant:front-desk").unwrap();
    for event in [
        Event::ai_breaker(Some(&target), true, at(0), at(1)),
        Event::ai_breaker(Some(&target), true, at(0), at(2)),
        Event::ai_breaker(None, true, at(0), at(3)),
        Event::ai_breaker(Some(&target), false, at(0), at(4)),
    ] {
        store.tell(&event).await.unwrap();
    }
    let heard: Vec<Value> = told(&store, &everybodys).await.iter().map(|row| payload(row)["data"].clone()).collect();
    let target = json!({"kind": "assistant", "id": "front-desk"});
    assert_eq!(
        heard,
        [
            json!({"scope": "target", "target": target, "state": "open", "brokenSince": at(0)}),
            json!({"scope": "vapi", "target": null, "state": "open", "brokenSince": at(0)}),
            json!({"scope": "target", "target": target, "state": "closed", "brokenSince": at(0)}),
        ]
    );
    assert!(told(&store, &theirs).await.is_empty());
}

async fn an_organization_hears_of_a_call_that_outlives_its_tenant(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let org = kept(&store, endpoint(1, Some(&tenant.org_id), None, &CALLS_AND_VOICEMAILS)).await;
    let [beginning, end] = a_call("CA1", Some(&tenant.id));
    apply(&store, "j", &[beginning]).await;
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    apply(&store, "j", &[end]).await;
    assert_eq!(told(&store, &org).await.len(), 1);
}

async fn what_goes_with_a_tenant_takes_its_endpoints_along(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let theirs = kept(&store, endpoint(1, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS)).await;
    apply(&store, "j", &a_call("CA1", Some(&tenant.id))).await;
    assert_eq!(store.pending_deliveries().await.unwrap(), 1);
    store.change_tenant(&tenant.id, None, &operator(), |tenant| tenant.name = "Acme".to_owned()).await.unwrap();
    assert_eq!(store.pending_deliveries().await.unwrap(), 1);
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    assert_eq!(store.webhook(&theirs.id).await.unwrap(), None);
    assert_eq!(store.pending_deliveries().await.unwrap(), 0);
}

async fn what_is_due_is_what_was_due_longest_of_each(store: Store) {
    let (one, other) =
        (all_events(&store, 1).await, kept(&store, endpoint(2, None, None, &[EventKind::CallEnded])).await);
    for (call, second) in [("CA3", 30), ("CA1", 10), ("CA2", 20)] {
        let end = Record::CallEnded(ended(call, EndedBy::Status, second));
        apply(&store, "j", &[Record::CallBegan(began(call, None, 0)), end]).await;
    }
    let due = async |second, each| -> Vec<(WebhookId, Timestamp)> {
        let mut due = store.due_deliveries(at(second), each).await.unwrap();
        due.sort_by(|a, b| (&a.webhook_id, a.since).cmp(&(&b.webhook_id, b.since)));
        due.into_iter().map(|due| (due.webhook_id, due.since)).collect()
    };
    assert_eq!(due(9, 2).await, []);
    assert_eq!(due(10, 2).await, [(one.id.clone(), at(10)), (other.id.clone(), at(10))]);
    let both = |webhook: &Webhook| [(webhook.id.clone(), at(10)), (webhook.id.clone(), at(20))];
    assert_eq!(due(99, 2).await, [both(&one), both(&other)].concat());
    store.change_webhook(&one.id, None, &operator(), |webhook| webhook.enabled = false).await.unwrap();
    assert_eq!(due(99, 2).await, both(&other));
}

async fn an_attempt_is_written_down_with_what_follows(store: Store) {
    let webhook = all_events(&store, 1).await;
    for call in ["CA1", "CA2", "CA3"] {
        apply(&store, "j", &a_call(call, None)).await;
    }
    let rows = told(&store, &webhook).await;
    let then = [Then::Delivered, Then::Again(at(500)), Then::Dead];
    let attempts: Vec<Attempt> = rows.iter().zip(then).map(|(row, then)| attempt(&webhook, row, 100, then)).collect();
    assert_eq!(store.record_attempts(&attempts).await.unwrap(), []);
    let seen: Vec<_> = told(&store, &webhook)
        .await
        .into_iter()
        .map(|row| (row.state, row.attempts, row.next_at, row.last_status, row.last_error.is_some()))
        .collect();
    let expected = [
        (DeliveryState::Delivered, 1, None, Some(200), false),
        (DeliveryState::Pending, 1, Some(at(500)), Some(503), true),
        (DeliveryState::Dead, 1, None, Some(503), true),
    ];
    assert_eq!(seen, expected);
    assert_eq!(store.pending_deliveries().await.unwrap(), 1);
    let ids: Vec<MessageId> = rows.iter().map(|row| row.id.clone()).collect();
    let outgoing = store.outgoing(&ids, at(500)).await.unwrap();
    assert_eq!(outgoing.len(), 1, "only what is pending is sent");
    assert_eq!((&outgoing[0].id, outgoing[0].attempts, &outgoing[0].url), (&ids[1], 1, &webhook.url));
    assert_eq!(outgoing[0].payload, rows[1].payload, "byte for byte");
}

async fn an_endpoint_that_is_gone_is_disabled_and_told_nothing_more(store: Store) {
    let (gone, well) = (all_events(&store, 1).await, all_events(&store, 2).await);
    for call in ["CA1", "CA2"] {
        apply(&store, "j", &a_call(call, None)).await;
    }
    let rows = told(&store, &gone).await;
    let disabled = store.record_attempts(&[attempt(&gone, &rows[0], 100, Then::Gone)]).await.unwrap();
    assert_eq!(disabled, [Disabled { webhook_id: gone.id.clone(), reason: DisabledReason::Gone }]);
    let after = store.webhook(&gone.id).await.unwrap().unwrap();
    assert_eq!((after.enabled, after.disabled_reason, after.version), (false, Some(DisabledReason::Gone), 2));
    assert!(told(&store, &gone).await.iter().all(|row| row.state == DeliveryState::Dead));
    // What was under way meanwhile comes in late.
    store.record_attempts(&[attempt(&gone, &rows[1], 101, Then::Again(at(500)))]).await.unwrap();
    assert_eq!(told(&store, &gone).await[1].state, DeliveryState::Dead);
    store.record_attempts(&[attempt(&gone, &rows[1], 102, Then::Delivered)]).await.unwrap();
    assert_eq!(told(&store, &gone).await[1].state, DeliveryState::Delivered);
    apply(&store, "j", &a_call("CA3", None)).await;
    assert_eq!((told(&store, &gone).await.len(), told(&store, &well).await.len()), (2, 3));
    let log = store.audit(&Ask { limit: 1, ..Ask::default() }).await.unwrap().rows;
    assert_eq!((log[0].what.as_str(), log[0].who.as_str()), ("webhook.disable", "patchbay"));

    let renamed =
        store.change_webhook(&gone.id, None, &operator(), |webhook| webhook.description = None).await.unwrap();
    assert_eq!(renamed.disabled_reason, Some(DisabledReason::Gone), "until somebody enables it");
    let enabled = store.change_webhook(&gone.id, None, &operator(), |webhook| webhook.enabled = true).await.unwrap();
    assert_eq!((enabled.enabled, enabled.disabled_reason), (true, None));
    apply(&store, "j", &a_call("CA4", None)).await;
    assert_eq!(told(&store, &gone).await.len(), 3);
}

const FIVE_DAYS: i64 = FAILING_MAX.as_secs();

async fn an_endpoint_that_only_fails_is_disabled_after_five_days(store: Store) {
    let webhook = all_events(&store, 1).await;
    apply(&store, "j", &a_call("CA1", None)).await;
    let row = &told(&store, &webhook).await[0];
    for (second, ends) in [(100, false), (100 + FIVE_DAYS - 1, false), (100 + FIVE_DAYS, true)] {
        let again = attempt(&webhook, row, second, Then::Again(at(second + 1)));
        let disabled = store.record_attempts(&[again]).await.unwrap();
        assert_eq!(disabled.len(), usize::from(ends), "{second}");
    }
    let after = store.webhook(&webhook.id).await.unwrap().unwrap();
    assert_eq!((after.enabled, after.disabled_reason), (false, Some(DisabledReason::Failing)));
}

async fn a_success_or_a_new_address_begins_the_five_days_anew(store: Store) {
    let webhook = all_events(&store, 1).await;
    apply(&store, "j", &a_call("CA1", None)).await;
    apply(&store, "j", &a_call("CA2", None)).await;
    let rows = told(&store, &webhook).await;
    let fails = async |webhook: &Webhook, second| {
        let again = attempt(webhook, &rows[0], second, Then::Again(at(second + 1)));
        !store.record_attempts(&[again]).await.unwrap().is_empty()
    };
    assert!(!fails(&webhook, 100).await);
    store.record_attempts(&[attempt(&webhook, &rows[1], 200, Then::Delivered)]).await.unwrap();
    assert!(!fails(&webhook, 100 + FIVE_DAYS).await);
    let url = "https://hooks.example.com/new";
    let moved =
        store.change_webhook(&webhook.id, None, &operator(), |webhook| webhook.url = url.to_owned()).await.unwrap();
    assert!(!fails(&moved, 101 + 2 * FIVE_DAYS).await);
    assert!(!fails(&webhook, 101 + 4 * FIVE_DAYS).await, "the old address says nothing of the new one");
    assert!(fails(&moved, 101 + 3 * FIVE_DAYS).await);
}

async fn both_secrets_sign_for_a_day_after_a_rotation(store: Store) {
    let webhook = all_events(&store, 1).await;
    apply(&store, "j", &a_call("CA1", None)).await;
    let ids = [told(&store, &webhook).await[0].id.clone()];
    let signs = async |second| store.outgoing(&ids, at(second)).await.unwrap().remove(0).secrets;
    assert_eq!(signs(0).await, [secret(1)]);
    let rotated = store.rotate_webhook(&webhook.id, Some(1), &secret(2), at(0), &operator()).await.unwrap();
    assert_eq!(rotated.version, 2);
    let day = PREVIOUS_SECRET_KEPT.as_secs();
    assert_eq!(signs(day - 1).await, [secret(2), secret(1)]);
    assert_eq!(signs(day).await, [secret(2)]);
    store.rotate_webhook(&webhook.id, None, &secret(3), at(10), &operator()).await.unwrap();
    assert_eq!(signs(11).await, [secret(3), secret(2)], "two at most");
}

async fn dead_letters_are_listed_and_sent_again(store: Store) {
    let webhook = all_events(&store, 1).await;
    for (call, second) in [("CA1", 10), ("CA2", 20), ("CA3", 30), ("CA4", 40)] {
        let end = Record::CallEnded(ended(call, EndedBy::Status, second));
        apply(&store, "j", &[Record::CallBegan(began(call, None, 0)), end]).await;
    }
    let rows = told(&store, &webhook).await;
    for (row, then) in rows.iter().zip([Then::Dead, Then::Dead, Then::Dead, Then::Delivered]) {
        store.record_attempts(&[attempt(&webhook, row, 100, then)]).await.unwrap();
    }
    let only = DeliveryFilter { state: Some(DeliveryState::Dead) };
    let ask = Ask { limit: 200, only, ..Ask::default() };
    let dead = async || store.deliveries(&webhook.id, &ask).await.unwrap().rows.len();
    assert_eq!(dead().await, 3);
    let again = store.replay_delivery(&webhook.id, &rows[3].id, at(200)).await.unwrap();
    assert_eq!((again.state, again.attempts, again.next_at), (DeliveryState::Pending, 0, Some(at(200))));
    assert_eq!((&again.id, &again.payload), (&rows[3].id, &rows[3].payload));
    let late = Replay { state: DeliveryState::Dead, since: Some(at(20)) };
    assert_eq!(store.replay_deliveries(&webhook.id, &late, at(300)).await.unwrap(), 2);
    assert_eq!(dead().await, 1);
    let all = Replay { state: DeliveryState::Dead, since: None };
    assert_eq!(store.replay_deliveries(&webhook.id, &all, at(300)).await.unwrap(), 1);
    assert_eq!(store.replay_deliveries(&webhook.id, &all, at(300)).await.unwrap(), 0);
    assert_eq!(store.due_deliveries(at(300), 9).await.unwrap().len(), 4);
    let other = all_events(&store, 2).await;
    let foreign = store.replay_delivery(&other.id, &rows[0].id, at(300)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound)));
}

async fn finished_deliveries_are_forgotten_and_pending_ones_are_not(store: Store) {
    let webhook = all_events(&store, 1).await;
    for call in ["CA1", "CA2", "CA3", "CA4"] {
        apply(&store, "j", &a_call(call, None)).await;
    }
    let rows = told(&store, &webhook).await;
    let then = [(100, Then::Delivered), (100, Then::Dead), (101, Then::Dead), (100, Then::Again(at(200)))];
    for (row, (second, then)) in rows.iter().zip(then) {
        store.record_attempts(&[attempt(&webhook, row, second, then)]).await.unwrap();
    }
    let a_month_later = at(101) + FINISHED_KEPT;
    assert!(!store.forget_deliveries(a_month_later - FINISHED_KEPT).await.unwrap());
    let left: Vec<MessageId> = told(&store, &webhook).await.into_iter().map(|row| row.id).collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&rows[2].id) && left.contains(&rows[3].id));
    // What was told and forgotten is not told again by a late record of it.
    apply(&store, "j", &[Record::CallEnded(ended("CA1", EndedBy::Expired, 900))]).await;
    assert_eq!(told(&store, &webhook).await.len(), 2);
    assert!(SignedDuration::from_hours(24 * 29) < FINISHED_KEPT);
}

/// What happens in two calls of up to two tenants, told in any order and more than once.
fn any_history() -> impl Strategy<Value = (Vec<Record>, Vec<usize>)> {
    let one = |second: i64| {
        (0_u8..6, 0_u8..2, 0_u8..3, 0_u8..2).prop_map(move |(kind, call, word, recording)| {
            // A call has one tenant: only whether it is told differs.
            let tenant = tenant_id(u32::from(call) + 1);
            let call = format!("CA{call}");
            match kind {
                0 => Record::CallBegan(began(&call, Some(&tenant), second)),
                1 => {
                    let by = [EndedBy::Status, EndedBy::Action, EndedBy::Expired][usize::from(word)];
                    Record::CallEnded(ended(&call, by, second))
                }
                2 => Record::CallEvent(event(&call, "ai-leg", second)),
                _ => {
                    let states = [VoicemailState::Pending, VoicemailState::Failed, VoicemailState::Ready];
                    let recording = format!("{call}-RE{recording}");
                    // News of a voicemail that can be heard names its recording.
                    let named = word == 2 || kind == 5;
                    let id = 1_000 + second as u32;
                    let named = named.then_some(recording.as_str());
                    Record::Voicemail(news(id, &call, named, states[usize::from(word)], second))
                }
            }
        })
    };
    let records = (1_i64..12).prop_flat_map(move |length| (0..length).map(one).collect::<Vec<_>>());
    records.prop_flat_map(|records| {
        let repeated: Vec<Record> = records.iter().chain(&records).cloned().collect();
        let cuts = proptest::collection::vec(0..=repeated.len(), 0..4);
        (Just(repeated).prop_shuffle(), cuts)
    })
}

/// What must have been told of a history: how often, by endpoint and kind and thing.
fn expected(records: &[Record]) -> BTreeMap<(String, String, String), u32> {
    let mut expected = BTreeMap::new();
    for call in ["CA0", "CA1"] {
        let of = |record: &&Record| match record {
            Record::CallBegan(one) => one.call_sid.as_str() == call,
            Record::CallEnded(one) => one.call_sid.as_str() == call,
            Record::Voicemail(one) => one.call_sid.as_str() == call,
            _ => false,
        };
        let own: Vec<&Record> = records.iter().filter(of).collect();
        let has_begun = own.iter().any(|record| matches!(record, Record::CallBegan(_)));
        let has_ended = own.iter().any(|record| matches!(record, Record::CallEnded(_)));
        let mut add = |kind: &str, thing: &str| {
            expected.insert(("everybodys".to_owned(), kind.to_owned(), thing.to_owned()), 1);
            if has_begun {
                expected.insert((call.to_owned(), kind.to_owned(), thing.to_owned()), 1);
            }
        };
        if has_begun && has_ended {
            add("call.ended", call);
        }
        for recording in ["RE0", "RE1"] {
            let recording = format!("{call}-{recording}");
            let ready = own.iter().any(|record| {
                matches!(record, Record::Voicemail(one) if one.state == VoicemailState::Ready
                    && one.recording_sid.as_ref().is_some_and(|sid| sid.as_str() == recording))
            });
            if ready {
                add("voicemail.created", &recording);
            }
        }
    }
    expected
}

async fn things_are_told_once_whatever_order_their_records_come_in(store: Store) {
    let everybodys = kept(&store, endpoint(1, None, None, &CALLS_AND_VOICEMAILS)).await;
    let mut endpoints = vec![("everybodys".to_owned(), everybodys)];
    for n in 0..2 {
        let tenant = kept_tenant(&store, n + 1).await;
        let theirs = endpoint(n + 2, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS);
        endpoints.push((format!("CA{n}"), kept(&store, theirs).await));
    }
    let histories = AtomicU32::new(0);
    let runtime = tokio::runtime::Handle::current();
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    tokio::task::block_in_place(|| {
        proptest!(config, |((records, mut cuts) in any_history())| {
            let mark = format!("h{}.", histories.fetch_add(1, Ordering::Relaxed));
            let told_of = runtime.block_on(async {
                let marked: Vec<Record> = records.iter().map(|record| marked(record, &mark)).collect();
                cuts.push(marked.len());
                cuts.sort_unstable();
                let mut from = 0;
                for cut in cuts {
                    apply(&store, &mark, &marked[from..cut]).await;
                    from = cut;
                }
                let mut told_of: BTreeMap<(String, String, String), u32> = BTreeMap::new();
                for (name, webhook) in &endpoints {
                    for row in told(&store, webhook).await {
                        let payload = payload(&row);
                        let data = &payload["data"];
                        let thing = data["recordingSid"].as_str().or(data["sid"].as_str()).unwrap();
                        let thing = thing.strip_prefix(&mark).unwrap().to_owned();
                        *told_of.entry((name.clone(), row.kind.as_str().to_owned(), thing)).or_default() += 1;
                    }
                    // The next history begins with nothing told.
                    for row in told(&store, webhook).await {
                        store.record_attempts(&[attempt(webhook, &row, 100, Then::Delivered)]).await.unwrap();
                    }
                }
                while store.forget_deliveries(at(1_000)).await.unwrap() {}
                told_of
            });
            prop_assert_eq!(told_of, expected(&records));
        });
    });
}

/// The same records about calls of another name, so that histories share a store without meeting.
fn marked(record: &Record, mark: &str) -> Record {
    let mut record = record.clone();
    let renamed = |old: &patchbay::model::Sid| sid(&format!("{mark}{old}"));
    match &mut record {
        Record::CallBegan(one) => one.call_sid = renamed(&one.call_sid),
        Record::CallEvent(one) => one.call_sid = renamed(&one.call_sid),
        Record::CallEnded(one) => one.call_sid = renamed(&one.call_sid),
        Record::AiReport(one) => one.call_sid = renamed(&one.call_sid),
        Record::Voicemail(one) => {
            one.call_sid = renamed(&one.call_sid);
            one.recording_sid = one.recording_sid.as_ref().map(renamed);
        }
    }
    record
}

async fn an_owner_has_fifty_endpoints_at_most(store: Store) {
    let tenants = [kept_tenant(&store, 1).await.id, kept_tenant(&store, 2).await.id];
    let full = |error| matches!(error, Err(StoreError::TooMany(50)));
    let owners = [None, Some(&tenants[0]), Some(&tenants[1])];
    for (first, owner) in (0..).step_by(100).zip(owners) {
        for n in first..first + 50 {
            kept(&store, endpoint(n, None, owner, &CALLS_AND_VOICEMAILS)).await;
        }
        let one_more = endpoint(first + 50, None, owner, &CALLS_AND_VOICEMAILS);
        assert!(full(store.create_webhook(&one_more, &secret(1), &operator()).await));
        store.delete_webhook(&WebhookId::new(seed(first)), None, &operator()).await.unwrap();
        kept(&store, one_more).await;
    }
    assert_eq!(ENDPOINTS_MAX, 50);
}

async fn a_thousand_endpoints_are_told_and_found_due_quickly(store: Store) {
    let mut calls = Vec::new();
    for n in 0..1_000 {
        let tenant = kept_tenant(&store, n).await;
        kept(&store, endpoint(n, None, Some(&tenant.id), &CALLS_AND_VOICEMAILS)).await;
        calls.extend((0..2).flat_map(|call| a_call(&format!("CA{n}-{call}"), Some(&tenant.id))));
    }
    let began = Instant::now();
    for some in calls.chunks(2_000) {
        apply(&store, "j", some).await;
    }
    let telling = began.elapsed();
    assert_eq!(store.pending_deliveries().await.unwrap(), 2_000);
    let began = Instant::now();
    let due = store.due_deliveries(at(1_000), 1).await.unwrap();
    let finding = began.elapsed();
    assert_eq!(due.len(), 1_000);
    println!("1000 endpoints: 2000 calls kept and told in {telling:?}, 1000 of 2000 due found in {finding:?}");
    // A plan that reads every pending row once for every endpoint would take minutes.
    assert!(finding.as_secs() < 5, "{finding:?}");
}
