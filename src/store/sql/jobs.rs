//! Jobs: claimed with a fence, their logs written together with what follows from them.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::audit::{Noted, note};
use super::read::{Columns, json_text, spelled, word};
use super::tell::tell_all;
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Job, JobEntry, JobId, JobKind, JobState, OrgId, Standing, TenantId};
use crate::store::cursor::nanos;
use crate::store::event::Event;
use crate::store::{Actor, Ask, ClaimedJob, JobBounds, JobFilter, Page, StoreError, audit};

pub(super) const JOBS: List =
    List { table: "jobs", rows: rows_of!(jobs), by: "created_at", id: "id", order: Order::Newest };

/// Whose time has come, and nobody holds it, and nothing older works on the same thing.
const CLAIM: &str = concat!(
    "UPDATE jobs SET fence = fence + 1, held_until = $2 WHERE id IN ( \
     SELECT id FROM jobs AS mine WHERE due_at <= $1 AND (held_until IS NULL OR held_until <= $1) \
     AND NOT EXISTS (SELECT 1 FROM jobs AS older WHERE older.subject = mine.subject AND older.due_at IS NOT NULL \
         AND older.id < mine.id) \
     ORDER BY due_at, id LIMIT $3) RETURNING ",
    columns_of!(jobs)
);

impl Engine {
    pub(in crate::store) async fn create_jobs(
        &self,
        jobs: &[Job],
        bounds: JobBounds,
        by: &Actor,
    ) -> Result<Vec<Job>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let mut kept = Vec::with_capacity(jobs.len());
            for job in jobs {
                if bounds.only_one
                    && let Some(known) = unfinished(&mut writing, job).await?
                {
                    kept.push(known);
                    continue;
                }
                if let (Some(most), Some(tenant)) = (bounds.numbers_max, &job.tenant_id)
                    && numbers_to_be(&mut writing, tenant).await? >= i64::from(most)
                {
                    return Err(StoreError::TooMany(most));
                }
                insert(&mut writing, job).await?;
                let after = audit::job(job);
                note(&mut writing, by, Noted { after: Some(&after), ..noted("job.create", job) }).await?;
                kept.push(job.clone());
            }
            writing.commit().await?;
            Ok(kept)
        })
        .await
    }

    pub(in crate::store) async fn job(&self, id: &JobId) -> Result<Option<Job>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(jobs), " WHERE id = $1")).bind(id.as_str());
            query.fetch_optional(&mut *self.read().await?).await?.map(|row| job_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn jobs(&self, ask: &Ask<JobFilter>) -> Result<Page<Job>, StoreError> {
        let stretch = Stretch { after: JOBS.after(ask)?, ..Stretch::default() };
        self.walked(JOBS, ask, stretch, &walks(ask), readable).await
    }

    pub(in crate::store) async fn claim_jobs(
        &self,
        now: Timestamp,
        held_until: Timestamp,
        most: u32,
    ) -> Result<Vec<ClaimedJob>, StoreError> {
        within(WORK_MAX, async {
            // Most of the time nothing is due: that is found out without a writing turn.
            let due = sqlx::query("SELECT 1 FROM jobs WHERE due_at <= $1 LIMIT 1").bind(nanos(now));
            if due.fetch_optional(&mut *self.read().await?).await?.is_none() {
                return Ok(Vec::new());
            }
            let mut writing = self.write().await?;
            let query = sqlx::query(CLAIM).bind(nanos(now)).bind(nanos(held_until)).bind(i64::from(most));
            let rows = query.fetch_all(&mut *writing).await?;
            let mut claimed = Vec::with_capacity(rows.len());
            for row in &rows {
                let (job, fence) = (job_of(row)?, Columns(row).integer("fence")?);
                let log = log_of(&mut writing, &job.id).await?;
                claimed.push(ClaimedJob { job, log, fence });
            }
            writing.commit().await?;
            Ok(claimed)
        })
        .await
    }

    pub(in crate::store) async fn write_job(
        &self,
        id: &JobId,
        fence: i64,
        entries: &[JobEntry],
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let row = lookup(&mut writing, id).await?.ok_or(StoreError::NotFound)?;
            let held = Columns(&row).integer("fence")?;
            if held != fence {
                return Err(StoreError::VersionChanged(held.unsigned_abs()));
            }
            let mut job = job_of(&row)?;
            append(&mut writing, &mut job, entries, now).await?;
            // What waits or is over is nobody's: whoever comes at its time may have it.
            if job.standing.state.is_end() || job.standing.state == JobState::Waiting {
                let query = sqlx::query("UPDATE jobs SET held_until = NULL WHERE id = $1").bind(id.as_str());
                query.execute(&mut *writing).await?;
            }
            if job.standing.state.is_end() {
                tell_all(&mut writing, &[Event::job_finished(&job)]).await?;
            }
            writing.commit().await?;
            Ok(job.standing)
        })
        .await
    }

    pub(in crate::store) async fn hold_jobs(&self, held: &[(JobId, i64)], until: Timestamp) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            for (id, fence) in held {
                let query = sqlx::query(
                    "UPDATE jobs SET held_until = $3 WHERE id = $1 AND fence = $2 AND held_until IS NOT NULL",
                );
                query.bind(id.as_str()).bind(fence).bind(nanos(until)).execute(&mut *writing).await?;
            }
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn put_off_job(&self, id: &JobId, fence: i64, due: Timestamp) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("UPDATE jobs SET held_until = NULL, due_at = $3 WHERE id = $1 AND fence = $2");
            query.bind(id.as_str()).bind(fence).bind(nanos(due)).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn release_jobs(&self) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            sqlx::query("UPDATE jobs SET fence = fence + 1, held_until = NULL WHERE held_until IS NOT NULL")
                .execute(&mut *writing)
                .await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn ask_job(
        &self,
        id: &JobId,
        entry: &JobEntry,
        now: Timestamp,
        by: &Actor,
    ) -> Result<Option<Job>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let row = lookup(&mut writing, id).await?.ok_or(StoreError::NotFound)?;
            let mut job = job_of(&row)?;
            let (what, fits) = match entry {
                JobEntry::Retried => ("job.retry", job.standing.state.may_be_retried()),
                _ => ("job.cancel", !job.standing.state.is_end()),
            };
            if !fits {
                return Ok(None);
            }
            append(&mut writing, &mut job, std::slice::from_ref(entry), now).await?;
            let after = audit::job(&job);
            note(&mut writing, by, Noted { after: Some(&after), ..noted(what, &job) }).await?;
            writing.commit().await?;
            Ok(Some(job))
        })
        .await
    }

    pub(in crate::store) async fn subjects_at_work(&self) -> Result<HashSet<String>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_scalar("SELECT DISTINCT subject FROM jobs WHERE due_at IS NOT NULL");
            Ok(query.fetch_all(&mut *self.read().await?).await?.into_iter().collect())
        })
        .await
    }

    pub(in crate::store) async fn jobs_made_by(&self, by: &str, since: Timestamp) -> Result<Vec<Job>, StoreError> {
        within(WORK_MAX, async {
            let query =
                sqlx::query(concat!(rows_of!(jobs), indexed_by!(jobs_by_age), " WHERE created_at >= $1 AND by = $2"));
            let rows = query.bind(nanos(since)).bind(by).fetch_all(&mut *self.read().await?).await?;
            Ok(rows.iter().filter_map(readable).collect())
        })
        .await
    }

    pub(in crate::store) async fn jobs_by_state(&self) -> Result<Vec<(JobState, u64)>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_as::<_, (String, i64)>("SELECT state, count(*) FROM jobs GROUP BY state");
            let counts: HashMap<String, i64> = query.fetch_all(&mut *self.read().await?).await?.into_iter().collect();
            let count = |state: JobState| counts.get(state.as_str()).copied().unwrap_or(0).unsigned_abs();
            Ok(JobState::ALL.into_iter().map(|state| (state, count(state))).collect())
        })
        .await
    }
}

