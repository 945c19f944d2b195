//! Real servers on loopback, started for the tests of this process and ended with it.

pub mod gate;
pub mod pgbouncer;
pub mod port;
pub mod postgres;
pub mod redis;
