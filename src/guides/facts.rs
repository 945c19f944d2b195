//! What a guide is written from: a tenant, how it is reached, and what of the installation it touches.

use super::Method;
use crate::model::availability::{Availability, HighVolume, Mode, Strictness};
use crate::model::{
    E164, Estimates, Fallback, FallbackKind, Number, NumberState, PhoneIntegration, PhoneMethod, Purpose, Tenant,
};

/// What is known of a tenant and of where it lives.
#[derive(Debug)]
pub struct Facts<'f> {
    /// What the installation is called.
    pub brand: &'f str,
    /// Whose guide it is.
    pub tenant: &'f Tenant,
    /// How it is reached, if somebody has said so.
    pub phone: Option<&'f PhoneIntegration>,
    /// Its numbers.
    pub numbers: &'f [Number],
    /// The SIP domain of those that sign in.
    pub sip_domain: Option<&'f str>,
    /// The SIP domain of those that are known by their addresses.
    pub sip_acl_domain: Option<&'f str>,
    /// Somebody pays for what is bought.
    pub is_paid: bool,
    /// There is an assistant or a squad that answers.
    pub has_target: bool,
    /// A number of ours can stand in where the caller's own may not be shown to staff.
    pub has_caller_id: bool,
    /// The country of the number the business is known by, in two letters.
    pub country: Option<&'f str>,
    /// What things cost, by estimate.
    pub costs: &'f Estimates,
}

impl Facts<'_> {
    /// The number the business is known by.
    pub(super) fn clinic_number(&self) -> Option<E164> {
        self.phone.map(|phone| phone.clinic_number)
    }

    /// The same in a sentence.
    pub(super) fn known_as(&self) -> String {
        self.clinic_number().map_or_else(|| "your number".to_owned(), |number| number.to_string())
    }

    /// It is configured for this method.
    pub(super) fn is_configured_for(&self, method: Method) -> bool {
        self.phone.is_some_and(|phone| Method::of(phone.method) == method)
    }

    /// The number of ours it was set up with for this method, if that still leads to it.
    pub(super) fn our_number(&self, method: Method) -> Option<E164> {
        let phone = self.phone.filter(|_| self.is_configured_for(method))?;
        phone.number.filter(|number| self.lines().any(|line| line.e164 == *number))
    }

    /// It was set up for this method, and what it was set up with is still there.
    pub(super) fn is_set_up_for(&self, method: Method) -> bool {
        let Some(phone) = self.phone.filter(|_| self.is_configured_for(method)) else { return false };
        phone.setup_completed_at.is_some() && phone.number.is_none_or(|_| self.our_number(method).is_some())
    }

    /// Its numbers whose calls are decided.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Number> {
        let here = self.numbers.iter().filter(|number| number.state == NumberState::Active && !number.is_coming());
        here.filter(|number| number.purpose == Purpose::Calls)
    }

    /// The networks its telephone system calls from, in place of a password.
    pub(super) fn networks(&self) -> Vec<String> {
        let of_sip = self.phone.filter(|phone| phone.method == PhoneMethod::Sip);
        let networks = of_sip.into_iter().flat_map(|phone| &phone.source_ips);
        networks.map(|net| if net.prefix_len() == 32 { net.addr().to_string() } else { net.to_string() }).collect()
    }

    /// The domain its telephone system calls, and the setting that names it.
    pub(super) fn domain(&self) -> (Option<&str>, &'static str) {
        match self.networks().is_empty() {
            true => (self.sip_domain, "sip.domain"),
            false => (self.sip_acl_domain, "sip.acl_domain"),
        }
    }

    /// The name it is to sign in with; none where it is known by its addresses.
    pub(super) fn username(&self) -> Option<&str> {
        let newest = self.phone.and_then(PhoneIntegration::sip_name).and_then(|seat| seat.username.as_deref());
        newest.or(self.tenant.sip_username.as_deref()).filter(|_| self.signs_in())
    }

    /// Its own name on the SIP domain: what it dials, whatever it signs in with.
    pub(super) fn own_name(&self) -> Option<&str> {
        self.tenant.sip_username.as_deref().filter(|_| self.signs_in())
    }

    fn signs_in(&self) -> bool {
        self.is_configured_for(Method::Sip) && self.networks().is_empty()
    }

    /// The address its telephone system calls.
    pub(super) fn sip_uri(&self) -> Option<String> {
        let user = match self.networks().is_empty() {
            true => self.own_name()?,
            false => &self.tenant.slug,
        };
        self.domain().0.map(|domain| format!("sip:{user}@{domain}"))
    }

    /// When the AI answers and what happens where it does not, however broken the rest of the settings may be.
    pub(super) fn answers(&self) -> Answers {
        match Availability::read(&self.tenant.availability, Strictness::Stored) {
            Ok(reading) => {
                let Availability { mode, high_volume, fallback, .. } = reading.availability;
                Answers { mode, threshold: high_volume.threshold, fallback }
            }
            // With settings that cannot be read every call goes to the standard fallback.
            Err(_) => Answers {
                mode: Mode::Disabled,
                threshold: HighVolume::THRESHOLD_DEFAULT,
                fallback: Fallback::default(),
            },
        }
    }
}

/// When the AI answers, and what happens where it does not.
#[derive(Debug)]
pub(super) struct Answers {
    pub mode: Mode,
    pub threshold: u32,
    pub fallback: Fallback,
}

impl Answers {
    /// Whom the fallback rings.
    pub fn rings(&self) -> &[E164] {
        match self.fallback.kind {
            FallbackKind::Forward => &self.fallback.forward,
            FallbackKind::Voicemail | FallbackKind::BusySignal => &[],
        }
    }
}

/// Numbers in a sentence.
pub(super) fn joined(numbers: &[E164]) -> String {
    numbers.iter().map(E164::to_string).collect::<Vec<_>>().join(", ")
}
