//! What a scope shows of a store: in every list exactly what belongs to it, nothing more and nothing less.

use std::collections::BTreeMap;

use jiff::Timestamp;
use patchbay::model::{Access, OrgId, Record, Role, Scope, TenantId, TokenId, VoicemailState};
use patchbay::store::{Ask, Page, Store, StoreError, Token};

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    every_list_shows_a_scope_its_own_and_nothing_else,
    a_token_is_found_by_its_hash_alone_and_speaks_for_somebody_who_is_there,
    tokens_of_whoever_is_gone_open_nothing,
    an_organization_goes_when_its_tenants_are_gone,
    a_version_names_whoever_saved_it,
);

fn token(n: u32, role: Role) -> Token {
    Token {
        id: TokenId::new(seed(n)),
        name: format!("desk {n}"),
        role,
        access: Access::Write,
        created_at: at(i64::from(n)),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

async fn made(store: &Store, n: u8, role: Role) -> Token {
    let token = token(u32::from(n), role);
    store.create_token(&token, &[n; 32], &operator()).await.unwrap();
    token
}

/// Three organizations with none, one and three tenants; every tenant has a number, a call, a voicemail and a token.
struct World {
    orgs: Vec<OrgId>,
    /// Whose each tenant is.
    tenants: BTreeMap<TenantId, OrgId>,
}

impl World {
    async fn new(store: &Store) -> World {
        let mut world = World { orgs: Vec::new(), tenants: BTreeMap::new() };
        let mut seq = 0;
        for (n, tenants) in [(1, 0), (2, 1), (3, 3)] {
            let org = org_with_account(n);
            store.create_org(&org, &operator()).await.unwrap();
            made(store, 100 + n as u8, Role::Org(org.id.clone())).await;
            for m in 0..tenants {
                let n = n * 10 + m;
                let tenant = tenant(n, &org.id);
                store.create_tenant(&tenant, &operator()).await.unwrap();
                let digits = format!("+164755501{n:02}");
                store.put_number(&number(n, &digits, Some(&tenant.id)), &operator()).await.unwrap();
                let call = format!("CA{n}");
                let message = news(n, &call, Some(&format!("RE{n}")), VoicemailState::Ready, 2);
                let records = [Record::CallBegan(began(&call, Some(&tenant.id), 1)), Record::Voicemail(message)];
                store.apply("test", &numbered(seq + 1, &records)).await.unwrap();
                seq += 2;
                let role = Role::Tenant { org: org.id.clone(), tenant: tenant.id.clone() };
                made(store, n as u8, role).await;
                world.tenants.insert(tenant.id, org.id.clone());
            }
            world.orgs.push(org.id);
        }
        // What is nobody's: a call to an unknown number, and a number in the pool.
        let strays = [Record::CallBegan(began("CA0", None, 1))];
        store.apply("test", &numbered(seq + 1, &strays)).await.unwrap();
        store.put_number(&number(99, "+16475550199", None), &operator()).await.unwrap();
        made(store, 200, Role::Operator).await;
        world
    }

    fn shows(&self, scope: &Scope, org: Option<&OrgId>, tenant: Option<&TenantId>) -> bool {
        let org = org.or_else(|| tenant.and_then(|tenant| self.tenants.get(tenant)));
        match scope {
            Scope::All => true,
            Scope::Org(own) => org == Some(own),
            Scope::Tenant(own) => tenant == Some(own),
        }
    }
}

/// Whose something is, and what tells it apart.
type Owned = (Option<OrgId>, Option<TenantId>, String);

/// The same question to a list that could be narrowed further.
fn same<F: Default>(ask: &Ask) -> Ask<F> {
    let Ask { limit, cursor, q, tenant, scope, only: () } = ask.clone();
    Ask { limit, cursor, q, tenant, scope, only: F::default() }
}

/// Every list, as whose and what.
async fn lists(store: &Store, ask: &Ask) -> [(&'static str, Vec<Owned>); 7] {
    fn all<T>(page: Result<Page<T>, StoreError>, owned: impl Fn(T) -> Owned) -> Vec<Owned> {
        page.unwrap().rows.into_iter().map(owned).collect()
    }
    [
        ("orgs", all(store.orgs(ask).await, |org| (Some(org.id.clone()), None, org.id.to_string()))),
        (
            "tenants",
            all(store.tenants(&same(ask)).await, |one| {
                (Some(one.org_id.clone()), Some(one.id.clone()), one.id.to_string())
            }),
        ),
        (
            "numbers",
            all(store.numbers(&same(ask)).await, |one| {
                // One of the pool goes with the organization whose account carries it.
                let carrier = (1..=3).map(org_with_account).find(|org| {
                    one.tenant_id.is_none() && org.twilio.as_ref().map(|own| &own.sid) == one.account_sid.as_ref()
                });
                (carrier.map(|org| org.id), one.tenant_id, one.id.to_string())
            }),
        ),
        (
            "calls",
            all(store.calls(&same(ask)).await, |one| (None, one.began.tenant_id, one.began.call_sid.to_string())),
        ),
        ("voicemails", all(store.voicemails(&same(ask)).await, |one| (None, one.tenant_id, one.id.to_string()))),
        (
            "tokens",
            all(store.tokens(ask).await, |one| match one.role {
                Role::Operator => (None, None, one.id.to_string()),
                Role::Org(org) => (Some(org), None, one.id.to_string()),
                Role::Tenant { org, tenant } => (Some(org), Some(tenant), one.id.to_string()),
            }),
        ),
        (
            "audit",
            all(store.audit(&same(ask)).await, |one| {
                (one.org_id, one.tenant_id, format!("{} {}", one.what, one.subject))
            }),
        ),
    ]
}

async fn every_list_shows_a_scope_its_own_and_nothing_else(store: Store) {
    let world = World::new(&store).await;
    let ask = |scope: Scope| Ask { limit: 200, scope, ..Ask::default() };
    let everything = lists(&store, &ask(Scope::All)).await;
    assert!(everything.iter().all(|(_, rows)| rows.len() > 2), "{everything:?}");
    let orgs = world.orgs.iter().cloned().map(Scope::Org);
    for scope in orgs.chain(world.tenants.keys().cloned().map(Scope::Tenant)) {
        let seen = lists(&store, &ask(scope.clone())).await;
        for ((what, all), (_, seen)) in everything.iter().zip(&seen) {
            let own: Vec<&Owned> =
                all.iter().filter(|(org, tenant, _)| world.shows(&scope, org.as_ref(), tenant.as_ref())).collect();
            assert_eq!(seen.iter().collect::<Vec<_>>(), own, "{what} for {scope:?}");
        }
        // A scope is a wall, not a default: naming a foreign tenant does not lead around it.
        for foreign in world.tenants.iter().filter(|(id, org)| !world.shows(&scope, Some(org), Some(id))) {
            let around = Ask { tenant: Some(foreign.0.clone()), ..ask(scope.clone()) };
            for (what, rows) in lists(&store, &around).await {
                let strays = rows.iter().filter(|(org, tenant, _)| !world.shows(&scope, org.as_ref(), tenant.as_ref()));
                assert_eq!(strays.count(), 0, "{what} of a foreign tenant for {scope:?}");
            }
        }
    }
}

async fn a_token_is_found_by_its_hash_alone_and_speaks_for_somebody_who_is_there(store: Store) {
    let org = org_with_account(1);
    store.create_org(&org, &operator()).await.unwrap();
    let kept = made(&store, 1, Role::Org(org.id.clone())).await;
    let found = store.token_by_hash(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.role, found.access), (kept.id.clone(), Role::Org(org.id), Access::Write));
    assert!(store.token_by_hash(&[2; 32]).await.unwrap().is_none());
    for role in [Role::Org(org_with_account(9).id), Role::Tenant { org: org_with_account(9).id, tenant: tenant_id(9) }]
    {
        let refused = store.create_token(&token(9, role), &[9; 32], &operator()).await;
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    assert!(store.token(&kept.id).await.unwrap().unwrap().is_good(Timestamp::MAX));
    store.token_used(&kept.id, at(50)).await.unwrap();
    store.token_used(&kept.id, at(40)).await.unwrap();
    assert_eq!(store.token(&kept.id).await.unwrap().unwrap().last_used_at, Some(at(50)), "it never goes back");
    store.revoke_token(&kept.id, at(60), &operator()).await.unwrap();
    store.revoke_token(&kept.id, at(70), &operator()).await.unwrap();
    assert_eq!(store.token(&kept.id).await.unwrap().unwrap().revoked_at, Some(at(60)), "once is enough");
}

async fn tokens_of_whoever_is_gone_open_nothing(store: Store) {
    let org = org_with_account(1);
    store.create_org(&org, &operator()).await.unwrap();
    let tenant = tenant(1, &org.id);
    store.create_tenant(&tenant, &operator()).await.unwrap();
    made(&store, 1, Role::Tenant { org: org.id.clone(), tenant: tenant.id.clone() }).await;
    made(&store, 2, Role::Org(org.id.clone())).await;
    let good = async |n: u8| store.token_by_hash(&[n; 32]).await.unwrap().unwrap().is_good(Timestamp::MAX);
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    assert_eq!((good(1).await, good(2).await), (false, true));
    store.delete_org(&org.id, None, &operator()).await.unwrap();
    assert!(!good(2).await);
}

async fn an_organization_goes_when_its_tenants_are_gone(store: Store) {
    let org = org_with_account(1);
    store.create_org(&org, &operator()).await.unwrap();
    let tenant = tenant(1, &org.id);
    store.create_tenant(&tenant, &operator()).await.unwrap();
    let stale = store.delete_org(&org.id, Some(9), &operator()).await;
    assert!(matches!(stale, Err(StoreError::VersionChanged(1))));
    assert!(matches!(store.delete_org(&org.id, None, &operator()).await, Err(StoreError::OrgInUse)));
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    store.delete_org(&org.id, Some(1), &operator()).await.unwrap();
    assert!(store.org(&org.id).await.unwrap().is_none());
    let platform = store.platform_org().await.unwrap();
    assert!(matches!(store.delete_org(&platform.id, None, &operator()).await, Err(StoreError::OrgInUse)));
}

async fn a_version_names_whoever_saved_it(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let desk = patchbay::store::Actor("front desk".to_owned());
    store.change_tenant(&tenant.id, None, &desk, |tenant| tenant.name = "Acme".to_owned()).await.unwrap();
    let versions = store.tenant_versions(&tenant.id, &Ask::default()).await.unwrap().rows;
    let told: Vec<(u64, Option<&str>)> =
        versions.iter().map(|row| (row.tenant.version, row.saved_by.as_deref())).collect();
    assert_eq!(told, [(tenant.version + 1, Some("front desk")), (tenant.version, Some("operator"))]);
}
