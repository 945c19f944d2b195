//! What has changed here and the shared ledger was not told of yet: by call, so that it never grows beyond the calls.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::super::lease::Changed;
use crate::model::Sid;

/// Most calls that wait to be told of. Live calls are far fewer; ends of calls nobody knows may be many while Redis is
/// away, and those beyond this are found by asking after the call.
const WAITING_MAX: usize = 200_000;

/// What is to be told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It stands differently: as the mirror shows when it is told.
    Changed(Changed),
    /// It is over.
    Over,
}

/// Calls to tell of, the longest waiting first.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: Mutex<Waiting>,
    /// Wakes whoever tells.
    pub(super) news: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    order: VecDeque<Sid>,
    news: HashMap<Sid, News>,
    /// How many are being told of just now.
    under_way: usize,
}

impl Pending {
    /// Something of a live call has changed.
    pub(super) fn changed(&self, sid: &Sid, what: Changed) {
        self.add(sid, News::Changed(what));
        self.news.notify_one();
    }

    /// A call is over.
    pub(super) fn over(&self, sid: &Sid) {
        self.add(sid, News::Over);
        self.news.notify_one();
    }

    /// All that was taken has been told, but for this, which waits again, behind what is newer. What happened meanwhile stays.
    pub(super) fn put_back(&self, untold: impl IntoIterator<Item = (Sid, News)>) {
        let mut waiting = self.lock();
        waiting.under_way = 0;
        for (sid, older) in untold {
            let news = waiting.news.get(&sid).map_or(older, |newer| older.then(*newer));
            waiting.add(&sid, news);
        }
    }

    /// What waits of this call.
    pub(super) fn of(&self, sid: &Sid) -> Option<News> {
        self.lock().news.get(sid).copied()
    }

    /// Nothing need be told of this call.
    pub(super) fn forget(&self, sid: &Sid) {
        self.lock().news.remove(sid);
    }

    /// Takes up to `max` to tell of.
    pub(super) fn take(&self, max: usize) -> Vec<(Sid, News)> {
        let mut waiting = self.lock();
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(sid) = waiting.order.pop_front()
        {
            if let Some(news) = waiting.news.remove(&sid) {
                taken.push((sid, news));
            }
        }
        waiting.under_way = taken.len();
        taken
    }

    /// True if everything has been told.
    pub(super) fn is_empty(&self) -> bool {
        let waiting = self.lock();
        waiting.news.is_empty() && waiting.under_way == 0
    }

    fn add(&self, sid: &Sid, news: News) {
        let mut waiting = self.lock();
        let news = waiting.news.get(sid).map_or(news, |older| older.then(news));
        waiting.add(sid, news);
    }

    /// Nothing here panics halfway: what a poisoned lock guards is whole.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, sid: &Sid, news: News) {
        if self.news.len() >= WAITING_MAX && news == News::Over && !self.news.contains_key(sid) {
            return;
        }
        if self.news.insert(sid.clone(), news).is_none() {
            // A place of one that was forgotten may be left in the order: it is passed over when its turn comes.
            self.order.push_back(sid.clone());
        }
    }
}

impl News {
    /// Both, one after the other. A call that changes after its end has begun anew.
    fn then(self, newer: News) -> News {
        match (self, newer) {
            (_, News::Over) => News::Over,
            (News::Over, News::Changed(newer)) => News::Changed(Changed { began: true, ..newer }),
            (News::Changed(older), News::Changed(newer)) => News::Changed(Changed {
                began: older.began || newer.began,
                line: older.line || newer.line,
                ringing: older.ringing || newer.ringing,
                foreign_answer: older.foreign_answer || newer.foreign_answer,
                heard: older.heard || newer.heard,
                hanging_up: older.hanging_up || newer.hanging_up,
            }),
        }
    }
}
