//! The address at Vapi that `connect.via: sip` dials: one for each tenant, with a name and a password of its own.

use super::super::desk::Desk;
use super::super::run::{Outcome, Run, Try};
use super::super::trouble::{Halt, Trouble};
use super::{tenant, wire};
use crate::model::{Change, Connect, JobState, Number, NumberId, Sid, Target, TargetKind, Tenant, TenantId, Via};
use crate::providers::{Outlook, ProviderError, SipWords, VapiNumber};
use crate::store::{Actor, Ask, StoreError};

/// Makes sure of the tenant's own address, if it is reached by one.
pub(super) async fn keep_up(run: &mut Run<'_>, of: &Tenant) -> Result<(), Halt> {
    // Somebody may have changed it since the job began.
    let Some(now) = run.desk.store.tenant(&of.id).await.map_err(Halt::Lost)? else { return Ok(()) };
    let desk = run.desk;
    let by = run.by();
    let uri = uri(desk, &now.id);
    let is_own = now.connect.sip_uri.as_ref().is_none_or(|set| *set == uri);
    if now.connect.via != Via::Sip || !is_own {
        return Ok(());
    }
    run.step_at_vapi::<(), _>("createSipEndpoint", |tried: Try| async move {
        if desk.vapi.is_none() {
            return Ok(Outcome::Skipped("there is no key of Vapi's".to_owned()));
        }
        let Some(target) = desk.target(&now) else {
            let detail = "nobody is set to answer: give the tenant a target, and its address is made";
            return Ok(Outcome::Skipped(detail.to_owned()));
        };
        let has_words = now.connect.sip_uri.is_some() && now.connect.password.is_some();
        if has_words && !tried.again {
            return kept_up(desk, &uri, target, &now, &by).await;
        }
        let words = SipWords { username: username(&now.id), password: desk.password() };
        let name = now.id.as_str();
        let server = &desk.policy.vapi_server;
        let known = if tried.again { find(desk, &uri).await? } else { None };
        match known {
            Some(known) => drop(desk.of_vapi(desk.vapi()?.renew_sip_number(&known.id, &words, target, server)).await?),
            None => match desk.of_vapi(desk.vapi()?.make_sip_number(&uri, &words, target, name, server)).await {
                Ok(_) => {}
                Err(Trouble::Provider(error)) if error.outlook() == Outlook::Never => {
                    // Taken, and by ourselves: a store that was restored from a backup has forgotten it.
                    let known = find(desk, &uri).await?.ok_or_else(|| refused(&error, target))?;
                    desk.of_vapi(desk.vapi()?.renew_sip_number(&known.id, &words, target, server)).await?;
                }
                Err(trouble) => return Err(trouble),
            },
        }
        connected(desk, &now.id, &uri, words, &by).await?;
        Ok(Outcome::Done(format!("{uri} is answered"), ()))
    })
    .await?;
    Ok(())
}

/// The one there is goes on; only who answers may be another.
async fn kept_up(desk: &Desk, uri: &str, target: &Target, of: &Tenant, by: &Actor) -> Result<Outcome<()>, Trouble> {
    match find(desk, uri).await? {
        Some(known) if known.is_answered_by(target) => {}
        Some(known) => drop(desk.of_vapi(desk.vapi()?.retarget_number(&known, target)).await?),
        None => {
            let words = SipWords { username: username(&of.id), password: desk.password() };
            let server = &desk.policy.vapi_server;
            desk.of_vapi(desk.vapi()?.make_sip_number(uri, &words, target, of.id.as_str(), server)).await?;
            connected(desk, &of.id, uri, words, by).await?;
        }
    }
    Ok(Outcome::Done(format!("{uri} is answered already"), ()))
}

fn refused(error: &ProviderError, target: &Target) -> Trouble {
    let what = format!("Vapi makes no SIP address that {} answers: {error}", target.id);
    Trouble::by_hand(format!("{what}. Look whether Vapi has that target, then retry this job"))
}

/// What the tenant's calls dial from now on.
async fn connected(desk: &Desk, id: &TenantId, uri: &str, words: SipWords, by: &Actor) -> Result<(), StoreError> {
    let (now, uri) = ((desk.now)(), uri.to_owned());
    let changed = desk.store.change_tenant(id, None, by, move |tenant| {
        tenant.connect = Connect {
            sip_uri: Some(uri),
            username: Some(words.username),
            password: Some(words.password),
            ..tenant.connect.clone()
        };
        tenant.updated_at = now;
    });
    let changed = changed.await;
    (desk.changed)(Change::Tenant(id.clone()));
    changed.map(drop)
}

