//! What every job needs: the store, the providers behind their gates, and how the installation is set up.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::gate::Gates;
use super::lists::ListLimits;
use super::shelf::Shelf;
use super::trouble::Trouble;
use crate::model::{Change, Number, Secret, Seed, Sid, Target, Tenant, TwilioAccount};
use crate::providers::{ProviderError, Twilio, TwilioKey, Vapi, VapiServer, Wiring};
use crate::store::{Actor, Store};

/// What every job needs.
pub struct Desk {
    /// Where everything is kept.
    pub store: Store,
    /// Twilio.
    pub twilio: Twilio,
    /// Vapi, where there is a key for it.
    pub vapi: Option<Vapi>,
    /// What stands between jobs and providers.
    pub gates: Gates,
    /// What providers told a moment ago, so that not every job asks again.
    pub shelf: Arc<Shelf>,
    /// How the installation is set up.
    pub policy: Policy,
    /// Told of every change.
    pub changed: Arc<dyn Fn(Change) + Send + Sync>,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Chance, for identifiers.
    pub random: Arc<dyn Fn() -> [u8; 10] + Send + Sync>,
    /// Chance, for what nobody may guess.
    pub secret: Arc<dyn Fn() -> [u8; 32] + Send + Sync>,
}

/// How the installation is set up, as far as jobs need to know.
#[derive(Clone, Debug)]
pub struct Policy {
    /// False where numbers would lead to an address nobody outside can call.
    pub is_reachable: bool,
    /// Where numbers lead.
    pub number_wiring: Wiring,
    /// Where the SIP domain leads.
    pub sip_wiring: Wiring,
    /// Where Twilio tells of ports.
    pub porting_url: String,
    /// Where Vapi asks and tells.
    pub vapi_server: VapiServer,
    /// The installation's own account.
    pub global: Option<TwilioAccount>,
    /// What Vapi is given for that account in place of its token.
    pub global_key: Option<TwilioKey>,
    /// Who answers for tenants without a target of their own.
    pub default_target: Option<Target>,
    /// Host of Vapi's SIP endpoints.
    pub vapi_sip_host: String,
    /// The SIP domain whose callers show credentials.
    pub sip_domain: Option<String>,
    /// The SIP domain whose callers are known by their address.
    pub sip_acl_domain: Option<String>,
    /// How much a list of those domains takes.
    pub sip_lists: ListLimits,
    /// How many free numbers the plan allows.
    pub free_numbers: u32,
    /// What new lists and domains are called.
    pub brand: String,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Desk {
    /// Asks Twilio in its turn.
    pub(super) async fn of_twilio<T>(
        &self,
        asking: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, Trouble> {
        self.gates.twilio.ask(asking).await
    }

    /// Asks Vapi in its turn.
    pub(super) async fn of_vapi<T>(
        &self,
        asking: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, Trouble> {
        self.gates.vapi.ask(asking).await
    }

    /// Vapi, in a step that is not reached without it.
    pub(super) fn vapi(&self) -> Result<&Vapi, Trouble> {
        self.vapi.as_ref().ok_or_else(|| {
            Trouble::by_hand(
                "there is no key of Vapi's: set vapi.api_key (or VAPI_API_KEY), restart, and retry this job",
            )
        })
    }

    /// Who answers for a tenant.
    pub(super) fn target<'a>(&'a self, tenant: &'a Tenant) -> Option<&'a Target> {
        tenant.target.as_ref().or(self.policy.default_target.as_ref())
    }

    /// What Vapi is given to look at an account.
    pub(super) fn key_of(&self, account: &TwilioAccount) -> Option<&TwilioKey> {
        let is_global = self.policy.global.as_ref().is_some_and(|global| global.sid == account.sid);
        self.policy.global_key.as_ref().filter(|_| is_global)
    }

    /// The account with this SID, if it is one of ours.
    pub(super) async fn account(&self, sid: &Sid) -> Result<Option<TwilioAccount>, Trouble> {
        if let Some(global) = self.policy.global.as_ref().filter(|global| global.sid == *sid) {
            return Ok(Some(global.clone()));
        }
        Ok(self.store.org_by_account(sid).await?.and_then(|org| org.twilio))
    }

    /// Tells everybody that a number is another than before.
    pub(super) fn told(&self, number: &Number) {
        (self.changed)(Change::Number(number.e164));
        if let Some(id) = &number.vapi_number_id {
            (self.changed)(Change::VapiNumber(id.clone()));
        }
        if let Some(tenant) = &number.tenant_id {
            (self.changed)(Change::Tenant(tenant.clone()));
        }
    }

    pub(super) fn seed(&self) -> Seed {
        Seed { at: (self.now)(), random: (self.random)() }
    }

    /// A word nobody can guess, of letters and digits of both cases, with at least one of each.
    pub(super) fn password(&self) -> Secret {
        super::words::sip_password(&(self.secret)())
    }
}

/// As the audit log names a job.
pub(super) fn actor(job: &crate::model::Job) -> Actor {
    Actor(format!("{} ({})", job.by, job.id))
}
