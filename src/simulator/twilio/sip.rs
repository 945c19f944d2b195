//! SIP domains, the lists of who may call them, and which list is mapped to which domain.

use std::collections::{BTreeMap, BTreeSet};

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::wire::{Reply, Request, fresh_sid, rfc2822};
use super::super::world::State;
use super::{VERSION, absent, page, problem};

/// What there is of SIP.
#[derive(Default)]
pub(in crate::simulator) struct Sip {
    things: BTreeMap<String, Thing>,
    /// Which lists calls to a domain are checked against, in the order they were mapped.
    mapped: BTreeSet<(String, String)>,
}

struct Thing {
    kind: &'static Kind,
    account_sid: String,
    /// The list it stands in.
    list_sid: Option<String>,
    fields: BTreeMap<&'static str, String>,
    created: Timestamp,
}

/// A kind of thing, as its paths and answers name it.
struct Kind {
    path: &'static str,
    prefix: &'static str,
    plural: &'static str,
    /// How an item names the list it stands in.
    list: &'static str,
    /// What can be set: the parameter and the property.
    settable: &'static [(&'static str, &'static str)],
    /// Most of them, in an account or in a list, and the code of the refusal.
    most: (usize, u32),
    /// The code for a parameter that is wrong.
    invalid: u32,
}

static DOMAIN: Kind = Kind {
    path: "Domains",
    prefix: "SD",
    plural: "domains",
    list: "",
    settable: &[
        ("DomainName", "domain_name"),
        ("FriendlyName", "friendly_name"),
        ("VoiceUrl", "voice_url"),
        ("VoiceMethod", "voice_method"),
        ("VoiceFallbackUrl", "voice_fallback_url"),
        ("VoiceFallbackMethod", "voice_fallback_method"),
        ("VoiceStatusCallbackUrl", "voice_status_callback_url"),
        ("VoiceStatusCallbackMethod", "voice_status_callback_method"),
    ],
    most: (100, 21230),
    invalid: 21232,
};

static CREDENTIAL_LIST: Kind = Kind {
    path: "CredentialLists",
    prefix: "CL",
    plural: "credential_lists",
    list: "",
    settable: &[("FriendlyName", "friendly_name")],
    most: (100, 21239),
    invalid: 21240,
};

static CREDENTIAL: Kind = Kind {
    path: "Credentials",
    prefix: "CR",
    plural: "credentials",
    list: "credential_list_sid",
    // The password is checked, and never told again.
    settable: &[("Username", "username"), ("Password", "")],
    most: (1000, 21242),
    invalid: 21243,
};

static ACL: Kind = Kind {
    path: "IpAccessControlLists",
    prefix: "AL",
    plural: "ip_access_control_lists",
    list: "",
    settable: &[("FriendlyName", "friendly_name")],
    most: (1000, 21255),
    invalid: 21235,
};

static ADDRESS: Kind = Kind {
    path: "IpAddresses",
    prefix: "IP",
    plural: "ip_addresses",
    list: "ip_access_control_list_sid",
    settable: &[
        ("FriendlyName", "friendly_name"),
        ("IpAddress", "ip_address"),
        ("CidrPrefixLength", "cidr_prefix_length"),
    ],
    most: (100, 21235),
    invalid: 21235,
};

/// Where a request leads.
enum Way<'a> {
    All(&'static Kind, Option<&'a str>),
    One(&'static Kind, Option<&'a str>, &'a str),
    /// The lists of a kind that are mapped to a domain.
    Mappings(&'static Kind, &'a str),
    Mapping(&'a str, &'a str),
}

pub(super) fn answer(state: &mut State, request: &Request, account: &str, rest: &[&str]) -> Reply {
    let sip = &mut state.sip;
    let reply = way(rest).and_then(|way| match (&request.method, way) {
        (&Method::GET, Way::All(kind, list)) => Some(sip.listed(request, account, kind, list)),
        (&Method::POST, Way::All(kind, list)) => sip.made(request, account, kind, list),
        (&Method::GET, Way::One(kind, list, sid)) => {
            Some(sip.thing(account, kind, list, sid)?.reply(sid, StatusCode::OK))
        }
        (&Method::POST, Way::One(kind, list, sid)) => sip.changed(request, account, kind, list, sid),
        (&Method::DELETE, Way::One(kind, list, sid)) => sip.deleted(account, kind, list, sid),
        (&Method::GET, Way::Mappings(kind, domain)) => sip.mappings(request, account, kind, domain),
        (&Method::POST, Way::Mappings(kind, domain)) => sip.map(request, account, kind, domain),
        (&Method::DELETE, Way::Mapping(domain, list)) => {
            let was_there = sip.mapped.remove(&(domain.to_owned(), list.to_owned()));
            was_there.then(|| Reply::empty(StatusCode::NO_CONTENT))
        }
        _ => None,
    });
    reply.unwrap_or_else(|| absent(request))
}