/// Makes this assistant answer for the tenant. True if another did before.
pub(super) async fn answered_by(run: &mut Run<'_>, of: &mut Tenant, agent: Sid) -> Result<bool, Halt> {
    let (desk, id, by) = (run.desk, of.id.clone(), run.by());
    let target = Target { kind: TargetKind::Assistant, id: agent };
    let (before, wanted) = (of.target.clone(), target.clone());
    let changed = run.step::<bool, _>("setTarget", |_| async move {
        if before.as_ref() == Some(&wanted) {
            return Ok(Outcome::Done(format!("{} answers already", wanted.id), false));
        }
        let (now, detail) = ((desk.now)(), format!("{} answers", wanted.id));
        let changed = desk.store.change_tenant(&id, None, &by, move |tenant| {
            tenant.target = Some(wanted);
            tenant.updated_at = now;
        });
        let changed = changed.await;
        (desk.changed)(Change::Tenant(id));
        changed?;
        Ok(Outcome::Done(detail, true))
    });
    let changed = changed.await?.unwrap_or(false);
    of.target = Some(target);
    Ok(changed)
}

/// Vapi follows the tenant's target: at its address, and at its numbers.
pub(super) async fn follow_target(run: &mut Run<'_>) -> Result<(), Halt> {
    let of = tenant(run).await?;
    keep_up(run, &of).await?;
    for number in at_vapi(run, &of).await? {
        // Changing one of Twilio's makes it lead to Vapi, as importing it does.
        wire::attach(run, &of, &number.id).await?;
    }
    let detail = match run.desk.target(&of) {
        Some(target) => format!("{} answers", target.id),
        None => "nobody is set to answer".to_owned(),
    };
    run.end(JobState::Succeeded, detail, serde_json::Value::Null).await
}

/// The numbers besides this one follow the tenant's target too.
pub(super) async fn others_follow(run: &mut Run<'_>, of: &Tenant, but: &NumberId) -> Result<(), Halt> {
    for number in at_vapi(run, of).await?.into_iter().filter(|number| number.id != *but && !number.is_free()) {
        wire::attach(run, of, &number.id).await?;
    }
    Ok(())
}

/// The tenant's numbers that Vapi has.
async fn at_vapi(run: &Run<'_>, of: &Tenant) -> Result<Vec<Number>, Halt> {
    let ask = Ask { limit: 200, tenant: Some(of.id.clone()), ..Ask::default() };
    let mut numbers = run.desk.store.numbers(&ask).await.map_err(Halt::Lost)?.rows;
    numbers.retain(|number| number.vapi_number_id.is_some());
    // In an order that is the same whenever the job goes on.
    numbers.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(numbers)
}

/// The address of a tenant that is gone goes too.
pub(super) async fn remove(run: &mut Run<'_>, id: &TenantId) -> Result<(), Halt> {
    let desk = run.desk;
    run.step_at_vapi::<(), _>("deleteSipEndpoint", |_| async move {
        if desk.vapi.is_none() {
            return Ok(Outcome::Skipped("there is no key of Vapi's".to_owned()));
        }
        let uri = uri(desk, id);
        match find(desk, &uri).await? {
            Some(known) => {
                desk.of_vapi(desk.vapi()?.delete_number(&known.id)).await?;
                Ok(Outcome::Done(format!("{uri} is gone"), ()))
            }
            None => Ok(Outcome::Skipped(format!("Vapi does not have {uri}"))),
        }
    })
    .await?;
    Ok(())
}

async fn find(desk: &Desk, uri: &str) -> Result<Option<VapiNumber>, Trouble> {
    let found = desk.of_vapi(desk.vapi()?.find_numbers(uri)).await?;
    Ok(found.into_iter().find(|known| known.sip_uri.as_ref().is_some_and(|set| set.eq_ignore_ascii_case(uri))))
}

fn uri(desk: &Desk, id: &TenantId) -> String {
    format!("sip:{id}@{}", desk.policy.vapi_sip_host)
}

/// Twenty to forty characters, as Vapi wants them.
fn username(id: &TenantId) -> String {
    id.as_str().to_owned()
}
