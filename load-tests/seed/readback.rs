//! Reads some tenants back through the store's own doors: what was copied must be what the doors would have written.

use anyhow::{Context, ensure};
use patchbay::model::{E164, Via};
use patchbay::routing::{Surroundings, compile};
use patchbay::store::Store;

use super::tenants::Tenants;

/// Tenants looked at, spread over all of them, the last one included.
const LOOKS: usize = 200;

/// Every tenant looked at is found by its number and its names, is as it should be, and can dial its AI.
pub async fn check(store: &Store, tenants: &Tenants, numbers: &[E164]) -> anyhow::Result<()> {
    let last = numbers.len() - 1;
    let step = numbers.len().div_ceil(LOOKS);
    for place in (0..last).step_by(step).chain([last]) {
        let looked = look(store, tenants, place, numbers[place]).await;
        looked.with_context(|| format!("the tenant of {} was not stored as it should be", numbers[place]))?;
    }
    Ok(())
}

async fn look(store: &Store, tenants: &Tenants, place: usize, e164: E164) -> anyhow::Result<()> {
    let (tenant, number) = (tenants.tenant(place, e164), tenants.number(place, e164));
    let found = store.number_by_e164(e164).await?.context("its number is not there")?;
    ensure!(found == number, "its number reads otherwise: {found:?}");
    let loaded = store.load_tenant(&tenant.id).await?.context("it is not there")?;
    ensure!(loaded.tenant == tenant, "it reads otherwise: {:?}", loaded.tenant);
    ensure!(loaded.numbers == [number], "other numbers lead to it: {:?}", loaded.numbers);
    ensure!(store.tenant_at(&tenant.id, 1).await?.as_ref() == Some(&tenant), "its first version reads otherwise");
    for name in [tenant.slug.clone(), format!("clinic-{}", tenant.id)] {
        let named = store.tenant_by_sip_user(&name).await?;
        ensure!(named.as_ref() == Some(&tenant.id), "{name} does not lead to it");
    }
    let (compiled, doubts) = compile(&tenant, &loaded.numbers, None, &Surroundings::default());
    ensure!(doubts.is_empty(), "its settings are doubtful: {doubts:?}");
    ensure!(compiled.script.ai() == Some(Via::Sip), "its AI cannot be dialled");
    Ok(())
}
