//! The configuration from `JETON_*` variables.
//!
//! What many deployments leave out is read by functions that are not inlined: a Worker that leaves it out
//! then does not wait for their code to be compiled (see [`apart`](crate::apart())).

use jsonwebtoken::Algorithm;
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    Config, ConfigError, InvalidIssuer, IssuerIdentifier, Mistakes, SETTINGS, UnregisteredScopes,
};
use crate::{
    client::{Client, ClientRecord},
    crypto::{SIGNING_ALGORITHMS, signing_algorithm},
    json::{self, Tree},
    jwk::SuppliedKeys,
    mode::Mode,
    secret::{PUBLIC_SECRET, PairwiseSalt, Secrets, require_random},
    time::{LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
};

mod apis;
mod registration;
mod trust;

/// The fewest characters of a configured client secret. SHA-256 alone does not protect a short one, nor
/// one that could be guessed.
const LEAST_CLIENT_SECRET: usize = 32;

impl Config {
    /// Reads every setting through `lookup`; an empty value counts as absent, because platforms
    /// cannot always leave one out.
    ///
    /// # Errors
    /// Every variable that is missing or malformed. A development deployment that is reached by https
    /// from elsewhere is one: it is in production, whatever it says.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let lookup = given(lookup);
        read(&lookup).map_err(|error| error.with_values(lookup))
    }

    /// The configuration with every further setting that `lookup` gives: all but `JETON_ISSUER`, the
    /// keys and `JETON_DEVELOPMENT`.
    ///
    /// # Errors
    /// Every variable that is malformed.
    pub fn with_settings(
        self,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let lookup = given(lookup);
        let mut mistakes = Mistakes::default();
        let mut config = self;
        config.read_further(&lookup, &mut mistakes);
        mistakes
            .or(config)
            .map_err(|error| error.with_values(lookup))
    }

    /// Takes every further setting that can be read; the mistakes of the others are kept.
    fn read_further(&mut self, lookup: impl Fn(&str) -> Option<String>, mistakes: &mut Mistakes) {
        let lookup = &lookup;
        if let Some(names) = lookup("JETON_SIGNING_ALGS") {
            let algorithms = mistakes.of(signing_algorithms(&names, &self.supplied_keys));
            // Where they are wrong, no client is.
            self.signing_algorithms = algorithms.unwrap_or_else(|| SIGNING_ALGORITHMS.to_vec());
        }
        if let Some(text) = lookup("JETON_PAIRWISE_SALT") {
            self.pairwise_salt = self.pairwise_salt_of(&text, mistakes);
        }
        if let Some(json) = lookup("JETON_CLIENTS") {
            self.clients = self.clients_of(&json, mistakes);
        }
        if let Some(json) = lookup("JETON_APIS") {
            self.apis = self.apis_of(&json, mistakes);
        }
        if let Some(json) = lookup("JETON_TRUST") {
            self.trust = self.trust_of(&json, mistakes);
        }
        if let Some(json) = lookup("JETON_REGISTRATION") {
            self.registration = mistakes.of(registration::registration(&json));
        }
        let serial = number(lookup, "JETON_KEY_SERIAL", (0, 0, u32::MAX));
        self.key_serial = mistakes.of(serial).unwrap_or_default();
        let lifetime = (1, self.access_token_lifetime.0, LONGEST_TOKEN_LIFETIME.0);
        let lifetime = number(lookup, "JETON_ACCESS_TOKEN_LIFETIME", lifetime);
        self.access_token_lifetime = Seconds(mistakes.of(lifetime).unwrap_or_default());
        let max_age = (0, self.registry_max_age.0, 86_400);
        let max_age = number(lookup, "JETON_REGISTRY_MAX_AGE", max_age);
        self.registry_max_age = Seconds(mistakes.of(max_age).unwrap_or_default());
        let scopes = unregistered_scopes(lookup("JETON_UNREGISTERED_SCOPES"));
        self.unregistered_scopes = mistakes.of(scopes).unwrap_or_default();
        let stripped = proxy_strips(lookup("JETON_PROXY_STRIPS"), self.issuer.path());
        self.proxy_strips = mistakes.of(stripped).unwrap_or_default();
        let mode = self.mode;
        let url = |variable| url(lookup, variable, mode);
        self.login_url = mistakes.of(url("JETON_LOGIN_URL")).flatten();
        self.logout_url = mistakes.of(url("JETON_LOGOUT_URL")).flatten();
        let not_before = number(lookup, "JETON_GRANTS_NOT_BEFORE", (0, 0, u64::MAX));
        self.grants_not_before = UnixTime(mistakes.of(not_before).unwrap_or_default());
    }

    /// The salt of `text`. Where it is wrong, no client is: then any salt will do.
    #[inline(never)]
    fn pairwise_salt_of(&self, text: &str, mistakes: &mut Mistakes) -> Option<PairwiseSalt> {
        let parse = |text: &str, mode: Mode| PairwiseSalt::parse(text, &self.secrets, mode);
        let salt = parse(text, self.mode);
        let salt = salt.map_err(|error| ConfigError::new("JETON_PAIRWISE_SALT", error));
        let any = || parse(PUBLIC_SECRET, Mode::Development).ok();
        mistakes.of(salt).or_else(any)
    }

    /// Refuses a `JETON_` name that is no setting: most likely a typing error, and a setting that
    /// silently does nothing may be the one that was to protect something.
    ///
    /// # Errors
    /// Every such name.
    pub fn refuse_unknown<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        let mut mistakes = Mistakes::default();
        for name in names {
            let is_known =
                !name.starts_with("JETON_") || SETTINGS.iter().any(|setting| setting.name == name);
            let unknown = || ConfigError::new(name, "one of the settings; there is no such one");
            mistakes.of(is_known.then_some(()).ok_or_else(unknown));
        }
        mistakes.or(())
    }

    /// The clients of `json`, held against the rest of the configuration.
    #[inline(never)]
    fn clients_of(&self, json: &str, mistakes: &mut Mistakes) -> Vec<Client> {
        let array = Array {
            variable: "JETON_CLIENTS",
            of: "client metadata (RFC 7591)",
            json,
        };
        let id = |record: &ClientRecord| record.client_id.clone();
        array.each(mistakes, id, |record, before: &[Client]| {
            let client = client(record, self.mode)?;
            if before.iter().any(|known| known.id == client.id) {
                return Err("the client_id is given twice".to_owned());
            }
            self.require_servable_client(&client)
                .map_err(|what| what.to_string())?;
            Ok(client)
        })
    }
}

