//! The store's doors for numbers on their way here.

use jiff::Timestamp;

use super::{Actor, Store, StoreError};
use crate::model::{Number, NumberId, Port, PortBill, PortId, PortMoment, PortPapers, TenantId};

/// What a tenant has told for its port.
pub type Told = (Option<PortPapers>, Option<PortBill>);

impl Store {
    /// What a tenant's carrier wants for letting its number go, as far as it was told.
    pub async fn port_papers(&self, tenant: &TenantId) -> Result<Told, StoreError> {
        each!(self, engine => engine.port_papers(tenant).await)
    }

    /// Keeps what a carrier wants. What is not given stays.
    pub async fn put_port_papers(
        &self,
        tenant: &TenantId,
        papers: Option<&PortPapers>,
        bill: Option<&PortBill>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        each!(self, engine => engine.put_port_papers(tenant, papers, bill, by).await)
    }

    /// Keeps a port that was asked for, with what happened; the one there is of the same request stays as it is, and is
    /// answered.
    pub async fn open_port(&self, port: &Port, moment: &PortMoment, by: &Actor) -> Result<Port, StoreError> {
        each!(self, engine => engine.open_port(port, moment, by).await)
    }

    /// Keeps how a port stands now, with what happened if anything did. Papers of one that has come are forgotten, and
    /// so is the number of one that came to nothing.
    pub async fn turn_port(&self, port: &Port, moment: Option<&PortMoment>) -> Result<(), StoreError> {
        each!(self, engine => engine.turn_port(port, moment).await)
    }

    /// A port.
    pub async fn port(&self, id: &PortId) -> Result<Option<Port>, StoreError> {
        each!(self, engine => engine.port(id).await)
    }

    /// The newest port of a tenant.
    pub async fn port_of(&self, tenant: &TenantId) -> Result<Option<Port>, StoreError> {
        each!(self, engine => engine.port_of(tenant).await)
    }

    /// What happened to a port, in order.
    pub async fn port_moments(&self, id: &PortId) -> Result<Vec<PortMoment>, StoreError> {
        each!(self, engine => engine.port_moments(id).await)
    }

    /// Ports that Twilio is to be asked after by now, the longest due first; a bounded number.
    pub async fn ports_due(&self, by: Timestamp) -> Result<Vec<Port>, StoreError> {
        each!(self, engine => engine.ports_due(by).await)
    }

    /// Twilio has news of ports: all that are under way are due now.
    pub async fn hurry_ports(&self, now: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.hurry_ports(now).await)
    }

    /// Forgets a number that was held for a port which was never asked for.
    pub async fn drop_coming(&self, id: &NumberId, by: &Actor) -> Result<Option<Number>, StoreError> {
        each!(self, engine => engine.drop_coming(id, by).await)
    }
}
