//! Twilio's prices, asked for once a day and country: whoever looks at costs does not wait for what has not changed.
//!
//! An answer is kept for a day, a failure for a minute, during which nobody else is asked either: where one price cannot
//! be had, the others cannot, and a page of fifty organizations must not wait for fifty deadlines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::model::{CountryPrices, Currency, Sid, TwilioAccount};
use crate::providers::{Outlook, ProviderError, Twilio};

/// How long an answer holds.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How long nobody is asked after a failure, where the provider does not say itself.
const REST: SignedDuration = SignedDuration::from_mins(1);

/// Most answers that are kept: an account and a country each. Beyond it the oldest are forgotten.
const ANSWERS_MAX: usize = 4_096;

/// Prices, or why there are none.
pub type Prices = Result<Arc<CountryPrices>, String>;

/// What Twilio said of its prices.
pub struct PriceBook {
    twilio: Twilio,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    told: Mutex<Told>,
    /// One asks at a time: who waited finds the answer there.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Told {
    answers: HashMap<(Sid, String), (Timestamp, Prices)>,
    /// Until when nobody is asked, and why.
    rests: Option<(Timestamp, String)>,
}

impl std::fmt::Debug for PriceBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PriceBook").finish_non_exhaustive()
    }
}

impl PriceBook {
    /// Nothing is known yet.
    pub fn new(twilio: Twilio, now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> PriceBook {
        PriceBook { twilio, now, told: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// What an account pays in a country; where nobody can say, why.
    pub async fn of(&self, account: &TwilioAccount, country: &str) -> Prices {
        let key = (account.sid.clone(), country.to_owned());
        if let Some(known) = self.known(&key) {
            return known;
        }
        let _turn = self.asking.lock().await;
        if let Some(known) = self.known(&key) {
            return known;
        }
        let asked = self.ask(account, country).await;
        let (now, mut told) = ((self.now)(), self.told());
        match asked {
            Ok(prices) => {
                told.make_room();
                told.answers.insert(key, (now, prices.clone()));
                prices
            }
            Err(error) => {
                let why = why(&error);
                match error.outlook() {
                    // It is this account's affair; others are let in.
                    Outlook::Credentials => {
                        told.make_room();
                        told.answers.insert(key, (now + REST - KEPT, Err(why.clone())));
                    }
                    outlook => {
                        let asked_for = match outlook {
                            Outlook::Later(Some(rest)) => SignedDuration::try_from(rest).unwrap_or(REST),
                            _ => REST,
                        };
                        told.rests = Some((now + asked_for.max(REST), why.clone()));
                    }
                }
                tracing::warn!(%error, country, "Twilio does not tell its prices; estimates stand in for them");
                Err(why)
            }
        }
    }

    /// What is known without asking.
    fn known(&self, key: &(Sid, String)) -> Option<Prices> {
        let (now, told) = ((self.now)(), self.told());
        let fresh = told.answers.get(key).filter(|(at, _)| now.duration_since(*at) < KEPT);
        let rests = || told.rests.as_ref().filter(|(until, _)| now < *until).map(|(_, why)| Err(why.clone()));
        fresh.map(|(_, prices)| prices.clone()).or_else(rests)
    }

    /// Asks Twilio. That it has no prices for a country is an answer.
    async fn ask(&self, account: &TwilioAccount, country: &str) -> Result<Prices, ProviderError> {
        let asked =
            tokio::try_join!(self.twilio.number_prices(account, country), self.twilio.voice_prices(account, country))?;
        let (Some(numbers), Some(voice)) = asked else {
            return Ok(Err(format!("Twilio tells no prices for {country}")));
        };
        if let Some(other) = [numbers.currency, voice.currency].into_iter().find(|one| *one != Currency::USD) {
            return Ok(Err(format!("Twilio tells its prices in {}, and sums are made in USD", other.as_str())));
        }
        Ok(Ok(Arc::new(CountryPrices {
            country: country.to_owned(),
            numbers: numbers.monthly,
            inbound: voice.inbound,
            outbound: voice.outbound,
            asked_at: (self.now)(),
        })))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn make_room(&mut self) {
        if self.answers.len() < ANSWERS_MAX {
            return;
        }
        let oldest = self.answers.iter().min_by_key(|(_, (at, _))| *at).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.answers.remove(&oldest);
        }
    }
}

/// For people.
fn why(error: &ProviderError) -> String {
    match error.outlook() {
        Outlook::Credentials => "Twilio does not take the account's credentials".to_owned(),
        Outlook::Later(_) => "Twilio asks for rest".to_owned(),
        Outlook::Unclear | Outlook::Never => error.to_string(),
    }
}
