//! How an installation grows: the stages the guides name, what they say each costs, and what follows from real figures.

use super::Money;

/// A stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Vapi's free numbers are enough.
    Mvp,
    /// Twilio's numbers in one account.
    Growth,
    /// Twilio's numbers, an account for each organization.
    Scale,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Stage; 3] = [Stage::Mvp, Stage::Growth, Stage::Scale];

    /// The stage with so many customers. The guides count fifty to two of them; it is the last of the smaller.
    pub fn of(customers: u64) -> Stage {
        match customers {
            0..=10 => Stage::Mvp,
            11..=50 => Stage::Growth,
            _ => Stage::Scale,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Mvp => "MVP",
            Stage::Growth => "Growth",
            Stage::Scale => "Scale",
        }
    }

    /// How many customers, as the guides have it.
    pub fn customers(self) -> &'static str {
        match self {
            Stage::Mvp => "1–10",
            Stage::Growth => "11–50",
            Stage::Scale => "50+",
        }
    }

    /// Where its numbers are from.
    pub fn numbers(self) -> &'static str {
        match self {
            Stage::Mvp => "free ones of Vapi's",
            Stage::Growth => "Twilio, one account",
            Stage::Scale => "Twilio, an account for each organization",
        }
    }

    /// How long setting it up takes.
    pub fn setup_minutes(self) -> u32 {
        match self {
            Stage::Mvp => 0,
            Stage::Growth => 15,
            Stage::Scale => 30,
        }
    }

    /// Each number of it is paid for.
    pub fn is_paid(self) -> bool {
        self != Stage::Mvp
    }
}

/// What numbers cost so many customers, each month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlay {
    /// How many customers.
    pub customers: u64,
    /// How many of their numbers are free.
    pub free: u64,
    /// How many are paid for.
    pub paid: u64,
    /// What those cost.
    pub monthly: Money,
    /// What of it falls on each customer.
    pub per_customer: Money,
    /// What the customers pay.
    pub revenue: Money,
    /// What share of that is left, in thousandths; none where they pay nothing.
    pub margin_permille: Option<i64>,
}

/// What the guides say of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saying {
    /// How many customers.
    pub customers: u64,
    /// What their numbers cost each month.
    pub monthly: Money,
    /// What of it falls on each.
    pub per_customer: Money,
    /// What the customers pay.
    pub revenue: Money,
    /// What share of that is left, in thousandths.
    pub margin_permille: i64,
}

/// The table of the guides: $1.20 a number, $50 a customer, and none of the numbers free but for ten customers.
pub const SAYINGS: [Saying; 3] = [said(10, 0, 0, 1_000), said(50, 60, 1_200_000, 976), said(500, 600, 1_200_000, 976)];

const fn said(customers: u64, monthly: u64, per_customer_micros: u64, margin_permille: i64) -> Saying {
    Saying {
        customers,
        monthly: Money::dollars(monthly),
        per_customer: Money::usd(per_customer_micros),
        revenue: Money::dollars(customers * 50),
        margin_permille,
    }
}

impl Outlay {
    /// What follows for so many customers with a number each, of which so many may be free.
    pub fn of(customers: u64, free_max: u64, number_month: Money, customer_month: Money) -> Outlay {
        let free = customers.min(free_max);
        let paid = customers - free;
        Outlay::reckoned(customers, free, paid, number_month.times(paid), customer_month)
    }

    /// The same from what there is.
    pub fn reckoned(customers: u64, free: u64, paid: u64, monthly: Money, customer_month: Money) -> Outlay {
        let revenue = customer_month.times(customers);
        Outlay {
            customers,
            free,
            paid,
            monthly,
            per_customer: monthly.each(customers),
            revenue,
            margin_permille: revenue.margin_permille(monthly),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_ends_with_its_last_customer() {
        for (customers, stage) in [
            (0, Stage::Mvp),
            (1, Stage::Mvp),
            (10, Stage::Mvp),
            (11, Stage::Growth),
            (50, Stage::Growth),
            (51, Stage::Scale),
            (500, Stage::Scale),
        ] {
            assert_eq!(Stage::of(customers), stage, "{customers}");
        }
    }

    #[test]
    fn free_numbers_come_off_first() {
        let follows = |customers| Outlay::of(customers, 10, Money::usd(1_200_000), Money::dollars(50));
        let ten = follows(10);
        assert_eq!((ten.free, ten.paid, ten.monthly, ten.margin_permille), (10, 0, Money::NOTHING, Some(1_000)));
        let fifty = follows(50);
        assert_eq!((fifty.paid, fifty.monthly), (40, Money::dollars(48)), "the guides say $60");
        assert_eq!((fifty.per_customer, fifty.margin_permille), (Money::usd(960_000), Some(981)));
        assert_eq!(follows(500).monthly, Money::dollars(588));
        assert_eq!(Outlay::of(3, 0, Money::dollars(1), Money::NOTHING).margin_permille, None);
    }

    #[test]
    fn what_the_guides_say_agrees_with_itself() {
        for saying in SAYINGS {
            let follows = saying.revenue.margin_permille(saying.monthly);
            assert_eq!(follows, Some(saying.margin_permille), "{}", saying.customers);
            assert_eq!(saying.monthly.each(saying.customers), saying.per_customer, "{}", saying.customers);
        }
    }
}
