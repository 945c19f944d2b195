//! Who owns this number: a cache over the store, one load per key, stale rather than nothing.
//!
//! A number leads to a tenant, a tenant is kept once: so a change of one thing is one thing to forget. What a tenant
//! means for a call is compiled by `routing`; whether a caller may use what is found here is the edge's to judge.

mod changes;
mod names;
mod shelf;
mod stand_in;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::model::{
    Change, Clock, E164, Fault, Number, NumberId, NumberState, OrgId, PhoneIntegration, PhoneMethod, Purpose, Sid,
    SigningKey, SipUser, Tenant, TenantId, TwilioAccount,
};
use crate::routing::{self, Alike, CompiledTenant, Surroundings};
use crate::store::{Store, StoreError, TenantLoad};
use crate::telemetry::{Lookup, Metrics};

use self::changes::Changes;
use self::names::{Heard, Name};
use self::shelf::{Patience, RETRY_AFTER, Shelf};

/// Longest a webhook waits for the directory before the caller hears that the line has trouble.
/// The carrier allows 15 seconds; a person starts to doubt after about one.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_millis(250);

/// Longest user part of a SIP URI that may be somebody's: slugs are shorter, and what callers write must not fill memory.
const SIP_USER_BYTES_MAX: usize = 128;

/// The directory. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Directory {
    rooms: Arc<Rooms>,
}

/// How a tenant is compiled: `routing::compile`, or a test's own.
type Compile = fn(&Tenant, &[Number], Option<&TwilioAccount>, &Surroundings) -> (CompiledTenant, Vec<Fault>);

struct Rooms {
    store: Store,
    around: Arc<Surroundings>,
    metrics: Arc<Metrics>,
    compile: Compile,
    global_account: Option<Arc<Account>>,
    numbers: Shelf<u64, Route>,
    vapi_numbers: Shelf<Sid, Route>,
    sip_names: Shelf<Arc<str>, Name>,
    heard: Heard,
    tenants: Shelf<TenantId, CompiledTenant>,
    accounts: Shelf<Sid, Account>,
    /// How tenants' telephone systems are known by their addresses.
    phones: Shelf<TenantId, PhoneIntegration>,
    changes: Changes,
    alike: Alike,
}

/// Where a number leads.
#[derive(Debug)]
struct Route {
    tenant: TenantId,
    number: LineNumber,
    /// The tenant as the last call found it, so that the next one need not look twice.
    seen: Mutex<Option<Seen>>,
}

/// A tenant that was fresh when so many changes had been told of; after the next it must be looked for again.
#[derive(Debug)]
struct Seen {
    changes: u64,
    tenant: Arc<CompiledTenant>,
}

impl Route {
    /// The tenant, if it was seen and none of so many changes was told of since.
    fn seen(&self, changes: u64) -> Option<Arc<CompiledTenant>> {
        let seen = self.lock();
        seen.as_ref().filter(|seen| seen.changes == changes).map(|seen| Arc::clone(&seen.tenant))
    }

    /// Nobody panics while holding it.
    fn lock(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lookup found.
#[derive(Clone, Debug)]
pub enum Found<T> {
    /// It is there.
    Known(T),
    /// It is not there; the store said so.
    Unknown,
    /// Nobody can tell: the store is away and nothing is cached.
    Trouble,
}

impl<T> Found<T> {
    fn map<U>(self, then: impl FnOnce(T) -> U) -> Found<U> {
        match self {
            Found::Known(known) => Found::Known(then(known)),
            Found::Unknown => Found::Unknown,
            Found::Trouble => Found::Trouble,
        }
    }
}

/// A line that leads to a tenant.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it leads.
    pub tenant: Arc<CompiledTenant>,
    route: Option<Arc<Route>>,
}

impl Line {
    /// The number, unless a SIP name led here.
    pub fn number(&self) -> Option<&LineNumber> {
        self.route.as_ref().map(|route| &route.number)
    }
}

/// What a call needs to know of the number it came in on.
#[derive(Debug)]
pub struct LineNumber {
    /// Who it is.
    pub id: NumberId,
    /// The digits.
    pub e164: E164,
    /// The account that carries it, where known.
    pub account_sid: Option<Sid>,
    /// What calls to it are for.
    pub purpose: Purpose,
    /// The carrier or PBX sends only what staff could not take.
    pub already_overflowed: bool,
}

/// A Twilio account that may call us.
#[derive(Debug)]
pub struct Account {
    /// Its organization; none for the global account.
    pub org_id: Option<OrgId>,
    /// Its tokens.
    pub twilio: TwilioAccount,
    /// What its requests are signed with: the current token, and the next where a rotation is under way.
    pub keys: Box<[SigningKey]>,
}

impl Account {
    fn new(org_id: Option<OrgId>, twilio: TwilioAccount) -> Account {
        let tokens = std::iter::once(&twilio.auth_token).chain(&twilio.auth_token_next);
        Account { org_id, keys: tokens.map(SigningKey::new).collect(), twilio }
    }
}

impl Directory {
    /// A directory over `store` that keeps at most `capacity` things of each kind.
    ///
    /// Called on the runtime that made the store: loads run there, wherever the question comes from.
    pub fn new(store: Store, around: Arc<Surroundings>, metrics: Arc<Metrics>, capacity: usize) -> Directory {
        Directory::compiling(store, around, metrics, capacity, routing::compile)
    }

