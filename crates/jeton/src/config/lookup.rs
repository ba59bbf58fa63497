//! The configuration from `JETON_*` variables.

use jsonwebtoken::Algorithm;
use url::Url;

use super::{Config, InvalidIssuer, IssuerIdentifier, SETTINGS, UnregisteredScopes};
use crate::{
    client::{Client, ClientAuthentication, ClientKeys, ClientRecord},
    crypto::SIGNING_ALGORITHMS,
    jwk::SuppliedKeys,
    mode::Mode,
    secret::{Secrets, require_random},
    time::{LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
    unavailable::Misread,
};

mod trust;

/// The fewest characters of a configured client secret. SHA-256 alone does not protect a short one, nor
/// one that could be guessed.
const LEAST_CLIENT_SECRET: usize = 32;

/// A variable that is missing, unknown or malformed. Never holds the value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: expected {expected}")]
pub struct ConfigError {
    /// The variable's name.
    pub variable: String,
    /// What should stand there.
    pub expected: String,
}

impl ConfigError {
    /// An error that says of `variable` what was expected there.
    pub fn new(variable: impl Into<String>, expected: impl ToString) -> Self {
        Self {
            variable: variable.into(),
            expected: expected.to_string(),
        }
    }
}

impl Config {
    /// Reads every setting through `lookup`; an empty value counts as absent, because platforms
    /// cannot always leave one out.
    ///
    /// # Errors
    /// The first variable that is missing or malformed, or a development deployment that is reached by
    /// https from elsewhere: those are in production, whatever they say.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = given(lookup);
        let mode = lookup("JETON_DEVELOPMENT").map_or(Ok(Mode::Production), |text| text.parse());
        let mode = mode.map_err(|error| ConfigError::new("JETON_DEVELOPMENT", error))?;
        let issuer = lookup("JETON_ISSUER").unwrap_or_default();
        let issuer = IssuerIdentifier::parse(&issuer, mode)
            .map_err(|error| ConfigError::new("JETON_ISSUER", error))?;
        if mode == Mode::Development && issuer.is_https() && !issuer.is_loopback() {
            return Err(ConfigError::new(
                "JETON_DEVELOPMENT",
                "false, or nothing, with an https issuer that is not this machine: weak secrets would protect it",
            ));
        }
        let secrets = Secrets::parse(&lookup("JETON_SECRET").unwrap_or_default(), mode)
            .map_err(|error| ConfigError::new("JETON_SECRET", error))?;
        let supplied_keys = match lookup("JETON_SIGNING_JWKS") {
            None => SuppliedKeys::default(),
            Some(json) => SuppliedKeys::parse(&json, mode)
                .map_err(|error| ConfigError::new("JETON_SIGNING_JWKS", error))?,
        };
        Self::new(mode, issuer, secrets)
            .with_supplied_keys(supplied_keys)
            .with_settings(lookup)
    }

    /// The configuration with every further setting that `lookup` gives: all but `JETON_ISSUER`, the
    /// keys and `JETON_DEVELOPMENT`.
    ///
    /// # Errors
    /// The first variable that is malformed.
    pub fn with_settings(
        self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let lookup = &given(lookup);
        let mode = self.mode;
        let mut config = self;
        if let Some(names) = lookup("JETON_SIGNING_ALGS") {
            config.signing_algorithms = signing_algorithms(&names, &config.supplied_keys)?;
        }
        config.clients = clients(lookup("JETON_CLIENTS").as_deref(), mode)?;
        config.require_algorithms_of_clients()?;
        config.require_reachable_keys_of_clients()?;
        config.trust = config.trust_of(lookup("JETON_TRUST").as_deref())?;
        let lifetime = (1, config.access_token_lifetime.0, LONGEST_TOKEN_LIFETIME.0);
        let lifetime = number(lookup, "JETON_ACCESS_TOKEN_LIFETIME", lifetime)?;
        let max_age = (0, config.registry_max_age.0, 86_400);
        let max_age = number(lookup, "JETON_REGISTRY_MAX_AGE", max_age)?;
        let not_before = number(lookup, "JETON_GRANTS_NOT_BEFORE", (0, 0, u64::MAX))?;
        Ok(Self {
            key_serial: number(lookup, "JETON_KEY_SERIAL", (0, 0, u32::MAX))?,
            access_token_lifetime: Seconds(lifetime),
            registry_max_age: Seconds(max_age),
            unregistered_scopes: unregistered_scopes(lookup("JETON_UNREGISTERED_SCOPES"))?,
            proxy_strips: proxy_strips(lookup("JETON_PROXY_STRIPS"), config.issuer.path())?,
            login_url: url(lookup, "JETON_LOGIN_URL", mode)?,
            logout_url: url(lookup, "JETON_LOGOUT_URL", mode)?,
            grants_not_before: UnixTime(not_before),
            ..config
        })
    }

    /// Refuses a `JETON_` name that is no setting: most likely a typing error, and a setting that
    /// silently does nothing may be the one that was to protect something.
    ///
    /// # Errors
    /// The first such name.
    pub fn refuse_unknown<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        let unknown = names.into_iter().find(|name| {
            name.starts_with("JETON_") && !SETTINGS.iter().any(|setting| setting.name == *name)
        });
        match unknown {
            None => Ok(()),
            Some(name) => Err(ConfigError::new(
                name,
                "one of the settings; there is no such one",
            )),
        }
    }

    fn require_algorithms_of_clients(&self) -> Result<(), ConfigError> {
        for client in &self.clients {
            let wanted = [
                client.access_token_signed_response_alg,
                client.id_token_signed_response_alg,
            ];
            let absent = |algorithm: &Algorithm| !self.signing_algorithms.contains(algorithm);
            if let Some(algorithm) = wanted.into_iter().flatten().find(absent) {
                return Err(ConfigError::new(
                    "JETON_CLIENTS",
                    format_args!(
                        "client {:?} to ask for an algorithm of JETON_SIGNING_ALGS, not {algorithm:?}",
                        client.id.as_str()
                    ),
                ));
            }
        }
        Ok(())
    }

    /// What is registered is asked when it is used: the store may be that of several deployments.
    fn require_reachable_keys_of_clients(&self) -> Result<(), ConfigError> {
        for client in &self.clients {
            let ClientAuthentication::PrivateKeyJwt(keys) = &client.authentication else {
                continue;
            };
            if let ClientKeys::Uri(url) = &keys.keys
                && let Err(why) = self.reach.url(url)
            {
                return Err(ConfigError::new(
                    "JETON_CLIENTS",
                    format_args!(
                        "keys of client {:?} that can be fetched; jwks_uri: {why}",
                        client.id.as_str()
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// `lookup` with blank values absent.
fn given(lookup: impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
    move |name| lookup(name).filter(|value| !value.trim().is_empty())
}

/// The algorithms of `names`. Each needs a key, and each supplied key must be of one of them.
fn signing_algorithms(names: &str, supplied: &SuppliedKeys) -> Result<Vec<Algorithm>, ConfigError> {
    const VARIABLE: &str = "JETON_SIGNING_ALGS";
    let available = supplied.algorithms();
    let mut algorithms = Vec::new();
    for name in names.split_ascii_whitespace() {
        let algorithm = name
            .parse::<Algorithm>()
            .ok()
            .filter(|algorithm| SIGNING_ALGORITHMS.contains(algorithm))
            .filter(|algorithm| !algorithms.contains(algorithm))
            .ok_or_else(|| {
                ConfigError::new(
                    VARIABLE,
                    "some of ES256, EdDSA and RS256, each once, separated by spaces",
                )
            })?;
        if algorithm == Algorithm::RS256 && !available.contains(&algorithm) {
            return Err(ConfigError::new(
                VARIABLE,
                "an RSA key in JETON_SIGNING_JWKS for RS256, which cannot be derived; `jeton keys new --alg RS256` makes one",
            ));
        }
        algorithms.push(algorithm);
    }
    if let Some(unused) = available
        .iter()
        .find(|algorithm| !algorithms.contains(algorithm))
    {
        return Err(ConfigError::new(
            VARIABLE,
            format_args!(
                "{unused:?} among the algorithms, because JETON_SIGNING_JWKS has a key for it"
            ),
        ));
    }
    Ok(algorithms)
}

fn clients(json: Option<&str>, mode: Mode) -> Result<Vec<Client>, ConfigError> {
    const VARIABLE: &str = "JETON_CLIENTS";
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let records: Vec<ClientRecord> = serde_json::from_str(json).map_err(|error| {
        ConfigError::new(
            VARIABLE,
            format_args!(
                "a JSON array of client metadata (RFC 7591), or on native hosts @file; {}",
                Misread(&error)
            ),
        )
    })?;
    let mut clients = Vec::<Client>::with_capacity(records.len());
    for (index, record) in records.into_iter().enumerate() {
        let at = format!("[{index}] {:?}", record.client_id);
        let wrong = |what: &dyn std::fmt::Display| {
            ConfigError::new(
                VARIABLE,
                format_args!("valid client metadata; {at}: {what}"),
            )
        };
        if let Some(name) = record.unknown_member() {
            return Err(wrong(&format_args!("{name:?} is not client metadata")));
        }
        if mode == Mode::Production
            && let Some(secret) = &record.client_secret
        {
            require_random(secret, LEAST_CLIENT_SECRET).map_err(|guessable| {
                wrong(&format_args!(
                    "a client_secret has at least {LEAST_CLIENT_SECRET} characters and is plainly random (`jeton client new` makes one), unless JETON_DEVELOPMENT is true: {guessable}"
                ))
            })?;
        }
        let client = record.parse().map_err(|error| wrong(&error))?;
        if clients.iter().any(|known| known.id == client.id) {
            return Err(wrong(&"the client_id is given twice"));
        }
        clients.push(client);
    }
    Ok(clients)
}

fn unregistered_scopes(text: Option<String>) -> Result<UnregisteredScopes, ConfigError> {
    match text.as_deref() {
        None | Some("refuse") => Ok(UnregisteredScopes::Refuse),
        Some("ignore") => Ok(UnregisteredScopes::Ignore),
        Some(_) => Err(ConfigError::new(
            "JETON_UNREGISTERED_SCOPES",
            "refuse or ignore",
        )),
    }
}

/// The beginning of the issuer's path, by whole segments.
fn proxy_strips(text: Option<String>, issuer_path: &str) -> Result<String, ConfigError> {
    let text = text.unwrap_or_default();
    let is_beginning = issuer_path
        .strip_prefix(&text)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_beginning && !text.ends_with('/') {
        return Ok(text);
    }
    Err(ConfigError::new(
        "JETON_PROXY_STRIPS",
        "the path of JETON_ISSUER or its beginning, such as /auth, without a final slash",
    ))
}

fn url(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    mode: Mode,
) -> Result<Option<Url>, ConfigError> {
    let Some(text) = lookup(variable) else {
        return Ok(None);
    };
    let malformed = || {
        ConfigError::new(
            variable,
            "an https URL without fragment (http only for localhost)",
        )
    };
    let url = Url::parse(&text).map_err(|_| malformed())?;
    if url.fragment().is_some() {
        return Err(malformed());
    }
    // The same rule as the issuer's: what a person is sent to is https, or this machine, and somebody's.
    match IssuerIdentifier::parse(&url.origin().ascii_serialization(), mode) {
        Ok(_) => Ok(Some(url)),
        Err(InvalidIssuer::Form) => Err(malformed()),
        Err(InvalidIssuer::Placeholder) => {
            Err(ConfigError::new(variable, InvalidIssuer::Placeholder))
        }
    }
}

/// A whole number within bounds, or the default between them.
fn number<N>(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    (least, default, most): (N, N, N),
) -> Result<N, ConfigError>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let Some(text) = lookup(variable) else {
        return Ok(default);
    };
    text.trim()
        .parse()
        .ok()
        .filter(|number| (&least..=&most).contains(&number))
        .ok_or_else(|| {
            ConfigError::new(
                variable,
                format_args!("a whole number from {least} to {most}"),
            )
        })
}

#[cfg(test)]
mod tests;
