//! What every engine of the store promises of numbers over the years: the rest they take, their lives, those on their way.

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    Job, JobKind, LifeState, Number, NumberState, Port, PortAddress, PortBill, PortId, PortMoment, PortPapers,
    PortSeen, PortStage, Secret, Standing,
};
use patchbay::store::{Ask, JobBounds, Store, StoreError};
use serde_json::Value;

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    what_has_rested_returns_save_what_was_ported_and_what_is_worked_on,
    a_number_on_its_way_has_no_life_until_it_is_here,
    papers_come_back_as_they_were_told_and_are_forgotten_once_the_number_has_come,
    a_port_is_kept_once_however_often_it_is_told,
    a_port_that_came_to_nothing_leaves_no_number_unless_another_brings_it,
    ports_are_asked_after_when_they_are_due_and_all_at_once_when_there_is_news,
);

fn resting(n: u32, digits: &str) -> Number {
    Number { state: NumberState::Resting, ..number(n, digits, None) }
}

fn coming(n: u32, digits: &str, tenant: &patchbay::model::TenantId) -> Number {
    let twilio_sid = None;
    Number { ported: true, twilio_sid, account_sid: Some(sid("AC1")), ..number(n, digits, Some(tenant)) }
}

pub fn port(n: u32, digits: &str, due: Option<Timestamp>) -> Port {
    Port {
        id: PortId::new(seed(n)),
        tenant_id: tenant_id(1),
        e164: e164(digits),
        account: sid("AC1"),
        request: sid(&format!("KW{n}")),
        stage: PortStage::Submitted,
        since: at(i64::from(n)),
        seen: PortSeen::default(),
        due,
        created_at: at(i64::from(n)),
    }
}

pub fn moment(words: &str) -> PortMoment {
    PortMoment { at: at(1), stage: PortStage::Submitted, words: words.to_owned() }
}

async fn what_has_rested_returns_save_what_was_ported_and_what_is_worked_on(store: Store) {
    let later = || Timestamp::now() + SignedDuration::from_hours(1);
    let plain = resting(1, "+13125550101");
    let worked_on = resting(3, "+13125550103");
    for number in [&plain, &Number { ported: true, ..resting(2, "+13125550102") }, &worked_on] {
        store.put_number(number, &operator()).await.unwrap();
    }
    let job = Job {
        id: patchbay::model::JobId::new(seed(9)),
        kind: JobKind::Release,
        tenant_id: None,
        org_id: None,
        subject: worked_on.id.to_string(),
        asked: Value::Null,
        by: "test".to_owned(),
        created_at: at(1),
        standing: Standing::new(at(1)),
        updated_at: at(1),
    };
    store.create_jobs(&[job], JobBounds::default(), &operator()).await.unwrap();
    let none = store.return_rested(Timestamp::now() - SignedDuration::from_hours(1), &operator()).await.unwrap();
    assert_eq!(none, [], "they rest still");
    let returned = store.return_rested(later(), &operator()).await.unwrap();
    let digits: Vec<_> = returned.iter().map(|number| number.e164).collect();
    assert_eq!(digits, [plain.e164]);
    assert_eq!(returned[0].state, NumberState::Unassigned);
    assert_eq!(store.return_rested(later(), &operator()).await.unwrap(), []);
}

async fn a_number_on_its_way_has_no_life_until_it_is_here(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let number = coming(1, "+13125550101", &tenant.id);
    store.put_number(&number, &operator()).await.unwrap();
    assert_eq!(store.number_lives(&Ask::default()).await.unwrap().rows, []);
    assert_eq!(store.watched(Some(&sid("AC1"))).await.unwrap(), [], "nobody looks for it");
    let here = Number { twilio_sid: Some(sid("PN1")), ..number };
    store.put_number(&here, &operator()).await.unwrap();
    store.acquired_at(&here.id, at(77)).await.unwrap();
    let lives = store.number_lives(&Ask::default()).await.unwrap().rows;
    assert_eq!((lives.len(), lives[0].state, lives[0].acquired_at), (1, LifeState::Active, at(77)));
    assert!(here.ported && !here.is_coming());
}

pub fn papers(pin: Option<&str>) -> PortPapers {
    PortPapers {
        is_individual: false,
        customer_name: "Smile Dental".to_owned(),
        account_number: Some(Secret::new("88-1234")),
        pin: pin.map(Secret::new),
        account_telephone_number: None,
        address: PortAddress {
            street: "12 Example Street".to_owned(),
            street2: None,
            city: "Springfield".to_owned(),
            state: "IL".to_owned(),
            zip: "62701".to_owned(),
        },
        authorized_representative: "Robin Example".to_owned(),
        authorized_representative_email: "robin@example.com".to_owned(),
        notification_emails: Vec::new(),
        target_date: Some("2027-01-18".parse().unwrap()),
    }
}