    fn compiling(
        store: Store,
        around: Arc<Surroundings>,
        metrics: Arc<Metrics>,
        capacity: usize,
        compile: Compile,
    ) -> Directory {
        let runtime = Handle::current();
        let global_account = around.global_account.clone();
        let sip_names = Shelf::new(capacity, runtime.clone(), RETRY_AFTER);
        let rooms = Rooms {
            heard: Heard::kept_in(store.clone(), sip_names.clone()),
            store,
            around,
            metrics,
            compile,
            global_account: global_account.map(|twilio| Arc::new(Account::new(None, twilio))),
            numbers: Shelf::new(capacity, runtime.clone(), RETRY_AFTER),
            vapi_numbers: Shelf::new(capacity, runtime.clone(), RETRY_AFTER),
            sip_names,
            tenants: Shelf::new(capacity, runtime.clone(), RETRY_AFTER),
            accounts: Shelf::new(capacity, runtime.clone(), RETRY_AFTER),
            phones: Shelf::new(capacity, runtime, RETRY_AFTER),
            changes: Changes::none(),
            alike: Alike::default(),
        };
        Directory { rooms: Arc::new(rooms) }
    }

    /// Whose line is this number?
    pub async fn by_number(&self, number: E164) -> Found<Line> {
        let patience = Patience::of(LOOKUP_TIMEOUT);
        self.counted(self.line_of_number(number, &patience).await)
    }

    /// Whose line is this user part of a SIP URI (decoded, lower case): slug, `clinic-<tenant id>`, `sip_<8 hex>`, or a number?
    pub async fn by_sip_user(&self, user: &str) -> Found<Line> {
        let patience = Patience::of(LOOKUP_TIMEOUT);
        // A number first: a slug of digits must not take over somebody's line.
        if let Some(number) = as_number(user) {
            match self.line_of_number(number, &patience).await {
                (Found::Unknown, _) => {}
                answer => return self.counted(answer),
            }
        }
        self.counted(self.line_of_name(user, &patience).await)
    }

    /// Does this name (lower case), with which a telephone system has signed in, belong to the tenant? One that it had and
    /// that is good no more does not, whatever Twilio says.
    pub async fn signs_in(&self, user: &str, tenant: &TenantId, now: Clock) -> Found<bool> {
        // Somebody made it at Twilio by hand.
        if user.starts_with(|first: char| first == '+' || first.is_ascii_digit()) {
            return self.by_sip_user(user).await.map(|line| line.tenant.id() == tenant);
        }
        let patience = Patience::of(LOOKUP_TIMEOUT);
        self.counted(self.name(user, &patience).await).map(|name| {
            let belongs = name.signs_in && name.tenant == *tenant;
            if belongs {
                self.rooms.heard.note(&name, user, now);
            }
            belongs
        })
    }

    /// Whose line is this Vapi phone number?
    pub async fn by_vapi_number(&self, id: &Sid) -> Found<Line> {
        let patience = Patience::of(LOOKUP_TIMEOUT);
        let route = self.rooms.vapi_numbers.get(id, &patience, || {
            let (rooms, id) = (Arc::clone(&self.rooms), id.clone());
            async move { Ok(rooms.store.number_by_vapi_id(&id).await?.and_then(|number| rooms.route(number))) }
        });
        let answer = self.line_of_route(route.await, &patience).await;
        self.counted(answer)
    }

    /// A tenant by its id.
    pub async fn tenant(&self, id: &TenantId) -> Found<Arc<CompiledTenant>> {
        let patience = Patience::of(LOOKUP_TIMEOUT);
        self.counted(self.compiled(id, &patience).await)
    }

    /// How a tenant's telephone system reaches us.
    pub async fn phone_of(&self, id: &TenantId) -> Found<Arc<PhoneIntegration>> {
        let patience = Patience::of(LOOKUP_TIMEOUT);
        let answer = self.rooms.phones.get(id, &patience, || {
            let (rooms, id) = (Arc::clone(&self.rooms), id.clone());
            async move { Ok(rooms.store.phone_integration(&id).await?.map(|(phone, _)| phone)) }
        });
        self.counted(answer.await)
    }

