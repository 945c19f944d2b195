//! How many of Vapi's free numbers are used, and what people are told of it.

use std::fmt::{self, Display, Formatter};

/// From this share on it is time to think of other numbers.
const WARN_PERCENT: u32 = 70;

/// Or when so few are left.
const WARN_REMAINING: u32 = 3;

/// The free numbers of the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meter {
    /// How many there are.
    pub total: u32,
    /// How many the plan allows.
    pub limit: u32,
}

impl Meter {
    /// How many more there can be.
    pub fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.total)
    }

    /// The share that is used, rounded down; a plan without free numbers is used up.
    pub fn percent_used(self) -> u32 {
        let percent = u64::from(self.total) * 100;
        u32::try_from(percent.checked_div(u64::from(self.limit)).unwrap_or(100)).unwrap_or(u32::MAX)
    }

    fn is_reached(self) -> bool {
        self.remaining() == 0
    }

    /// Is it time to think of other numbers?
    pub fn is_near(self) -> bool {
        self.percent_used() >= WARN_PERCENT || self.remaining() <= WARN_REMAINING
    }
}

/// What people read before a number is made, a line each.
impl Display for Meter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Meter { total, limit } = self;
        let remaining = self.remaining();
        write!(
            f,
            "📊 Vapi Free Number Usage:\nUsed: {total}/{limit} ({}%)\nRemaining: {remaining}",
            self.percent_used()
        )?;
        if self.is_reached() {
            write!(f, "\n🚨 FREE NUMBER LIMIT REACHED ({total}/{limit} used)")?;
            write!(f, "\nNext assistant will require Twilio configuration")
        } else if self.is_near() {
            let numbers = if remaining == 1 { "number" } else { "numbers" };
            write!(f, "\n⚠️  WARNING: Approaching FREE number limit!\nOnly {remaining} free {numbers} remaining")?;
            write!(f, "\nConsider setting up Twilio for additional numbers")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(total: u32, limit: u32) -> String {
        Meter { total, limit }.to_string()
    }

    #[test]
    fn the_usage_is_told_as_used_of_limit_and_what_remains() {
        assert_eq!(told(6, 10), "📊 Vapi Free Number Usage:\nUsed: 6/10 (60%)\nRemaining: 4");
    }

    #[test]
    fn a_warning_comes_at_seventy_percent_or_three_left() {
        assert_eq!(
            told(7, 10),
            "📊 Vapi Free Number Usage:\nUsed: 7/10 (70%)\nRemaining: 3\n⚠️  WARNING: Approaching FREE number limit!\n\
             Only 3 free numbers remaining\nConsider setting up Twilio for additional numbers"
        );
        assert!(told(70, 100).contains("WARNING"), "seventy percent, thirty left");
        assert!(told(2, 5).contains("WARNING"), "forty percent, three left");
        assert!(!told(69, 100).contains("WARNING"));
        assert!(told(9, 10).contains("Only 1 free number remaining"));
    }

    #[test]
    fn the_limit_is_told_when_it_is_reached_or_passed() {
        assert!(
            told(10, 10).ends_with(
                "🚨 FREE NUMBER LIMIT REACHED (10/10 used)\nNext assistant will require Twilio configuration"
            )
        );
        assert!(!told(10, 10).contains("WARNING"));
        let passed = Meter { total: 12, limit: 10 };
        assert_eq!((passed.remaining(), passed.percent_used()), (0, 120));
        let none = Meter { total: 0, limit: 0 };
        assert_eq!((none.remaining(), none.percent_used()), (0, 100));
    }
}
