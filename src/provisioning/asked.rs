//! What a job was asked to do, as it is kept with it.

use serde::{Deserialize, Serialize};

use crate::model::{
    E164, Job, JobId, JobKind, NumberId, OrgId, PortId, Purpose, Seed, Sid, Standing, Tenant, TenantId,
};

/// What a job was asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Asked {
    /// A number for the tenant.
    Number {
        /// This one and no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<E164>,
        /// One of this area.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        area_code: Option<String>,
        /// One of this country; else the tenant's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        country: Option<String>,
        /// Neither from the pool nor one of Vapi's.
        #[serde(default)]
        force_twilio: bool,
        /// What calls to it are for.
        #[serde(default)]
        purpose: Purpose,
        /// The assistant that answers for the tenant from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<Sid>,
    },
    /// The tenant's way of being reached, as it is configured.
    Deploy,
    /// This number leads to us.
    Wire {
        /// Which.
        number_id: NumberId,
    },
    /// Vapi follows the tenant's target.
    Target,
    /// This number leaves Vapi.
    Remove {
        /// Which.
        number_id: NumberId,
    },
    /// This number is given back.
    Release {
        /// Which.
        number_id: NumberId,
    },
    /// What a tenant's telephone system was let in by, and is no more.
    Retire,
    /// What a tenant had that is gone.
    Vacate {
        /// Which tenant.
        tenant: TenantId,
    },
    /// The number of this port, which has come, leads to us.
    Arrive {
        /// Which port.
        port: PortId,
    },
    /// This port is called off.
    CallOff {
        /// Which.
        port: PortId,
    },
}

/// What a job is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The tenant it is for.
    pub tenant: Option<&'a Tenant>,
    /// The organization of a number that leads nowhere.
    pub org: Option<&'a OrgId>,
    /// What it works on, where there is no tenant: jobs on one thing are worked on one after the other.
    pub subject: &'a str,
}

impl<'a> About<'a> {
    /// A tenant.
    pub fn tenant(tenant: &'a Tenant) -> About<'a> {
        About { tenant: Some(tenant), org: Some(&tenant.org_id), subject: tenant.id.as_str() }
    }
}

impl Asked {
    /// A job that does it, not kept yet.
    pub fn job(&self, seed: Seed, about: &About<'_>, by: &str) -> Job {
        Job {
            id: JobId::new(seed),
            kind: self.kind(),
            tenant_id: about.tenant.map(|tenant| tenant.id.clone()),
            org_id: about.org.cloned(),
            subject: about.tenant.map_or(about.subject, |tenant| tenant.id.as_str()).to_owned(),
            asked: serde_json::to_value(self).expect("what is asked has text keys alone"),
            by: by.to_owned(),
            created_at: seed.at,
            standing: Standing::new(seed.at),
            updated_at: seed.at,
        }
    }

    /// The kind of job it takes.
    pub fn kind(&self) -> JobKind {
        match self {
            Asked::Number { .. } => JobKind::Number,
            Asked::Deploy => JobKind::Deploy,
            Asked::Wire { .. } => JobKind::Wire,
            Asked::Target => JobKind::Target,
            Asked::Remove { .. } => JobKind::Remove,
            Asked::Release { .. } => JobKind::Release,
            Asked::Retire => JobKind::Retire,
            Asked::Vacate { .. } => JobKind::Vacate,
            Asked::Arrive { .. } => JobKind::Arrive,
            Asked::CallOff { .. } => JobKind::CallOff,
        }
    }

    /// A number by the chain, wherever it may come from.
    pub fn any_number() -> Asked {
        let (number, area_code, country, agent) = (None, None, None, None);
        Asked::Number { number, area_code, country, force_twilio: false, purpose: Purpose::Calls, agent }
    }

    /// The same, passing over the pool and the free numbers or not.
    pub fn forcing_twilio(mut self, force: bool) -> Asked {
        if let Asked::Number { force_twilio, .. } = &mut self {
            *force_twilio = force;
        }
        self
    }
}
