//! The task that speaks with Redis: connects, merges, does deeds, follows changes; and begins anew when that breaks.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Client;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::super::lease::Changed;
use super::deed::{Deed, Outcome, Spelled};
use super::pending::News;
use super::room::{Room, random_name};
use super::wire::{Change, Changes, Identity, Trouble, Wire};
use crate::model::Sid;

/// How often Redis is asked whether it is there and remembers, where nobody asks for more.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How long after a failure it is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// How many changes are told at once, and how many questions asked: what Redis does in a millisecond or two.
const AT_ONCE: usize = 64;

/// In how many pieces the time is waited for that Redis has to answer.
const PIECES: u32 = 3;

/// Deeds somebody waits for. Whoever gets no answer goes on without.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) deeds: Vec<Deed>,
    pub(super) reply: oneshot::Sender<Vec<Outcome>>,
    /// Nobody on a telephone waits: what becomes of it is to be known, however late.
    pub(super) is_patient: bool,
}

pub(super) struct Tie {
    client: Client,
    room: Arc<Room>,
    asks: mpsc::Receiver<Ask>,
    /// The Redis whose state the mirror last had.
    known: Option<Identity>,
    counted_within: Duration,
}

impl Tie {
    pub(super) fn new(client: Client, room: Arc<Room>, asks: mpsc::Receiver<Ask>, counted_within: Duration) -> Tie {
        Tie { client, room, asks, known: None, counted_within }
    }

    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        loop {
            let trouble = match self.session().await {
                Ok(never) => match never {},
                Err(trouble) => trouble,
            };
            self.room.degrade(&trouble);
            // Whoever asked meanwhile need not wait for the deadline.
            refuse(Some(&mut self.asks));
            sleep(RETRY_AFTER).await;
        }
    }

    /// Until something breaks.
    async fn session(&mut self) -> Result<std::convert::Infallible, Trouble> {
        let mut wire = Wire::connect(&self.client, &random_name(), self.counted_within).await?;
        let last = wire.last_change().await?;
        let changes = Changes::connect(&self.client, last).await?;
        self.merge(&mut wire).await?;
        self.known = Some(wire.identity());
        self.room.share();
        let (room, asks, within) = (&*self.room, &mut self.asks, self.counted_within);
        tokio::select! {
            broken = do_deeds(room, &mut wire, asks, within) => broken,
            broken = follow(room, changes) => broken,
        }
    }

    /// Takes over what the shared ledger knows, and tells it what it does not know. Doing so again changes nothing.
    async fn merge(&self, wire: &mut Wire) -> Result<(), Trouble> {
        let room = &*self.room;
        let identity = wire.identity();
        let has_forgotten = !identity.is_certain() || self.known.as_ref() != Some(&identity);
        let there = wire.everything().await?;
        for sid in &there.ended {
            room.is_over(sid);
        }
        let live_there: HashSet<Sid> = there.leases.iter().map(|lease| lease.sid.clone()).collect();
        for lease in there.leases {
            room.stands(lease);
        }
        let only_here = room.leases.sids().into_iter().filter(|sid| !live_there.contains(sid));
        for sid in only_here {
            // One that nothing was heard of here, and that a Redis does not know which has kept everything, ended elsewhere.
            if has_forgotten || room.pending.of(&sid).is_some() {
                room.changed(&sid, Changed { began: true, heard: true, ..Changed::default() });
            } else {
                room.leases.drop_lease(&sid);
            }
        }
        while !room.is_told() {
            batch(room, wire, self.counted_within, None, None).await?;
        }
        Ok(())
    }
}

/// Does what is asked and tells what has changed, all that waits at once.
async fn do_deeds(
    room: &Room,
    wire: &mut Wire,
    asks: &mut mpsc::Receiver<Ask>,
    within: Duration,
) -> Result<std::convert::Infallible, Trouble> {
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let first = tokio::select! {
            Some(ask) = asks.recv() => Some(ask),
            () = room.pending.news.notified() => None,
            _ = look.tick() => None,
        };
        let begun = Instant::now();
        batch(room, wire, within, Some(&mut *asks), first).await?;
        // It was late once; now it is not, and knows everything.
        if !room.is_shared() && begun.elapsed() < within && room.is_told() {
            room.share();
        }
    }
}

