//! The lists at Twilio: found, made one after the other, and each mapped to its domain before anybody is put into it.

use super::super::super::desk::Desk;
use super::super::super::lists::Held;
use super::super::super::trouble::Trouble;
use super::{domain, name};
use crate::model::{Sid, SipPlace, TwilioAccount};
use crate::providers::{Outlook, SipList, SipListKind};

/// How often room is looked for where others take what was made: more at once than there are jobs at once it is not.
const TURNS_MAX: usize = 8;

/// Takes room for so many entries in a list. Whoever comes next counts them, whatever becomes of these.
pub(super) async fn room(
    desk: &Desk,
    account: &TwilioAccount,
    kind: SipListKind,
    entries: u32,
) -> Result<SipPlace, Trouble> {
    let (lists, limits) = (&desk.shelf.lists, desk.policy.sip_lists);
    for _ in 0..TURNS_MAX {
        if let Some(list) = lists.take(kind, entries, limits) {
            return Ok(SipPlace { account: account.sid.clone(), list });
        }
        let domain = domain(desk, account, kind).await?;
        let _turn = lists.making.lock().await;
        if !lists.has_room(kind, entries, limits) {
            make(desk, account, kind, &domain, || lists.has_room(kind, entries, limits)).await?;
        }
    }
    Err(Trouble::NotYet("others have taken the room in each list that was made".to_owned()))
}

/// Makes the next list while there is room for some, so that nobody has to wait for it. What fails here fails nobody: it
/// is tried by whoever comes next, and in the end by whoever finds no room.
pub(super) async fn make_in_time(desk: &Desk, account: &TwilioAccount, kind: SipListKind) {
    let (lists, limits) = (&desk.shelf.lists, desk.policy.sip_lists);
    let are_enough = || !lists.are_short(kind, limits);
    if are_enough() {
        return;
    }
    let made = async {
        let domain = domain(desk, account, kind).await?;
        // Somebody makes it already.
        let Ok(_turn) = lists.making.try_lock() else { return Ok(()) };
        if are_enough() { Ok(()) } else { make(desk, account, kind, &domain, are_enough).await }
    };
    if let Err(trouble) = made.await {
        tracing::warn!(reason = trouble.words(), "the next list of the SIP domain is not made yet");
    }
}

/// The lists are known. For whoever is in one already.
pub(super) async fn known(desk: &Desk, account: &TwilioAccount, kind: SipListKind, list: &Sid) -> Result<(), Trouble> {
    if desk.shelf.lists.knows(kind, list) {
        return Ok(());
    }
    let domain = domain(desk, account, kind).await?;
    let _turn = desk.shelf.lists.making.lock().await;
    find(desk, account, kind, &domain).await?;
    Ok(())
}

/// Finds lists that are not counted yet, those whose making was never answered included, and makes one if they are not
/// enough.
async fn make(
    desk: &Desk,
    account: &TwilioAccount,
    kind: SipListKind,
    domain: &Sid,
    are_enough: impl Fn() -> bool,
) -> Result<(), Trouble> {
    let there = find(desk, account, kind, domain).await?;
    if are_enough() {
        return Ok(());
    }
    let prefix = prefix(desk, kind);
    let next = there.iter().map(|list| number(list, &prefix)).max().unwrap_or(0) + 1;
    let made = desk.of_twilio(desk.twilio.make_sip_list(account, kind, &format!("{prefix}{next}"))).await;
    let made = made.map_err(|trouble| match trouble {
        Trouble::Provider(error) if error.outlook() == Outlook::Never => {
            Trouble::by_hand(format!("Twilio makes no further list for {}: {error}", name(desk, kind).unwrap_or("")))
        }
        trouble => trouble,
    })?;
    desk.of_twilio(desk.twilio.map_sip_list(account, domain, kind, &made.sid)).await?;
    desk.shelf.lists.add(kind, Held { list: made.sid, number: next, entries: 0 });
    Ok(())
}

/// Our lists there are at Twilio. Those that were not counted are mapped if they are not, and counted.
async fn find(desk: &Desk, account: &TwilioAccount, kind: SipListKind, domain: &Sid) -> Result<Vec<SipList>, Trouble> {
    let (lists, prefix) = (&desk.shelf.lists, prefix(desk, kind));
    let mut ours = desk.of_twilio(desk.twilio.sip_lists(account, kind)).await?;
    ours.retain(|list| list.friendly_name.as_ref().is_some_and(|name| name.starts_with(&prefix)));
    let new: Vec<&SipList> = ours.iter().filter(|list| !lists.knows(kind, &list.sid)).collect();
    if new.is_empty() {
        return Ok(ours);
    }
    let mapped = desk.of_twilio(desk.twilio.mapped_sip_lists(account, domain, kind)).await?;
    // Places are taken in the store first: it may count one that was just left, and never one too few.
    let held = desk.store.sip_entries(&account.sid).await?;
    for list in new {
        if !mapped.contains(&list.sid) {
            desk.of_twilio(desk.twilio.map_sip_list(account, domain, kind, &list.sid)).await?;
        }
        let entries = held.iter().find(|(known, _)| *known == list.sid).map_or(0, |(_, entries)| *entries);
        lists.add(kind, Held { list: list.sid.clone(), number: number(list, &prefix), entries });
    }
    Ok(ours)
}

/// The how manieth list of ours this is, by its name.
fn number(list: &SipList, prefix: &str) -> u32 {
    let number = list.friendly_name.as_deref().and_then(|name| name.strip_prefix(prefix));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What the names of our lists begin with; a number follows.
fn prefix(desk: &Desk, kind: SipListKind) -> String {
    match kind {
        SipListKind::Credentials => format!("{} names ", desk.policy.brand),
        SipListKind::Addresses => format!("{} addresses ", desk.policy.brand),
    }
}
