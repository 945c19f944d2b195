//! What things cost: each way of being reached, each tenant, the whole installation; every figure with where it is from.

use std::collections::{BTreeMap, HashMap};

use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::cost_figures::{FigureBody, KindBody, MoneyBody, Quotes, sum};
use super::cost_stages::{InstallationBody, installation};
use super::error::Problem;
use super::lists::ListQuery;
use super::narrowings::CostQuery;
use super::supply::account_of;
use crate::guides::Method;
use crate::model::{Arrival, Item, Money, Month, NumberKind, OrgId, Role, Tenant, TenantId, TwilioAccount};
use crate::routing::dialing::{country_of, kind_of};
use crate::store::{CallMonth, Tenure};

/// Where prices are asked for when nobody in particular is meant.
const COUNTRY: &str = "US";

/// What things cost.
#[derive(Serialize, ToSchema)]
#[schema(as = CostPage)]
#[serde(rename_all = "camelCase")]
pub(super) struct CostPage {
    /// The country the ways below are reckoned for: the tenant's, where one is meant.
    #[schema(value_type = String, format = "country", example = "US")]
    country: String,
    /// What each way of being reached costs.
    methods: Vec<MethodCosts>,
    /// What the installation's numbers cost; for an operator alone, on the first page of all tenants.
    installation: Option<InstallationBody>,
    /// What each tenant costs.
    data: Vec<TenantCosts>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// What a way of being reached costs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MethodCosts {
    method: Method,
    once: Vec<FigureBody>,
    monthly: Vec<FigureBody>,
    per_minute: Vec<FigureBody>,
    /// What others charge, in words.
    fees: Vec<&'static str>,
}

/// What a tenant costs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantCosts {
    #[schema(value_type = String, format = "tenant-id")]
    tenant_id: TenantId,
    #[schema(example = "smile-dental")]
    slug: String,
    #[schema(example = "Smile Dental")]
    name: String,
    /// How it is reached, where somebody has said so.
    method: Option<Method>,
    /// Its numbers that are paid for.
    numbers: Vec<NumberCosts>,
    /// How many of its numbers are Vapi's free ones.
    #[schema(minimum = 0)]
    free_numbers: u64,
    /// What its numbers cost each month.
    monthly: MoneyBody,
    /// How many months of numbers were paid for while they led to it, those it has no more among them.
    #[schema(minimum = 0)]
    months_paid: u64,
    /// What those come to, at the prices of now.
    paid_so_far: MoneyBody,
    /// What a minute of a call to its numbers costs.
    minute: FigureBody,
    /// What its calls of this month and the last came to, this month first.
    months: Vec<MonthCosts>,
    /// What others charge, in words.
    fees: Vec<&'static str>,
}

/// Numbers of one country and kind.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberCosts {
    /// Null for numbers of no country.
    #[schema(value_type = Option<String>, format = "country", example = "US")]
    country: Option<String>,
    kind: KindBody,
    #[schema(minimum = 1)]
    count: u64,
    /// What one of them costs each month.
    each: FigureBody,
    /// What they cost together.
    monthly: MoneyBody,
}

/// What calls of a month came to: those that are over, by the whole minute.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct MonthCosts {
    /// In UTC.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}$", example = "2026-11")]
    month: String,
    #[schema(minimum = 0)]
    calls: u64,
    /// Minutes of calls that came through Twilio, over SIP too.
    #[schema(minimum = 0)]
    twilio_minutes: u64,
    /// Minutes of calls to Vapi's own numbers, for which Twilio takes nothing.
    #[schema(minimum = 0)]
    vapi_minutes: u64,
    /// What the minutes at Twilio cost. Calls to staff are not in it: their length is not told.
    minutes_cost: MoneyBody,
    /// What Vapi reported that its calls cost.
    ai_cost: MoneyBody,
}

/// What things cost
///
/// Twilio's own prices where there is an account to ask with, once a day and country; else the estimates of the settings,
/// with the reason. Months of numbers are counted in the ledger, minutes from calls.
#[utoipa::path(get, params(CostQuery), path = "/api/costs", tag = "costs",
    responses((status = 200, description = "A page", body = CostPage)))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    caller: Caller,
    ListQuery(ask): ListQuery<CostQuery>,
) -> Result<Answer<CostPage>, Problem> {
    let page = admin.store.tenants(&ask).await?;
    let is_of_one = ask.tenant.is_some() || matches!(caller.role, Role::Tenant { .. });
    let (mut quotes, mut accounts) = (Quotes::new(&admin), Accounts { admin: &admin, known: HashMap::new() });
    let (country, account) = match page.rows.first().filter(|_| is_of_one) {
        Some(tenant) => (tenant.country.clone(), accounts.of(&tenant.org_id).await?),
        None => (COUNTRY.to_owned(), account_of(&admin, &caller).await?),
    };
    let mut methods = Vec::new();
    for method in Method::ALL {
        methods.push(method_costs(&mut quotes, method, account.as_ref(), &country).await);
    }
    let shows_all = caller.operator().is_ok() && !is_of_one && ask.cursor.is_none();
    let installation = if shows_all { Some(installation(&admin, &mut quotes).await?) } else { None };
    let mut data = Vec::with_capacity(page.rows.len());
    for tenant in page.rows {
        let account = accounts.of(&tenant.org_id).await?;
        data.push(tenant_costs(&admin, &mut quotes, tenant, account.as_ref()).await?);
    }
    Ok(Answer(CostPage { country, methods, installation, data, next_cursor: page.next_cursor }))
}

