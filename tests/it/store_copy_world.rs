//! A store with something in every table, filled through its own doors, and all of it read back through them.

use std::path::Path;

use patchbay::model::{
    Access, EndedBy, ErasureId, EventKind, JobKind, MessageId, Month, NumberState, Person, PortBill, Record, Role,
    Scope, Secret, SipPlace, TenantRetention, TokenId, VoicemailState, WebhookId,
};
use patchbay::store::{
    Ask, Attempt, Bounds, ErasureReport, ErasureRow, ErasureState, JobBounds, NewSipName, NumberWatch, PersonAsk,
    SessionKind, Store, Then, Token, WatchFinding, Wish,
};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::store_fixtures::*;
use crate::{store_jobs, store_numbers, store_person, store_sessions, store_sip, store_webhooks};

/// Whoever is erased.
const ANN: &str = "+16475550199";

/// The file itself.
pub async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

/// How the store in a file is named.
pub fn url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// Fills a store.
pub async fn fill(store: &Store) {
    people(store).await;
    calls(store).await;
    webhooks(store).await;
    work(store).await;
    access(store).await;
    forgetting(store).await;
}

/// Fills one in a file, and closes it.
pub async fn filled(file: &Path) {
    let store = Store::open(&url(file), &KEY).await.unwrap();
    fill(&store).await;
    store.close().await;
    // What nothing but a fault brings in. The order is not that of the key.
    let mut raw = raw(file).await;
    for seq in [7, 3, 5] {
        let refused = sqlx::query("INSERT INTO refused (journal, seq, record, why) VALUES ('j', $1, '{}', 'no sense')");
        refused.bind(seq).execute(&mut raw).await.unwrap();
    }
}

async fn people(store: &Store) {
    for n in [1, 2] {
        put_org(store, &org_with_account(n)).await.unwrap();
    }
    let own = kept_tenant(store, 1).await;
    for n in [2, 3] {
        store.create_tenant(&tenant(n, &org_with_account(1).id), &operator()).await.unwrap();
    }
    let rename = |tenant: &mut patchbay::model::Tenant| tenant.name.push_str(" & Söhne");
    store.change_tenant(&own.id, None, &operator(), rename).await.unwrap();
    store.create_tenant(&tenant(9, &org_with_account(2).id), &operator()).await.unwrap();
    store.delete_tenant(&tenant_id(9), None, &operator()).await.unwrap();

    let resting = patchbay::model::Number { state: NumberState::Resting, ..number(3, "+16475550123", None) };
    for number in [
        number(1, "+16475550121", Some(&own.id)),
        number(2, "+16475550122", Some(&tenant_id(2))),
        number(1, "+16475550121", Some(&own.id)),
        resting,
    ] {
        store.put_number(&number, &operator()).await.unwrap();
    }
    let what = "leads_elsewhere".to_owned();
    let finding = WatchFinding { what, detail: "its VoiceUrl is another".to_owned(), since: at(9) };
    let id = number(1, "+16475550121", None).id;
    store.keep_watch(&[NumberWatch { id, was_wired: true, acquired_at: at(1), finding: Some(finding) }]).await.unwrap();

    let new = |name: &str| NewSipName { username: name.to_owned(), password: Secret::new(format!("of {name}")) };
    for name in ["sip_aaaaaaaa", "sip_bbbbbbbb"] {
        store.put_phone_integration(&own.id, &store_sip::phone(), Some(&new(name)), &operator()).await.unwrap();
        let seat = store.sip_seats(&own.id).await.unwrap().last().unwrap().id;
        store.place_sip_seat(seat, Some(&SipPlace { account: sid("AC1"), list: sid("CL1") })).await.unwrap();
        store.fill_sip_seat(seat, Some(&sid("CR1")), 1, at(5)).await.unwrap();
    }
    // The last there was is gone, and its number is nobody else's for ever.
    let place = SipPlace { account: sid("AC1"), list: sid("AL1") };
    let seat = store.add_address_seat(&own.id, &place, 2).await.unwrap();
    store.drop_sip_seat(seat).await.unwrap();

    let bill = PortBill { document: sid("RD1"), at: at(5) };
    let papers = store_numbers::papers(Some("4711"));
    store.put_port_papers(&own.id, Some(&papers), Some(&bill), &operator()).await.unwrap();
    let port = store_numbers::port(1, "+13125550101", Some(at(9)));
    store.open_port(&port, &store_numbers::moment("asked for"), &operator()).await.unwrap();
    let wanted = TenantRetention { calls_days: Some(30), ..TenantRetention::unsaid(own.id.clone()) };
    store.put_retention(&wanted, None, &operator()).await.unwrap();
}

