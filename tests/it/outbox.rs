//! Webhooks on their way out, against receivers on the loopback, by a clock the test holds.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    DisabledReason, EndedBy, EventKind, Record, Secret, Seed, SigningSecret, TenantId, Webhook, WebhookId,
};
use patchbay::outbox::{Lookup, Networks, Pace, Sender, Worker, system_lookup};
use patchbay::store::{Ask, DeliveryRow, DeliveryState, Replay, Store};
use patchbay::telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::receiver::{Receiver, Reply};
use crate::store_fixtures::*;

type Clock = Arc<Mutex<Timestamp>>;
type Post = Worker<Box<dyn Fn() -> Timestamp + Send + Sync>, fn() -> f64>;

/// A store, a clock, and workers on them.
struct Office {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
}

fn secret() -> SigningSecret {
    SigningSecret::new([7; 32])
}

fn loopback() -> Networks {
    Networks::new(vec!["127.0.0.0/8".parse().unwrap()])
}

fn quick() -> Pace {
    Pace { look_every: Duration::from_millis(5), ..Pace::default() }
}

impl Office {
    async fn new() -> Office {
        let store = Store::open("sqlite::memory:", &KEY).await.unwrap();
        Office { store, clock: Arc::new(Mutex::new(at(1_000))), metrics: Arc::default() }
    }

    fn worker(&self) -> Post {
        self.worker_with(loopback(), system_lookup(), quick())
    }

    fn worker_with(&self, networks: Networks, lookup: Lookup, pace: Pace) -> Post {
        let clock = Arc::clone(&self.clock);
        let sender = Sender::new(networks, lookup).unwrap();
        let now: Box<dyn Fn() -> Timestamp + Send + Sync> = Box::new(move || *clock.lock().unwrap());
        Worker::new(self.store.clone(), sender, Arc::clone(&self.metrics), pace, now, || 0.0)
    }

    fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap()
    }

    fn pass(&self, span: SignedDuration) {
        *self.clock.lock().unwrap() += span;
    }

    async fn endpoint(&self, n: u32, url: &str) -> Webhook {
        self.endpoint_of(None, n, url).await
    }

    async fn endpoint_of(&self, tenant: Option<&TenantId>, n: u32, url: &str) -> Webhook {
        let mut random = [0; 10];
        random[..4].copy_from_slice(&n.to_be_bytes());
        let webhook = Webhook {
            id: WebhookId::new(Seed { at: at(0), random }),
            org_id: None,
            tenant_id: tenant.cloned(),
            url: url.to_owned(),
            events: vec![EventKind::CallEnded],
            description: None,
            enabled: true,
            disabled_reason: None,
            version: 1,
            created_at: at(i64::from(n)),
            updated_at: at(0),
        };
        self.store.create_webhook(&webhook, &secret(), &operator()).await.unwrap();
        webhook
    }

    /// Calls that are over.
    async fn calls(&self, names: &[String]) {
        let first = self.store.applied("j").await.unwrap() + 1;
        let records: Vec<Record> = names
            .iter()
            .flat_map(|name| {
                [Record::CallBegan(began(name, None, 0)), Record::CallEnded(ended(name, EndedBy::Status, 61))]
            })
            .collect();
        self.store.apply("j", &numbered(first, &records)).await.unwrap();
    }

    async fn call(&self, name: &str) {
        self.calls(&[name.to_owned()]).await;
    }

    async fn deliveries(&self, webhook: &Webhook) -> Vec<DeliveryRow> {
        self.store.deliveries(&webhook.id, &Ask { limit: 200, ..Ask::default() }).await.unwrap().rows
    }

    async fn only(&self, webhook: &Webhook) -> DeliveryRow {
        let mut rows = self.deliveries(webhook).await;
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }
}

