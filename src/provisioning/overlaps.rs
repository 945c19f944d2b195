//! Ends the time in which a tenant has two names on the SIP domain, and sees to it that what is good no more leaves
//! Twilio's lists, whatever became of the job that was to do it.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::asked::{About, Asked};
use super::desk::Desk;
use crate::model::{Change, Job, TenantId};
use crate::store::{Actor, JobBounds, StoreError};

/// Who it is in the audit log, and in the jobs it makes.
const NAME: &str = "SIP names";

/// How long a job that came to nothing is left to people before another is made.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Looks once. Answers the jobs it has made.
pub(super) async fn look(desk: &Desk, overlap: SignedDuration) -> Result<Vec<Job>, StoreError> {
    let (now, by) = ((desk.now)(), Actor(NAME.to_owned()));
    for found in desk.store.sip_overlaps().await? {
        let Some(older) = &found.older.username else { continue };
        if found.ends_at(overlap).is_some_and(|end| end <= now) {
            match desk.store.retire_sip_name(&found.tenant, older, &by).await {
                // Somebody was quicker.
                Ok(()) | Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        // Good no more; or its next call is to be told of, which says that somebody still uses it.
        (desk.changed)(Change::SipName(older.clone()));
    }
    let leaving = desk.store.leaving_sip_seats().await?;
    if leaving.is_empty() {
        return Ok(Vec::new());
    }
    let at_work = desk.store.subjects_at_work().await?;
    let tried = tried(desk, now).await?;
    let mut made = Vec::new();
    for tenant in leaving.iter().filter(|tenant| !at_work.contains(tenant.as_str()) && !tried.contains(*tenant)) {
        let known = desk.store.tenant(tenant).await?;
        let (asked, about) = match &known {
            Some(known) => (Asked::Retire, About::tenant(known)),
            None => {
                (Asked::Vacate { tenant: tenant.clone() }, About { tenant: None, org: None, subject: tenant.as_str() })
            }
        };
        made.push(asked.job(desk.seed(), &about, NAME));
    }
    desk.store.create_jobs(&made, JobBounds::default(), &by).await
}

/// Tenants for which a job of ours came to nothing a short while ago.
async fn tried(desk: &Desk, now: Timestamp) -> Result<HashSet<TenantId>, StoreError> {
    let jobs = desk.store.jobs_made_by(NAME, now.saturating_sub(AGAIN_AFTER).unwrap_or(Timestamp::MIN)).await?;
    let came_to_nothing = jobs.into_iter().filter(|job| job.standing.state.may_be_retried());
    Ok(came_to_nothing.filter_map(|job| TenantId::parse(&job.subject).ok()).collect())
}