async fn calls(store: &Store) {
    for n in 1..=12_u32 {
        let call = format!("CA{}", 20 - n);
        let mut told = report(&call, 80);
        told.vapi_call_id = Some(sid(&format!("vapi-{n}")));
        told.summary = Some("wants a table for \"two\", ünd ☎".to_owned());
        let mut beginning = began(&call, Some(&tenant_id(1 + n % 2)), i64::from(n));
        beginning.from = format!("+164755501{:02}", 20 + n);
        let records = [
            Record::CallBegan(beginning),
            Record::CallEvent(event(&call, "ai-leg", 2)),
            Record::CallEvent(event(&call, "voicemail-step", 3)),
            Record::Voicemail(news(n, &call, Some(&format!("RE{n}")), VoicemailState::Pending, 4)),
            Record::Voicemail(news(n, &call, Some(&format!("RE{n}")), VoicemailState::Ready, 5)),
            Record::CallEnded(ended(&call, EndedBy::Status, 61)),
            Record::AiReport(told),
        ];
        store.apply(&format!("j{}", n % 3), &numbered(u64::from(n) * 10, &records)).await.unwrap();
    }
    store.apply("live", &numbered(1, &[Record::CallBegan(began("CAlive", None, 90))])).await.unwrap();
}

async fn webhooks(store: &Store) {
    let endpoints = [
        store_webhooks::endpoint(1, None, None, &EventKind::SUBSCRIBABLE),
        store_webhooks::endpoint(2, Some(&org_with_account(1).id), None, &[EventKind::CallEnded]),
        store_webhooks::endpoint(3, None, Some(&tenant_id(1)), &[EventKind::VoicemailCreated]),
    ];
    for endpoint in &endpoints {
        store.create_webhook(endpoint, &store_webhooks::secret(1), &operator()).await.unwrap();
    }
    for n in [1, 2, 3] {
        store.send_test(&endpoints[0].id, &MessageId::new(seed(n)), at(100)).await.unwrap();
    }
    for (n, due) in store.due_deliveries(at(200), 2).await.unwrap().into_iter().enumerate() {
        let (status, then) = if n == 0 { (200, Then::Delivered) } else { (503, Then::Again(at(300))) };
        let attempt = Attempt {
            id: due.id,
            webhook_id: endpoints[0].id.clone(),
            url: endpoints[0].url.clone(),
            at: at(200),
            status: Some(status),
            error: None,
            then,
        };
        store.record_attempts(&[attempt]).await.unwrap();
    }
}

async fn work(store: &Store) {
    let jobs = [store_jobs::job(1, "a", JobKind::Target), store_jobs::job(2, "b", JobKind::Wire)];
    store.create_jobs(&jobs, JobBounds::default(), &operator()).await.unwrap();
    let claimed = store.claim_jobs(store_jobs::at(1), store_jobs::at(31), 1).await.unwrap().remove(0);
    store.write_job(&claimed.job.id, claimed.fence, &[store_jobs::began()], store_jobs::at(2)).await.unwrap();
}

async fn access(store: &Store) {
    for (n, role) in [
        (1, Role::Operator),
        (2, Role::Org(org_with_account(1).id)),
        (3, Role::Tenant { org: org_with_account(1).id, tenant: tenant_id(2) }),
    ] {
        let token = Token {
            id: TokenId::new(seed(n)),
            name: format!("desk {n}"),
            role,
            access: Access::Write,
            created_at: at(i64::from(n)),
            expires_at: Some(at(1_000)),
            revoked_at: None,
            last_used_at: None,
        };
        store.create_token(&token, &[n as u8; 32], &operator()).await.unwrap();
    }
    // The latest of one instant is the last that came, and that is not the order of their keys.
    for n in [9, 2, 5] {
        store.keep_session(&store_sessions::door(n, SessionKind::Session, 1, at(1))).await.unwrap();
    }
    for (key, answer) in [("one", Some("done")), ("other", None)] {
        store.claim(&Wish { key, asked: [1; 32], claim: "claim", now: at(0) }).await.unwrap();
        if let Some(answer) = answer {
            assert!(store.keep_answer(key, "claim", &Secret::new(answer)).await.unwrap());
        }
    }
}

