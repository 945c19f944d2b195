//! When a certificate ends, by its own word.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

/// When the first of a chain ends, which is the edge's own: those that vouch for it outlive it, and a root that has
/// ended at the end of a chain does no harm. None where it cannot be read.
pub fn certificate_end(chain: &[CertificateDer<'_>]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(chain.first()?).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_when_it_ends_and_what_is_none_says_nothing() {
        for year in [2026, 2049, 2050, 4096] {
            let mut wish = rcgen::CertificateParams::new(vec!["edge.example.com".to_owned()]).unwrap();
            wish.not_after = rcgen::date_time_ymd(year, 12, 1);
            let made = wish.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let end: Timestamp = format!("{year}-12-01T00:00:00Z").parse().unwrap();
            assert_eq!(certificate_end(&[made.der().clone()]), Some(end));
        }
        assert_eq!(certificate_end(&[]), None);
        assert_eq!(certificate_end(&[CertificateDer::from(b"no certificate".as_slice())]), None);
    }
}
