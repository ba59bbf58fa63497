//! `JETON_*` settings given to the mock, which take the place of its own.

use std::{collections::BTreeMap, fmt};

use jeton::{ClientRecord, Config, ConfigError, SIGNING_ALGORITHMS};
use jsonwebtoken::Algorithm;

/// The client that is there when none is named.
const CLIENTS: &str = r#"[{
    "client_id": "demo", "client_secret": "demo-secret", "client_name": "Demo",
    "grant_types": ["client_credentials", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    "redirect_uris": ["http://127.0.0.1/callback", "http://localhost:3000/callback"],
    "post_logout_redirect_uris": ["http://127.0.0.1/", "http://localhost:3000/"],
    "scope": "read write openid profile email address phone offline_access",
    "audiences": ["https://api.example"]
}]"#;

/// What was given.
#[derive(Default)]
pub(crate) struct Settings {
    given: BTreeMap<String, String>,
    clients: Vec<ClientRecord>,
    algorithms: Option<Vec<Algorithm>>,
}

/// By name: some are secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

impl Settings {
    /// Checks what was given as every host does.
    pub(crate) fn new(given: BTreeMap<String, String>, issuer: &str) -> Result<Self, ConfigError> {
        let json = given.get("JETON_CLIENTS").map_or(CLIENTS, String::as_str);
        let json = json.to_owned();
        let mut settings = Self {
            given,
            ..Self::default()
        };
        let config = Config::from_lookup(|name| {
            let given = match name {
                // Of its own keys every algorithm is there; which are on is read below.
                "JETON_SIGNING_ALGS" if !settings.has_keys() => Some("ES256 EdDSA".to_owned()),
                _ => settings.get(name),
            };
            given.or_else(|| match name {
                "JETON_ISSUER" => Some(issuer.to_owned()),
                "JETON_SECRET" => Some(jeton::PUBLIC_SECRET.to_owned()),
                "JETON_DEVELOPMENT" => Some("true".to_owned()),
                _ => None,
            })
        })?;
        settings.clients = serde_json::from_str(&json)
            .map_err(|error| ConfigError::new("JETON_CLIENTS", error))?;
        settings.algorithms = match settings.get("JETON_SIGNING_ALGS") {
            _ if settings.has_keys() => Some(config.signing_algorithms().to_vec()),
            None => None,
            Some(names) => Some(algorithms(&names)?),
        };
        Ok(settings)
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.given.get(name).cloned()
    }

    /// Whether keys are configured, as for production, rather than the mock's own.
    pub(crate) fn has_keys(&self) -> bool {
        self.given.contains_key("JETON_SECRET") || self.given.contains_key("JETON_SIGNING_JWKS")
    }

    pub(crate) fn algorithms(&self) -> Option<Vec<Algorithm>> {
        self.algorithms.clone()
    }

    pub(crate) fn clients(&self) -> &[ClientRecord] {
        &self.clients
    }
}

fn algorithms(names: &str) -> Result<Vec<Algorithm>, ConfigError> {
    let wrong = || {
        ConfigError::new(
            "JETON_SIGNING_ALGS",
            "some of ES256, EdDSA and RS256, each once, separated by spaces",
        )
    };
    let mut algorithms = Vec::new();
    for name in names.split_ascii_whitespace() {
        let algorithm: Algorithm = name.parse().map_err(|_| wrong())?;
        if !SIGNING_ALGORITHMS.contains(&algorithm) || algorithms.contains(&algorithm) {
            return Err(wrong());
        }
        algorithms.push(algorithm);
    }
    Ok(algorithms)
}
