//! The parts that all native hosts share: cryptography on aws-lc, the clock, configuration from the
//! environment, and the log.

mod crypto;
mod environment;
mod es384;
mod log;
mod request_ids;
mod service_link;
mod similar;

use std::time::{SystemTime, UNIX_EPOCH};

pub use crypto::NativeCrypto;
pub use environment::{
    config_from_env, config_from_env_over, config_from_env_with, settings_from_env, variable,
};
pub use es384::Es384Key;
pub use log::{Log, log_error, log_panics, log_response};
pub use request_ids::RequestIds;
pub use similar::similar;

use jeton::UnixTime;

/// The time of day. A clock before 1970 counts as 1970: every token would have expired anyway.
#[must_use]
pub fn now() -> UnixTime {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixTime(elapsed.unwrap_or_default().as_secs())
}
