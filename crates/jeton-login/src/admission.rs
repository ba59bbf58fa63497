//! Whether a person may log in: by the lists of the deployment, of the way that they came, and of the client.

use core::fmt;

use jeton::ClientId;
use serde_json::{Map, Value};

use crate::{allow::Why, settings::LoginSettings, ways::Way};

/// Whose list does not have a person, and why. No text of the person is in it, and of a list only
/// the names of claims, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotAdmitted {
    whose: &'static str,
    why: Why,
}

impl NotAdmitted {
    /// The way that they came is there no more.
    pub(crate) const NO_WAY: Self = Self {
        whose: "providers",
        why: Why::NotListed,
    };
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the person is not in {}", self.whose)?;
        match &self.why {
            Why::NotListed => Ok(()),
            Why::Unsaid(names) => write!(
                f,
                ": the provider does not say {names}, or at such length that it is not kept"
            ),
            Why::NotVerified => f.write_str(
                ": their address is, but the provider does not say that it is verified (email_verified)",
            ),
        }
    }
}

/// Lets a person log in of whom `way` says this: to the deployment, and to the client, if to one.
///
/// # Errors
/// A list does not have them.
pub(crate) fn admitted(
    settings: &LoginSettings,
    way: &Way,
    client: Option<&ClientId>,
    claims: &Map<String, Value>,
) -> Result<(), NotAdmitted> {
    let of_client = client.and_then(|client| settings.clients.get(client));
    let lists = [
        ("the allow of the deployment", Some(&settings.allow)),
        ("the allow of the provider", Some(&way.allow)),
        ("the allow of the client", of_client),
    ];
    for (whose, allow) in lists {
        let judged = allow.map_or(Ok(()), |allow| allow.judge(way.source(), claims));
        judged.map_err(|why| NotAdmitted { whose, why })?;
    }
    Ok(())
}
