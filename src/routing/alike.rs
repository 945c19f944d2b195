//! Settings that many tenants have alike are kept once: hours come from templates, greetings from the standard one.
//!
//! Nothing hangs on it but memory, and how likely it is that a call finds what it needs in the processor's caches.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use foldhash::fast::FixedState;

use super::hours::Hours;
use crate::model::Fallback;

/// So many are kept before it is looked which of them nobody has any more.
const LOOKED_THROUGH_FROM: usize = 1_024;

/// What compiled tenants have alike.
#[derive(Debug, Default)]
pub struct Alike {
    pub(super) hours: Shared<Hours>,
    pub(super) fallbacks: Shared<Fallback>,
}

/// Things of one kind, each as long as somebody has it.
#[derive(Debug)]
pub(super) struct Shared<T> {
    known: Mutex<Known<T>>,
}

#[derive(Debug)]
struct Known<T> {
    /// By their hash: of two different things with one hash the later is kept.
    things: HashMap<u64, Weak<T>, FixedState>,
    look_through_at: usize,
}

impl<T: Hash + Eq> Shared<T> {
    /// The one that is like this, be it this.
    pub(super) fn like(&self, this: &Arc<T>) -> Arc<T> {
        let hash = FixedState::default().hash_one(this);
        // Nothing panics halfway.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let like = known.things.get(&hash).and_then(Weak::upgrade).filter(|like| like == this);
        like.unwrap_or_else(|| {
            known.put(hash, this);
            Arc::clone(this)
        })
    }
}

impl<T> Known<T> {
    fn put(&mut self, hash: u64, thing: &Arc<T>) {
        if self.things.len() >= self.look_through_at {
            self.things.retain(|_, thing| thing.strong_count() > 0);
            self.look_through_at = LOOKED_THROUGH_FROM.max(2 * self.things.len());
        }
        self.things.insert(hash, Arc::downgrade(thing));
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Shared<T> {
        Shared { known: Mutex::new(Known { things: HashMap::default(), look_through_at: LOOKED_THROUGH_FROM }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_kept_once_and_no_longer_than_somebody_has_it() {
        let shared = Shared::default();
        let [one, same, other] = ["09:00", "09:00", "10:00"].map(Arc::new);
        assert!(Arc::ptr_eq(&shared.like(&one), &one));
        assert!(Arc::ptr_eq(&shared.like(&same), &one));
        assert!(Arc::ptr_eq(&shared.like(&other), &other));
        drop(one);
        assert!(Arc::ptr_eq(&shared.like(&same), &same));
    }

    #[test]
    fn what_nobody_has_takes_no_room_for_ever() {
        let shared = Shared::default();
        for number in 0..10 * LOOKED_THROUGH_FROM {
            shared.like(&Arc::new(number));
        }
        let known = shared.known.lock().expect("nobody panicked");
        assert!(known.things.len() <= LOOKED_THROUGH_FROM, "{}", known.things.len());
    }
}
