//! The whole installation: in which stage it is, what its numbers cost, and what they would cost with more customers,
//! beside what the guides say of the same.

use serde::Serialize;
use utoipa::ToSchema;

use super::AdminState;
use super::cost_figures::{FigureBody, MoneyBody, Quotes, sum};
use super::error::Problem;
use crate::model::{Item, Money, NumberKind, Outlay, SAYINGS, Saying, Stage};
use crate::routing::dialing::{country_of, kind_of};

/// What the installation's numbers cost.
#[derive(Serialize, ToSchema)]
#[schema(as = InstallationCosts)]
#[serde(rename_all = "camelCase")]
pub(super) struct InstallationBody {
    stage: StageBody,
    /// How many tenants there are.
    #[schema(minimum = 0)]
    customers: u64,
    /// How many of Vapi's free numbers there are here.
    #[schema(minimum = 0)]
    free_numbers: u64,
    /// How many the plan allows.
    #[schema(minimum = 0)]
    free_limit: u64,
    /// How many numbers are paid for and lead to tenants.
    #[schema(minimum = 0)]
    paid_numbers: u64,
    /// How many are paid for and lead to nobody: they rest, or are in the pool.
    #[schema(minimum = 0)]
    spare_numbers: u64,
    /// What all that are paid for cost each month.
    monthly: MoneyBody,
    /// What of it falls on each tenant.
    per_customer: MoneyBody,
    /// What a customer pays, by the settings.
    customer_monthly: MoneyBody,
    /// What they pay together.
    revenue: MoneyBody,
    /// What share of that is left, in thousandths; null where they pay nothing.
    margin_permille: Option<i64>,
    /// What a local number of the United States costs: the table is reckoned with it.
    number: FigureBody,
    /// The stages, as the guides name them.
    stages: Vec<StageRow>,
    /// What numbers cost so many customers.
    table: Vec<OutlayRow>,
    /// What has to be known of it.
    notes: Vec<String>,
}

/// How large an installation is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Stage)]
#[serde(rename_all = "lowercase")]
pub(super) enum StageBody {
    Mvp,
    Growth,
    Scale,
}

/// A stage, as the guides have it.
#[derive(Serialize, ToSchema)]
#[schema(as = StageRow)]
#[serde(rename_all = "camelCase")]
pub(super) struct StageRow {
    stage: StageBody,
    #[schema(example = "MVP")]
    name: &'static str,
    #[schema(example = "1–10")]
    customers: &'static str,
    #[schema(example = "free ones of Vapi's")]
    numbers: &'static str,
    /// What each number costs each month, as it is said.
    said_monthly: MoneyBody,
    /// What each that is paid for costs now.
    monthly: MoneyBody,
    #[schema(minimum = 0)]
    setup_minutes: u32,
}

/// What numbers cost so many customers, each month.
#[derive(Serialize, ToSchema)]
#[schema(as = OutlayRow)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutlayRow {
    #[schema(minimum = 0)]
    customers: u64,
    /// How many of their numbers are free.
    #[schema(minimum = 0)]
    free_numbers: u64,
    #[schema(minimum = 0)]
    paid_numbers: u64,
    monthly: MoneyBody,
    per_customer: MoneyBody,
    revenue: MoneyBody,
    /// What share of the revenue is left, in thousandths; null where there is none.
    margin_permille: Option<i64>,
    /// What the guides say of the same.
    guides: SayingBody,
}

/// What the guides say that so many customers cost.
#[derive(Serialize, ToSchema)]
#[schema(as = OutlaySaying)]
#[serde(rename_all = "camelCase")]
pub(super) struct SayingBody {
    monthly: MoneyBody,
    per_customer: MoneyBody,
    revenue: MoneyBody,
    margin_permille: i64,
}

