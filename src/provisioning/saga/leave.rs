//! What a job leaves behind when it stops before its end: nothing that is paid for and not listed, nothing that leads
//! elsewhere, and in words what is left to do. What fails here is tried again like any step.

use serde_json::Value;

use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use super::{arrive, free, keep, port, result, wire};
use crate::model::{JobKind, JobState, Number, NumberId, NumberState};
use crate::store::Ask;

/// Puts in order what was got, and ends the job.
pub(in super::super) async fn leave(run: &mut Run<'_>, state: JobState, detail: String) -> Result<(), Halt> {
    run.leave();
    let detail = match port::left(run).await? {
        Some(port) => format!("{detail}. The move of {} is asked for all the same: call it off by itself", port.e164),
        None => detail,
    };
    let got = run.desk.store.number_of_job(&run.job.id).await.map_err(Halt::Lost)?;
    for number in may_lead_elsewhere(run, got.as_ref()).await? {
        wire_back(run, &number).await?;
    }
    let Some(number) = got else {
        delete_unrecorded(run).await?;
        return run.end(state, detail, Value::Null).await;
    };
    if state != JobState::Cancelled || !matches!(run.job.kind, JobKind::Number | JobKind::Deploy) {
        let told = format!("{detail}. {} is ours, listed, and leads to the tenant", number.e164);
        return run
            .end(state, if detail.contains(&number.e164.to_string()) { detail } else { told }, result(&number))
            .await;
    }
    let pooled = number.clone();
    let unled = Number { tenant_id: None, state: NumberState::Unassigned, ..number.clone() };
    // It was the tenant's for moments, if at all: nobody calls it yet, and it need not rest.
    keep(run, &unled).await.map_err(Halt::Lost)?;
    run.desk.told(&pooled);
    let told = format!("{detail}; {} was got already: it is in the pool, unassigned", number.e164);
    run.end(state, told, result(&number)).await
}

/// A free number that has no digits yet is in no list of ours: it is given back.
async fn delete_unrecorded(run: &mut Run<'_>) -> Result<(), Halt> {
    if !run.has_begun("createFreeVapiNumber") {
        return Ok(());
    }
    let (desk, job) = (run.desk, run.job.id.clone());
    run.step_at_vapi::<(), _>("deleteFreeVapiNumbers", |_| async move {
        let made = free::of_job(desk, &job).await?;
        for number in &made {
            desk.of_vapi(desk.vapi()?.delete_number(&number.id)).await?;
            desk.shelf.count_free(-1);
        }
        Ok(match made.len() {
            0 => Outcome::Skipped("Vapi has none of this job".to_owned()),
            count => Outcome::Done(format!("{count} that had no digits yet: deleted"), ()),
        })
    })
    .await?;
    Ok(())
}

/// Numbers the job has touched at Vapi and has not read back since: they may lead there.
async fn may_lead_elsewhere(run: &Run<'_>, got: Option<&Number>) -> Result<Vec<Number>, Halt> {
    if let Some(arrived) = arrive::number_of(run).await? {
        // Its callers dial it already, and nobody has led it here yet.
        return Ok(vec![arrived]);
    }
    let touched = run.counts("importToVapi").0 + run.counts("deleteFromVapi").0;
    if touched == run.counts("readNumberBack").1 || run.job.kind == JobKind::Release {
        return Ok(Vec::new());
    }
    let store = &run.desk.store;
    let mut numbers: Vec<Number> = got.into_iter().cloned().collect();
    if let Some(id) = run.job.asked["numberId"].as_str().and_then(|id| NumberId::parse(id).ok()) {
        numbers.extend(store.number(&id).await.map_err(Halt::Lost)?);
    }
    if let (JobKind::Target | JobKind::Deploy, Some(tenant)) = (run.job.kind, &run.job.tenant_id) {
        let ask = Ask { limit: 200, tenant: Some(tenant.clone()), ..Ask::default() };
        numbers.extend(store.numbers(&ask).await.map_err(Halt::Lost)?.rows);
    }
    numbers.retain(|number| !number.is_free());
    numbers.sort_by(|one, other| one.id.cmp(&other.id));
    numbers.dedup_by(|one, other| one.id == other.id);
    Ok(numbers)
}

async fn wire_back(run: &mut Run<'_>, number: &Number) -> Result<(), Halt> {
    let (desk, number) = (run.desk, number.clone());
    let wired = run.step_at_twilio::<(), _>("wireNumberBack", |_: Try| async move {
        let account = wire::account_of(desk, &number).await?;
        let sid = wire::sid_of(desk, &account, &number).await?;
        let wiring = &desk.policy.number_wiring;
        desk.of_twilio(desk.twilio.wire_number(&account, &sid, wiring)).await?;
        match desk.of_twilio(desk.twilio.number(&account, &sid)).await? {
            Some(read) if !wiring.is_of(&read) => Err(Trouble::NotYet("it does not stay wired".to_owned())),
            _ => Ok(Outcome::Done(format!("{} leads to us", number.e164), ())),
        }
    });
    match wired.await {
        // Twilio does not let us: that is what the job stops for, or it is told in its place.
        Err(Halt::Stop(..)) | Ok(_) => Ok(()),
        Err(halt) => Err(halt),
    }
}
