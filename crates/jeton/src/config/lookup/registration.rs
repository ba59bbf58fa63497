//! `JETON_REGISTRATION`: that anybody may register clients, and what these have.

use super::ConfigError;
use crate::{
    client::{Ceiling, CeilingRecord},
    json,
    time::Seconds,
};

const VARIABLE: &str = "JETON_REGISTRATION";

/// How long a client lives that anybody may have registered, where the ceiling does not say. It always ends:
/// nobody is there who would remove it.
const USUAL_LIFETIME: Seconds = Seconds::from_days(90);

/// The ceiling of open registration.
#[inline(never)]
pub(super) fn registration(json: &str) -> Result<Ceiling, ConfigError> {
    let record = json::read::<CeilingRecord>(json).map_err(|what| {
        ConfigError::new(
            VARIABLE,
            format_args!(
                "a JSON object of scope, apis, grant_types, count, client_lifetime; {what}"
            ),
        )
    })?;
    let ceiling = record.parse();
    let ceiling = ceiling.map_err(|what| ConfigError::new(VARIABLE, what))?;
    let client_lifetime = Some(ceiling.client_lifetime.unwrap_or(USUAL_LIFETIME));
    Ok(Ceiling {
        client_lifetime,
        ..ceiling
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_registration_has_a_ceiling_and_an_end() {
        let read = |json: &str| registration(json).map_err(|error| error.to_string());
        let usual = read("{}").unwrap();
        assert_eq!(usual.client_lifetime, Some(Seconds::from_days(90)));
        assert_eq!(usual.scope, Ceiling::default().scope);
        let own = read(r#"{"scope":"openid","client_lifetime":60}"#).unwrap();
        assert_eq!(own.client_lifetime, Some(Seconds(60)));
        for (json, part) in [
            ("true", "a JSON object of scope"),
            ("[]", "a JSON object of scope"),
            (r#"{"scopes":"openid"}"#, "a JSON object of scope"),
            (
                r#"{"scope":"jeton:clients"}"#,
                "none that begins with jeton:",
            ),
            (r#"{"count":0}"#, "count: at least 1"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.starts_with("JETON_REGISTRATION: "), "{error}");
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