/// Counts what there is, and reckons.
pub(super) async fn installation(admin: &AdminState, quotes: &mut Quotes<'_>) -> Result<InstallationBody, Problem> {
    let customers = admin.store.tenant_count().await?;
    let account = admin.around.global_account.as_ref();
    let (mut free, mut paid, mut spare, mut monthly) = (0, 0, 0, Money::NOTHING);
    for heap in admin.store.number_heaps().await? {
        if heap.is_free {
            free += heap.count;
            continue;
        }
        if heap.is_led {
            paid += heap.count
        } else {
            spare += heap.count
        }
        let (country, kind) = (country_of(heap.sample), kind_of(heap.sample));
        let each = quotes.price(Item::NumberMonth, kind, account, country.as_deref()).await.price;
        monthly = sum(monthly, each.times(heap.count));
    }
    let estimates = &admin.costs.estimates;
    let number = quotes.price(Item::NumberMonth, NumberKind::Local, account, Some("US")).await;
    let (set, learned) = (admin.supply.free_numbers, (admin.supply.learned)());
    let free_limit = u64::from(learned.map_or(set, |learned| learned.min(set)));
    let now = Outlay::reckoned(customers, free, paid, monthly, estimates.customer_month);
    let stages = Stage::ALL.map(|stage| {
        let of = |price| MoneyBody::of(if stage.is_paid() { price } else { Money::NOTHING });
        StageRow {
            stage: StageBody::of(stage),
            name: stage.name(),
            customers: stage.customers(),
            numbers: stage.numbers(),
            said_monthly: of(estimates.number_month.said.price),
            monthly: of(number.price),
            setup_minutes: stage.setup_minutes(),
        }
    });
    let table = SAYINGS.map(|saying| {
        let outlay = Outlay::of(saying.customers, free_limit, number.price, estimates.customer_month);
        OutlayRow::of(&outlay, saying)
    });
    Ok(InstallationBody {
        stage: StageBody::of(Stage::of(customers)),
        customers,
        free_numbers: free,
        free_limit,
        paid_numbers: paid,
        spare_numbers: spare,
        monthly: MoneyBody::of(now.monthly),
        per_customer: MoneyBody::of(now.per_customer),
        customer_monthly: MoneyBody::of(estimates.customer_month),
        revenue: MoneyBody::of(now.revenue),
        margin_permille: now.margin_permille,
        number: number.shown(),
        stages: stages.into(),
        table: table.into(),
        notes: notes(free_limit),
    })
}

/// What the guides leave out.
fn notes(free_limit: u64) -> Vec<String> {
    let [_, fifty, _] = SAYINGS;
    let follows = Outlay::of(fifty.customers, free_limit, fifty.per_customer, Money::NOTHING);
    vec![
        format!(
            "The guides take {} a number and leave the free ones out: with {} of {} free, their {} is {}.",
            fifty.per_customer, follows.free, fifty.customers, fifty.monthly, follows.monthly
        ),
        "Free numbers are of the United States and take no forwarded calls; minutes, Twilio's and Vapi's, are in none of \
         these sums."
            .to_owned(),
        "The guides count fifty customers to two stages; here they are the last of the smaller one.".to_owned(),
    ]
}

impl StageBody {
    fn of(stage: Stage) -> StageBody {
        match stage {
            Stage::Mvp => StageBody::Mvp,
            Stage::Growth => StageBody::Growth,
            Stage::Scale => StageBody::Scale,
        }
    }
}

impl OutlayRow {
    fn of(outlay: &Outlay, saying: Saying) -> OutlayRow {
        OutlayRow {
            customers: outlay.customers,
            free_numbers: outlay.free,
            paid_numbers: outlay.paid,
            monthly: MoneyBody::of(outlay.monthly),
            per_customer: MoneyBody::of(outlay.per_customer),
            revenue: MoneyBody::of(outlay.revenue),
            margin_permille: outlay.margin_permille,
            guides: SayingBody {
                monthly: MoneyBody::of(saying.monthly),
                per_customer: MoneyBody::of(saying.per_customer),
                revenue: MoneyBody::of(saying.revenue),
                margin_permille: saying.margin_permille,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_what_the_guides_leave_out() {
        assert_eq!(
            notes(10)[0],
            "The guides take $1.20 a number and leave the free ones out: with 10 of 50 free, their $60 is $48."
        );
    }
}