/// Which way the list is walked.
pub(super) fn walks(ask: &Ask<JobFilter>) -> Vec<Walk> {
    let whose = Whose::of(ask);
    if matches!(whose, Whose::Nobodys) {
        return Vec::new();
    }
    let mut judged = Vec::new();
    judged.extend(ask.only.state.map(|state| Cond::sql("state = ").text(state.as_str())));
    judged.extend(ask.only.kind.map(|kind| Cond::sql("kind = ").text(spelled(kind))));
    if let Some(words) = ask.words() {
        return vec![Walk::named(Cond::sql("id = ").text(words)).reading(whose.conds()).reading(judged)];
    }
    let index = whose.index("jobs_by_age", "jobs_by_org", "jobs_by_tenant");
    vec![Walk::along(index, whose.conds()).only(judged)]
}

/// A job of the same kind for the same thing that has not ended.
async fn unfinished(writing: &mut Writing, job: &Job) -> Result<Option<Job>, StoreError> {
    let query =
        sqlx::query(concat!(rows_of!(jobs), " WHERE subject = $1 AND due_at IS NOT NULL AND kind = $2 LIMIT 1"));
    let query = query.bind(&job.subject).bind(spelled(job.kind));
    query.fetch_optional(&mut **writing).await?.map(|row| job_of(&row)).transpose()
}