#[tokio::test]
async fn a_webhook_arrives_signed_and_word_for_word_as_it_was_kept() {
    let office = Office::new().await;
    let mut receiver = Receiver::answering(Reply::Status(204)).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    office.call("CA1").await;
    assert_eq!(office.worker().round().await, 1);
    let hit = receiver.next().await;
    let row = office.only(&webhook).await;
    assert_eq!((hit.path.as_str(), hit.id(), hit.body.as_str()), ("/hook", row.id.as_str(), row.payload.as_str()));
    assert_eq!(hit.timestamp(), office.now().as_second());
    assert_eq!(hit.signatures_by(&secret()), 1);
    assert_eq!(hit.signatures_by(&SigningSecret::new([8; 32])), 0);
    assert_eq!(hit.headers["content-type"], "application/json");
    assert!(hit.headers["user-agent"].starts_with("patchbay/"));
    assert_eq!(hit.json()["type"], "call.ended");
    assert_eq!(hit.json()["timestamp"], at(61).to_string());
    assert_eq!(
        (row.state, row.attempts, row.last_status, row.last_error),
        (DeliveryState::Delivered, 1, Some(204), None)
    );
    assert_eq!(office.worker().round().await, 0, "once");
    let counted = office.metrics.render();
    assert!(counted.contains("patchbay_outgoing_webhooks_total{outcome=\"delivered\"} 1"), "{counted}");
}

