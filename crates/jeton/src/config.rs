//! Configuration: one set of `JETON_*` names for every host.

use jsonwebtoken::Algorithm;
use url::Url;

use crate::{
    client::{Client, ClientRecord},
    crypto::SIGNING_ALGORITHMS,
    fetch::{Loopback, Reach},
    jwk::SuppliedKeys,
    secret::Secrets,
    time::{LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
};

mod issuer;
mod settings;

pub use issuer::IssuerIdentifier;
pub use settings::{SETTINGS, Setting};

/// The fewest characters of a configured client secret: SHA-256 alone does not protect a short one.
const MIN_CLIENT_SECRET_LENGTH: usize = 32;

/// A deployment's settings, parsed and checked.
#[derive(Clone, Debug)]
pub struct Config {
    issuer: IssuerIdentifier,
    reach: Reach,
    realm: String,
    secrets: Secrets,
    supplied_keys: SuppliedKeys,
    signing_algorithms: Vec<Algorithm>,
    key_serial: u32,
    clients: Vec<Client>,
    access_token_lifetime: Seconds,
    registry_max_age: Seconds,
    login_url: Option<Url>,
    logout_url: Option<Url>,
    grants_not_before: UnixTime,
}

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
    /// `variable` should be `expected`.
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
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let development = match lookup("JETON_DEVELOPMENT").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(ConfigError::new("JETON_DEVELOPMENT", "true or false")),
        };
        let issuer = lookup("JETON_ISSUER").unwrap_or_default();
        let issuer = IssuerIdentifier::parse(&issuer, development)
            .map_err(|error| ConfigError::new("JETON_ISSUER", error))?;
        let secrets = Secrets::parse(&lookup("JETON_SECRET").unwrap_or_default(), development)
            .map_err(|error| ConfigError::new("JETON_SECRET", error))?;
        let supplied_keys = match lookup("JETON_SIGNING_JWKS") {
            None => SuppliedKeys::default(),
            Some(json) => SuppliedKeys::parse(&json, development)
                .map_err(|error| ConfigError::new("JETON_SIGNING_JWKS", error))?,
        };
        let signing_algorithms =
            signing_algorithms(lookup("JETON_SIGNING_ALGS").as_deref(), &supplied_keys)?;
        let clients = clients(lookup("JETON_CLIENTS").as_deref(), development)?;
        for client in &clients {
            let unavailable = [
                client.access_token_signed_response_alg,
                client.id_token_signed_response_alg,
            ]
            .into_iter()
            .flatten()
            .find(|algorithm| !signing_algorithms.contains(algorithm));
            if let Some(algorithm) = unavailable {
                return Err(ConfigError::new(
                    "JETON_CLIENTS",
                    format_args!(
                        "client {:?} to ask for an algorithm of JETON_SIGNING_ALGS, not {algorithm:?}",
                        client.id.as_str()
                    ),
                ));
            }
        }
        let loopback = if development {
            Loopback::Admitted
        } else {
            Loopback::Refused
        };
        Ok(Self {
            reach: Reach::new(issuer.origin(), loopback),
            realm: issuer.to_string(),
            issuer,
            secrets,
            supplied_keys,
            signing_algorithms,
            key_serial: number(lookup, "JETON_KEY_SERIAL", 0, 0, u32::MAX)?,
            clients,
            access_token_lifetime: Seconds(number(
                lookup,
                "JETON_ACCESS_TOKEN_LIFETIME",
                3600,
                1,
                LONGEST_TOKEN_LIFETIME.0,
            )?),
            registry_max_age: Seconds(number(lookup, "JETON_REGISTRY_MAX_AGE", 60, 0, 86_400)?),
            login_url: url(lookup, "JETON_LOGIN_URL", development)?,
            logout_url: url(lookup, "JETON_LOGOUT_URL", development)?,
            grants_not_before: UnixTime(number(lookup, "JETON_GRANTS_NOT_BEFORE", 0, 0, u64::MAX)?),
        })
    }

    /// Refuses a `JETON_` name that is no setting: most likely a typing error, and a setting that
    /// silently does nothing may be the one that was to protect something.
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

    /// The configuration without its clients, and these: for a host that keeps them elsewhere.
    #[must_use]
    pub fn take_clients(mut self) -> (Self, Vec<Client>) {
        let clients = std::mem::take(&mut self.clients);
        (self, clients)
    }

    /// `JETON_ISSUER`.
    #[must_use]
    pub fn issuer(&self) -> &IssuerIdentifier {
        &self.issuer
    }

    /// What the deployment may fetch from.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The configuration with its keys bound to `realm` in place of the issuer: for a deployment
    /// that is known by several addresses and must honour at one what it issued at another.
    #[must_use]
    pub fn with_realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = realm.into();
        self
    }

    /// What derived keys, codes and refresh tokens are bound to: the issuer, unless told otherwise.
    pub(crate) fn realm(&self) -> &str {
        &self.realm
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn supplied_keys(&self) -> &SuppliedKeys {
        &self.supplied_keys
    }

    /// Never empty; the first signs.
    #[must_use]
    pub fn signing_algorithms(&self) -> &[Algorithm] {
        &self.signing_algorithms
    }

    pub(crate) fn default_algorithm(&self) -> Algorithm {
        self.signing_algorithms
            .first()
            .copied()
            .unwrap_or(Algorithm::ES256)
    }

    pub(crate) fn key_serial(&self) -> u32 {
        self.key_serial
    }

    pub(crate) fn clients(&self) -> &[Client] {
        &self.clients
    }

    pub(crate) fn access_token_lifetime(&self) -> Seconds {
        self.access_token_lifetime
    }

    /// Where people log in; `None`: there is no authorization endpoint.
    pub(crate) fn login_url(&self) -> Option<&Url> {
        self.login_url.as_ref()
    }

    pub(crate) fn logout_url(&self) -> Option<&Url> {
        self.logout_url.as_ref()
    }

    pub(crate) fn grants_not_before(&self) -> UnixTime {
        self.grants_not_before
    }

    pub(crate) fn registry_max_age(&self) -> Seconds {
        self.registry_max_age
    }
}

