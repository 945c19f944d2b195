//! Tells the bus what happens: records once the store has them, changes once they are made, both also where another process
//! on the same store had a hand in it. So nobody hears of what is not kept, and whoever hears of it finds it.
//!
//! Records name a call, listeners want to know whose it is: that is looked up here, behind the path of the call and of
//! the journal, and waited for while the store is away. Where the looking up cannot keep pace, listeners begin anew with a
//! snapshot rather than miss something.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use quick_cache::sync::Cache;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::events::{Audience, Bus, Changed, Event, News, VoicemailNow};
use crate::journal::Sink;
use crate::model::{CallBegan, CallEnded, CallEvent, Change, Clock, E164, JobId, OrgId, Sid, TenantId, VoicemailId};
use crate::store::{Ask, Numbered, Store, StoreError, VoicemailRow, Word};

/// Batches of the journal and changes that may wait to be told.
const WAITING_MAX: usize = 256;

/// How many are taken at a time.
const TAKEN_MAX: usize = 64;

/// How soon a store that was away is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// How many words are looked up at a time.
const LOOKED_UP_MAX: usize = 256;

/// Calls whose owner is remembered: more than are live at any time.
const CALLS_MAX: usize = 100_000;

/// Tenants whose organization is remembered.
const TENANTS_MAX: usize = 100_000;

/// Takes down what is to be told: cheap to clone, never waits.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    news: mpsc::Sender<Told>,
    /// Something had no room.
    lost: Arc<AtomicBool>,
    /// The store did not take what the journal brought last.
    away: Arc<AtomicBool>,
}

/// Looks up whose it is, and publishes it.
#[derive(Debug)]
pub(super) struct Reporter {
    store: Store,
    bus: Bus,
    clock: Clock,
    news: mpsc::Receiver<Told>,
    lost: Arc<AtomicBool>,
    calls: Cache<Sid, Audience>,
    orgs: Cache<TenantId, OrgId>,
}

/// The store, as the journal drains into it: what it has taken is told.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    pub store: Store,
    pub teller: Teller,
}

#[derive(Debug)]
enum Told {
    /// Of records, of this process or of another.
    Words(Vec<Word>),
    Changed(Change),
}

impl Sink for Telling {
    async fn apply(&self, journal: &str, records: &[Numbered]) -> Result<(), StoreError> {
        let applied = self.store.apply(journal, records).await;
        self.teller.away.store(matches!(applied, Err(StoreError::Away(_))), Ordering::Relaxed);
        applied?;
        self.teller.records(records);
        Ok(())
    }

    async fn applied(&self, journal: &str) -> Result<u64, StoreError> {
        self.store.applied(journal).await
    }
}

impl Teller {
    /// One who takes down, and one who publishes.
    pub fn new(store: Store, bus: Bus, clock: Clock) -> (Teller, Reporter) {
        let (news, taken) = mpsc::channel(WAITING_MAX);
        let lost = Arc::<AtomicBool>::default();
        let reporter = Reporter {
            store,
            bus,
            clock,
            news: taken,
            lost: Arc::clone(&lost),
            calls: Cache::new(CALLS_MAX),
            orgs: Cache::new(TENANTS_MAX),
        };
        (Teller { news, lost, away: Arc::default() }, reporter)
    }

    fn records(&self, records: &[Numbered]) {
        self.take(Told::Words(records.iter().map(|numbered| Word::of(&numbered.record)).collect()));
    }

    /// What other processes have written; `more` says that some of it is not known.
    pub fn elsewhere(&self, words: Vec<Word>, more: bool) {
        if more {
            self.lost.store(true, Ordering::Release);
        }
        if more || !words.is_empty() {
            self.take(Told::Words(words));
        }
    }

    /// True while what happens cannot be told, because the store does not take it.
    pub fn store_is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Something changed in the settings.
    pub fn changed(&self, change: &Change) {
        // Names lead to tenants and numbers, whose change is told too.
        if !matches!(change, Change::SipName(_) | Change::VapiNumber(_)) {
            self.take(Told::Changed(change.clone()));
        }
    }

    fn take(&self, told: Told) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.news.try_send(told) {
            self.lost.store(true, Ordering::Release);
        }
    }
}

