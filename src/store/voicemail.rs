//! Voicemails as their news make them, in whatever order they come.
//!
//! Pure: given all news of one call, says which voicemails there are. A recording is one voicemail however often it is
//! told; news that names no recording belongs to the call's first one, or stands alone until one comes.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::model::{Seed, Sid, TenantId, VoicemailId, VoicemailNews};

use super::VoicemailRow;

/// What is known of the call a message was left in.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallOf {
    /// Whose call it was.
    pub tenant: Option<TenantId>,
    /// Which account carried it.
    pub account: Option<Sid>,
}

/// The voicemails of one call, oldest first. Whose call it was counts where no news names a tenant, and where it was
/// the call's own account that told. Whether somebody listened is not in the news: `heard` is false; nor is whose the
/// tenant is.
pub(crate) fn merge(call_sid: &Sid, news: &[VoicemailNews], call: &CallOf) -> Vec<VoicemailRow> {
    let mut news: Vec<&VoicemailNews> = news.iter().collect();
    news.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));

    let mut groups: BTreeMap<Option<&Sid>, Vec<&VoicemailNews>> = BTreeMap::new();
    for one in &news {
        groups.entry(one.recording_sid.as_ref()).or_default().push(one);
    }
    let first_recording = news.iter().find_map(|one| one.recording_sid.as_ref());
    if let Some(recording) = first_recording
        && let Some(nameless) = groups.remove(&None)
    {
        let group = groups.entry(Some(recording)).or_default();
        group.extend(nameless);
        group.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    }

    let mut merged: Vec<VoicemailRow> = groups.values().filter_map(|group| of_group(call_sid, group, call)).collect();
    merged.sort_by(|a, b| (a.created_at, &a.recording_sid).cmp(&(b.created_at, &b.recording_sid)));
    merged
}

/// One voicemail of its news, oldest first.
fn of_group(call_sid: &Sid, group: &[&VoicemailNews], call: &CallOf) -> Option<VoicemailRow> {
    let first = group.first()?;
    let newest = || group.iter().rev();
    let is_strangers = |one: &VoicemailNews| matches!((&one.account_sid, &call.account), (Some(teller), Some(carrier)) if teller != carrier);
    let of_call = call.tenant.clone().filter(|_| !group.iter().any(|one| is_strangers(one)));
    Some(VoicemailRow {
        id: first.id.clone(),
        tenant_id: group.iter().find_map(|one| one.tenant_id.clone()).or(of_call),
        org_id: None,
        call_sid: call_sid.clone(),
        account_sid: group.iter().find_map(|one| one.account_sid.clone()),
        recording_sid: group.iter().find_map(|one| one.recording_sid.clone()),
        recording_url: newest().find_map(|one| one.recording_url.clone()),
        from: group.iter().find_map(|one| one.from.clone()),
        duration_seconds: newest().find_map(|one| one.duration_seconds),
        state: group.iter().map(|one| one.state).max()?,
        transcript: newest().find_map(|one| one.transcript.clone()),
        heard: false,
        created_at: first.at,
    })
}

/// Gives merged voicemails the identifiers they were known by before, and leaves the rest with one of their own.
///
/// A voicemail keeps the identifier it was first given out under, whatever news comes later.
pub(crate) fn keep_ids(merged: &mut [VoicemailRow], kept: &[VoicemailRow]) {
    let mut free: Vec<&VoicemailRow> = kept.iter().collect();
    let mut take = |wanted: Option<&Sid>| {
        let at = free.iter().position(|row| row.recording_sid.as_ref() == wanted)?;
        Some(free.swap_remove(at))
    };
    let mut known: Vec<Option<&VoicemailRow>> =
        merged.iter().map(|row| row.recording_sid.as_ref().and_then(|sid| take(Some(sid)))).collect();
    for place in &mut known {
        if place.is_none() {
            *place = take(None);
        }
    }
    let taken: Vec<VoicemailId> = known.iter().flatten().map(|row| row.id.clone()).collect();
    for (row, known) in merged.iter_mut().zip(known) {
        match known {
            Some(known) => {
                row.id = known.id.clone();
                row.heard = known.heard;
            }
            None if taken.contains(&row.id) => row.id = another_id(row),
            None => {}
        }
    }
}

/// An identifier made of the voicemail itself, where the one its news brought names another already.
pub(crate) fn another_id(row: &VoicemailRow) -> VoicemailId {
    let recording = row.recording_sid.as_ref().map_or("", Sid::as_str);
    let digest = Sha256::new().chain_update(row.call_sid.as_str()).chain_update([0]).chain_update(recording).finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    VoicemailId::new(Seed { at: row.created_at, random })
}
