//! Prices, each with where it is from: Twilio's own where there is an account to ask with, else the estimates of the
//! settings, with the reason.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::AdminState;
use super::rotation::Pending;
use crate::model::{CountryPrices, Estimates, Figure, Item, Money, NumberKind, Sid, TwilioAccount};

/// Longest that one answer waits for Twilio's prices altogether; what is not told by then is estimated.
const PATIENCE: Duration = Duration::from_secs(4);

/// What things cost.
#[derive(Clone)]
pub struct Costs {
    /// The estimates of the settings.
    pub estimates: Estimates,
    /// Asks what an account pays in a country.
    pub prices: AskPrices,
}

/// Asks what an account pays in a country; where nobody can say, why.
pub type AskPrices = Arc<dyn Fn(TwilioAccount, String) -> Pending<Prices> + Send + Sync>;

/// Prices, or why there are none.
pub type Prices = Result<Arc<CountryPrices>, String>;

impl fmt::Debug for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Costs").field("estimates", &self.estimates).finish_non_exhaustive()
    }
}

/// Something that costs.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = CostItem)]
#[serde(rename_all = "camelCase")]
pub(super) enum ItemBody {
    NumberMonth,
    NumberOnce,
    PortOnce,
    MinuteInbound,
    MinuteOutbound,
}

/// A kind of numbers, as far as their prices differ.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = NumberKind)]
#[serde(rename_all = "camelCase")]
pub(super) enum KindBody {
    Local,
    National,
    Mobile,
    TollFree,
}

/// An amount of money.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = Money, example = json!({"micros": 1_150_000, "currency": "USD", "text": "$1.15"}))]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyBody {
    /// In millionths: a minute costs fractions of a cent.
    #[schema(minimum = 0)]
    micros: u64,
    /// By ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: String,
    /// The same for people.
    text: String,
}

/// Whose word a price is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = CostAuthority)]
#[serde(rename_all = "lowercase")]
pub(super) enum AuthorityBody {
    Estimate,
    Twilio,
}

/// What something costs, and who says so.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = CostFigure)]
#[serde(rename_all = "camelCase")]
pub(super) struct FigureBody {
    what: ItemBody,
    price: MoneyBody,
    /// Twilio tells what its account pays; else it is an estimate.
    authority: AuthorityBody,
    /// Whose word it is.
    #[schema(example = "Twilio's prices for US")]
    source: String,
    /// Of which day an estimate is, where that is said.
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
    /// When Twilio was asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    asked_at: Option<Timestamp>,
    /// Why it is an estimate.
    why_estimate: Option<String>,
    /// What the guides, or the settings, say of the same.
    said: SaidBody,
}

/// What is said of a price, whether it holds or not.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = CostSaying)]
#[serde(rename_all = "camelCase")]
pub(super) struct SaidBody {
    price: MoneyBody,
    /// Whose word it is.
    #[schema(example = "the provisioning guides")]
    source: String,
    /// Of which day it is, where that is said.
    #[schema(value_type = Option<String>, format = Date)]
    as_of: Option<Date>,
}

/// A price, before it is written down.
pub(super) struct Priced {
    pub price: Money,
    body: FigureBody,
}

impl Priced {
    /// What something costs: as Twilio says, else as estimated.
    pub fn of(estimates: &Estimates, item: Item, kind: NumberKind, asked: &Prices) -> Priced {
        let estimate = estimates.of(item);
        let told = match (item, asked) {
            (Item::NumberOnce | Item::PortOnce, _) => Err("Twilio's API tells no price of it".to_owned()),
            (_, Ok(prices)) => match prices.of(item, kind) {
                Some(price) => Ok((price, prices)),
                None => Err(format!("Twilio tells no such price for {}", prices.country)),
            },
            (_, Err(why)) => Err(why.clone()),
        };
        let said = SaidBody::of(&estimate.said);
        let what = ItemBody::of(item);
        let body = match &told {
            Ok((price, prices)) => FigureBody {
                what,
                price: MoneyBody::of(*price),
                authority: AuthorityBody::Twilio,
                source: format!("Twilio's prices for {}", prices.country),
                as_of: None,
                asked_at: Some(prices.asked_at),
                why_estimate: None,
                said,
            },
            Err(why) => FigureBody {
                what,
                price: MoneyBody::of(estimate.holds().price),
                authority: AuthorityBody::Estimate,
                source: estimate.holds().source.clone(),
                as_of: estimate.holds().as_of,
                asked_at: None,
                why_estimate: Some(why.clone()),
                said,
            },
        };
        Priced { price: told.map_or_else(|_| estimate.holds().price, |(price, _)| price), body }
    }

    pub fn shown(&self) -> FigureBody {
        self.body.clone()
    }
}

impl ItemBody {
    fn of(item: Item) -> ItemBody {
        match item {
            Item::NumberMonth => ItemBody::NumberMonth,
            Item::NumberOnce => ItemBody::NumberOnce,
            Item::PortOnce => ItemBody::PortOnce,
            Item::MinuteInbound => ItemBody::MinuteInbound,
            Item::MinuteOutbound => ItemBody::MinuteOutbound,
        }
    }
}

impl KindBody {
    pub fn of(kind: NumberKind) -> KindBody {
        match kind {
            NumberKind::Local => KindBody::Local,
            NumberKind::National => KindBody::National,
            NumberKind::Mobile => KindBody::Mobile,
            NumberKind::TollFree => KindBody::TollFree,
        }
    }
}

impl MoneyBody {
    pub fn of(money: Money) -> MoneyBody {
        let currency = money.currency().as_str().to_owned();
        MoneyBody { micros: money.micros(), currency, text: money.to_string() }
    }
}

impl SaidBody {
    fn of(figure: &Figure) -> SaidBody {
        SaidBody { price: MoneyBody::of(figure.price), source: figure.source.clone(), as_of: figure.as_of }
    }
}

/// Both together. Prices of other currencies than estimates have are never reckoned with, so that they do fit.
pub(super) fn sum(one: Money, other: Money) -> Money {
    one.plus(other).unwrap_or(one)
}

/// What Twilio says while one answer is made: each account and country once, and not for longer than anybody waits.
pub(super) struct Quotes<'a> {
    admin: &'a AdminState,
    until: Instant,
    told: HashMap<(Sid, String), Prices>,
}

impl<'a> Quotes<'a> {
    pub fn new(admin: &'a AdminState) -> Quotes<'a> {
        Quotes { admin, until: Instant::now() + PATIENCE, told: HashMap::new() }
    }

    /// What an account pays in a country.
    pub async fn of(&mut self, account: Option<&TwilioAccount>, country: Option<&str>) -> Prices {
        let account = account.ok_or("there is no Twilio account to ask with")?;
        let country = country.ok_or("the number belongs to no country")?;
        let key = (account.sid.clone(), country.to_owned());
        if let Some(told) = self.told.get(&key) {
            return told.clone();
        }
        let asking = (self.admin.costs.prices)(account.clone(), country.to_owned());
        let told = timeout_at(self.until, asking).await;
        let told = told.unwrap_or_else(|_| Err("Twilio takes its time; look again in a moment".to_owned()));
        self.told.insert(key, told.clone());
        told
    }

    /// What something of this kind costs there.
    pub async fn price(
        &mut self,
        item: Item,
        kind: NumberKind,
        account: Option<&TwilioAccount>,
        country: Option<&str>,
    ) -> Priced {
        let asked = self.of(account, country).await;
        Priced::of(&self.admin.costs.estimates, item, kind, &asked)
    }
}
