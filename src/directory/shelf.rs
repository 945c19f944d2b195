//! One kind of thing the directory keeps: a bounded cache in which an entry may grow stale but never old.
//!
//! A load is shared by all who wait for it and belongs to none of them: it runs in a task of its own, so that a caller
//! who gives up does not take it along. What is loaded, from where and in what words, is the directory's business.

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use foldhash::fast::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::sync::{Cache, DefaultLifecycle, EntryAction};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::Found;
use crate::store::StoreError;
use crate::telemetry::Lookup;

/// Things known not to exist, at most. Whoever dials at random fills this and nothing else.
const UNKNOWN_MAX: usize = 20_000;
/// Loads under way at once, at most: a flood of keys nobody knows must not queue up in front of the store.
const LOADS_MAX: usize = 256;
/// How long after a failed load a stale entry is given out without another try.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A bounded cache with one load per key. Cheap to clone; all clones are one.
pub(super) struct Shelf<K, V> {
    inner: Arc<Inner<K, V>>,
}

type Bounded<K, V> = Cache<K, V, UnitWeighter, RandomState, DefaultLifecycle<K, V>>;

struct Inner<K, V> {
    known: Bounded<K, Kept<V>>,
    unknown: Bounded<K, ()>,
    loads: DashMap<K, Arc<Load<V>>, RandomState>,
    permits: Arc<Semaphore>,
    /// Where loads run: the runtime that holds the store's connections.
    runtime: Handle,
    retry_after: Duration,
    /// What its moments count from.
    began: Instant,
}

/// Something known.
struct Kept<V> {
    value: Arc<V>,
    standing: Standing,
}

/// Whether it may have changed since it was read.
#[derive(Clone, Copy)]
enum Standing {
    Fresh,
    Stale,
    /// It may, and the last attempt to read it again failed then.
    Failed(Moment),
}

/// Milliseconds since the shelf began, as far as they find room: there may be a million of these, and only the last
/// second matters.
#[derive(Clone, Copy)]
struct Moment(u32);

/// Until when somebody waits: counted from the first thing that must be waited for, so that whoever finds everything at
/// once looks at no clock.
pub(super) struct Patience {
    within: Duration,
    until: OnceLock<Instant>,
}

impl Patience {
    pub(super) fn of(within: Duration) -> Patience {
        Patience { within, until: OnceLock::new() }
    }

    fn until(&self) -> Instant {
        *self.until.get_or_init(|| Instant::now() + self.within)
    }
}

/// A load under way.
struct Load<V> {
    /// True once somebody said that the thing has changed: what this load brings may be from before.
    ///
    /// Held while its result is put into the cache, so that the change is told either before (and nothing is put) or
    /// after (and finds what was put).
    outdated: Mutex<bool>,
    outcome: watch::Receiver<Option<Outcome<V>>>,
}

/// How a load came out.
enum Outcome<V> {
    Known(Arc<V>),
    Unknown,
    Failed,
}

/// What the task of a load holds; when it goes, even by a panic, the load is no longer under way.
struct Landing<K: Hash + Eq, V> {
    inner: Arc<Inner<K, V>>,
    key: K,
    load: Arc<Load<V>>,
    outcome: watch::Sender<Option<Outcome<V>>>,
    _permit: OwnedSemaphorePermit,
}

