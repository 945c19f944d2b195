//! The ledger that several edges share: Redis counts, picks and records; every edge holds a mirror of all live calls.
//!
//! Whatever needs no count is done in the mirror and told of behind the call. What does need one asks Redis, which has
//! [`COUNTED_WITHIN`]; then the mirror counts, and goes on counting until Redis is back. Redis is asked by one task
//! (`tie`), on the runtime that made the ledger: deeds reach it by channel, and all that wait go together.

mod deed;
mod held;
mod inspect;
mod pending;
mod room;
mod tie;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use redis::Client;
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::deed::{Deed, Outcome, Spelled};
use self::held::Held;
use self::room::Room;
use self::tie::{Ask, Tie};
use super::key::Key;
use super::lease::{Answer, Call, Changed, Image, Standing};
use super::memory::show;
use super::{Began, Begin, Ending, Glance, LiveCall, Restored};
use crate::model::{Decision, E164, EndedBy, Reason, Sid, TenantId};
use crate::routing::CompiledTenant;
use crate::telemetry::Metrics;

pub use held::FindSettings;
pub use inspect::{RedisSeen, inspect};

/// Longest that Redis may take to count. On a local network it takes under a millisecond, on a machine that is busy with
/// other things some ten; a caller notices nothing of this, and after it nobody waits until Redis is back.
pub const COUNTED_WITHIN: Duration = Duration::from_millis(60);

/// Longest a call waits to be counted where it is this process that does not come to asking: of very many calls at once
/// the last take their turn. What is left of a second is enough to answer.
const ASKED_WITHIN: Duration = Duration::from_millis(500);

/// The same for what nobody on a telephone waits for.
const DONE_WITHIN: Duration = Duration::from_secs(1);

/// How long a start waits for the live calls that are there already.
const READ_WITHIN: Duration = Duration::from_secs(3);

/// Longest a stop waits for the last changes to be told.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// How many questions may wait for Redis. What does not find room is counted here.
const ASKS_MAX: usize = 8_192;

/// How many leases that seem to have run out are asked after at once.
const RUN_OUT_AT_ONCE: usize = 64;

/// What a shared ledger is made of.
pub struct SharedOptions<'a> {
    /// Where Redis is.
    pub url: &'a str,
    /// How many calls Vapi takes at once, where that is known.
    pub ai_limit: Option<u32>,
    /// Where it shows how it is.
    pub metrics: Arc<Metrics>,
    /// Finds the settings of calls that began at other edges.
    pub find: FindSettings,
    /// Longest that Redis may take to count: [`COUNTED_WITHIN`].
    pub counted_within: Duration,
}

/// Leases kept in Redis, and a mirror of them.
#[derive(Debug)]
pub struct SharedLedger {
    room: Arc<Room>,
    asks: mpsc::Sender<Ask>,
    /// As long as Redis may take, and as long again as this process may.
    asked_within: Duration,
    _tied: DropGuard,
}

impl SharedLedger {
    /// Reads what is there, if Redis answers soon; where it does not, the ledger counts alone until it does.
    pub(super) async fn open(options: SharedOptions<'_>) -> Result<SharedLedger, redis::RedisError> {
        let client = Client::open(options.url)?;
        let room = Arc::new(Room::new(options.ai_limit, options.metrics, options.find));
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let stopping = CancellationToken::new();
        let tied = stopping.clone().drop_guard();
        let tie = Tie::new(client, Arc::clone(&room), asked, options.counted_within);
        tokio::spawn(async move { stopping.run_until_cancelled(tie.run()).await });
        if timeout(READ_WITHIN, room.settled()).await.is_err() {
            room.degrade(&"it takes long to read the live calls");
        }
        Ok(SharedLedger { room, asks, asked_within: options.counted_within + ASKED_WITHIN, _tied: tied })
    }

    pub(super) fn is_degraded(&self) -> bool {
        !self.room.is_shared()
    }

