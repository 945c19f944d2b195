//! A number leaves: out of Vapi, or back to the provider it came from. Nobody does this but by asking for it.

use serde_json::json;

use super::super::run::{Outcome, Run};
use super::super::trouble::{Halt, Trouble};
use super::{keep, number, result, wire};
use crate::model::{Change, JobState, Number, NumberId};
use crate::store::StoreError;

/// Takes a number of Twilio's out of Vapi.
pub(super) async fn remove(run: &mut Run<'_>, id: &NumberId) -> Result<(), Halt> {
    let before = number(run, id).await?;
    if before.is_free() {
        let detail = "a number of Vapi's own leaves Vapi only by being given back: release it";
        return Err(Halt::Stop(JobState::Failed, detail.to_owned()));
    }
    out_of_vapi(run, &before).await?;
    let now = number(run, id).await?;
    if now.vapi_number_id.is_some() {
        keep(run, &Number { vapi_number_id: None, ..now }).await.map_err(Halt::Lost)?;
    }
    // Nobody knows for sure where Vapi leaves it leading.
    let number = wire::lead_here(run, &before).await?;
    let detail = format!("{} is out of Vapi, and still ours", number.e164);
    run.end(JobState::Succeeded, detail, result(&number)).await
}

/// Gives a number back for good, and forgets it.
pub(super) async fn release(run: &mut Run<'_>, id: &NumberId) -> Result<(), Halt> {
    let desk = run.desk;
    let Some(before) = desk.store.number(id).await.map_err(Halt::Lost)? else {
        // Forgotten by this job before the process ended.
        return run
            .end(
                JobState::Succeeded,
                "it is given back".to_owned(),
                json!({ "numberId": id, "vapiNumberId": null, "twilioSid": null }),
            )
            .await;
    };
    if before.tenant_id.is_some() {
        let detail = format!("{} leads to a tenant: take it from that tenant first", before.e164);
        return Err(Halt::Stop(JobState::Failed, detail));
    }
    let withdrawn = before.id.clone();
    run.step::<(), _>("withdrawNumber", |_| async move {
        // Nobody takes it from the pool meanwhile.
        match desk.store.withdraw_number(&withdrawn).await? {
            true => Ok(Outcome::Done("nobody gets it from the pool any more".to_owned(), ())),
            false => {
                Err(Trouble::by_hand("it was led to a tenant meanwhile: take it from that tenant, and retry this job"))
            }
        }
    })
    .await?;
    out_of_vapi(run, &before).await?;
    if !before.is_free() {
        let at_twilio = before.clone();
        run.step_at_twilio::<(), _>("releaseTwilioNumber", |_| async move {
            let account = wire::account_of(desk, &at_twilio).await?;
            let found = match &at_twilio.twilio_sid {
                Some(sid) => vec![sid.clone()],
                None => {
                    let owned = desk.of_twilio(desk.twilio.numbers(&account, Some(at_twilio.e164))).await?;
                    owned.into_iter().map(|owned| owned.sid).collect()
                }
            };
            for sid in &found {
                desk.of_twilio(desk.twilio.release_number(&account, sid)).await?;
            }
            desk.shelf.given_back(at_twilio.e164);
            Ok(match found.is_empty() {
                true => Outcome::Skipped(format!("account {} does not have {}", account.sid, at_twilio.e164)),
                false => Outcome::Done(format!("{} is given back to Twilio", at_twilio.e164), ()),
            })
        })
        .await?;
    }
    let (by, forgotten) = (run.by(), before.clone());
    run.step::<(), _>("forgetNumber", |_| async move {
        match desk.store.forget_number(&forgotten.id, &by).await {
            Err(StoreError::NumberTaken) => {
                return Err(Trouble::by_hand(
                    "it was led to a tenant meanwhile, and is given back: take it from that tenant, and retry this job",
                ));
            }
            other => other?,
        }
        (desk.changed)(Change::Number(forgotten.e164));
        Ok(Outcome::Done(format!("{} is forgotten", forgotten.e164), ()))
    })
    .await?;
    let detail = format!("{} is given back", before.e164);
    run.end(JobState::Succeeded, detail, result(&before)).await
}

async fn out_of_vapi(run: &mut Run<'_>, number: &Number) -> Result<(), Halt> {
    let desk = run.desk;
    let (id, is_free) = (number.vapi_number_id.clone(), number.is_free());
    run.step_at_vapi::<(), _>("deleteFromVapi", |_| async move {
        let Some(id) = id else { return Ok(Outcome::Skipped("Vapi does not have it".to_owned())) };
        desk.of_vapi(desk.vapi()?.delete_number(&id)).await?;
        if is_free {
            desk.shelf.count_free(-1);
        }
        Ok(Outcome::Done(format!("{id} is deleted at Vapi"), ()))
    })
    .await?;
    Ok(())
}