/// How many numbers a tenant has, and may get by jobs that have not ended.
async fn numbers_to_be(writing: &mut Writing, tenant: &TenantId) -> Result<i64, StoreError> {
    let query = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM numbers WHERE tenant_id = $1) + \
         (SELECT count(*) FROM jobs WHERE subject = $1 AND due_at IS NOT NULL AND kind IN ($2, $3) \
          AND id NOT IN (SELECT job_id FROM numbers WHERE tenant_id = $1 AND job_id IS NOT NULL))",
    );
    let query = query.bind(tenant.as_str()).bind(spelled(JobKind::Number)).bind(spelled(JobKind::Deploy));
    Ok(query.fetch_one(&mut **writing).await?)
}

async fn insert(writing: &mut Writing, job: &Job) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO jobs (id, kind, tenant_id, org_id, subject, asked, by, created_at, updated_at, state, standing, \
         due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11)",
    )
    .bind(job.id.as_str())
    .bind(spelled(job.kind))
    .bind(job.tenant_id.as_ref().map(TenantId::as_str))
    .bind(job.org_id.as_ref().map(OrgId::as_str))
    .bind(&job.subject)
    .bind(json_text(&job.asked)?)
    .bind(&job.by)
    .bind(nanos(job.created_at))
    .bind(job.standing.state.as_str())
    .bind(json_text(&job.standing)?)
    .bind(job.standing.due.map(nanos))
    .execute(&mut **writing)
    .await?;
    Ok(())
}

/// Writes entries behind those there are, and what follows from them.
async fn append(writing: &mut Writing, job: &mut Job, entries: &[JobEntry], now: Timestamp) -> Result<(), StoreError> {
    let id = job.id.as_str();
    let query = sqlx::query_scalar::<_, i64>("SELECT coalesce(max(seq), 0) FROM job_log WHERE job_id = $1").bind(id);
    let last = query.fetch_one(&mut **writing).await?;
    for (seq, entry) in (last + 1..).zip(entries) {
        let query = sqlx::query("INSERT INTO job_log (job_id, seq, at, entry) VALUES ($1, $2, $3, $4)");
        query.bind(id).bind(seq).bind(nanos(now)).bind(json_text(entry)?).execute(&mut **writing).await?;
        job.standing.apply(entry, now);
    }
    job.updated_at = now;
    let query =
        sqlx::query("UPDATE jobs SET state = $2, standing = $3, due_at = $4, updated_at = $5 WHERE id = $1").bind(id);
    let query = query.bind(job.standing.state.as_str()).bind(json_text(&job.standing)?);
    query.bind(job.standing.due.map(nanos)).bind(nanos(now)).execute(&mut **writing).await?;
    Ok(())
}

async fn lookup(writing: &mut Writing, id: &JobId) -> Result<Option<DbRow>, StoreError> {
    Ok(sqlx::query(concat!(rows_of!(jobs), " WHERE id = $1")).bind(id.as_str()).fetch_optional(&mut **writing).await?)
}

async fn log_of(writing: &mut Writing, id: &JobId) -> Result<Vec<JobEntry>, StoreError> {
    let query = sqlx::query_scalar::<_, String>("SELECT entry FROM job_log WHERE job_id = $1 ORDER BY seq");
    let texts = query.bind(id.as_str()).fetch_all(&mut **writing).await?;
    let read = |text: &String| serde_json::from_str(text);
    // A step that cannot be read may have bought something: nobody goes on from half a log.
    texts
        .iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|error| StoreError::Failed(format!("the log of {id} cannot be read: {error}")))
}

fn readable(row: &DbRow) -> Option<Job> {
    job_of(row).inspect_err(|error| tracing::error!(%error, "a job is left out")).ok()
}

pub(super) fn job_of(row: &DbRow) -> Result<Job, StoreError> {
    let columns = Columns(row);
    let damaged = |what| StoreError::Failed(format!("a job is damaged: {what} cannot be read"));
    Ok(Job {
        id: columns.identity("id")?,
        kind: word(&columns.text("kind")?).ok_or_else(|| damaged("its kind"))?,
        tenant_id: columns.parsed("tenant_id")?,
        org_id: columns.parsed("org_id")?,
        subject: columns.text("subject")?,
        asked: columns.json("asked")?.ok_or_else(|| damaged("what was asked"))?,
        by: columns.text("by")?,
        created_at: columns.at("created_at")?,
        standing: columns.json("standing")?.ok_or_else(|| damaged("how it stands"))?,
        updated_at: columns.at("updated_at")?,
    })
}

fn noted<'a>(what: &'static str, job: &'a Job) -> Noted<'a> {
    Noted {
        what,
        subject: job.id.as_str(),
        org: job.org_id.as_ref(),
        tenant: job.tenant_id.as_ref(),
        before: None,
        after: None,
    }
}
