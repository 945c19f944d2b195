//! Who may see and change what: the role of a token, and the part of the installation it opens.

use super::{OrgId, TenantId};

/// For whom a token speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The platform: everything.
    Operator,
    /// An organization: itself and its tenants.
    Org(OrgId),
    /// One tenant.
    Tenant {
        /// Its organization, which it does not see.
        org: OrgId,
        /// The tenant.
        tenant: TenantId,
    },
}

/// What a token may do with what it sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
}

/// The part of the installation that a list or a search may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// What belongs to an organization, its tenants included.
    Org(OrgId),
    /// What belongs to a tenant.
    Tenant(TenantId),
}

impl Role {
    /// What it opens.
    pub fn scope(&self) -> Scope {
        match self {
            Role::Operator => Scope::All,
            Role::Org(org) => Scope::Org(org.clone()),
            Role::Tenant { tenant, .. } => Scope::Tenant(tenant.clone()),
        }
    }

    /// The organization whose people it is for; none where it is the platform's.
    pub fn org(&self) -> Option<&OrgId> {
        match self {
            Role::Operator => None,
            Role::Org(org) | Role::Tenant { org, .. } => Some(org),
        }
    }

    /// Does it see what belongs to this organization, and to this tenant of it where there is one?
    ///
    /// What belongs to nobody is the platform's.
    pub fn sees(&self, org: Option<&OrgId>, tenant: Option<&TenantId>) -> bool {
        match self {
            Role::Operator => true,
            Role::Org(own) => org == Some(own),
            Role::Tenant { tenant: own, .. } => tenant == Some(own),
        }
    }

    /// Does it see all that the other sees? Nobody gives away more than they have.
    pub fn covers(&self, other: &Role) -> bool {
        match other {
            Role::Operator => *self == Role::Operator,
            Role::Org(org) => self.sees(Some(org), None),
            Role::Tenant { org, tenant } => self.sees(Some(org), Some(tenant)),
        }
    }
}

impl Scope {
    /// The one tenant it is narrowed to.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Scope::Tenant(tenant) => Some(tenant),
            Scope::All | Scope::Org(_) => None,
        }
    }
}

impl Access {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::Seed;

    #[test]
    fn a_role_sees_its_own_and_gives_away_no_more_than_it_has() {
        let seed = |chance| Seed { at: Timestamp::UNIX_EPOCH, random: [chance; 10] };
        let (org, other_org) = (OrgId::new(seed(1)), OrgId::new(seed(2)));
        let (tenant, sibling) = (TenantId::new(seed(1)), TenantId::new(seed(2)));
        let of = |org: &OrgId, tenant: &TenantId| Role::Tenant { org: org.clone(), tenant: tenant.clone() };
        let roles = [
            Role::Operator,
            Role::Org(org.clone()),
            of(&org, &tenant),
            of(&org, &sibling),
            Role::Org(other_org.clone()),
        ];
        let covered: Vec<Vec<bool>> =
            roles.iter().map(|role| roles.iter().map(|other| role.covers(other)).collect()).collect();
        assert_eq!(
            covered,
            [
                [true, true, true, true, true],
                [false, true, true, true, false],
                [false, false, true, false, false],
                [false, false, false, true, false],
                [false, false, false, false, true],
            ]
        );
        assert!(roles.iter().all(|role| role.sees(None, None) == (*role == Role::Operator)));
        assert!(roles[2].sees(None, Some(&tenant)) && !roles[1].sees(None, Some(&tenant)));
    }
}