/// The accounts that buy for organizations.
struct Accounts<'a> {
    admin: &'a AdminState,
    known: HashMap<OrgId, Option<TwilioAccount>>,
}

impl Accounts<'_> {
    /// The organization's own, else the installation's.
    async fn of(&mut self, org: &OrgId) -> Result<Option<TwilioAccount>, Problem> {
        if let Some(known) = self.known.get(org) {
            return Ok(known.clone());
        }
        let own = self.admin.store.org(org).await?.and_then(|org| org.twilio);
        let account = own.or_else(|| self.admin.around.global_account.clone());
        self.known.insert(org.clone(), account.clone());
        Ok(account)
    }
}

async fn method_costs(
    quotes: &mut Quotes<'_>,
    method: Method,
    account: Option<&TwilioAccount>,
    country: &str,
) -> MethodCosts {
    let once = if method == Method::Ported { Item::PortOnce } else { Item::NumberOnce };
    let mut shown = Vec::new();
    for item in [once, Item::NumberMonth, Item::MinuteInbound, Item::MinuteOutbound] {
        shown.push(quotes.price(item, NumberKind::Local, account, Some(country)).await.shown());
    }
    let per_minute = shown.split_off(2);
    let monthly = shown.split_off(1);
    MethodCosts { method, once: shown, monthly, per_minute, fees: fees(Some(method)) }
}

/// What others than Twilio charge.
fn fees(method: Option<Method>) -> Vec<&'static str> {
    let own = match method {
        Some(Method::Forwarded) => vec!["the carrier's forwarding fees"],
        Some(Method::Sip) => {
            vec!["no forwarding fees", "without a number of ours (needsPhoneNumber: false) nothing once or each month"]
        }
        Some(Method::Ported) | None => Vec::new(),
    };
    own.into_iter().chain(["Vapi by use, on free numbers too", "OpenAI by the length of conversations"]).collect()
}

async fn tenant_costs(
    admin: &AdminState,
    quotes: &mut Quotes<'_>,
    tenant: Tenant,
    account: Option<&TwilioAccount>,
) -> Result<TenantCosts, Problem> {
    let phone = admin.store.phone_integration(&tenant.id).await?;
    let method = phone.map(|(phone, _)| Method::of(phone.method));
    let (mut months_paid, mut paid_so_far, mut free_numbers) = (0, Money::NOTHING, 0);
    let mut groups: BTreeMap<(Option<String>, NumberKind), u64> = BTreeMap::new();
    for tenure in admin.store.tenures(&tenant.id).await? {
        let Tenure { life, until, .. } = &tenure;
        let is_now = until.is_none();
        if life.is_free() {
            free_numbers += u64::from(is_now);
            continue;
        }
        let (country, kind) = (country_of(life.e164), kind_of(life.e164));
        let each = quotes.price(Item::NumberMonth, kind, account, country.as_deref()).await.price;
        let months = tenure.months_paid((admin.now)());
        months_paid += months;
        paid_so_far = sum(paid_so_far, each.times(months));
        if is_now {
            *groups.entry((country, kind)).or_default() += 1;
        }
    }
    let (mut numbers, mut monthly) = (Vec::new(), Money::NOTHING);
    for ((country, kind), count) in groups {
        let each = quotes.price(Item::NumberMonth, kind, account, country.as_deref()).await;
        let all = each.price.times(count);
        monthly = sum(monthly, all);
        let (kind, each) = (KindBody::of(kind), each.shown());
        numbers.push(NumberCosts { country, kind, count, each, monthly: MoneyBody::of(all) });
    }
    let minute = quotes.price(Item::MinuteInbound, NumberKind::Local, account, Some(&tenant.country)).await;
    let this_month = Month::of((admin.now)());
    let told = admin.store.call_months(&tenant.id, this_month.before()).await?;
    let months = [this_month, this_month.before()].map(|month| MonthCosts::of(month, &told, minute.price));
    Ok(TenantCosts {
        tenant_id: tenant.id,
        slug: tenant.slug,
        name: tenant.name,
        method,
        numbers,
        free_numbers,
        monthly: MoneyBody::of(monthly),
        months_paid,
        paid_so_far: MoneyBody::of(paid_so_far),
        minute: minute.shown(),
        months: months.into(),
        fees: fees(method),
    })
}

impl MonthCosts {
    fn of(month: Month, told: &[CallMonth], minute: Money) -> MonthCosts {
        let own = || told.iter().filter(move |one| one.month == month);
        let by_twilio = own().filter(|one| one.arrival != Arrival::Vapi).map(|one| one.minutes).sum();
        let by_vapi = own().filter(|one| one.arrival == Arrival::Vapi).map(|one| one.minutes).sum();
        MonthCosts {
            month: month.to_string(),
            calls: own().map(|one| one.calls).sum(),
            twilio_minutes: by_twilio,
            vapi_minutes: by_vapi,
            minutes_cost: MoneyBody::of(minute.times(by_twilio)),
            ai_cost: MoneyBody::of(own().fold(Money::NOTHING, |all, one| sum(all, one.ai))),
        }
    }
}
