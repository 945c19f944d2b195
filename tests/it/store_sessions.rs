//! What every engine promises of sessions and of the links that open them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{Access, Role, TokenId};
use patchbay::store::{SESSIONS_MAX, Session, SessionKind, Store, Token};

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    a_session_comes_back_until_it_is_over_or_ended,
    a_link_is_taken_once_by_whoever_comes_first,
    a_link_that_is_over_is_not_taken,
    of_a_token_and_a_kind_the_newest_are_kept,
    sessions_and_links_go_with_their_token,
    what_is_over_goes_a_few_at_a_time,
);

pub fn door(n: u8, kind: SessionKind, token: u8, created_at: Timestamp) -> Session {
    let mut sha256 = [n; 32];
    sha256[0] = token;
    let expires_at = created_at + SignedDuration::from_hours(1);
    Session { sha256, kind, token_sha256: [token; 32], created_at, expires_at }
}

async fn a_session_comes_back_until_it_is_over_or_ended(store: Store) {
    let (one, other) = (door(1, SessionKind::Session, 1, at(0)), door(2, SessionKind::Session, 1, at(1)));
    for session in [&one, &other] {
        store.keep_session(session).await.unwrap();
        assert_eq!(store.session(&session.sha256, at(2)).await.unwrap().as_ref(), Some(session));
    }
    let last = one.expires_at - SignedDuration::from_nanos(1);
    assert_eq!(store.session(&one.sha256, last).await.unwrap().as_ref(), Some(&one));
    assert_eq!(store.session(&one.sha256, one.expires_at).await.unwrap(), None);
    assert_eq!(store.session(&[9; 32], at(2)).await.unwrap(), None);
    assert_eq!(store.take_link(&one.sha256, at(2)).await.unwrap(), None, "a session is no link");
    store.end_session(&one.sha256).await.unwrap();
    store.end_session(&one.sha256).await.unwrap();
    assert_eq!(store.session(&one.sha256, at(2)).await.unwrap(), None);
    assert_eq!(store.session(&other.sha256, at(2)).await.unwrap(), Some(other));
}

async fn a_link_is_taken_once_by_whoever_comes_first(store: Store) {
    let store = Arc::new(store);
    for n in 0..20 {
        let link = door(n, SessionKind::Link, 1, at(0));
        store.keep_session(&link).await.unwrap();
        assert_eq!(store.session(&link.sha256, at(1)).await.unwrap(), None, "a link is no session");
        store.end_session(&link.sha256).await.unwrap();
        let taking: Vec<_> = (0..8)
            .map(|_| {
                let (store, sha256) = (Arc::clone(&store), link.sha256);
                tokio::spawn(async move { store.take_link(&sha256, at(1)).await.unwrap() })
            })
            .collect();
        let mut got = Vec::new();
        for one in taking {
            got.extend(one.await.unwrap());
        }
        assert_eq!(got, [[1; 32]]);
    }
}

async fn a_link_that_is_over_is_not_taken(store: Store) {
    let link = door(1, SessionKind::Link, 1, at(0));
    store.keep_session(&link).await.unwrap();
    assert_eq!(store.take_link(&link.sha256, link.expires_at).await.unwrap(), None);
    let last = link.expires_at - SignedDuration::from_nanos(1);
    assert_eq!(store.take_link(&link.sha256, last).await.unwrap(), Some([1; 32]));
}

async fn of_a_token_and_a_kind_the_newest_are_kept(store: Store) {
    let most = u8::try_from(SESSIONS_MAX).unwrap();
    let (link, foreign) = (door(200, SessionKind::Link, 1, at(0)), door(1, SessionKind::Session, 2, at(0)));
    store.keep_session(&link).await.unwrap();
    store.keep_session(&foreign).await.unwrap();
    // All equally old but the last: then whichever came first goes.
    let sessions: Vec<Session> = (0..most + 2).map(|n| door(n, SessionKind::Session, 1, at(0))).collect();
    for session in &sessions {
        store.keep_session(session).await.unwrap();
    }
    for (n, session) in sessions.iter().enumerate() {
        let kept = store.session(&session.sha256, at(1)).await.unwrap().is_some();
        assert_eq!(kept, n >= 2, "{n}");
    }
    assert!(store.session(&foreign.sha256, at(1)).await.unwrap().is_some());
    assert!(store.take_link(&link.sha256, at(1)).await.unwrap().is_some());
}

async fn sessions_and_links_go_with_their_token(store: Store) {
    let token = Token {
        id: TokenId::new(seed(1)),
        name: "front desk".to_owned(),
        role: Role::Operator,
        access: Access::Write,
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_token(&token, &[1; 32], &operator()).await.unwrap();
    let doors = [door(1, SessionKind::Session, 1, at(0)), door(2, SessionKind::Link, 1, at(0))];
    let foreign = door(1, SessionKind::Session, 2, at(0));
    for door in doors.iter().chain([&foreign]) {
        store.keep_session(door).await.unwrap();
    }
    store.revoke_token(&token.id, at(1), &operator()).await.unwrap();
    assert_eq!(store.session(&doors[0].sha256, at(1)).await.unwrap(), None);
    assert_eq!(store.take_link(&doors[1].sha256, at(1)).await.unwrap(), None);
    assert_eq!(store.session(&foreign.sha256, at(1)).await.unwrap(), Some(foreign));
}

async fn what_is_over_goes_a_few_at_a_time(store: Store) {
    let old: Vec<Session> = (0..30).map(|n| door(n, SessionKind::Session, n, at(0))).collect();
    for session in &old {
        store.keep_session(session).await.unwrap();
    }
    let left = |store: Store| {
        let old = old.clone();
        async move {
            let mut left = 0;
            for session in &old {
                // Looked for at a time when they were good still.
                left += usize::from(store.session(&session.sha256, at(1)).await.unwrap().is_some());
            }
            left
        }
    };
    assert_eq!(left(store.clone()).await, 30);
    store.keep_session(&door(100, SessionKind::Session, 100, at(3600))).await.unwrap();
    assert_eq!(left(store.clone()).await, 10);
    store.keep_session(&door(101, SessionKind::Link, 101, at(3600))).await.unwrap();
    assert_eq!(left(store.clone()).await, 0);
}
