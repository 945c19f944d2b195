//! Asks for all there is to ask of ports, so that a validating proxy can read along.
//!
//! `ports NUMBERS SIMULATOR`: where ports are asked for, and the simulator behind it, which takes documents itself (Twilio
//! describes no host for them) and is told how far ports are. It ends with status 1 where an answer is not as it should be.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use patchbay::model::{E164, Secret, Sid, TwilioAccount};
use patchbay::providers::{
    Bill, CustomerType, Http, LosingCarrier, PortAddress, PortIn, PortNumber, PortNumberStatus, PortStatus, Twilio,
};
use serde_json::json;

const NUMBERS: [&str; 2] = ["+12055550171", "+12055550192"];

struct Desk {
    twilio: Twilio,
    account: TwilioAccount,
    simulator: String,
    web: reqwest::Client,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let numbers = arguments.next().context("the first argument is where ports are asked for")?;
    let simulator = arguments.next().context("the second argument is where the simulator is")?;
    let twilio = Twilio::new(&Http::new()?, &simulator, Arc::default())?.with_porting(&numbers, &simulator)?;
    let account = TwilioAccount {
        sid: Sid::parse("AC00000000000000000000000000000001")?,
        auth_token: Secret::new("not-a-real-token"),
        auth_token_next: None,
        phone_number: None,
    };
    let desk = Desk { twilio, account, simulator, web: reqwest::Client::new() };
    desk.look().await?;
    desk.be_told().await?;
    desk.port().await?;
    desk.call_off().await
}

impl Desk {
    /// Which numbers can come: of each kind there is, one.
    async fn look(&self) -> Result<()> {
        for (number, portable) in [
            (NUMBERS[0], true),
            (NUMBERS[1], true),
            ("+12055550191", false),
            ("+18005550171", false),
            ("+14165550171", false),
        ] {
            let found = self.twilio.portability(&self.account, E164::parse(number)?).await?;
            ensure!(found.portable == portable, "{number}: {found:?}");
        }
        Ok(())
    }

    async fn be_told(&self) -> Result<()> {
        ensure!(self.twilio.port_webhook(&self.account).await?.is_none(), "nobody was told before");
        // Nobody listens there, and the simulator says so.
        let target = "http://127.0.0.1:9/api/twilio/porting";
        self.twilio.set_port_webhook(&self.account, target).await?;
        let found = self.twilio.port_webhook(&self.account).await?.context("a webhook")?;
        ensure!(found.tells(target), "{found:?}");
        Ok(())
    }

    /// A request in every state it can be in.
    async fn port(&self) -> Result<()> {
        let sid = self.ask(&NUMBERS).await?;
        for step in ["waiting_for_signature", "in_progress", "action_required", "port_pending", "completed"] {
            self.bring(&sid, step).await?;
            self.twilio.port(&self.account, &sid).await?.context("a port")?;
        }
        let port = self.twilio.port(&self.account, &sid).await?.context("a port")?;
        let all_came = port.numbers.iter().all(|number| number.status == PortNumberStatus::Completed);
        ensure!(port.status == PortStatus::Completed && port.numbers.len() == NUMBERS.len() && all_came, "{port:?}");
        Ok(())
    }

    async fn call_off(&self) -> Result<()> {
        let number = "+12055550173";
        let sid = self.ask(&[number]).await?;
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let found = self.twilio.find_port(&self.account, E164::parse(number)?, today).await?;
        ensure!(found.is_some_and(|port| port.sid == sid), "the request is found by its number");
        self.twilio.cancel_port(&self.account, &sid).await?;
        let port = self.twilio.port(&self.account, &sid).await?.context("a port")?;
        ensure!(port.status == PortStatus::Canceled, "{port:?}");
        let sid = self.ask(&[number]).await?;
        self.bring(&sid, "expired").await?;
        ensure!(self.twilio.ports(&self.account, None).await?.len() == 3, "three requests were made");
        Ok(())
    }

    async fn ask(&self, numbers: &[&str]) -> Result<Sid> {
        let bill = Bill::new("Smile Dental, October", "application/pdf", b"%PDF-1.7 invented"[..].into())?;
        let number = |number: &&str| Ok(PortNumber { e164: E164::parse(number)?, pin: Some(Secret::new("4711")) });
        let port = PortIn {
            numbers: numbers.iter().map(number).collect::<Result<_>>()?,
            documents: vec![self.twilio.upload_bill(&self.account, &bill).await?],
            losing_carrier: LosingCarrier {
                customer_type: CustomerType::Business,
                customer_name: "Smile Dental".to_owned(),
                account_number: Some(Secret::new("77")),
                account_telephone_number: Some(E164::parse(numbers[0])?),
                address: PortAddress {
                    street: "1 Main Street".to_owned(),
                    street_2: Some("Suite 2".to_owned()),
                    city: "Springfield".to_owned(),
                    state: "AL".to_owned(),
                    zip: "35004".to_owned(),
                    country: "USA".to_owned(),
                },
                authorized_representative: "Ada Example".to_owned(),
                authorized_representative_email: "ada@example.com".to_owned(),
            },
            notification_emails: vec!["desk@example.com".to_owned()],
            target_date: Some(Timestamp::now().to_zoned(TimeZone::UTC).date().checked_add(10.days())?),
        };
        Ok(self.twilio.port_in(&self.account, &port).await?)
    }

    async fn bring(&self, sid: &Sid, status: &str) -> Result<()> {
        let order = json!({ "sid": sid.as_str(), "status": status, "reason": "INVALID_PIN", "code": "7" });
        let url = format!("{}/_sim/ports", self.simulator);
        self.web.post(url).json(&order).send().await?.error_for_status()?;
        Ok(())
    }
}