fn way<'a>(rest: &[&'a str]) -> Option<Way<'a>> {
    let (file, folders) = rest.split_last()?;
    let file = file.strip_suffix(".json")?;
    let of = |kinds: [&'static Kind; 3], name: &str| kinds.into_iter().find(|kind| kind.path == name);
    let alone = |name: &str| of([&DOMAIN, &CREDENTIAL_LIST, &ACL], name);
    let within = |list: &str, name: &str| match (list, name) {
        ("CredentialLists", "Credentials") => Some(&CREDENTIAL),
        ("IpAccessControlLists", "IpAddresses") => Some(&ADDRESS),
        _ => None,
    };
    let mapped = |name: &str| match name {
        "CredentialListMappings" => Some(&CREDENTIAL_LIST),
        "IpAccessControlListMappings" => Some(&ACL),
        _ => None,
    };
    match *folders {
        [] => Some(Way::All(alone(file)?, None)),
        [name] => Some(Way::One(alone(name)?, None, file)),
        [lists, list] => Some(Way::All(within(lists, file)?, Some(list))),
        [lists, list, name] => Some(Way::One(within(lists, name)?, Some(list), file)),
        ["Domains", domain, "Auth", "Calls"] => Some(Way::Mappings(mapped(file)?, domain)),
        ["Domains", domain, "Auth", "Calls", name] => mapped(name).map(|_| Way::Mapping(domain, file)),
        _ => None,
    }
}

impl Sip {
    fn thing(&self, account: &str, kind: &'static Kind, list: Option<&str>, sid: &str) -> Option<&Thing> {
        self.things.get(sid).filter(|thing| thing.is(account, kind, list))
    }

    fn of_kind<'a>(
        &'a self,
        account: &'a str,
        kind: &'static Kind,
        list: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a String, &'a Thing)> {
        self.things.iter().filter(move |(_, thing)| thing.is(account, kind, list))
    }

    fn listed(&self, request: &Request, account: &str, kind: &'static Kind, list: Option<&str>) -> Reply {
        let all = self.of_kind(account, kind, list).map(|(sid, thing)| thing.json(sid)).collect();
        page(request, kind.plural, all)
    }

    fn made(&mut self, request: &Request, account: &str, kind: &'static Kind, list: Option<&str>) -> Option<Reply> {
        let holder = if kind.list == CREDENTIAL.list { &CREDENTIAL_LIST } else { &ACL };
        if let Some(list) = list {
            self.thing(account, holder, None, list)?;
        }
        let (most, code) = kind.most;
        if self.of_kind(account, kind, list).count() >= most {
            return Some(problem(StatusCode::BAD_REQUEST, code, &format!("There are {most} {} already", kind.plural)));
        }
        let form = request.form();
        if let Some(fault) = self.fault(kind, list, &form, true) {
            return Some(problem(StatusCode::BAD_REQUEST, kind.invalid, &fault));
        }
        let (account_sid, list_sid) = (account.to_owned(), list.map(str::to_owned));
        let mut thing = Thing { kind, account_sid, list_sid, fields: BTreeMap::new(), created: Timestamp::now() };
        thing.set(&form);
        let sid = fresh_sid(kind.prefix);
        let reply = thing.reply(&sid, StatusCode::CREATED);
        self.things.insert(sid, thing);
        Some(reply)
    }

    fn changed(
        &mut self,
        request: &Request,
        account: &str,
        kind: &'static Kind,
        list: Option<&str>,
        sid: &str,
    ) -> Option<Reply> {
        self.thing(account, kind, list, sid)?;
        let form = request.form();
        if let Some(fault) = self.fault(kind, list, &form, false) {
            return Some(problem(StatusCode::BAD_REQUEST, kind.invalid, &fault));
        }
        let thing = self.things.get_mut(sid)?;
        thing.set(&form);
        Some(thing.reply(sid, StatusCode::OK))
    }

    fn deleted(&mut self, account: &str, kind: &'static Kind, list: Option<&str>, sid: &str) -> Option<Reply> {
        self.thing(account, kind, list, sid)?;
        if self.mapped.iter().any(|(_, list)| list == sid) {
            let code = if kind.prefix == ACL.prefix { 21236 } else { 21241 };
            return Some(problem(StatusCode::BAD_REQUEST, code, "The list is mapped to a domain"));
        }
        self.things.retain(|own, thing| own != sid && thing.list_sid.as_deref() != Some(sid));
        self.mapped.retain(|(domain, _)| domain != sid);
        Some(Reply::empty(StatusCode::NO_CONTENT))
    }

    /// What is wrong with a form: Twilio checks names, passwords and addresses before anything is kept.
    fn fault(&self, kind: &Kind, list: Option<&str>, form: &[(String, String)], is_new: bool) -> Option<String> {
        let given = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match kind.prefix {
            "SD" => {
                let name = given("DomainName").or(Some("").filter(|_| is_new))?;
                let label = name.strip_suffix(".sip.twilio.com").unwrap_or("");
                let is_name = !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
                let is_taken = self.things.values().any(|thing| thing.read("domain_name") == name);
                (!is_name || is_new && is_taken).then(|| format!("The domain name `{name}` is invalid or taken"))
            }
            "CR" => {
                let name = given("Username").unwrap_or("");
                let is_taken = self.things.values().any(|thing| {
                    thing.list_sid.as_deref() == list && thing.kind.prefix == "CR" && thing.read("username") == name
                });
                let is_name = !is_new || !name.is_empty() && name.len() <= 32 && !is_taken;
                let is_strong = given("Password").map_or(!is_new, is_strong);
                (!(is_name && is_strong)).then(|| "The username or the password is invalid".to_owned())
            }
            "IP" => {
                let address = given("IpAddress").map(str::parse::<std::net::Ipv4Addr>);
                let is_address = matches!(address, Some(Ok(_))) || address.is_none() && !is_new;
                (!is_address).then(|| "IpAddress is invalid".to_owned())
            }
            _ => (is_new && given("FriendlyName").is_none_or(str::is_empty))
                .then(|| "FriendlyName is missing".to_owned()),
        }
    }

    fn mappings(&self, request: &Request, account: &str, kind: &'static Kind, domain: &str) -> Option<Reply> {
        self.thing(account, &DOMAIN, None, domain)?;
        let of_domain = self.mapped.iter().filter(|(mapped, _)| mapped == domain);
        let lists = of_domain.filter_map(|(_, list)| Some((list, self.thing(account, kind, None, list)?)));
        Some(page(request, "contents", lists.map(|(sid, list)| list.as_mapping(sid)).collect()))
    }

    fn map(&mut self, request: &Request, account: &str, kind: &'static Kind, domain: &str) -> Option<Reply> {
        self.thing(account, &DOMAIN, None, domain)?;
        let parameter = if kind.prefix == ACL.prefix { "IpAccessControlListSid" } else { "CredentialListSid" };
        let form = request.form();
        let sid = form.iter().find(|(name, _)| name == parameter).map_or("", |(_, value)| value.as_str());
        let Some(list) = self.thing(account, kind, None, sid) else {
            return Some(problem(StatusCode::BAD_REQUEST, kind.invalid, &format!("{parameter} names no list")));
        };
        let reply = Reply::json(StatusCode::CREATED, &list.as_mapping(sid));
        self.mapped
            .insert((domain.to_owned(), sid.to_owned()))
            .then_some(reply)
            .or_else(|| Some(problem(StatusCode::BAD_REQUEST, 21231, "The list is mapped to the domain already")))
    }
}

