//! After a restart: the live calls, from what was kept of them.
//!
//! What the last run left in its journal has to reach the store first. Where that takes long, calls are answered
//! meanwhile, and what it brings is taken up when it is there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calls::{Ledger, Restored};
use crate::journal::Journal;
use crate::model::{CallEvent, Clock, TenantId};
use crate::routing::guard::caller_number;
use crate::routing::{CompiledTenant, Step, Surroundings, Walk};
use crate::store::{CallRow, Store, StoreError};

use super::ledger::settings_then;

/// The longest walk is an hour with the AI, four with staff and five minutes of a message: no older call is live.
const LONGEST_CALL: SignedDuration = SignedDuration::from_hours(6);

/// How long a start waits for the last run's journal to reach the store.
pub(super) const CATCH_UP: Duration = Duration::from_secs(5);

/// How long after a failure the store is asked again.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// What it takes to bring live calls back.
#[derive(Clone, Debug)]
pub(super) struct Restore {
    pub store: Store,
    pub journal: Journal,
    pub around: Arc<Surroundings>,
    pub ledger: Ledger,
    pub clock: Clock,
}

/// Settings by tenant and version: many calls were decided by the same.
type Settings = HashMap<(TenantId, u64), Option<Arc<CompiledTenant>>>;

impl Restore {
    /// Puts every call back that began and is not known to have ended; the keepers ask after each soon. Waits at most
    /// `patience` for the last run's journal; what comes out of it later is taken up by a task of `tasks`.
    pub async fn at_start(
        self,
        patience: Duration,
        tasks: &TaskTracker,
        stopping: &CancellationToken,
    ) -> anyhow::Result<()> {
        let in_time = timeout(patience, self.journal.caught_up()).await.is_ok();
        let is_away = match self.live_calls().await {
            Err(StoreError::Away(why)) => {
                tracing::warn!(why, "the store is away: the live calls of the last run are not counted yet");
                true
            }
            done => done.map(|()| false).context("could not rebuild the live calls")?,
        };
        if is_away || !in_time {
            tracing::warn!(
                waiting = self.journal.depth(),
                "the last run's journal is not yet in the store: some of its calls are not counted yet"
            );
            let stopping = stopping.clone();
            tasks.spawn(async move { stopping.run_until_cancelled(self.once_caught_up()).await });
        }
        Ok(())
    }

    async fn once_caught_up(self) {
        self.journal.caught_up().await;
        while let Err(failure) = self.live_calls().await {
            tracing::warn!(%failure, "could not rebuild the live calls of the last run, trying again");
            sleep(RETRY_EVERY).await;
        }
    }

    /// Doing it again adds only what is not there: the ledger leaves alone what it has and what ended meanwhile.
    async fn live_calls(&self) -> Result<(), StoreError> {
        let rows = self.store.live_calls((self.clock)() - LONGEST_CALL).await?;
        let found = rows.len();
        let mut settings = Settings::new();
        let mut leases = Vec::with_capacity(found);
        for row in rows {
            leases.extend(self.lease(row, &mut settings).await?);
        }
        if found > 0 {
            tracing::info!(found, restored = leases.len(), "live calls of the last run");
        }
        self.ledger.restore(leases, (self.clock)()).await;
        Ok(())
    }

    /// A call with the settings of its first answer: a repeated request gets that answer again.
    async fn lease(&self, row: CallRow, settings: &mut Settings) -> Result<Option<Restored>, StoreError> {
        let began = row.began;
        let Some(id) = began.tenant_id else { return Ok(None) };
        let key = (id, began.tenant_version);
        if !settings.contains_key(&key) {
            let then = match settings_then(&self.store, &self.around, &key.0, key.1).await {
                Err(away @ StoreError::Away(_)) => return Err(away),
                // One tenant's broken row is one tenant's trouble.
                Err(failure) => {
                    tracing::error!(%failure, tenant = key.0.as_str(), "could not read the settings live calls began with");
                    None
                }
                Ok(then) => then,
            };
            settings.insert(key.clone(), then);
        }
        let Some(tenant) = settings.get(&key).cloned().flatten() else { return Ok(None) };
        Ok(Some(Restored {
            with_ai: is_with_ai(&began.step, &row.events),
            sid: began.call_sid,
            tenant,
            number: began.number_id,
            caller: caller_number(&began.from),
            account: began.account_sid,
            arrival: began.arrival,
            decision: began.decision,
            others: began.others,
            began: began.at,
            foreign_answer: began.answer.map(Into::into),
        }))
    }
}

/// Whether the AI has the call still, as far as is kept: by the last step that was answered.
fn is_with_ai(first_step: &str, events: &[CallEvent]) -> bool {
    events.iter().fold(is_ai(first_step), |with_ai, event| match (&event.step, event.what.as_str()) {
        (Some(step), _) => is_ai(step),
        (None, "ai-leg" | "fallback") => false,
        (None, "ai-status") if event.outcome.as_ref().is_some_and(|word| word.starts_with("ended")) => false,
        _ => with_ai,
    })
}

