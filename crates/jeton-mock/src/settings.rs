//! `JETON_*` settings given to the mock, which take the place of its own.

use std::{collections::BTreeMap, fmt};

use jeton::{
    ApiRecord, ClientRecord, Config, ConfigError, IssuerIdentifier, Mistakes, Mode, PUBLIC_SECRET,
    Reach, Secrets, TrustRecord,
};
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

/// The settings of a deployment that a mock must not have, and why.
const DEPLOYMENT: [(&str, &str); 10] = [
    ("JETON_SECRET", NO_KEYS),
    ("JETON_PAIRWISE_SALT", NO_KEYS),
    ("JETON_SIGNING_JWKS", NO_KEYS),
    ("JETON_KEY_SERIAL", NO_KEYS),
    ("JETON_DATA", NO_STORE),
    ("JETON_TABLE", NO_STORE),
    ("JETON_REGISTRY", NO_STORE),
    ("JETON_AUTHORITY", NO_STORE),
    ("JETON_LEDGER", NO_STORE),
    ("JETON_TRUSTED_PROXIES", NO_PROXY),
];

const NO_KEYS: &str = "a mock signs whatever anyone asks for, so it takes no key of a deployment; \
    its own come from its seed";
const NO_STORE: &str = "a mock keeps everything in memory";
const NO_PROXY: &str = "a mock has its host from a proxy by trust_host, and no address";

/// The settings that were given.
pub(crate) struct Settings {
    /// The configuration they make, of which each issuer has its own.
    config: Config,
    given: BTreeMap<String, String>,
    clients: Vec<ClientRecord>,
    apis: Vec<ApiRecord>,
    trust: Vec<TrustRecord>,
    algorithms: Option<Vec<Algorithm>>,
}

/// Only the names: some values are secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.given.keys()).finish()
    }
}

/// Refuses what is a deployment's: a process that signs whatever anyone asks for has no key of one, and
/// where it is started with one by mistake, as by the default command of an image, it stops.
///
/// # Errors
/// Every such setting that `is_given`.
pub fn refuse_deployment(is_given: impl Fn(&str) -> bool) -> Result<(), ConfigError> {
    let mut mistakes = Mistakes::default();
    for (name, why) in DEPLOYMENT.iter().filter(|(name, _)| is_given(name)) {
        mistakes.add(ConfigError::new(
            *name,
            format_args!("nothing: {why}. Unset it, or start `jeton serve`"),
        ));
    }
    mistakes.or(())
}

impl Settings {
    /// Settings checked as every host does.
    pub(crate) fn new(
        mut given: BTreeMap<String, String>,
        issuer: &str,
    ) -> Result<Self, ConfigError> {
        // What is blank is absent to the core.
        given.retain(|_, value| !value.trim().is_empty());
        refuse_deployment(|name| given.contains_key(name))?;
        let mode = given.get("JETON_DEVELOPMENT");
        let mode = mode.map_or(Ok(Mode::Development), |text| text.parse());
        let mode = mode.map_err(|error| ConfigError::new("JETON_DEVELOPMENT", error))?;
        let issuer = given.get("JETON_ISSUER").map_or(issuer, String::as_str);
        let issuer = IssuerIdentifier::parse(issuer, mode)
            .map_err(|error| ConfigError::new("JETON_ISSUER", error))?;
        // Each issuer's own take the place of this one, and of the algorithms.
        let secrets = Secrets::parse(PUBLIC_SECRET, Mode::Development)
            .map_err(|error| ConfigError::new("seed", error))?;
        let config = Config::new(mode, issuer, secrets).with_reach(Reach::in_process());
        let config = config.with_settings(|name| match name {
            "JETON_SIGNING_ALGS" => Some("ES256 EdDSA".to_owned()),
            // Everyone knows it: whoever tests can tell which subject to expect.
            "JETON_PAIRWISE_SALT" => Some(PUBLIC_SECRET.to_owned()),
            name => given.get(name).cloned(),
        })?;
        let json = given.get("JETON_CLIENTS").map_or(CLIENTS, String::as_str);
        let clients =
            serde_json::from_str(json).map_err(|error| ConfigError::new("JETON_CLIENTS", error))?;
        let json = given.get("JETON_APIS").map_or("[]", String::as_str);
        let apis =
            serde_json::from_str(json).map_err(|error| ConfigError::new("JETON_APIS", error))?;
        let json = given.get("JETON_TRUST").map_or("[]", String::as_str);
        let trust =
            serde_json::from_str(json).map_err(|error| ConfigError::new("JETON_TRUST", error))?;
        let algorithms = given.get("JETON_SIGNING_ALGS");
        let algorithms = algorithms
            .map(|names| self::algorithms(names))
            .transpose()?;
        Ok(Self {
            config,
            given,
            clients,
            apis,
            trust,
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

    pub(crate) fn algorithms(&self) -> Option<Vec<Algorithm>> {
        self.algorithms.clone()
    }

    pub(crate) fn clients(&self) -> &[ClientRecord] {
        &self.clients
    }

    pub(crate) fn apis(&self) -> &[ApiRecord] {
        &self.apis
    }

    pub(crate) fn trust(&self) -> &[TrustRecord] {
        &self.trust
    }
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
    use jeton::SETTINGS;

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
            let settings = settings(name, " ").unwrap();
            assert_eq!(settings.clients().len(), 1, "{name}");
        }
    }

    #[test]
    fn what_is_a_deployments_is_refused() {
        for (name, _) in DEPLOYMENT {
            let message = settings(name, "x").map(|_| ()).unwrap_err();
            assert!(
                message.starts_with(name) && message.contains("`jeton serve`"),
                "{message}"
            );
        }
        let of_hosts = SETTINGS.iter().filter(|setting| setting.host != "all");
        for setting in of_hosts.filter(|it| !["JETON_HOST", "JETON_PORT"].contains(&it.name)) {
            assert!(settings(setting.name, "x").is_err(), "{}", setting.name);
        }
    }
}