impl Thing {
    fn is(&self, account: &str, kind: &'static Kind, list: Option<&str>) -> bool {
        self.kind.prefix == kind.prefix && self.account_sid == account && self.list_sid.as_deref() == list
    }

    fn read(&self, property: &str) -> &str {
        self.fields.get(property).map_or("", String::as_str)
    }

    fn set(&mut self, form: &[(String, String)]) {
        for (name, value) in form {
            let known =
                self.kind.settable.iter().find(|(parameter, property)| parameter == name && !property.is_empty());
            if let Some((_, property)) = known {
                self.fields.insert(property, value.clone());
            }
        }
    }

    fn reply(&self, sid: &str, status: StatusCode) -> Reply {
        Reply::json(status, &self.json(sid))
    }

    fn json(&self, sid: &str) -> Value {
        let (account, kind) = (&self.account_sid, self.kind);
        let within = self.list_sid.as_ref().map(|list| {
            let lists = if kind.prefix == "IP" { ACL.path } else { CREDENTIAL_LIST.path };
            format!("{lists}/{list}/")
        });
        let within = within.unwrap_or_default();
        let mut body = json!({
            "sid": sid,
            "account_sid": account,
            "date_created": rfc2822(self.created),
            "date_updated": rfc2822(self.created),
            "uri": format!("/{VERSION}/Accounts/{account}/SIP/{within}{}/{sid}.json", kind.path),
        });
        for (_, property) in kind.settable.iter().filter(|(_, property)| !property.is_empty()) {
            let value = self.read(property);
            body[*property] = match *property {
                "cidr_prefix_length" => json!(value.parse().unwrap_or(32)),
                method if method.ends_with("_method") && value.is_empty() => json!("POST"),
                _ => json!(value),
            };
        }
        match &self.list_sid {
            Some(list) => body[kind.list] = json!(list),
            None => body["subresource_uris"] = json!({}),
        }
        if kind.prefix == "SD" {
            body["api_version"] = json!(VERSION);
            for property in ["sip_registration", "emergency_calling_enabled", "secure"] {
                body[property] = json!(false);
            }
        }
        body
    }

    fn as_mapping(&self, sid: &str) -> Value {
        let at = rfc2822(self.created);
        let name = self.read("friendly_name");
        json!({ "sid": sid, "account_sid": self.account_sid, "friendly_name": name, "date_created": at, "date_updated": at })
    }
}

/// Twelve characters or more, upper and lower case, a digit.
fn is_strong(password: &str) -> bool {
    let has = |class: fn(&u8) -> bool| password.bytes().any(|byte| class(&byte));
    password.len() >= 12 && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
}