impl<K, V> Shelf<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// An empty shelf for `capacity` known things, whose loads run on `runtime`.
    pub(super) fn new(capacity: usize, runtime: Handle, retry_after: Duration) -> Shelf<K, V> {
        let inner = Inner {
            known: bounded(capacity),
            unknown: bounded(UNKNOWN_MAX),
            loads: DashMap::with_hasher(RandomState::default()),
            permits: Arc::new(Semaphore::new(LOADS_MAX)),
            runtime,
            retry_after,
            began: Instant::now(),
        };
        Shelf { inner: Arc::new(inner) }
    }

    /// What is known of this key; loads it where nothing fresh is, but waits no longer than `patience` allows.
    pub(super) async fn get<F>(&self, key: &K, patience: &Patience, load: impl FnOnce() -> F) -> (Found<Arc<V>>, Lookup)
    where
        F: Future<Output = Result<Option<V>, StoreError>> + Send + 'static,
    {
        if let Some(answer) = self.at_once(key) {
            return answer;
        }
        let Some(mut outcome) = self.inner.join(key, load) else { return self.in_trouble(key) };
        let landed = timeout_at(patience.until(), outcome.wait_for(Option::is_some)).await;
        match landed.as_ref().map(|outcome| outcome.as_deref()) {
            Ok(Ok(Some(Outcome::Known(value)))) => (Found::Known(Arc::clone(value)), Lookup::Miss),
            Ok(Ok(Some(Outcome::Unknown))) => (Found::Unknown, Lookup::Miss),
            _ => self.in_trouble(key),
        }
    }

    /// What is known, fresh or stale, without asking anybody.
    pub(super) fn peek(&self, key: &K) -> Option<Arc<V>> {
        self.inner.known.get(key).map(|kept| kept.value)
    }

    /// Is anything known?
    pub(super) fn holds_any(&self) -> bool {
        !self.inner.known.is_empty()
    }

    /// Something that was known once: it stands in where nothing newer is known, and while that cannot be had.
    pub(super) fn stand_in(&self, key: K, value: V) {
        if self.inner.known.peek(&key).is_none() {
            self.inner.known.insert(key, Kept { value: Arc::new(value), standing: Standing::Stale });
        }
    }

    /// The thing has changed: the next to ask loads it, and what is known stands in while that fails.
    pub(super) fn forget(&self, key: &K) {
        if let Some(load) = self.inner.loads.get(key) {
            *load.outdated() = true;
        }
        self.inner.mark(key, Standing::Stale);
        self.inner.unknown.remove(key);
    }

    /// The same for every known thing that `changed` names, and for all that were unknown.
    pub(super) fn forget_if(&self, changed: impl Fn(&V) -> bool) {
        for load in &self.inner.loads {
            *load.outdated() = true;
        }
        for (key, kept) in self.inner.known.iter() {
            if changed(&kept.value) {
                self.inner.mark(&key, Standing::Stale);
            }
        }
        self.inner.unknown.clear();
    }

    fn at_once(&self, key: &K) -> Option<(Found<Arc<V>>, Lookup)> {
        if let Some(kept) = self.inner.known.get(key) {
            return self.inner.at_once(kept);
        }
        self.inner.unknown.get(key).map(|()| (Found::Unknown, Lookup::Negative))
    }

    /// The load failed or takes too long: what was known before, else nobody can tell.
    fn in_trouble(&self, key: &K) -> (Found<Arc<V>>, Lookup) {
        match self.inner.known.get(key) {
            Some(kept) => {
                self.inner.mark(key, Standing::Failed(self.inner.moment()));
                (Found::Known(kept.value), Lookup::Stale)
            }
            None => (Found::Trouble, Lookup::Error),
        }
    }
}

