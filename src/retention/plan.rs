//! Which things of whom have had their time. Pure: the instant is an argument.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Retention, TenantRetention};
use crate::store::{Round, SweepKind, Whose};

/// What a tenant says of one kind.
type OwnPeriod = fn(&TenantRetention) -> Option<u32>;

/// Every round of a sweep. Words come first: they are what is most private, and go from calls that go as well.
pub fn rounds(installation: &Retention, tenants: &[TenantRetention], now: Timestamp) -> Vec<Round> {
    let kinds: [(SweepKind, Option<u32>, OwnPeriod); 4] = [
        (SweepKind::Transcripts, installation.transcripts_days, |tenant| tenant.transcripts_days),
        (SweepKind::Summaries, installation.transcripts_days, |tenant| tenant.transcripts_days),
        (SweepKind::Voicemails, installation.voicemails_days, |tenant| tenant.voicemails_days),
        (SweepKind::Calls, installation.calls_days, |tenant| tenant.calls_days),
    ];
    let mut rounds = Vec::new();
    for (kind, of_all, of_tenant) in kinds {
        let own = tenants.iter().filter_map(|tenant| {
            let before = ago(now, of_tenant(tenant)?);
            Some(Round { kind, whose: Whose::Tenant(tenant.tenant_id.clone()), before })
        });
        rounds.extend(own);
        rounds.extend(of_all.map(|days| Round { kind, whose: Whose::Others, before: ago(now, days) }));
    }
    rounds
}

/// So many days before an instant.
pub(super) fn ago(now: Timestamp, days: u32) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).expect("hours are no calendar's business")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Seed, TenantId};

    fn tenant(n: u8) -> TenantId {
        TenantId::new(Seed { at: Timestamp::UNIX_EPOCH, random: [n; 10] })
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn what_nobody_gave_a_period_is_kept() {
        let unsaid = [TenantRetention::unsaid(tenant(1))];
        assert_eq!(rounds(&Retention::default(), &unsaid, at("2026-11-20T10:00:00Z")), []);
    }

    #[test]
    fn a_tenants_own_period_is_its_own_and_the_installations_is_everybody_elses() {
        let installation = Retention { calls_days: Some(30), ..Retention::default() };
        let own =
            TenantRetention { calls_days: Some(7), voicemails_days: Some(1), ..TenantRetention::unsaid(tenant(1)) };
        let round = |kind, whose, before| Round { kind, whose, before: at(before) };
        assert_eq!(
            rounds(&installation, &[own, TenantRetention::unsaid(tenant(2))], at("2026-11-20T10:00:00Z")),
            [
                round(SweepKind::Voicemails, Whose::Tenant(tenant(1)), "2026-11-19T10:00:00Z"),
                round(SweepKind::Calls, Whose::Tenant(tenant(1)), "2026-11-13T10:00:00Z"),
                round(SweepKind::Calls, Whose::Others, "2026-10-21T10:00:00Z"),
            ]
        );
    }

    #[test]
    fn no_period_is_too_long() {
        assert_eq!(ago(at("2026-11-20T10:00:00Z"), u32::MAX), Timestamp::MIN);
    }
}