async fn forgetting(store: &Store) {
    store.apply("ann", &numbered(1, &store_person::history("CAann", ANN, Some(&tenant_id(1)), 500))).await.unwrap();
    let about = PersonAsk { person: Person::new(e164(ANN)), scope: Scope::All, tenant: None };
    let bounds = Bounds { live: Default::default(), asked_at: at(100_000), remember_until: at(1_000_000), dry: false };
    store_person::erase(store, &about, &bounds).await;
    let row = ErasureRow {
        id: ErasureId::new(seed(1)),
        created_at: at(1),
        org_id: None,
        tenant_id: None,
        number: "+1647•••0111".to_owned(),
        state: ErasureState::Running,
        report: ErasureReport::default(),
    };
    store.begin_erasure(&row, &operator()).await.unwrap();
}

/// All that can be read of a store, line by line.
pub async fn read(store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    macro_rules! all {
        ($($what:expr),* $(,)?) => { $(lines.push(format!("{}: {:?}", stringify!($what), $what));)* };
    }
    macro_rules! list {
        ($($list:ident),*) => { $(all!(store.$list(&Ask { limit: 200, ..Ask::default() }).await.unwrap().rows);)* };
    }
    list!(
        orgs,
        tenants,
        numbers,
        number_lives,
        calls,
        voicemails,
        webhooks,
        jobs,
        tokens,
        erasures,
        remote_erasures,
        audit
    );
    let since = Month::of(at(0)).before();
    for n in [1, 2, 3, 9] {
        let id = tenant_id(n);
        all!(
            store.tenant_versions(&id, &Ask { limit: 200, ..Ask::default() }).await.unwrap().rows,
            store.tenant_at(&id, 1).await.unwrap(),
            store.phone_integration(&id).await.unwrap(),
            store.sip_seats(&id).await.unwrap(),
            store.port_of(&id).await.unwrap(),
            store.port_papers(&id).await.unwrap(),
            store.retention(&id).await.unwrap(),
            store.call_months(&id, since).await.unwrap(),
            store.tenures(&id).await.unwrap(),
            store.load_tenant(&id).await.unwrap().map(|load| format!("{load:?}")),
        );
        let number = number(n, "+16475550100", None).id;
        all!(store.number_spells(&number).await.unwrap(), store.number(&number).await.unwrap());
        all!(store.deliveries(&WebhookId::new(seed(n)), &Ask { limit: 200, ..Ask::default() }).await.unwrap().rows);
        let password = store.tenant(&id).await.unwrap().and_then(|tenant| tenant.connect.password);
        all!(password.map(|password| password.reveal().to_owned()));
        let phone = store.phone_integration(&id).await.unwrap().and_then(|(_, password)| password);
        all!(phone.map(|password| password.reveal().to_owned()));
        all!(store.token_by_hash(&[n as u8; 32]).await.unwrap());
        let mut sha256 = [n as u8; 32];
        sha256[0] = 1;
        all!(store.session(&sha256, at(2)).await.unwrap());
    }
    let mut live = store.live_calls(at(0)).await.unwrap();
    live.sort_by_key(|call| call.began.call_sid.to_string());
    all!(
        live,
        store.watched(None).await.unwrap(),
        store.port_moments(&store_numbers::port(1, "+13125550101", None).id).await.unwrap(),
        store.sip_user("sip_aaaaaaaa").await.unwrap(),
        store.sip_user("smile-dental-2").await.unwrap(),
        store.is_erased(&[&sid("CAann")]).await.unwrap(),
        store.claim(&Wish { key: "other", asked: [1; 32], claim: "late", now: at(1) }).await.unwrap(),
        store.keys_in_use().await.unwrap(),
        store.number_heaps().await.unwrap(),
        store.pending_deliveries().await.unwrap(),
        store.applied("j1").await.unwrap(),
    );
    let answer = store.claim(&Wish { key: "one", asked: [1; 32], claim: "late", now: at(1) }).await.unwrap();
    all!(match answer {
        patchbay::store::Claimed::Answered { answer } => answer.map(|answer| answer.reveal().to_owned()),
        other => Some(format!("{other:?}")),
    });
    for n in 8..20 {
        all!(store.call(&sid(&format!("CA{n}"))).await.unwrap());
    }
    lines
}
