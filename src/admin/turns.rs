//! One at a time: of requests with one name in this process, one is worked on and the others wait.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// Whose turn it is, by name.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, watch::Receiver<()>>>>);

/// A turn; given back when it is dropped.
pub(super) struct Turn {
    turns: Turns,
    name: String,
    /// Never sends: whoever waits hears that it is gone.
    _over: watch::Sender<()>,
}

impl Turns {
    /// Waits for a turn; none if there was none in time.
    pub async fn wait(&self, name: &str, patience: Duration) -> Option<Turn> {
        let deadline = Instant::now() + patience;
        loop {
            let mut other = match self.take(name) {
                Ok(turn) => return Some(turn),
                Err(other) => other,
            };
            while timeout_at(deadline, other.changed()).await.ok()?.is_ok() {}
        }
    }

    fn take(&self, name: &str) -> Result<Turn, watch::Receiver<()>> {
        match self.lock().entry(name.to_owned()) {
            Entry::Occupied(other) => Err(other.get().clone()),
            Entry::Vacant(place) => {
                let (over, waiting) = watch::channel(());
                place.insert(waiting);
                Ok(Turn { turns: self.clone(), name: name.to_owned(), _over: over })
            }
        }
    }

    /// No method panics halfway, so what a poisoned lock guards is whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.lock().remove(&self.name);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn of_many_who_want_one_turn_one_has_it_at_a_time_and_all_get_it() {
        let turns = Turns::default();
        let (busy, done) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (turns, busy, done) = (turns.clone(), Arc::clone(&busy), Arc::clone(&done));
                tokio::spawn(async move {
                    let _turn = turns.wait("one", LONG).await.unwrap();
                    assert_eq!(busy.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    busy.fetch_sub(1, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(done.load(Ordering::SeqCst), 50);
        assert!(turns.lock().is_empty(), "nothing is left of turns that are over");
    }

    #[tokio::test]
    async fn who_waits_too_long_gets_none_and_other_names_do_not_wait() {
        let turns = Turns::default();
        let first = turns.wait("one", LONG).await.unwrap();
        assert!(turns.wait("one", Duration::ZERO).await.is_none());
        assert!(turns.wait("other", Duration::ZERO).await.is_some());
        drop(first);
        assert!(turns.wait("one", Duration::ZERO).await.is_some());
    }
}
