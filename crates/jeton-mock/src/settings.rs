//! `JETON_*` settings given to the mock, which take the place of its own.

use std::{collections::BTreeMap, fmt};

use jeton::{ClientRecord, Config, ConfigError};
use jsonwebtoken::Algorithm;

use crate::file;

/// The client that is there when none is named.
const CLIENTS: &str = r#"[{
    "client_id": "demo", "client_secret": "demo-secret", "client_name": "Demo",
    "grant_types": ["client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "redirect_uris": ["http://127.0.0.1/callback", "http://localhost:3000/callback"],
    "post_logout_redirect_uris": ["http://127.0.0.1/", "http://localhost:3000/"],
    "scope": "read write openid profile email address phone offline_access",
    "audiences": ["https://api.example"]
}]"#;

/// The settings that were given.
pub(crate) struct Settings {
    /// The configuration they make, of which each issuer has its own.
    config: Config,
    given: BTreeMap<String, String>,
    clients: Vec<ClientRecord>,
    algorithms: Option<Vec<Algorithm>>,
}

/// Only the names: some values are secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

impl Settings {
    /// Settings checked as every host does.
    pub(crate) fn new(
        mut given: BTreeMap<String, String>,
        issuer: &str,
    ) -> Result<Self, ConfigError> {
        // What is blank is absent to the core.
        given.retain(|_, value| !value.trim().is_empty());
        let config = Config::from_lookup(|name| match (name, given.get(name)) {
            // Of its own keys every algorithm is there; which are on is read below.
            ("JETON_SIGNING_ALGS", _) if !has_keys(&given) => Some("ES256 EdDSA".to_owned()),
            (_, Some(value)) => Some(value.clone()),
            ("JETON_ISSUER", None) => Some(issuer.to_owned()),
            ("JETON_SECRET", None) => Some(jeton::PUBLIC_SECRET.to_owned()),
            ("JETON_DEVELOPMENT", None) => Some("true".to_owned()),
            (_, None) => None,
        })?;
        let json = given.get("JETON_CLIENTS").map_or(CLIENTS, String::as_str);
        let clients =
            serde_json::from_str(json).map_err(|error| ConfigError::new("JETON_CLIENTS", error))?;
        let algorithms = match given.get("JETON_SIGNING_ALGS") {
            _ if has_keys(&given) => Some(config.signing_algorithms().to_vec()),
            None => None,
            Some(names) => Some(algorithms(names)?),
        };
        Ok(Self {
            config,
            given,
            clients,
            algorithms,
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// `JETON_ISSUER`, if it was given.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.given.get("JETON_ISSUER").map(String::as_str)
    }

    /// Whether keys are configured, as for production, rather than the mock's own.
    pub(crate) fn has_keys(&self) -> bool {
        has_keys(&self.given)
    }

    pub(crate) fn algorithms(&self) -> Option<Vec<Algorithm>> {
        self.algorithms.clone()
    }

    pub(crate) fn clients(&self) -> &[ClientRecord] {
        &self.clients
    }
}

fn has_keys(given: &BTreeMap<String, String>) -> bool {
    given.contains_key("JETON_SECRET") || given.contains_key("JETON_SIGNING_JWKS")
}

/// The names the core knows; by the mock's own check, because its RS256 keys are not the core's.
fn algorithms(names: &str) -> Result<Vec<Algorithm>, ConfigError> {
    const SETTING: &str = "JETON_SIGNING_ALGS";
    let names = names.split_ascii_whitespace();
    let algorithms: Result<Vec<Algorithm>, _> = names.map(str::parse).collect();
    let algorithms = algorithms
        .map_err(|_| ConfigError::new(SETTING, "ES256, EdDSA and RS256, separated by spaces"))?;
    match file::check_algorithms(&algorithms) {
        Ok(()) => Ok(algorithms),
        Err(invalid) => Err(ConfigError::new(SETTING, invalid.expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, value: &str) -> Result<Settings, String> {
        let given = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        Settings::new(given, "http://localhost:9400").map_err(|error| error.to_string())
    }

    #[test]
    fn algorithms_are_the_configuration_files() {
        let algorithms = |names| settings("JETON_SIGNING_ALGS", names).map(|it| it.algorithms());
        let given = vec![Algorithm::RS256, Algorithm::ES256];
        assert_eq!(algorithms("RS256 ES256"), Ok(Some(given)));
        assert_eq!(algorithms(" "), Ok(None));
        for (names, expected) in [
            ("ES512", "ES256, EdDSA and RS256, separated by spaces"),
            ("HS256", "each once; HS256 is none of them"),
            ("ES256 ES256", "each once; ES256 is given twice"),
        ] {
            let message = algorithms(names).unwrap_err();
            assert!(message.ends_with(expected), "{message}");
        }
    }

    #[test]
    fn what_is_blank_is_not_given() {
        for name in ["JETON_SECRET", "JETON_SIGNING_JWKS", "JETON_CLIENTS"] {
            let settings = settings(name, "").unwrap();
            assert!(
                !settings.has_keys() && settings.clients().len() == 1,
                "{name}"
            );
        }
    }
}
