//! The settings of an installation: read, checked and explained, once, before anything starts.
//!
//! `config/default.toml` documents them and is where the defaults come from. What a setting does is the business of
//! whoever gets it.

mod costs;
mod countries;
mod fault;
pub mod key_file;
mod layers;
mod reader;
pub mod secrets;
mod sections;
mod values;

use std::path::Path;

use layers::Layers;
use reader::Reader;

pub use costs::Costs;
pub use fault::{Faults, Origin, SettingFault};
pub use sections::{
    Admin, Brand, Edge, Live, Log, Policy, Retention, Secrets, Sip, Spool, Store, Tls, Twilio, Vapi, Webhooks,
};
pub use values::{BaseUrl, Listen, LiveUrl, LogFormat, SealingKey, StoreUrl, UnknownNumber};

/// Every setting, by section.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public listener.
    pub edge: Edge,
    /// The private listener.
    pub admin: Admin,
    /// What is kept.
    pub store: Store,
    /// What waits on its way into the store.
    pub spool: Spool,
    /// The ledger of live calls.
    pub live: Live,
    /// The key under which credentials are sealed.
    pub secrets: Secrets,
    /// Twilio's API and the global account.
    pub twilio: Twilio,
    /// Vapi's API and the account.
    pub vapi: Vapi,
    /// The shared SIP domains.
    pub sip: Sip,
    /// What the installation allows.
    pub policy: Policy,
    /// What things cost, by estimate.
    pub costs: Costs,
    /// How long things are kept.
    pub retention: Retention,
    /// Webhooks that go out.
    pub webhooks: Webhooks,
    /// The product's name.
    pub brand: Brand,
    /// The log.
    pub log: Log,
}

impl Settings {
    /// Reads the built-in defaults, then `file` if there is one, then `environment`. Either all is well or every
    /// fault is told.
    pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Settings, Faults> {
        let mut layers = Layers::defaults();
        if let Some(path) = file {
            let name = path.display().to_string();
            match std::fs::read_to_string(path) {
                Ok(text) => layers.add_file(&name, &text),
                Err(error) => {
                    let origin = Origin::File { name, line: None };
                    let detail = format!("could not read the file: {error}");
                    layers.faults.push(SettingFault { origin, key: None, detail });
                }
            }
        }
        layers.add_environment(environment);
        let mut reader = Reader::new(layers);
        let settings = Settings::read(&mut reader);
        reader.finish().map(|()| settings)
    }

    fn read(reader: &mut Reader) -> Settings {
        let edge = Edge::read(reader);
        let admin = Admin::read(reader);
        let store = Store::read(reader);
        let spool = Spool::read(reader);
        let live = Live::read(reader);
        let secrets = Secrets::read(reader, &store);
        let twilio = Twilio::read(reader);
        let vapi = Vapi::read(reader, &twilio);
        let sip = Sip::read(reader);
        let policy = Policy::read(reader);
        let costs = Costs::read(reader);
        let retention = Retention::read(reader);
        let webhooks = Webhooks::read(reader);
        let brand = Brand::read(reader);
        let log = Log::read(reader);
        Settings {
            edge,
            admin,
            store,
            spool,
            live,
            secrets,
            twilio,
            vapi,
            sip,
            policy,
            costs,
            retention,
            webhooks,
            brand,
            log,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `default.toml` with every setting that has no default uncommented.
    fn everything_given() -> String {
        let shown = |line: &str| {
            let key = line.strip_prefix('#')?;
            key.starts_with(|first: char| first.is_ascii_lowercase()).then(|| key.to_owned())
        };
        let lines = layers::DEFAULTS.lines().map(|line| shown(line).unwrap_or_else(|| line.to_owned()));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn default_toml_documents_every_setting_and_no_other() {
        let mut documented = Layers::default();
        documented.add_file("default.toml", &everything_given());
        assert_eq!(documented.faults, []);
        let documented: BTreeSet<&str> = documented.given.keys().map(String::as_str).collect();

        let mut reader = Reader::new(Layers::defaults());
        Settings::read(&mut reader);
        assert_eq!(documented, reader.asked());
    }

    #[test]
    fn every_setting_of_default_toml_has_a_sentence() {
        let mut previous = "";
        for line in layers::DEFAULTS.lines() {
            let is_setting = line.contains(" = ") && !line.starts_with("# ");
            let told = previous.starts_with("# ") || previous.contains("api_key_sid");
            assert!(!is_setting || told, "no sentence before {line}");
            previous = line;
        }
    }

    #[test]
    fn what_default_toml_shows_as_an_example_is_accepted() {
        let mut layers = Layers::defaults();
        layers.add_file("default.toml", &everything_given());
        let mut reader = Reader::new(layers);
        Settings::read(&mut reader);
        let faults =
            reader.finish().expect_err("keys are placeholders, the one that seals is given twice, and nothing pools");
        let is_such = |key: Option<&str>| matches!(key, Some("secrets.key" | "secrets.previous" | "store.direct_url"));
        assert!(faults.0.iter().all(|fault| is_such(fault.key.as_deref())), "{faults}");
    }

    #[test]
    fn the_defaults_alone_are_valid() {
        let settings = Settings::load(None, std::iter::empty()).expect("valid");
        assert_eq!(settings.edge.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.admin.listen.to_string(), "127.0.0.1:8081");
        assert!(settings.edge.public_url.is_empty() && settings.edge.tls.is_none());
        assert_eq!(settings.vapi.concurrency_limit, None);
        assert!(settings.policy.require_payment);
    }
}