impl<K, V> Inner<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// Joins the load of this key, or begins it. None if too many are under way.
    fn join<F>(self: &Arc<Self>, key: &K, load: impl FnOnce() -> F) -> Option<watch::Receiver<Option<Outcome<V>>>>
    where
        F: Future<Output = Result<Option<V>, StoreError>> + Send + 'static,
    {
        let (outcome, landed) = watch::channel(None);
        let landing = {
            // The place in the map is held only here: neither the task nor its end may meet the lock.
            let place = self.loads.entry(key.clone());
            if let Entry::Occupied(under_way) = &place
                && !*under_way.get().outdated()
            {
                return Some(under_way.get().outcome.clone());
            }
            // It may have landed since the caller looked: what it brought is put before its place here is given up.
            if let (Entry::Vacant(_), Some(found)) = (&place, self.fresh(key)) {
                return Some(watch::channel(Some(found)).1);
            }
            let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
            let load = Arc::new(Load { outdated: Mutex::new(false), outcome: landed.clone() });
            place.insert(Arc::clone(&load));
            Landing { inner: Arc::clone(self), key: key.clone(), load, outcome, _permit: permit }
        };
        let loaded = load();
        self.runtime.spawn(async move {
            let loaded = loaded.await;
            landing.land(loaded);
        });
        Some(landed)
    }

    fn at_once(&self, kept: Kept<V>) -> Option<(Found<Arc<V>>, Lookup)> {
        match kept.standing {
            Standing::Fresh => Some((Found::Known(kept.value), Lookup::Hit)),
            Standing::Stale => None,
            Standing::Failed(Moment(failed)) => {
                let since = Duration::from_millis(self.moment().0.wrapping_sub(failed).into());
                (since < self.retry_after).then_some((Found::Known(kept.value), Lookup::Stale))
            }
        }
    }

    fn moment(&self) -> Moment {
        Moment(self.began.elapsed().as_millis() as u32)
    }

    fn fresh(&self, key: &K) -> Option<Outcome<V>> {
        match self.known.get(key) {
            Some(kept) => matches!(kept.standing, Standing::Fresh).then(|| Outcome::Known(kept.value)),
            None => self.unknown.get(key).map(|()| Outcome::Unknown),
        }
    }

    /// Changes how something known stands, if it is known.
    fn mark(&self, key: &K, standing: Standing) {
        let marked = self.known.entry(key, None, |_, kept| {
            // What was read again meanwhile is not spoiled by an attempt that failed.
            if !matches!((standing, kept.standing), (Standing::Failed(_), Standing::Fresh)) {
                kept.standing = standing;
            }
            EntryAction::Retain(())
        });
        drop(marked);
    }

    /// Puts what a load brought where the next to ask finds it.
    fn put(&self, key: &K, outcome: &Outcome<V>) {
        match outcome {
            Outcome::Known(value) => {
                self.unknown.remove(key);
                self.known.insert(key.clone(), Kept { value: Arc::clone(value), standing: Standing::Fresh });
            }
            Outcome::Unknown => {
                self.known.remove(key);
                self.unknown.insert(key.clone(), ());
            }
            Outcome::Failed => {}
        }
    }
}

impl<K, V> Landing<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn land(self, loaded: Result<Option<V>, StoreError>) {
        let outcome = match loaded {
            Ok(Some(value)) => Outcome::Known(Arc::new(value)),
            Ok(None) => Outcome::Unknown,
            Err(error) => {
                tracing::warn!(%error, "a lookup failed");
                Outcome::Failed
            }
        };
        let outdated = self.load.outdated();
        if !*outdated {
            self.inner.put(&self.key, &outcome);
        }
        drop(outdated);
        let _ = self.outcome.send(Some(outcome));
    }
}

impl<K: Hash + Eq, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        self.inner.loads.remove_if(&self.key, |_, load| Arc::ptr_eq(load, &self.load));
    }
}

fn bounded<K: Eq + Hash, V: Clone>(capacity: usize) -> Bounded<K, V> {
    Cache::with(capacity, capacity as u64, UnitWeighter, RandomState::default(), DefaultLifecycle::default())
}

// Not derived: it would ask the value to be cloneable too.
impl<V> Clone for Kept<V> {
    fn clone(&self) -> Self {
        Kept { value: Arc::clone(&self.value), standing: self.standing }
    }
}

impl<V> Load<V> {
    fn outdated(&self) -> MutexGuard<'_, bool> {
        lock(&self.outdated)
    }
}

/// Nothing behind these locks can be left half done by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K, V> Clone for Shelf<K, V> {
    fn clone(&self) -> Self {
        Shelf { inner: Arc::clone(&self.inner) }
    }
}

impl<K, V> fmt::Debug for Shelf<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf(…)")
    }
}

#[cfg(test)]
mod tests;