fn signing_algorithms(
    names: Option<&str>,
    supplied: &SuppliedKeys,
) -> Result<Vec<Algorithm>, ConfigError> {
    const VARIABLE: &str = "JETON_SIGNING_ALGS";
    let available = supplied.algorithms();
    let Some(names) = names else {
        return Ok(if available.is_empty() {
            vec![Algorithm::ES256]
        } else {
            available
        });
    };
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

fn clients(json: Option<&str>, development: bool) -> Result<Vec<Client>, ConfigError> {
    const VARIABLE: &str = "JETON_CLIENTS";
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let records: Vec<ClientRecord> = serde_json::from_str(json).map_err(|error| {
        ConfigError::new(
            VARIABLE,
            format_args!(
                "a JSON array of client metadata (RFC 7591), or on native hosts @file; {error}"
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
        let secret_length = record
            .client_secret
            .as_ref()
            .map(|secret| secret.chars().count());
        if !development && secret_length.is_some_and(|length| length < MIN_CLIENT_SECRET_LENGTH) {
            return Err(wrong(&format_args!(
                "a client_secret has at least {MIN_CLIENT_SECRET_LENGTH} random characters (`jeton client new` makes one), unless JETON_DEVELOPMENT is true"
            )));
        }
        let client = record.parse().map_err(|error| wrong(&error))?;
        if clients.iter().any(|known| known.id == client.id) {
            return Err(wrong(&"the client_id is given twice"));
        }
        clients.push(client);
    }
    Ok(clients)
}

fn url(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    development: bool,
) -> Result<Option<Url>, ConfigError> {
    let Some(text) = lookup(variable) else {
        return Ok(None);
    };
    // The same rule as the issuer's: what a person is sent to is https, or this machine.
    let url = Url::parse(&text).ok().filter(|url| {
        let origin = url.origin().ascii_serialization();
        url.fragment().is_none() && IssuerIdentifier::parse(&origin, development).is_ok()
    });
    url.map(Some).ok_or_else(|| {
        ConfigError::new(
            variable,
            "an https URL without fragment (http only for localhost)",
        )
    })
}

fn number<N>(
    lookup: impl Fn(&str) -> Option<String>,
    variable: &'static str,
    default: N,
    least: N,
    most: N,
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
