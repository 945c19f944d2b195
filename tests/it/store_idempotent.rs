//! What every engine promises of requests that must not have their effect twice.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use patchbay::model::Secret;
use patchbay::store::{ANSWERS_KEPT, Claimed, Store, Wish};

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    of_many_claims_of_one_key_one_is_the_first,
    an_answer_comes_back_for_a_day_and_then_the_key_is_new,
    a_key_that_comes_with_something_else_is_reused,
    a_claim_given_back_is_free_and_an_answered_one_is_not_given_back,
    only_whoever_holds_the_claim_answers_it,
    expired_answers_go_a_few_at_a_time,
);

fn wish<'a>(key: &'a str, claim: &'a str, now: Timestamp) -> Wish<'a> {
    Wish { key, asked: [1; 32], claim, now }
}

fn answered(text: &str) -> Claimed {
    Claimed::Answered { answer: Some(Secret::new(text)) }
}

async fn of_many_claims_of_one_key_one_is_the_first(store: Store) {
    let store = Arc::new(store);
    for round in 0..20 {
        let claims: Vec<_> = (0..16)
            .map(|n| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let (key, claim) = (format!("key-{round}"), format!("claim-{n}"));
                    store.claim(&wish(&key, &claim, at(0))).await.unwrap()
                })
            })
            .collect();
        let mut firsts = 0;
        for claim in claims {
            match claim.await.unwrap() {
                Claimed::First => firsts += 1,
                other => assert_eq!(other, Claimed::Unanswered { since: at(0) }),
            }
        }
        assert_eq!(firsts, 1);
    }
}

async fn an_answer_comes_back_for_a_day_and_then_the_key_is_new(store: Store) {
    assert_eq!(store.claim(&wish("key", "a", at(0))).await.unwrap(), Claimed::First);
    assert!(store.keep_answer("key", "a", &Secret::new("done")).await.unwrap());
    let last = at(0) + ANSWERS_KEPT - SignedDuration::from_nanos(1);
    assert_eq!(store.claim(&wish("key", "b", last)).await.unwrap(), answered("done"));
    assert_eq!(store.claim(&wish("key", "b", at(0) + ANSWERS_KEPT)).await.unwrap(), Claimed::First);
    assert_eq!(
        store.claim(&wish("key", "c", at(0) + ANSWERS_KEPT)).await.unwrap(),
        Claimed::Unanswered { since: at(0) + ANSWERS_KEPT },
        "nothing of the old answer is left"
    );
}

async fn a_key_that_comes_with_something_else_is_reused(store: Store) {
    let other = Wish { asked: [2; 32], ..wish("key", "b", at(1)) };
    assert_eq!(store.claim(&wish("key", "a", at(0))).await.unwrap(), Claimed::First);
    assert_eq!(store.claim(&other).await.unwrap(), Claimed::Reused);
    store.keep_answer("key", "a", &Secret::new("done")).await.unwrap();
    assert_eq!(store.claim(&other).await.unwrap(), Claimed::Reused);
    assert_eq!(store.claim(&wish("other key", "b", at(1))).await.unwrap(), Claimed::First);
}

async fn a_claim_given_back_is_free_and_an_answered_one_is_not_given_back(store: Store) {
    assert_eq!(store.claim(&wish("key", "a", at(0))).await.unwrap(), Claimed::First);
    store.release_claim("key", "a").await.unwrap();
    assert_eq!(store.claim(&wish("key", "b", at(0))).await.unwrap(), Claimed::First);
    store.keep_answer("key", "b", &Secret::new("done")).await.unwrap();
    store.release_claim("key", "b").await.unwrap();
    assert_eq!(store.claim(&wish("key", "c", at(0))).await.unwrap(), answered("done"));
}

async fn only_whoever_holds_the_claim_answers_it(store: Store) {
    store.claim(&wish("key", "a", at(0))).await.unwrap();
    store.release_claim("key", "b").await.unwrap();
    assert!(!store.keep_answer("key", "b", &Secret::new("not mine")).await.unwrap());
    assert_eq!(store.claim(&wish("key", "c", at(1))).await.unwrap(), Claimed::Unanswered { since: at(0) });
    assert!(store.keep_answer("key", "a", &Secret::new("done")).await.unwrap());
    assert_eq!(store.claim(&wish("key", "c", at(1))).await.unwrap(), answered("done"));
}

async fn expired_answers_go_a_few_at_a_time(store: Store) {
    for n in 0..50 {
        store.claim(&wish(&format!("old-{n}"), "a", at(n))).await.unwrap();
    }
    // Each claim of another key adds one and clears away several.
    for n in 0..5 {
        store.claim(&wish(&format!("new-{n}"), "a", at(100) + ANSWERS_KEPT)).await.unwrap();
    }
    // Looked at with the clock of before, when none would have expired.
    for n in 0..50 {
        let found = store.claim(&wish(&format!("old-{n}"), "b", at(60))).await.unwrap();
        assert_eq!(found, Claimed::First, "old-{n}");
    }
}