#[tokio::test]
async fn ten_attempts_under_one_id_follow_the_timetable_and_then_it_is_dead() {
    let office = Office::new().await;
    let mut receiver = Receiver::answering(Reply::Status(500)).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    office.call("CA1").await;
    let mut worker = office.worker();
    let second = SignedDuration::from_secs(1);
    let mut ids = Vec::new();
    for (attempt, wait) in (1..).zip([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, 0]) {
        assert_eq!(worker.round().await, 1, "attempt {attempt}");
        let hit = receiver.next().await;
        assert_eq!((hit.timestamp(), hit.signatures_by(&secret())), (office.now().as_second(), 1));
        ids.push(hit.id().to_owned());
        let row = office.only(&webhook).await;
        assert_eq!((row.attempts, row.last_status), (attempt, Some(500)));
        if attempt < 10 {
            assert_eq!(row.state, DeliveryState::Pending);
            office.pass(SignedDuration::from_secs(wait) - second);
            assert_eq!(worker.round().await, 0, "a second too early after attempt {attempt}");
            office.pass(second);
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(office.only(&webhook).await.state, DeliveryState::Dead);
    office.pass(SignedDuration::from_hours(1_000));
    assert_eq!(worker.round().await, 0);
    assert!(office.store.webhook(&webhook.id).await.unwrap().unwrap().enabled, "three days are no five");
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let office = Office::new().await;
    let receiver = Receiver::answering(Reply::With(429, "retry-after", "120".to_owned())).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    office.call("CA1").await;
    office.worker().round().await;
    assert_eq!(office.only(&webhook).await.next_at, Some(office.now() + SignedDuration::from_secs(120)));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_sent_nothing_more() {
    let office = Office::new().await;
    let mut receiver = Receiver::answering(Reply::Status(410)).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    office.call("CA1").await;
    office.worker().round().await;
    receiver.next().await;
    let after = office.store.webhook(&webhook.id).await.unwrap().unwrap();
    assert_eq!((after.enabled, after.disabled_reason), (false, Some(DisabledReason::Gone)));
    office.call("CA2").await;
    office.pass(SignedDuration::from_hours(1_000));
    assert_eq!(office.worker().round().await, 0);
    assert_eq!(office.only(&webhook).await.state, DeliveryState::Dead);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_nobody_follows_it() {
    let office = Office::new().await;
    for (n, status) in [(1, 301), (2, 302), (3, 303), (4, 307), (5, 308)] {
        let inside = Receiver::answering(Reply::Status(200)).await;
        let mut outside = Receiver::answering(Reply::With(status, "location", inside.url())).await;
        let webhook = office.endpoint(n, &outside.url()).await;
        office.store.send_test(&webhook.id, &message(n), office.now()).await.unwrap();
        assert_eq!(office.worker().round().await, 1);
        outside.next().await;
        assert_eq!(inside.connections.load(Ordering::Relaxed), 0, "{status}");
        let row = office.only(&webhook).await;
        assert_eq!((row.state, row.last_status), (DeliveryState::Pending, Some(status)));
        assert!(row.last_error.unwrap().contains("redirects are not followed"));
    }
}

fn message(n: u32) -> patchbay::model::MessageId {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    patchbay::model::MessageId::new(Seed { at: at(0), random })
}

#[tokio::test]
async fn a_private_address_is_not_even_connected_to() {
    let office = Office::new().await;
    let receiver = Receiver::answering(Reply::Status(200)).await;
    let port = receiver.address.port();
    let mut urls: Vec<String> =
        ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost", "localhost."]
            .map(|host| format!("https://{host}:{port}/"))
            .to_vec();
    urls.push(receiver.url());
    for (n, url) in (1..).zip(&urls) {
        // Kept before the network was taken off the list, or by somebody who writes to the store.
        let webhook = office.endpoint(n, url).await;
        office.store.send_test(&webhook.id, &message(n), office.now()).await.unwrap();
    }
    let mut worker = office.worker_with(Networks::default(), system_lookup(), quick());
    assert_eq!(worker.round().await, urls.len());
    assert_eq!(receiver.connections.load(Ordering::Relaxed), 0);
    let counted = office.metrics.render();
    let expected = format!("patchbay_outgoing_webhooks_total{{outcome=\"private_address\"}} {}", urls.len());
    assert!(counted.contains(&expected), "{counted}");
}

/// Two receivers on one port, one on the permitted 127.0.0.2 and one on 127.0.0.1, which stands for the inside.
async fn permitted_and_inside() -> (Receiver, Receiver) {
    for _ in 0..100 {
        let permitted = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = permitted.local_addr().unwrap().port();
        if let Ok(inside) = TcpListener::bind(("127.0.0.1", port)).await {
            let closes = |_: &_| Reply::With(200, "x-said", "closing".to_owned());
            return (Receiver::on(permitted, closes), Receiver::on(inside, closes));
        }
    }
    panic!("no port is free on both");
}

#[tokio::test]
async fn a_name_whose_answer_changes_never_leads_inside() {
    let office = Office::new().await;
    let (mut permitted, inside) = permitted_and_inside().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let answers: [&[&str]; 6] = [
        &["127.0.0.2"],
        &["127.0.0.1"],
        &["127.0.0.1", "127.0.0.2"],
        &["127.0.0.2", "127.0.0.1"],
        &[],
        &["::1", "10.0.0.1"],
    ];
    let counted = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let answer = answers[counted.fetch_add(1, Ordering::Relaxed) % answers.len()];
        let addresses: Vec<IpAddr> = answer.iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok::<_, io::Error>(addresses) })
    });
    let networks = Networks::new(vec!["127.0.0.2/32".parse().unwrap()]);
    let mut worker = office.worker_with(networks, lookup, quick());
    let url = format!("http://rebinding.example.com:{}/", permitted.address.port());
    let webhook = office.endpoint(1, &url).await;
    for (n, arrives) in (1..).zip([true, false, true, true, false, false]) {
        office.store.send_test(&webhook.id, &message(n), office.now()).await.unwrap();
        assert_eq!(worker.round().await, 1);
        let row = office.deliveries(&webhook).await.into_iter().find(|row| row.id == message(n)).unwrap();
        assert_eq!(row.state == DeliveryState::Delivered, arrives, "answer {n}: {:?}", row.last_error);
    }
    assert_eq!(
        asked.load(Ordering::Relaxed),
        6,
        "asked once for each connection, and what was checked is what is used"
    );
    assert_eq!(permitted.waiting().len(), 3);
    assert_eq!(inside.connections.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn whatever_a_receiver_does_an_attempt_ends_with_its_outcome() {
    let office = Office::new().await;
    let nobody = format!("http://{}/", crate::rig::nobody());
    let endless = Receiver::answering(Reply::Endless).await;
    let breaks = Receiver::answering(Reply::Break).await;
    let mut rows = Vec::new();
    for (n, url) in (1..).zip([nobody, endless.url(), breaks.url()]) {
        let webhook = office.endpoint(n, &url).await;
        office.store.send_test(&webhook.id, &message(n), office.now()).await.unwrap();
        office.worker().round().await;
        let row = office.only(&webhook).await;
        rows.push((row.state, row.last_status, row.last_error.is_some()));
    }
    let failed = (DeliveryState::Pending, None, true);
    assert_eq!(rows, [failed, (DeliveryState::Delivered, Some(200), false), failed]);
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let office = Office::new().await;
    let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(issued.signing_key.serialize_der()).unwrap();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![issued.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let handshake = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await.is_ok()
    });
    let webhook = office.endpoint(1, &url).await;
    office.store.send_test(&webhook.id, &message(1), office.now()).await.unwrap();
    office.worker().round().await;
    assert!(!handshake.await.unwrap(), "the client hangs up before anything is said");
    assert!(office.only(&webhook).await.last_error.unwrap().contains("certificate"));
}

#[tokio::test]
async fn a_rotated_secret_and_the_one_before_both_sign_for_a_day() {
    let office = Office::new().await;
    let mut receiver = Receiver::answering(Reply::Status(200)).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    let next = SigningSecret::new([9; 32]);
    office.store.rotate_webhook(&webhook.id, None, &next, office.now(), &operator()).await.unwrap();
    let mut signed = async |n| {
        office.store.send_test(&webhook.id, &message(n), office.now()).await.unwrap();
        office.worker().round().await;
        let hit = receiver.next().await;
        (hit.signatures_by(&next), hit.signatures_by(&secret()))
    };
    assert_eq!(signed(1).await, (1, 1));
    office.pass(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
    assert_eq!(signed(2).await, (1, 1));
    office.pass(SignedDuration::from_secs(1));
    assert_eq!(signed(3).await, (1, 0));
}

#[tokio::test]
async fn nothing_is_sent_unsigned() {
    let office = Office::new().await;
    let receiver = Receiver::answering(Reply::Status(200)).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    let outgoing = patchbay::store::Outgoing {
        id: message(1),
        webhook_id: webhook.id,
        url: receiver.url(),
        secrets: Vec::new(),
        attempts: 0,
        payload: "{}".to_owned(),
    };
    let sender = Sender::new(loopback(), system_lookup()).unwrap();
    let outcome = sender.send(&outgoing, at(0)).await;
    assert_eq!((outcome.as_str(), outcome.status()), ("unsigned", None));
    assert_eq!(receiver.connections.load(Ordering::Relaxed), 0);
    assert!(SigningSecret::parse(Secret::new("whsec_short").reveal()).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_never_answers_holds_up_nobody_else() {
    let office = Office::new().await;
    let mut silent = Receiver::answering(Reply::Never).await;
    let mut prompt = Receiver::answering(Reply::Status(200)).await;
    office.endpoint(1, &silent.url()).await;
    let quick_one = office.endpoint(2, &prompt.url()).await;
    let names: Vec<String> = (0..60).map(|n| format!("CA{n}")).collect();
    office.calls(&names).await;
    let pace = Pace { at_once_max: 6, to_one_max: 4, stop_within: Duration::from_millis(20), ..quick() };
    let stop = Arc::new(Notify::new());
    let stopping = Arc::clone(&stop);
    let worker = office.worker_with(loopback(), system_lookup(), pace);
    let running = tokio::spawn(worker.run(async move { stopping.notified().await }));
    for _ in 0..60 {
        prompt.next().await;
    }
    for _ in 0..4 {
        silent.next().await;
    }
    assert_eq!(silent.held.load(Ordering::Relaxed), 4, "its own places and no more");
    stop.notify_one();
    running.await.unwrap();
    assert!(silent.waiting().is_empty());
    assert!(office.deliveries(&quick_one).await.iter().all(|row| row.state == DeliveryState::Delivered));
    assert_eq!(office.store.pending_deliveries().await.unwrap(), 60, "what never was answered is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_under_way_at_the_end_is_finished_and_written_down() {
    let office = Office::new().await;
    let (came, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, wait) = (Arc::clone(&came), Arc::clone(&release));
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_buf(&mut Vec::new()).await.unwrap();
        tell.notify_one();
        wait.notified().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    });
    let webhook = office.endpoint(1, &url).await;
    office.call("CA1").await;
    let stop = Arc::new(Notify::new());
    let stopping = Arc::clone(&stop);
    let pace = Pace { stop_within: Duration::from_secs(9), ..quick() };
    let worker = office.worker_with(loopback(), system_lookup(), pace);
    let running = tokio::spawn(worker.run(async move { stopping.notified().await }));
    came.notified().await;
    stop.notify_one();
    release.notify_one();
    running.await.unwrap();
    assert_eq!(office.only(&webhook).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn who_dies_between_sending_and_writing_it_down_sends_it_again_under_the_same_id() {
    let office = Office::new().await;
    let mut receiver = Receiver::answering(Reply::Never).await;
    office.endpoint(1, &receiver.url()).await;
    office.call("CA1").await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        let worker = tokio::spawn(office.worker().run(std::future::pending()));
        sent.push(receiver.next().await);
        worker.abort();
        assert!(worker.await.is_err());
    }
    assert!(sent.windows(2).all(|pair| pair[0].id() == pair[1].id() && pair[0].body == pair[1].body));
}

#[tokio::test]
async fn dead_letters_go_out_again_when_somebody_says_so() {
    let office = Office::new().await;
    let well = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let answer = move |_: &_| Reply::Status(if is_well.load(Ordering::Relaxed) { 200 } else { 500 });
    let mut receiver = Receiver::start(([127, 0, 0, 1], 0).into(), answer).await;
    let webhook = office.endpoint(1, &receiver.url()).await;
    office.calls(&["CA1".to_owned(), "CA2".to_owned()]).await;
    let mut worker = office.worker();
    for _ in 0..10 {
        assert_eq!(worker.round().await, 2);
        office.pass(SignedDuration::from_hours(25));
        // Ten waits of 25 hours are more than five days: somebody enables it again.
        office.store.change_webhook(&webhook.id, None, &operator(), |webhook| webhook.enabled = true).await.unwrap();
        let all = Replay { state: DeliveryState::Dead, since: None };
        if office.deliveries(&webhook).await.iter().all(|row| row.state == DeliveryState::Dead) {
            well.store(true, Ordering::Relaxed);
            let first: Vec<String> = receiver.waiting().iter().map(|hit| hit.id().to_owned()).collect();
            assert_eq!(office.store.replay_deliveries(&webhook.id, &all, office.now()).await.unwrap(), 2);
            assert_eq!(worker.round().await, 2);
            assert!(receiver.waiting().iter().all(|hit| first.contains(&hit.id().to_owned())));
            assert!(office.deliveries(&webhook).await.iter().all(|row| row.state == DeliveryState::Delivered));
            return;
        }
    }
    panic!("they never died");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_endpoints_of_as_many_tenants_are_told_of_a_call_each() {
    let office = Office::new().await;
    let mut receiver = Receiver::answering(Reply::Status(200)).await;
    let mut records = Vec::new();
    for n in 0..1_000 {
        let tenant = kept_tenant(&office.store, n).await;
        office.endpoint_of(Some(&tenant.id), n, &format!("{}/{n}", receiver.url())).await;
        let name = format!("CA{n}");
        records.push(Record::CallBegan(began(&name, Some(&tenant.id), 0)));
        records.push(Record::CallEnded(ended(&name, EndedBy::Status, 61)));
    }
    office.store.apply("j", &numbered(1, &records)).await.unwrap();
    let began = Instant::now();
    let stop = Arc::new(Notify::new());
    let stopping = Arc::clone(&stop);
    let running = tokio::spawn(office.worker().run(async move { stopping.notified().await }));
    let mut paths = std::collections::BTreeSet::new();
    for _ in 0..1_000 {
        paths.insert(receiver.next().await.path);
    }
    println!("1000 endpoints told in {:?}", began.elapsed());
    stop.notify_one();
    running.await.unwrap();
    assert_eq!(paths.len(), 1_000);
    assert!(receiver.waiting().is_empty(), "each once");
    assert_eq!(office.store.pending_deliveries().await.unwrap(), 0);
}