async fn papers_come_back_as_they_were_told_and_are_forgotten_once_the_number_has_come(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let bill = PortBill { document: sid("RD1"), at: at(5) };
    assert_eq!(store.port_papers(&tenant.id).await.unwrap(), (None, None));
    store.put_port_papers(&tenant.id, None, Some(&bill), &operator()).await.unwrap();
    store.put_port_papers(&tenant.id, Some(&papers(Some("4711"))), None, &operator()).await.unwrap();
    let told = store.port_papers(&tenant.id).await.unwrap();
    assert_eq!(told, (Some(papers(Some("4711"))), Some(bill)));
    assert!(matches!(store.put_port_papers(&tenant_id(99), None, None, &operator()).await, Err(StoreError::NotFound)));
    let kept = store.open_port(&port(1, "+13125550101", None), &moment("asked for"), &operator()).await.unwrap();
    let come = Port { tenant_id: tenant.id.clone(), stage: PortStage::Completed, ..kept };
    store.turn_port(&come, None).await.unwrap();
    assert_eq!(store.port_papers(&come.tenant_id).await.unwrap(), (None, None));
}

async fn a_port_is_kept_once_however_often_it_is_told(store: Store) {
    kept_tenant(&store, 1).await;
    let first = port(1, "+13125550101", Some(at(10)));
    let again = Port { id: PortId::new(seed(2)), ..first.clone() };
    assert_eq!(store.open_port(&first, &moment("asked for"), &operator()).await.unwrap(), first);
    assert_eq!(store.open_port(&again, &moment("asked for"), &operator()).await.unwrap(), first);
    assert_eq!(store.port(&again.id).await.unwrap(), None);
    let seen = PortSeen { reason: Some("Name mismatch".to_owned()), port_date: Some(at(99)), ..PortSeen::default() };
    let turned = Port { stage: PortStage::ActionRequired, seen, since: at(20), due: Some(at(30)), ..first };
    store.turn_port(&turned, Some(&moment("refused"))).await.unwrap();
    assert_eq!(store.port(&turned.id).await.unwrap().as_ref(), Some(&turned));
    let moments = store.port_moments(&turned.id).await.unwrap();
    assert_eq!(moments, [moment("asked for"), moment("refused")]);
    let newer = port(3, "+13125550101", None);
    store.open_port(&newer, &moment("asked for anew"), &operator()).await.unwrap();
    assert_eq!(store.port_of(&tenant_id(1)).await.unwrap(), Some(newer));
}

async fn a_port_that_came_to_nothing_leaves_no_number_unless_another_brings_it(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let held = coming(1, "+13125550101", &tenant.id);
    store.put_number(&held, &operator()).await.unwrap();
    let (older, newer) = (port(1, "+13125550101", Some(at(1))), port(2, "+13125550101", Some(at(1))));
    for port in [&older, &newer] {
        store.open_port(port, &moment("asked for"), &operator()).await.unwrap();
    }
    let over = |port: &Port| Port { stage: PortStage::Canceled, due: None, ..port.clone() };
    store.turn_port(&over(&older), None).await.unwrap();
    assert!(store.number(&held.id).await.unwrap().is_some(), "the newer one brings it still");
    assert_eq!(store.drop_coming(&held.id, &operator()).await.unwrap(), None);
    store.turn_port(&over(&newer), None).await.unwrap();
    assert_eq!(store.number(&held.id).await.unwrap(), None);
    // One that is here is nobody's to drop.
    let here = Number { twilio_sid: Some(sid("PN1")), ..held };
    store.put_number(&here, &operator()).await.unwrap();
    store.turn_port(&over(&newer), None).await.unwrap();
    assert!(store.number(&here.id).await.unwrap().is_some());
    assert_eq!(store.drop_coming(&here.id, &operator()).await.unwrap(), None);
}

async fn ports_are_asked_after_when_they_are_due_and_all_at_once_when_there_is_news(store: Store) {
    kept_tenant(&store, 1).await;
    for (n, due) in [(1, Some(at(100))), (2, Some(at(50))), (3, None)] {
        let port = port(n, &format!("+1312555010{n}"), due);
        store.open_port(&port, &moment("asked for"), &operator()).await.unwrap();
    }
    let due = async |second| -> Vec<String> {
        store.ports_due(at(second)).await.unwrap().iter().map(|port| port.request.to_string()).collect()
    };
    assert_eq!(due(49).await, [""; 0]);
    assert_eq!(due(100).await, ["KW2", "KW1"], "the longest due first");
    store.hurry_ports(at(10)).await.unwrap();
    assert_eq!(due(10).await, ["KW1", "KW2"], "and what is over stays so");
}
