//! Asks Twilio how far ports are: every hour, every minute from the day a number is to come, and at once when Twilio has
//! told that something happened, which is never believed without asking. Where there is no port nobody is asked.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};

use super::asked::{About, Asked};
use super::desk::Desk;
use super::trouble::Trouble;
use crate::model::{Change, Port, PortMoment, PortSeen, PortStage};
use crate::providers::{Port as Found, PortNumberStatus, PortStatus};
use crate::store::{Actor, Event, JobBounds, StoreError};

/// Who it is in the audit log, and in the jobs it makes.
const NAME: &str = "port watch";

/// After a failure Twilio is asked again this much later.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(2);

/// Asks, one round at a time.
#[derive(Debug)]
pub struct Ports {
    desk: Arc<Desk>,
    /// Something made a job.
    wake: Arc<Notify>,
    asking: Mutex<()>,
}

impl Ports {
    /// One that has not asked yet.
    pub fn new(desk: Arc<Desk>, wake: Arc<Notify>) -> Ports {
        Ports { desk, wake, asking: Mutex::new(()) }
    }

    /// Asks after every port that is due.
    pub async fn look(&self) -> Result<(), StoreError> {
        let _turn = self.asking.lock().await;
        for port in self.desk.store.ports_due((self.desk.now)()).await? {
            self.ask(port).await?;
        }
        Ok(())
    }

    /// Twilio has told that something happened to some port, or somebody has: all that are under way are asked after.
    pub async fn hurry(&self) -> Result<(), StoreError> {
        self.desk.store.hurry_ports((self.desk.now)()).await?;
        self.look().await
    }

    /// Asks after one port, due or not. Answers why Twilio could not be asked, if it could not.
    pub async fn look_at(&self, port: Port) -> Result<Option<String>, StoreError> {
        let _turn = self.asking.lock().await;
        self.ask(port).await
    }

    async fn ask(&self, port: Port) -> Result<Option<String>, StoreError> {
        let desk = &self.desk;
        let account = match desk.account(&port.account).await {
            Ok(Some(account)) => account,
            Ok(None) => return self.failed(port, "the credentials of its account are not there any more").await,
            Err(trouble) => return self.failed(port, &trouble.words()).await,
        };
        let now = (desk.now)();
        match desk.of_twilio(desk.twilio.port(&account, &port.request)).await {
            Ok(Some(found)) => self.turn(&port, &found, now).await.map(|()| None),
            Ok(None) => self.failed(port, "Twilio does not know the request any more").await,
            Err(Trouble::Store(error)) => Err(error),
            Err(trouble) => self.failed(port, &trouble.words()).await,
        }
    }

    async fn failed(&self, port: Port, why: &str) -> Result<Option<String>, StoreError> {
        tracing::warn!(port = %port.id, why, "could not ask how far a port is");
        let due = port.due.map(|_| (self.desk.now)() + AFTER_FAILURE);
        self.desk.store.turn_port(&Port { due, ..port }, None).await?;
        Ok(Some(why.to_owned()))
    }

    /// Takes in what Twilio says. What a completed port needs is put to a job before it is written that it is over.
    async fn turn(&self, port: &Port, found: &Found, now: Timestamp) -> Result<(), StoreError> {
        let (stage, seen) = judge(port, found);
        let is_news = stage != port.stage || seen != port.seen;
        let since = if stage == port.stage { port.since } else { now };
        let mut turned = Port { stage, seen, since, ..port.clone() };
        turned.due = turned.next_look(now);
        if turned.stage == PortStage::Completed && port.stage != PortStage::Completed {
            self.bring_home(&turned).await?;
        }
        let moment = is_news.then(|| PortMoment { at: now, stage, words: turned.words() });
        self.desk.store.turn_port(&turned, moment.as_ref()).await?;
        if is_news {
            tracing::info!(port = %port.id, stage = stage.as_str(), "a port goes on");
            self.desk.port_turned(&turned).await?;
        }
        Ok(())
    }

    async fn bring_home(&self, port: &Port) -> Result<(), StoreError> {
        let desk = &self.desk;
        let tenant = desk.store.tenant(&port.tenant_id).await?;
        let org = match &tenant {
            Some(tenant) => Some(tenant.org_id.clone()),
            None => desk.store.org_by_account(&port.account).await?.map(|org| org.id),
        };
        let about = About { tenant: tenant.as_ref(), org: org.as_ref(), subject: port.id.as_str() };
        let job = Asked::Arrive { port: port.id.clone() }.job(desk.seed(), &about, NAME);
        let bounds = JobBounds { only_one: true, ..JobBounds::default() };
        desk.store.create_jobs(&[job], bounds, &Actor(NAME.to_owned())).await?;
        self.wake.notify_one();
        Ok(())
    }
}

impl Desk {
    /// Tells everybody that a port goes on.
    pub(super) async fn port_turned(&self, port: &Port) -> Result<(), StoreError> {
        (self.changed)(Change::Number(port.e164));
        (self.changed)(Change::Tenant(port.tenant_id.clone()));
        self.store.tell(&Event::port_changed(port)).await
    }
}

/// How far a port is, by Twilio's words. Those of the number itself weigh more than those of the request; a word we do
/// not know changes nothing.
fn judge(port: &Port, found: &Found) -> (PortStage, PortSeen) {
    let number = found.numbers.iter().find(|number| number.e164 == port.e164);
    let by_request = match &found.status {
        PortStatus::Pending => Some(PortStage::Submitted),
        PortStatus::InReview => Some(PortStage::InReview),
        PortStatus::WaitingForSignature => Some(PortStage::WaitingForSignature),
        PortStatus::InProgress => Some(PortStage::InProgress),
        PortStatus::ActionRequired => Some(PortStage::ActionRequired),
        PortStatus::Completed => Some(PortStage::Completed),
        PortStatus::Expired => Some(PortStage::Expired),
        PortStatus::Canceled => Some(PortStage::Canceled),
        PortStatus::Unknown(_) => None,
    };
    let by_number = number.and_then(|number| match number.status {
        PortNumberStatus::Completed => Some(PortStage::Completed),
        PortNumberStatus::Rejected => Some(PortStage::ActionRequired),
        PortNumberStatus::Canceled => Some(PortStage::Canceled),
        PortNumberStatus::Submitted | PortNumberStatus::Pending => Some(PortStage::InProgress),
        _ => None,
    });
    let stage = match (by_request, by_number) {
        // What ended as a whole ended for its number, unless the number says that it has come.
        (Some(ended), number) if ended.has_failed() && number != Some(PortStage::Completed) => ended,
        (_, Some(number)) => number,
        (Some(request), None) => request,
        (None, None) => port.stage,
    };
    let refused = matches!(stage, PortStage::ActionRequired);
    let reason = number
        .filter(|_| refused)
        .and_then(|number| number.rejection_reason.clone().or_else(|| number.not_portable_reason.clone()));
    let code = number
        .filter(|_| refused)
        .and_then(|number| number.rejection_code.clone().or_else(|| number.not_portable_code.clone()));
    let called_off = found.cancellation_reason.clone().filter(|_| stage == PortStage::Canceled);
    let seen = PortSeen {
        target_date: found.target_date.or(port.seen.target_date),
        port_date: number.and_then(|number| number.port_date),
        signature_url: found.signature_url.clone().filter(|_| stage == PortStage::WaitingForSignature),
        reason: reason.or(called_off),
        code,
    };
    (stage, seen)
}