    /// Waits until what changed here has been told.
    pub(super) async fn finish(&self) {
        let told = async {
            while self.room.is_shared() && !self.room.is_told() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        if timeout(TOLD_WITHIN, told).await.is_err() {
            tracing::warn!("Redis was not told of the last changes in time, other edges will ask after these calls");
        }
    }

    pub(super) async fn begin(&self, begin: Begin<'_>) -> Began {
        let answer = match self.room.leases.repeated(begin.sid, begin.now) {
            Some(answer) => {
                self.room.changed(begin.sid, Changed { heard: true, ..Changed::default() });
                answer
            }
            None if self.needs_count(&begin) => match self.begin_counted(&begin).await {
                Some(answer) => answer,
                None => self.begin_here(&begin),
            },
            None => self.begin_here(&begin),
        };
        let tenant = match answer.first {
            true => Arc::clone(begin.tenant),
            // Settings that cannot be had are a lesser evil than a second answer.
            false => answer.settings.compiled(&self.room.find).await.unwrap_or_else(|| Arc::clone(begin.tenant)),
        };
        Began { tenant, decision: answer.decision, others: answer.others, first: answer.first }
    }

    /// Does it matter how many calls there are?
    fn needs_count(&self, begin: &Begin<'_>) -> bool {
        let Begin { verdicts, ai_refused, .. } = begin;
        let may_take_line = ai_refused.is_none() && (verdicts.below.available || verdicts.at.available);
        verdicts.below != verdicts.at || (may_take_line && self.room.ai_limit().is_some())
    }

    /// By the mirror: Redis is told behind the call.
    fn begin_here(&self, begin: &Begin<'_>) -> Answer<Held> {
        let answer = self.room.leases.begin(asking(begin), begin.verdicts, begin.ai_refused);
        let (began, heard) = (answer.first, true);
        self.room.changed(begin.sid, Changed { began, heard, ..Changed::default() });
        answer
    }

    /// By Redis; none if it does not answer in time.
    async fn begin_counted(&self, begin: &Begin<'_>) -> Option<Answer<Held>> {
        let undecided = Image {
            call: asking(begin),
            decision: begin.verdicts.below,
            others: 0,
            heard: begin.now,
            hanging_up: false,
            with_ai: false,
            ringing: Vec::new(),
            rings_until: Timestamp::UNIX_EPOCH,
            foreign_answer: None,
        };
        let deed = Deed::Begin {
            lease: Box::new(Spelled::of(&undecided, &self.room.edge)),
            below: begin.verdicts.below,
            at: begin.verdicts.at,
            threshold: begin.verdicts.threshold,
            refused: begin.ai_refused.map(Decision::fallback),
            full: Decision::fallback(Reason::AiFull),
            limit: self.room.ai_limit(),
            now: begin.now.as_millisecond(),
        };
        let settings = undecided.call.settings.clone();
        match self.ask(deed, self.asked_within).await? {
            Outcome::Begun { others, decision } => {
                let with_ai = decision.available;
                self.room.leases.follow(Image { decision, others, with_ai, ..undecided }, Changed::default());
                Some(Answer { settings, decision, others, first: true })
            }
            Outcome::Late { others, decision } => Some(Answer { settings, decision, others, first: true }),
            Outcome::Live(lease) => {
                let live = lease.image(&self.room.names);
                let (settings, decision, others) = (live.call.settings.clone(), live.decision, live.others);
                self.room.leases.follow(live, Changed::default());
                let known = self.room.leases.repeated(begin.sid, begin.now);
                Some(known.unwrap_or(Answer { settings, decision, others, first: false }))
            }
            _ => None,
        }
    }

    pub(super) async fn look(&self, sid: &Sid) -> Option<Glance> {
        let (settings, with_ai) = self.room.leases.look(sid)?;
        Some(Glance { tenant: settings.compiled(&self.room.find).await?, with_ai })
    }

    pub(super) fn foreign_answer(&self, sid: &Sid) -> Arc<OnceCell<Bytes>> {
        self.room.leases.foreign_answer(sid)
    }

    pub(super) fn foreign_answer_is_kept(&self, sid: &Sid) {
        self.room.changed(sid, Changed { foreign_answer: true, ..Changed::default() });
    }

    pub(super) fn heard(&self, sid: &Sid, now: Timestamp) {
        if self.room.leases.heard(sid, now) {
            self.room.changed(sid, Changed::GOES_ON);
        }
    }

    pub(super) async fn end(&self, sid: &Sid, by: EndedBy) -> bool {
        match self.find(sid).await {
            Some(_) => self.end_live(sid, by).await,
            None => self.end_unknown(sid),
        }
    }

    pub(super) async fn end_if(&self, sid: &Sid, by: EndedBy, may: impl FnOnce(&CompiledTenant) -> bool) -> Ending {
        let Some((settings, with_ai)) = self.find(sid).await else {
            self.end_unknown(sid);
            return Ending::NotLive;
        };
        // Who cannot be judged is not believed: the call is asked about if nothing more is heard of it.
        let Some(tenant) = settings.compiled(&self.room.find).await.filter(|tenant| may(tenant)) else {
            return Ending::Disbelieved;
        };
        match self.end_live(sid, by).await {
            true => Ending::Over(Glance { tenant, with_ai }),
            false => Ending::NotLive,
        }
    }

    /// A live call; one the mirror does not know may have begun elsewhere just now.
    async fn find(&self, sid: &Sid) -> Option<(Held, bool)> {
        let known = self.room.leases.look(sid);
        if known.is_none()
            && let Some(Outcome::Live(lease)) = self.ask(Deed::Find { sid: sid.clone() }, self.asked_within).await
        {
            self.room.leases.follow(lease.image(&self.room.names), Changed::default());
            return self.room.leases.look(sid);
        }
        known
    }

    /// Of all edges that hear of an end, one is told that the call was live.
    async fn end_live(&self, sid: &Sid, by: EndedBy) -> bool {
        let now = self.room.now();
        let outcome = self.ask(Deed::End { sid: sid.clone(), now }, self.asked_within).await;
        self.room.leases.end_if(sid, |_| true);
        match &outcome {
            Some(_) => self.room.pending.forget(sid),
            None => self.room.pending.over(sid),
        }
        let was_live = outcome.is_none_or(|outcome| outcome == Outcome::Over);
        if was_live {
            self.room.metrics.lease_ended(by);
        }
        was_live
    }

    fn end_unknown(&self, sid: &Sid) -> bool {
        self.room.leases.end_if(sid, |_| true);
        self.room.pending.over(sid);
        false
    }

    pub(super) fn ai_over(&self, sid: &Sid, now: Timestamp) {
        if self.room.leases.ai_over(sid, now) {
            self.room.changed(sid, Changed { line: true, ..Changed::GOES_ON });
        }
    }

    pub(super) async fn ai_again(&self, sid: &Sid, now: Timestamp) -> Result<(), Reason> {
        let leaves_us = self.room.leases.look(sid).is_some_and(|(_, with_ai)| !with_ai);
        if let Some(limit) = self.room.ai_limit().filter(|_| leaves_us) {
            let deed = Deed::Again { sid: sid.clone(), limit: Some(limit), now: now.as_millisecond() };
            match self.ask(deed, self.asked_within).await {
                Some(Outcome::Full) => {
                    self.room.leases.heard(sid, now);
                    return Err(Reason::AiFull);
                }
                Some(_) => {
                    self.room.leases.back_with_ai(sid, now);
                    return Ok(());
                }
                None => {}
            }
        }
        let admitted = self.room.leases.ai_again(sid, now);
        self.room.changed(sid, Changed { line: admitted.is_ok(), ..Changed::GOES_ON });
        admitted
    }

    pub(super) fn ringing(&self, sid: &Sid, numbers: &[E164], now: Timestamp) {
        if self.room.leases.ringing(sid, numbers, now) {
            self.room.changed(sid, Changed { ringing: true, ..Changed::GOES_ON });
        }
    }

    pub(super) fn hanging_up(&self, sid: &Sid, now: Timestamp) {
        if self.room.leases.hanging_up(sid, now) {
            self.room.changed(sid, Changed::GOES_ON);
        }
    }

    pub(super) fn is_ringing(&self, number: E164) -> bool {
        self.room.leases.is_ringing(number)
    }

    pub(super) fn caller_is_being_forwarded(&self, tenant: &TenantId, caller: E164) -> bool {
        self.room.leases.caller_is_being_forwarded(tenant, caller)
    }

    pub(super) fn others(&self, tenant: &TenantId) -> u32 {
        self.room.leases.others(tenant)
    }

    pub(super) fn live(&self) -> Vec<LiveCall> {
        self.room.leases.live()
    }

    pub(super) fn set_ai_limit(&self, limit: Option<u32>) {
        self.room.set_ai_limit(limit);
    }

    /// What Redis knows is in the mirror already; what it does not know it is told.
    pub(super) fn restore(&self, calls: Vec<Restored>, now: Timestamp) {
        for restored in calls {
            let sid = restored.sid.clone();
            let (call, standing) = Standing::of(restored, Held::Compiled);
            if self.room.leases.restore(call, standing, now) {
                self.room.changed(&sid, Changed { began: true, heard: true, ..Changed::default() });
            }
        }
    }

    pub(super) fn show(&self) {
        show(&self.room.metrics, self.room.leases.pools());
    }

    /// Each lease that has run out is told of by one edge.
    pub(super) async fn sweep(&self, now: Timestamp) -> Vec<(Sid, EndedBy)> {
        let mut ran_out: Vec<Sid> = self.room.leases.run_out(now).iter().map(Key::sid).collect();
        if self.room.is_shared() {
            ran_out.extend(self.room.unsettled());
        }
        self.room.names.forget_unheld();
        let mut ended = Vec::new();
        for some in ran_out.chunks(RUN_OUT_AT_ONCE) {
            let now_ms = now.as_millisecond();
            let deeds = some.iter().map(|sid| Deed::RunOut { sid: sid.clone(), now: now_ms }).collect();
            match self.ask_all(deeds, DONE_WITHIN).await {
                Some(outcomes) => {
                    let of_each = some.iter().zip(outcomes);
                    ended.extend(of_each.filter_map(|(sid, outcome)| self.settle(sid, outcome)));
                }
                None => ended.extend(some.iter().filter_map(|sid| self.run_out_here(sid, now))),
            }
        }
        for (_, by) in &ended {
            self.room.metrics.lease_ended(*by);
        }
        ended
    }

    fn settle(&self, sid: &Sid, outcome: Outcome) -> Option<(Sid, EndedBy)> {
        let by = match outcome {
            // It was heard of elsewhere.
            Outcome::Live(lease) => {
                self.room.leases.follow(lease.image(&self.room.names), Changed::default());
                return None;
            }
            Outcome::RanOut(by) => Some(by),
            _ => None,
        };
        self.room.leases.drop_lease(sid);
        by.map(|by| (sid.clone(), by))
    }

    /// While Redis is away: of a call that nothing was heard of here since, another edge may have heard. It is counted
    /// no more, and told of when Redis is back.
    fn run_out_here(&self, sid: &Sid, now: Timestamp) -> Option<(Sid, EndedBy)> {
        if self.room.pending.of(sid).is_none() {
            self.room.settles_later(sid.clone());
            return None;
        }
        let ended = self.room.leases.end_if_out(Key::of(sid), now);
        if ended.is_some() {
            self.room.pending.over(sid);
        }
        ended
    }

    /// A call is listed at one edge only.
    pub(super) async fn to_ask(&self, now: Timestamp, max: usize) -> Vec<LiveCall> {
        let calls = self.room.leases.to_ask(now, max);
        let now = now.as_millisecond();
        let deeds: Vec<Deed> = calls.iter().map(|call| Deed::Ask { sid: call.sid.clone(), now }).collect();
        if deeds.is_empty() {
            return calls;
        }
        match self.ask_all(deeds, DONE_WITHIN).await {
            Some(outcomes) => {
                let of_each = calls.into_iter().zip(outcomes);
                of_each.filter(|(_, outcome)| *outcome != Outcome::Taken).map(|(call, _)| call).collect()
            }
            None => calls,
        }
    }

    async fn ask(&self, deed: Deed, within: Duration) -> Option<Outcome> {
        self.ask_all(vec![deed], within).await?.pop()
    }

    /// Has deeds done; none if Redis is away or does not answer in time. Nobody after that waits for it, until it is back.
    async fn ask_all(&self, deeds: Vec<Deed>, within: Duration) -> Option<Vec<Outcome>> {
        if !self.room.is_shared() {
            return None;
        }
        let (reply, answer) = oneshot::channel();
        let is_patient = within >= DONE_WITHIN;
        self.asks.try_send(Ask { deeds, reply, is_patient }).ok()?;
        match timeout(within, answer).await {
            Ok(answer) => answer.ok(),
            Err(_) => {
                self.room.degrade(&"this process did not come to asking it in time");
                None
            }
        }
    }
}

fn asking(begin: &Begin<'_>) -> Call<Held> {
    Call {
        key: Key::of(begin.sid),
        settings: Held::Compiled(Arc::clone(begin.tenant)),
        has_number: begin.number.is_some(),
        caller: begin.caller,
        account: begin.account.cloned(),
        arrival: begin.arrival,
        began: begin.now,
    }
}