    /// A Twilio account by its AccountSid.
    pub async fn account(&self, sid: &str) -> Found<Arc<Account>> {
        if let Some(global) = self.rooms.global_account.as_ref().filter(|account| account.twilio.sid.as_str() == sid) {
            return self.counted((Found::Known(Arc::clone(global)), Lookup::Hit));
        }
        let Ok(sid) = Sid::parse(sid) else { return self.counted((Found::Unknown, Lookup::Negative)) };
        let patience = Patience::of(LOOKUP_TIMEOUT);
        let answer = self.rooms.accounts.get(&sid, &patience, || {
            let (rooms, sid) = (Arc::clone(&self.rooms), sid.clone());
            async move {
                let org = rooms.store.org_by_account(&sid).await?;
                Ok(org.and_then(|org| Some(Account::new(Some(org.id), org.twilio?))))
            }
        });
        self.counted(answer.await)
    }

    /// What is cached for this number, without asking anybody.
    pub fn cached_by_number(&self, number: E164) -> Option<Line> {
        let route = self.rooms.numbers.peek(&number.packed())?;
        let tenant = self.rooms.tenants.peek(&route.tenant)?;
        Some(Line { tenant, route: Some(route) })
    }

    /// What is cached for this SIP user, without asking anybody.
    pub fn cached_by_sip_user(&self, user: &str) -> Option<Line> {
        if let Some(line) = as_number(user).and_then(|number| self.cached_by_number(number)) {
            return Some(line);
        }
        let name = self.rooms.sip_names.peek(&Arc::from(user.to_lowercase()))?;
        Some(Line { tenant: self.rooms.tenants.peek(&name.tenant)?, route: None })
    }

    /// True if some tenant's calls could be answered without the store.
    pub fn is_warm(&self) -> bool {
        self.rooms.tenants.holds_any()
    }

    /// Forgets what changed, at once.
    pub fn changed(&self, change: &Change) {
        let rooms = &self.rooms;
        match change {
            Change::Tenant(id) => {
                rooms.forget_tenant(id);
                rooms.phones.forget(id);
                // Its names may have changed with it, and one that nobody had may be its own now.
                rooms.sip_names.forget_if(|name| name.tenant == *id);
            }
            Change::Number(e164) => {
                // The tenant it led to knew it as its own.
                if let Some(route) = rooms.numbers.peek(&e164.packed()) {
                    rooms.forget_tenant(&route.tenant);
                }
                rooms.numbers.forget(&e164.packed());
                rooms.vapi_numbers.forget_if(|route| route.number.e164 == *e164);
            }
            Change::VapiNumber(id) => rooms.vapi_numbers.forget(id),
            Change::SipName(name) => rooms.sip_names.forget(&Arc::from(name.to_lowercase())),
            Change::Voicemail(_) | Change::Job(_) => {}
            Change::Org(id) => {
                rooms.accounts.forget_if(|account| account.org_id.as_ref() == Some(id));
                rooms.tenants.forget_if(|tenant| tenant.org_id == *id);
                rooms.changes.note_all();
            }
        }
    }

    /// Anything may have changed: what is known stands in until it is read again.
    pub fn all_changed(&self) {
        let rooms = &self.rooms;
        rooms.numbers.forget_if(|_| true);
        rooms.vapi_numbers.forget_if(|_| true);
        rooms.sip_names.forget_if(|_| true);
        rooms.tenants.forget_if(|_| true);
        rooms.accounts.forget_if(|_| true);
        rooms.phones.forget_if(|_| true);
        rooms.changes.note_all();
    }

    async fn line_of_number(&self, number: E164, patience: &Patience) -> (Found<Line>, Lookup) {
        let key = number.packed();
        let route = self.rooms.numbers.get(&key, patience, || {
            let rooms = Arc::clone(&self.rooms);
            async move { Ok(rooms.store.number_by_e164(number).await?.and_then(|number| rooms.route(number))) }
        });
        self.line_of_route(route.await, patience).await
    }

    async fn line_of_name(&self, user: &str, patience: &Patience) -> (Found<Line>, Lookup) {
        let (name, how) = match self.name(&user.to_lowercase(), patience).await {
            (Found::Known(name), how) => (name, how),
            (Found::Unknown, how) => return (Found::Unknown, how),
            (Found::Trouble, how) => return (Found::Trouble, how),
        };
        let (tenant, tenant_how) = self.compiled(&name.tenant, patience).await;
        (tenant.map(|tenant| Line { tenant, route: None }), worse(how, tenant_how))
    }