/// Tells what waits, then does what is asked: whoever asks is counted after what happened here before.
async fn batch(
    room: &Room,
    wire: &mut Wire,
    within: Duration,
    mut asks: Option<&mut mpsc::Receiver<Ask>>,
    first: Option<Ask>,
) -> Result<(), Trouble> {
    let mut asked: Vec<Ask> = first.into_iter().collect();
    loop {
        let mut untold = Untold { room, news: room.pending.take(AT_ONCE) };
        let is_all = untold.news.len() < AT_ONCE;
        while is_all
            && asked.len() < AT_ONCE
            && let Some(ask) = asks.as_mut().and_then(|asks| asks.try_recv().ok())
        {
            asked.push(ask);
        }
        let now = room.now();
        let told: Vec<(Sid, Deed)> = untold.news.iter().filter_map(|(sid, news)| deed(room, sid, *news, now)).collect();
        let wanted = asked.iter().filter(|_| is_all).flat_map(|ask| &ask.deeds);
        let deeds: Vec<Deed> = told.iter().map(|(_, deed)| deed).chain(wanted).cloned().collect();
        let running = wire.run(&deeds);
        tokio::pin!(running);
        let mut outcomes = match in_time(&mut running, within).await {
            Some(outcomes) => outcomes?,
            None => {
                room.degrade(&Trouble::Late);
                for ask in &mut asked {
                    if !ask.is_patient {
                        // Nobody listens at the other end of this one.
                        ask.reply = oneshot::channel().0;
                    }
                }
                refuse(asks.as_deref_mut());
                running.await?
            }
        }
        .into_iter();
        untold.news.clear();
        for (sid, _) in told {
            match outcomes.next() {
                Some(Outcome::Ended) => room.is_over(&sid),
                Some(Outcome::Live(lease)) => room.was_answered_elsewhere(*lease),
                _ => {}
            }
        }
        if !is_all {
            continue;
        }
        for ask in asked {
            let of_it = outcomes.by_ref().take(ask.deeds.len()).collect();
            // Whoever asked may have gone on.
            let _ = ask.reply.send(of_it);
        }
        return Ok(());
    }
}

/// What Redis answers, if it does so in time. The time is waited for in pieces: a process that stood still itself loses
/// one of them, and does not take that for Redis' silence.
async fn in_time<T>(running: &mut (impl Future<Output = T> + Unpin), within: Duration) -> Option<T> {
    for _ in 0..PIECES {
        if let Ok(done) = timeout(within / PIECES, &mut *running).await {
            return Some(done);
        }
        yield_now().await;
    }
    None
}

/// Whoever waits need wait no longer.
fn refuse(asks: Option<&mut mpsc::Receiver<Ask>>) {
    if let Some(asks) = asks {
        while asks.try_recv().is_ok() {}
    }
}

/// How a change is told; none if the call has gone meanwhile.
fn deed(room: &Room, sid: &Sid, news: News, now: i64) -> Option<(Sid, Deed)> {
    let deed = match news {
        News::Over => Deed::End { sid: sid.clone(), now },
        News::Changed(changed) => {
            let lease = Box::new(Spelled::of(&room.leases.image(sid)?, &room.edge));
            Deed::Put { lease, changed: changed.into(), now }
        }
    };
    Some((sid.clone(), deed))
}

/// What is being told. Whatever breaks meanwhile, it is told again.
struct Untold<'a> {
    room: &'a Room,
    news: Vec<(Sid, News)>,
}

impl Drop for Untold<'_> {
    fn drop(&mut self) {
        self.room.pending.put_back(self.news.drain(..));
    }
}

/// Takes over what other edges change; what this one changed comes back to it, and changes nothing.
async fn follow(room: &Room, mut changes: Changes) -> Result<std::convert::Infallible, Trouble> {
    loop {
        for change in changes.next().await? {
            match change {
                Change::Stands(lease) => room.stands(*lease),
                Change::Over(sid) => room.is_over(&sid),
                Change::Out(sid) => room.is_out(&sid),
            }
        }
    }
}