/// The configuration. Where something is wrong, what depends on it is not looked at, and the rest is.
fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    let mut mistakes = Mistakes::default();
    let mode = lookup("JETON_DEVELOPMENT").map_or(Ok(Mode::Production), |text| text.parse());
    let mode = mode.map_err(|error| ConfigError::new("JETON_DEVELOPMENT", error));
    let known_mode = mistakes.of(mode);
    // What is no mode may have been meant to admit the rest.
    let mode = known_mode.unwrap_or(Mode::Development);
    let issuer = mistakes.of(issuer(&lookup("JETON_ISSUER").unwrap_or_default(), mode));
    if known_mode == Some(Mode::Development)
        && let Some(issuer) = &issuer
    {
        mistakes.of(require_local(issuer));
    }
    let secrets = mistakes.of(secrets(&lookup("JETON_SECRET").unwrap_or_default(), mode));
    let supplied_keys = match lookup("JETON_SIGNING_JWKS") {
        Some(json) => mistakes.of(supplied_keys(&json, mode)),
        None => Some(SuppliedKeys::default()),
    };
    let (has_issuer, has_keys) = (issuer.is_some(), supplied_keys.is_some());
    let config = Config::new(
        mode,
        issuer.map_or_else(|| self::issuer("http://localhost", mode), Ok)?,
        secrets.map_or_else(|| self::secrets(PUBLIC_SECRET, Mode::Development), Ok)?,
    );
    let mut config = config.with_supplied_keys(supplied_keys.unwrap_or_default());
    if !has_keys {
        // What they would have been for is not known, and no client is wrong for it.
        config.signing_algorithms = SIGNING_ALGORITHMS.to_vec();
    }
    let lookup = |name: &str| match name {
        "JETON_PROXY_STRIPS" if !has_issuer => None,
        "JETON_SIGNING_ALGS" if !has_keys => None,
        name => lookup(name),
    };
    config.read_further(lookup, &mut mistakes);
    mistakes.or(config)
}