    /// A name, in lower case.
    async fn name(&self, user: &str, patience: &Patience) -> (Found<Arc<Name>>, Lookup) {
        if user.is_empty() || user.len() > SIP_USER_BYTES_MAX {
            return (Found::Unknown, Lookup::Negative);
        }
        let name: Arc<str> = Arc::from(user);
        let load = || {
            let (rooms, name) = (Arc::clone(&self.rooms), Arc::clone(&name));
            async move {
                let named = rooms.store.sip_user(&name).await?;
                // Telephone systems dial on what was called: the number their business is known by.
                let user = match (named, as_number(&name)) {
                    (None, Some(number)) => {
                        let known = rooms.store.tenant_known_by(number).await?;
                        let tenant = known.filter(|(how, _)| *how == PhoneMethod::Sip).map(|(_, id)| id);
                        tenant.map(|tenant| SipUser { tenant, signs_in: true, is_awaited: false })
                    }
                    (named, _) => named,
                };
                Ok(user.map(Name::from))
            }
        };
        self.rooms.sip_names.get(&name, patience, load).await
    }

    async fn line_of_route(&self, route: (Found<Arc<Route>>, Lookup), patience: &Patience) -> (Found<Line>, Lookup) {
        let (route, how) = match route {
            (Found::Known(route), how) => (route, how),
            (Found::Unknown, how) => return (Found::Unknown, how),
            (Found::Trouble, how) => return (Found::Trouble, how),
        };
        let changes = self.rooms.changes.so_far(&route.tenant);
        if let Some(tenant) = route.seen(changes) {
            return (Found::Known(Line { tenant, route: Some(route) }), how);
        }
        let (tenant, tenant_how) = self.compiled(&route.tenant, patience).await;
        if let (Found::Known(tenant), Lookup::Hit) = (&tenant, tenant_how) {
            *route.lock() = Some(Seen { changes, tenant: Arc::clone(tenant) });
        }
        (tenant.map(|tenant| Line { tenant, route: Some(route) }), worse(how, tenant_how))
    }

    async fn compiled(&self, id: &TenantId, patience: &Patience) -> (Found<Arc<CompiledTenant>>, Lookup) {
        let load = || {
            let (rooms, id) = (Arc::clone(&self.rooms), id.clone());
            async move { rooms.compiled(&id).await }
        };
        self.rooms.tenants.get(id, patience, load).await
    }

    fn counted<T>(&self, (found, how): (Found<T>, Lookup)) -> Found<T> {
        self.rooms.metrics.lookup(how);
        found
    }
}

impl Rooms {
    /// Where a number leads: nowhere unless it is at work for a tenant.
    fn route(&self, number: Number) -> Option<Route> {
        let tenant = number.tenant_id.filter(|_| number.state == NumberState::Active)?;
        // A tenant compiled before it had this number would not know it as its own.
        let knows_it = |compiled: Arc<CompiledTenant>| compiled.numbers().contains(&number.e164);
        if !self.tenants.peek(&tenant).is_none_or(knows_it) {
            self.forget_tenant(&tenant);
        }
        let number = LineNumber {
            id: number.id,
            e164: number.e164,
            account_sid: number.account_sid.map(|sid| self.known_account(sid)),
            purpose: number.purpose,
            already_overflowed: number.already_overflowed,
        };
        Some(Route { tenant, number, seen: Mutex::new(None) })
    }

    fn forget_tenant(&self, id: &TenantId) {
        self.tenants.forget(id);
        self.changes.note(id);
    }

    /// The same text in one place: that of the global account is every number's, and every request's.
    fn known_account(&self, sid: Sid) -> Sid {
        let global = self.global_account.as_ref().map(|account| &account.twilio.sid);
        global.filter(|global| **global == sid).cloned().unwrap_or(sid)
    }

    async fn compiled(&self, id: &TenantId) -> Result<Option<CompiledTenant>, StoreError> {
        Ok(self.store.load_tenant(id).await?.map(|load| self.compile(&load)))
    }

    fn compile(&self, load: &TenantLoad) -> CompiledTenant {
        let tenant = &load.tenant;
        let (mut compiled, doubts) = (self.compile)(tenant, &load.numbers, load.account.as_ref(), &self.around);
        for fault in doubts {
            tracing::warn!(tenant = %tenant.id, code = fault.code, pointer = fault.pointer, "stored settings are doubtful");
        }
        compiled.share(&self.alike);
        compiled
    }
}

/// A user that is a number: in E.164 form, or its digits alone.
fn as_number(user: &str) -> Option<E164> {
    E164::parse(user).or_else(|_| E164::parse(&format!("+{user}"))).ok()
}

/// Of the two steps of a lookup the one worth counting.
fn worse(one: Lookup, other: Lookup) -> Lookup {
    let weight = |how| match how {
        Lookup::Hit => 0,
        Lookup::Negative => 1,
        Lookup::Miss => 2,
        Lookup::Stale => 3,
        Lookup::Error => 4,
    };
    if weight(other) > weight(one) { other } else { one }
}

impl fmt::Debug for Rooms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms").field("store", &self.store).finish_non_exhaustive()
    }
}