impl Reporter {
    /// Publishes until `stopping` comes, and closes the bus then: streams must not hold up the end of their listener.
    pub async fn run(mut self, stopping: CancellationToken) {
        let mut taken = Vec::with_capacity(TAKEN_MAX);
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                count = self.news.recv_many(&mut taken, TAKEN_MAX) => if count == 0 { break },
            }
            if self.lost.swap(false, Ordering::AcqRel) {
                self.begin_anew();
                taken.clear();
            }
            if stopping.run_until_cancelled(self.publish_all(std::mem::take(&mut taken))).await.is_none() {
                break;
            }
        }
        self.bus.close();
    }

    /// What waits is older than what was lost: told after it, it would mislead. Everybody asks how things stand.
    fn begin_anew(&mut self) {
        while self.news.try_recv().is_ok() {}
        tracing::warn!("more happened than could be told: whoever listens to events begins anew");
        self.bus.gap();
    }

    async fn publish_all(&self, taken: Vec<Told>) {
        let mut changes = Vec::new();
        for told in taken {
            match told {
                Told::Words(words) => {
                    for some in words.chunks(LOOKED_UP_MAX) {
                        self.told(patiently(|| self.words(some)).await);
                    }
                }
                // A change is told of under every name; all of them are made, so the last is enough.
                Told::Changed(change) => {
                    changes.retain(|known| *known != change);
                    changes.push(change);
                }
            }
        }
        for change in changes {
            self.told(patiently(|| self.change(change.clone())).await.map(Vec::from_iter));
        }
    }

    fn told(&self, events: Result<Vec<Event>, StoreError>) {
        match events {
            Ok(events) => events.into_iter().for_each(|event| self.bus.publish(event)),
            Err(failure) => {
                tracing::warn!(%failure, "could not find out whose an event is: whoever listens begins anew");
                self.bus.gap();
            }
        }
    }

    /// The events of words, in their order. What they lead to is looked up in one go; what is gone meanwhile is nobody's
    /// news.
    async fn words(&self, words: &[Word]) -> Result<Vec<Event>, StoreError> {
        let (calls, messages) = self.led_to(words).await?;
        let mut events = Vec::with_capacity(words.len());
        for word in words {
            match word {
                Word::Began { call_sid } => {
                    let Some(began) = calls.get(call_sid) else { continue };
                    // What Vapi answered is of use to nobody who listens.
                    let news = News::CallBegan(Box::new(CallBegan { answer: None, ..began.clone() }));
                    events.push(Event { at: began.at, audience: self.of_call(call_sid, &calls).await?, news });
                }
                Word::Event(event) => {
                    let audience = self.of_call(&event.call_sid, &calls).await?;
                    events.push(Event { at: event.at, audience, news: News::CallEvent(event.clone()) });
                }
                Word::Ended(ended) => {
                    let audience = self.of_call(&ended.call_sid, &calls).await?;
                    events.push(Event { at: ended.at, audience, news: News::CallEnded(ended.clone()) });
                }
                Word::Voicemail { call_sid, recording_sid, at } => {
                    let told = messages.iter().filter(|row| {
                        row.call_sid == *call_sid || recording_sid.is_some() && row.recording_sid == *recording_sid
                    });
                    for row in told {
                        events.push(self.voicemail(*at, row.clone()).await?);
                    }
                }
            }
        }
        Ok(events)
    }

    /// The calls that words lead to, as far as it is not known already whose they are, and the messages.
    async fn led_to(&self, words: &[Word]) -> Result<(HashMap<Sid, CallBegan>, Vec<VoicemailRow>), StoreError> {
        let (mut calls, mut with_message, mut recordings) = (Vec::new(), Vec::new(), Vec::new());
        for word in words {
            match word {
                Word::Began { call_sid } => calls.push(call_sid),
                Word::Event(CallEvent { call_sid, .. }) | Word::Ended(CallEnded { call_sid, .. }) => {
                    calls.extend(self.calls.get(call_sid).is_none().then_some(call_sid));
                }
                Word::Voicemail { call_sid, recording_sid, .. } => {
                    with_message.push(call_sid);
                    recordings.extend(recording_sid);
                }
            }
        }
        let calls = if calls.is_empty() { Vec::new() } else { self.store.calls_named(&calls).await? };
        let messages = match with_message.is_empty() {
            true => Vec::new(),
            false => self.store.voicemails_told(&with_message, &recordings).await?,
        };
        Ok((calls.into_iter().map(|row| (row.began.call_sid.clone(), row.began)).collect(), messages))
    }

    async fn voicemail(&self, at: Timestamp, row: VoicemailRow) -> Result<Event, StoreError> {
        let audience = self.of_tenant(row.tenant_id).await?;
        let news = News::Voicemail(VoicemailNow {
            id: row.id,
            call_sid: row.call_sid,
            from: row.from,
            duration_seconds: row.duration_seconds,
            state: row.state,
            heard: row.heard,
            created_at: row.created_at,
        });
        Ok(Event { at, audience, news })
    }

    async fn change(&self, change: Change) -> Result<Option<Event>, StoreError> {
        let at = (self.clock)();
        let (audience, changed) = match change {
            Change::Tenant(id) => (self.of_tenant(Some(id)).await?, Changed::Tenant),
            Change::Org(id) => (Audience::Of { org: Some(id), tenant: None }, Changed::Org),
            Change::Number(e164) => match self.number(e164).await? {
                Some(found) => found,
                None => return Ok(None),
            },
            Change::Voicemail(id) => return self.heard(at, &id).await,
            Change::Job(id) => return self.job(at, &id).await,
            Change::SipName(_) | Change::VapiNumber(_) => return Ok(None),
        };
        Ok(Some(Event { at, audience, news: News::Changed(changed) }))
    }

    async fn number(&self, e164: E164) -> Result<Option<(Audience, Changed)>, StoreError> {
        let Some(number) = self.store.number_by_e164(e164).await? else { return Ok(None) };
        Ok(Some((self.of_tenant(number.tenant_id).await?, Changed::Number(number.id))))
    }

    async fn heard(&self, at: Timestamp, id: &VoicemailId) -> Result<Option<Event>, StoreError> {
        match self.store.voicemail(id).await? {
            Some(row) => self.voicemail(at, row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn job(&self, at: Timestamp, id: &JobId) -> Result<Option<Event>, StoreError> {
        let Some(job) = self.store.job(id).await? else { return Ok(None) };
        let audience = Audience::Of { org: job.org_id.clone(), tenant: job.tenant_id.clone() };
        Ok(Some(Event { at, audience, news: News::Job(Box::new(job)) }))
    }

    /// The audience of a call, remembered or of those that were looked up.
    async fn of_call(&self, sid: &Sid, calls: &HashMap<Sid, CallBegan>) -> Result<Audience, StoreError> {
        let began = calls.get(sid);
        if let Some(audience) = self.calls.get(sid).filter(|_| began.is_none()) {
            return Ok(audience);
        }
        let audience = self.of_tenant(began.and_then(|began| began.tenant_id.clone())).await?;
        // One that has no tenant may yet get one: its beginning may come later.
        if audience != Audience::PLATFORM {
            self.calls.insert(sid.clone(), audience.clone());
        }
        Ok(audience)
    }

    async fn of_tenant(&self, tenant: Option<TenantId>) -> Result<Audience, StoreError> {
        let Some(tenant) = tenant else { return Ok(Audience::PLATFORM) };
        let org = match self.orgs.get(&tenant) {
            Some(org) => Some(org),
            None => self.org_of(&tenant).await?,
        };
        Ok(Audience::Of { org, tenant: Some(tenant) })
    }

    /// A tenant never changes its organization. One that is gone has left its versions.
    async fn org_of(&self, tenant: &TenantId) -> Result<Option<OrgId>, StoreError> {
        let org = match self.store.tenant(tenant).await? {
            Some(tenant) => Some(tenant.org_id),
            None => {
                let last = Ask { limit: 1, ..Ask::default() };
                let versions = self.store.tenant_versions(tenant, &last).await?;
                versions.rows.into_iter().next().map(|version| version.tenant.org_id)
            }
        };
        if let Some(org) = &org {
            self.orgs.insert(tenant.clone(), org.clone());
        }
        Ok(org)
    }
}

/// Asks until the store answers: what happened is told late rather than not at all.
async fn patiently<T, A>(ask: impl Fn() -> A) -> Result<T, StoreError>
where
    A: Future<Output = Result<T, StoreError>>,
{
    loop {
        match ask().await {
            Err(StoreError::Away(_)) => sleep(ASK_AGAIN).await,
            answer => return answer,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::events::{Begins, Limits, Next};

    #[tokio::test]
    async fn more_than_can_be_told_is_a_gap_and_nothing_older_is_told_after_it() {
        let store = Store::open("sqlite::memory:", &[7; 32]).await.unwrap();
        let bus = Bus::new("run".to_owned(), Limits::default());
        let (teller, reporter) = Teller::new(store, bus.clone(), Timestamp::now);
        let (mut subscription, begins) = bus.subscribe(None).unwrap();
        assert_eq!(begins, Begins::New);
        let org = OrgId::new(crate::model::Seed { at: Timestamp::UNIX_EPOCH, random: [1; 10] });
        (0..=WAITING_MAX).for_each(|_| teller.changed(&Change::Org(org.clone())));
        let stopping = CancellationToken::new();
        let reporting = tokio::spawn(reporter.run(stopping.clone()));
        assert!(matches!(subscription.next().await, Next::Missed));
        teller.changed(&Change::Org(org));
        assert!(matches!(subscription.next().await, Next::Events(events) if events.len() == 1));
        stopping.cancel();
        assert!(matches!(subscription.next().await, Next::Closed));
        reporting.await.unwrap();
    }
}