fn issuer(text: &str, mode: Mode) -> Result<IssuerIdentifier, ConfigError> {
    IssuerIdentifier::parse(text, mode).map_err(|error| ConfigError::new("JETON_ISSUER", error))
}

fn require_local(issuer: &IssuerIdentifier) -> Result<(), ConfigError> {
    if !issuer.is_https() || issuer.is_loopback() {
        return Ok(());
    }
    Err(ConfigError::new(
        "JETON_DEVELOPMENT",
        "false, or nothing, with an https issuer that is not this machine: weak secrets would protect it",
    ))
}

fn secrets(text: &str, mode: Mode) -> Result<Secrets, ConfigError> {
    Secrets::parse(text, mode).map_err(|error| ConfigError::new("JETON_SECRET", error))
}

#[inline(never)]
fn supplied_keys(json: &str, mode: Mode) -> Result<SuppliedKeys, ConfigError> {
    SuppliedKeys::parse(json, mode).map_err(|error| ConfigError::new("JETON_SIGNING_JWKS", error))
}

/// `lookup` with blank values absent.
fn given(lookup: impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
    move |name| lookup(name).filter(|value| !value.trim().is_empty())
}

/// The algorithms of `names`. Each needs a key, and each supplied key must be of one of them.
#[inline(never)]
fn signing_algorithms(names: &str, supplied: &SuppliedKeys) -> Result<Vec<Algorithm>, ConfigError> {
    const VARIABLE: &str = "JETON_SIGNING_ALGS";
    let available = supplied.algorithms();
    let mut algorithms = Vec::new();
    for name in names.split_ascii_whitespace() {
        let algorithm = signing_algorithm(name)
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

/// A variable that holds a JSON array of documents.
struct Array<'a> {
    variable: &'static str,
    of: &'static str,
    json: &'a str,
}

impl Array<'_> {
    /// What `parse` makes of each document and of what came before it. What is wrong with the others is
    /// kept, with the name that they have.
    fn each<R: DeserializeOwned, T>(
        &self,
        mistakes: &mut Mistakes,
        name: impl Fn(&R) -> String,
        parse: impl Fn(R, &[T]) -> Result<T, String>,
    ) -> Vec<T> {
        let Self { variable, of, json } = *self;
        let records = json::read::<Vec<Tree>>(json).map_err(|what| {
            let expected = format!("a JSON array of {of}, or on native hosts @file; {what}");
            ConfigError::new(variable, expected)
        });
        let mut parsed = Vec::new();
        for (index, tree) in mistakes.of(records).into_iter().flatten().enumerate() {
            let record = tree.read_record::<R>().map_err(|invalid| {
                let invalid = invalid.within_element(index);
                ConfigError::new(variable, format_args!("valid {of}; {invalid}"))
            });
            let Some(record) = mistakes.of(record) else {
                continue;
            };
            let at = format!("[{index}] {:?}", name(&record));
            let read = parse(record, &parsed).map_err(|what| {
                ConfigError::new(variable, format_args!("valid {of}; {at}: {what}"))
            });
            parsed.extend(mistakes.of(read));
        }
        parsed
    }
}

fn client(record: ClientRecord, mode: Mode) -> Result<Client, String> {
    if let Some(name) = record.unknown_member() {
        return Err(format!("{name:?} is not client metadata"));
    }
    if record.registration.is_some() {
        return Err("registration: only clients in a store have registered themselves".to_owned());
    }
    if mode == Mode::Production
        && let Some(secret) = &record.client_secret
    {
        require_random(secret, LEAST_CLIENT_SECRET).map_err(|guessable| {
            format!(
                "a client_secret has at least {LEAST_CLIENT_SECRET} characters and is plainly random (`jeton keys new --client` makes one), unless JETON_DEVELOPMENT is true: {guessable}"
            )
        })?;
    }
    record.parse().map_err(|error| error.to_string())
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
    match lookup(variable) {
        Some(text) => number_of(&text, variable, (least, most)),
        None => Ok(default),
    }
}

#[inline(never)]
fn number_of<N>(text: &str, variable: &'static str, (least, most): (N, N)) -> Result<N, ConfigError>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
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
