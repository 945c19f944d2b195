//! Times for people: on the clock of the business where one is known, and always with the name of the clock.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::api::text;
use super::remote::{Refusal, Remote};
use crate::model::availability::zone;

/// An instant on the clock of a zone, or in UTC where none is known. What is no instant is shown as it is.
pub(super) fn told(instant: &Value, timezone: Option<&str>) -> String {
    let Some(given) = instant.as_str() else { return String::new() };
    let Ok(at) = given.parse::<Timestamp>() else { return given.to_owned() };
    let known = timezone.and_then(|name| zone::named(name).map(|zone| (name, zone)));
    let (name, zone) = known.unwrap_or(("UTC", TimeZone::UTC));
    format!("{} {name}", at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S"))
}

/// Tenants that were asked for once: their zone and slug, for whoever shows what belongs to them.
#[derive(Default)]
pub(super) struct Known(HashMap<String, Option<Value>>);

impl Known {
    /// The tenant of this id; none where it is gone, or not for this token.
    pub async fn tenant(&mut self, remote: &Remote, id: &Value) -> anyhow::Result<Option<&Value>> {
        let Some(id) = id.as_str() else { return Ok(None) };
        if !self.0.contains_key(id) {
            let found = match remote.get(&format!("/api/tenants/{id}"), &[]).await {
                Ok(tenant) => Some(tenant),
                Err(error) if Refusal::is_not_found(&error) => None,
                Err(error) => return Err(error),
            };
            self.0.insert(id.to_owned(), found);
        }
        Ok(self.0[id].as_ref())
    }

    /// Its slug; its id where it is gone, and a dash for none.
    pub async fn slug(&mut self, remote: &Remote, id: &Value) -> anyhow::Result<String> {
        let tenant = self.tenant(remote, id).await?;
        Ok(tenant.map_or_else(|| id.as_str().unwrap_or("–").to_owned(), |tenant| text(tenant, "slug").to_owned()))
    }

    /// Its slug, and an instant on its clock.
    pub async fn slug_and_time(&mut self, remote: &Remote, id: &Value, at: &Value) -> anyhow::Result<(String, String)> {
        let tenant = self.tenant(remote, id).await?;
        let at = told(at, tenant.and_then(|tenant| tenant["timezone"].as_str()));
        Ok((self.slug(remote, id).await?, at))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_names_its_clock() {
        let at = json!("2026-12-25T15:00:00Z");
        assert_eq!(told(&at, Some("America/Toronto")), "2026-12-25 10:00:00 America/Toronto");
        assert_eq!(told(&at, None), "2026-12-25 15:00:00 UTC");
        assert_eq!(told(&at, Some("Nowhere/AtAll")), "2026-12-25 15:00:00 UTC");
        assert_eq!((told(&json!(null), None), told(&json!("soon"), None)), (String::new(), "soon".to_owned()));
    }
}