fn is_ai(step: &str) -> bool {
    Walk::parse(step).is_some_and(|walk| walk.step == Step::Ai)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::journal::Options;
    use crate::model::{Arrival, CallBegan, Connect, Decision, OrgId, Reason, Record, Seed, Sid, Tenant, Via};
    use crate::store::Actor;
    use jiff::Timestamp;

    fn event(what: &str, outcome: Option<&str>, step: Option<&str>) -> CallEvent {
        CallEvent {
            call_sid: Sid::parse("CA1").unwrap(),
            at: Timestamp::UNIX_EPOCH,
            what: what.to_owned(),
            outcome: outcome.map(str::to_owned),
            step: step.map(str::to_owned),
        }
    }

    #[test]
    fn the_last_step_that_was_answered_tells_whether_the_ai_has_the_call() {
        let missed = event("ai-leg", Some("no-answer"), Some("forward.a"));
        let again = event("forward-leg", Some("busy"), Some("ai.f"));
        let ended = event("ai-status", Some("ended: customer-ended-call"), None);
        let ringing = event("ai-status", Some("in-progress"), None);
        for (first, events, with_ai) in [
            ("ai", vec![], true),
            ("ai", vec![ringing], true),
            ("ai", vec![ended], false),
            ("ai", vec![missed.clone()], false),
            ("forward", vec![again], true),
            ("ai", vec![event("fallback", Some("11200"), None)], false),
            ("voicemail", vec![], false),
            ("ai", vec![event("ai-leg", Some("completed"), None)], false),
        ] {
            assert_eq!(is_with_ai(first, &events), with_ai, "{first} {events:?}");
        }
    }

    fn began(sid: &str, tenant: &Tenant) -> Record {
        Record::CallBegan(CallBegan {
            call_sid: Sid::parse(sid).unwrap(),
            tenant_id: Some(tenant.id.clone()),
            tenant_version: tenant.version,
            number_id: None,
            account_sid: None,
            from: "+14165550101".to_owned(),
            to: "+16475550111".to_owned(),
            arrival: Arrival::Number,
            at: Timestamp::now(),
            others: 0,
            decision: Decision::ai(Reason::AlwaysOn),
            step: "ai".to_owned(),
            answer: None,
            took_us: 100,
            request_id: "invented".to_owned(),
        })
    }

    async fn store_with_tenant(dir: &std::path::Path) -> (Store, Tenant) {
        let url = format!("sqlite:{}", dir.join("patchbay.db").display());
        let store = Store::open(&url, &[7; 32]).await.unwrap();
        let seed = Seed { at: Timestamp::now(), random: [1; 10] };
        let tenant = Tenant {
            id: TenantId::new(seed),
            org_id: store.platform_org().await.map_or_else(|_| OrgId::new(seed), |org| org.id),
            slug: "smile-dental".to_owned(),
            name: "Smile Dental".to_owned(),
            timezone: "America/Toronto".to_owned(),
            country: "CA".to_owned(),
            language: None,
            voice: None,
            target: None,
            connect: Connect { via: Via::Sip, sip_uri: None, username: None, password: None, timeout_seconds: None },
            sip_username: None,
            availability: serde_json::json!({ "mode": "always" }),
            forced: None,
            version: 1,
            created_at: seed.at,
            updated_at: seed.at,
        };
        store.create_tenant(&tenant, &Actor("test".to_owned())).await.unwrap();
        (store, tenant)
    }

    #[tokio::test]
    async fn live_calls_that_reach_the_store_long_after_the_start_are_taken_up_then() {
        let dir = tempfile::tempdir().unwrap();
        let (store, tenant) = store_with_tenant(dir.path()).await;
        let open = || Journal::open(&dir.path().join("spool"), Options::default(), Arc::default()).unwrap();
        let (last, drain) = open();
        for sid in ["CA-goes-on", "CA-ended-meanwhile"] {
            last.append(began(sid, &tenant));
        }
        last.shutdown().await;
        drop((last, drain));

        let (journal, drain) = open();
        let ledger = Ledger::memory(None, Arc::default());
        let restore = Restore {
            store: store.clone(),
            journal,
            around: Arc::default(),
            ledger: ledger.clone(),
            clock: Timestamp::now,
        };
        let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
        // The journal is not drained yet: the start does not wait for it.
        restore.at_start(Duration::ZERO, &tasks, &stopping).await.unwrap();
        assert!(ledger.live().await.is_empty());
        ledger.heard(&Sid::parse("CA-clock").unwrap(), Timestamp::now()).await;
        ledger.end(&Sid::parse("CA-ended-meanwhile").unwrap(), crate::model::EndedBy::Status).await;

        let draining = tokio::spawn(drain.run(store, stopping.clone().cancelled_owned()));
        tasks.close();
        timeout(Duration::from_secs(20), tasks.wait()).await.unwrap();
        let live: Vec<String> = ledger.live().await.into_iter().map(|call| call.sid.to_string()).collect();
        assert_eq!(live, ["CA-goes-on"]);
        stopping.cancel();
        draining.await.unwrap();
    }
}
