//! The configuration of navikt/mock-oauth2-server, as its container image reads it from the
//! environment, so that a compose file moves here by changing the image's name.

use std::fs;

use serde_json::Value;

use crate::{
    address::is_issuer_name,
    file::{ISSUER_NAME, from_json},
    spec::{ClaimPlace, ClaimRule, ClockSpec, IssuerSpec, MockSpec, User},
};

mod config;
mod mapping;

use config::{Callback, Config, HttpServer};
use mapping::{always, rule};

const PORT: u16 = 8080;

/// The file that it reads where none is named: the image mounts it into the directory that it runs in.
const FILE: &str = "config.json";

/// The user who is logged in where mock-oauth2-server does not ask; there it is a random subject.
const NOBODY: &str = "alice";

/// How long its tokens live unless told otherwise, in seconds.
const TOKEN_EXPIRY: u64 = 3600;

/// A configuration of mock-oauth2-server, as a mock of ours.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The mock.
    pub spec: MockSpec,
    /// What of the configuration has no effect here, for a warning: each a member, a colon and why.
    pub ignored: Vec<String>,
    /// The file that nothing named and that was there, for a notice.
    pub found: Option<&'static str>,
}

/// Why a configuration of mock-oauth2-server cannot be had here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct ImportError {
    /// A variable, or a file; with line and column, from 1, where it is known.
    at: String,
    message: String,
}

impl ImportError {
    fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            message: message.into(),
        }
    }
}

/// Reads `JSON_CONFIG`, else the file `JSON_CONFIG_PATH`, else `config.json` where it runs, if that is such a
/// configuration; `SERVER_HOSTNAME`; `SERVER_PORT`, else `PORT`. `None` where there is none of them. `PORT`
/// alone only says the port: platforms set it for everybody.
///
/// # Errors
/// The configuration cannot be read, or asks for what is not here and would be missed.
pub fn from_environment(
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<Option<Imported>, ImportError> {
    let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let port = ["SERVER_PORT", "PORT"]
        .into_iter()
        .find_map(|name| Some((name, lookup(name)?)))
        .map(|(name, text)| {
            text.trim()
                .parse::<u16>()
                .map_err(|_| ImportError::new(name, format!("expected a port, not {text:?}")))
        })
        .transpose()?;
    let host = lookup("SERVER_HOSTNAME");
    let json = match (lookup("JSON_CONFIG"), lookup("JSON_CONFIG_PATH")) {
        (Some(json), _) => Some(("JSON_CONFIG".to_owned(), json)),
        (None, Some(path)) => {
            let json = fs::read_to_string(&path).map_err(|error| {
                ImportError::new("JSON_CONFIG_PATH", format!("{path}: {error}"))
            })?;
            Some((path, json))
        }
        (None, None) => None,
    };
    let is_theirs = host.is_some() || lookup("SERVER_PORT").is_some();
    let found = json.is_none().then(|| found(is_theirs)).flatten();
    let is_found = found.is_some();
    let json = json.or_else(|| Some((FILE.to_owned(), found?)));
    if json.is_none() && !is_theirs {
        return Ok(port.map(|port| Imported {
            spec: MockSpec {
                port: Some(port),
                ..MockSpec::default()
            },
            ignored: Vec::new(),
            found: None,
        }));
    }
    let mut imported = match &json {
        Some((source, json)) => import(source, json)?,
        // Without a configuration theirs asks who to be; with one only if that says so.
        None => Imported {
            spec: spec(&Config::default().asking()),
            ignored: Vec::new(),
            found: None,
        },
    };
    imported.found = is_found.then_some(FILE);
    // Theirs listens on every address; ours does where it is told to, as the image is.
    imported.spec.host = host;
    imported.spec.port = Some(port.unwrap_or(PORT));
    for name in ["LOG_LEVEL", "LOGBACK_CONFIG"] {
        if lookup(name).is_some() {
            let why = "what was asked is in the journal, at /_mock/journal";
            imported.ignored.push(format!("{name}: {why}"));
        }
    }
    Ok(Some(imported))
}

/// The text of the file where it runs. Many programs have a file of that name: it is one of theirs if it has
/// a member of theirs, and in an environment of theirs whatever it is.
fn found(is_theirs: bool) -> Option<String> {
    let text = fs::read_to_string(FILE).ok()?;
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let has_one = |json: &Value| config::MEMBERS.iter().any(|name| json.get(name).is_some());
    (is_theirs || json.is_some_and(|json| has_one(&json))).then_some(text)
}

/// Reads its JSON; `source` says where that is from.
fn import(source: &str, json: &str) -> Result<Imported, ImportError> {
    let config: Config = from_json(json).map_err(|((line, column), message)| {
        ImportError::new(format!("{source}:{line}:{column}"), message)
    })?;
    let mut imported = Imported {
        spec: spec(&config),
        ignored: config.without_effect(),
        found: None,
    };
    let unknown = serde_json::from_str(json).map(|json| config::unknown_members(&json));
    imported.ignored.extend(unknown.unwrap_or_default());
    for (index, callback) in config.token_callbacks.iter().flatten().enumerate() {
        let at = format!("tokenCallbacks[{index}]");
        let refused = |member: &str, message: String| {
            ImportError::new(source, format!("{at}.{member}: {message}"))
        };
        let name = &callback.issuer_id;
        if name.is_empty() || !is_issuer_name(name) {
            return Err(refused("issuerId", format!("expected {ISSUER_NAME}")));
        }
        if imported.spec.issuers.contains_key(name) {
            let why = format!("{name} has one already, and theirs takes the first");
            imported.ignored.push(format!("{at}: {why}"));
            continue;
        }
        let (issuer, ignored) =
            issuer(callback, &config).map_err(|(member, message)| refused(&member, message))?;
        imported.spec.issuers.insert(name.clone(), issuer);
        let ignored = ignored.into_iter().map(|ignored| format!("{at}.{ignored}"));
        imported.ignored.extend(ignored);
    }
    Ok(imported)
}

/// The mock that a configuration describes, but for its callbacks.
fn spec(config: &Config) -> MockSpec {
    let provider = config.token_provider.clone().unwrap_or_default();
    let clock = provider.system_time.map(|time| ClockSpec {
        set: Some(time.0),
        freeze: Some(true),
        ..ClockSpec::default()
    });
    MockSpec {
        https: config.http_server.as_ref().is_some_and(HttpServer::is_tls),
        trust_host: true,
        issuer: IssuerSpec {
            signing_algs: Some(vec![provider.algorithm()]),
            auto_login: (!config.asks()).then(|| NOBODY.to_owned()),
            // What is typed on the login page.
            user_claims: Some(vec![
                ClaimPlace::IdToken,
                ClaimPlace::AccessToken,
                ClaimPlace::Introspection,
            ]),
            clock,
            claims: Some(mapping::defaults()),
            ..IssuerSpec::default()
        },
        ..MockSpec::default()
    }
}

/// The issuer of a callback, and what has no effect in it; or a member and why it cannot be.
fn issuer(
    callback: &Callback,
    config: &Config,
) -> Result<(IssuerSpec, Vec<String>), (String, String)> {
    let mut ignored = Vec::new();
    let mut rules = vec![ClaimRule {
        lifetime: Some(callback.token_expiry.unwrap_or(TOKEN_EXPIRY)),
        ..always()
    }];
    for (index, mapping) in callback.request_mappings.iter().enumerate() {
        let at = format!("requestMappings[{index}]");
        let rule = rule(mapping).map_err(|message| (format!("{at}.match"), message))?;
        rules.push(rule);
        let without_effect = mapping.without_effect();
        ignored.extend(without_effect.map(|ignored| format!("{at}{ignored}")));
    }
    let subjects: Vec<_> = callback.subjects().into_iter().map(User::new).collect();
    let issuer = IssuerSpec {
        auto_login: callback
            .certain_subject()
            .filter(|_| !config.asks())
            .map(str::to_owned),
        users: (!subjects.is_empty()).then_some(subjects),
        claims: Some(rules),
        ..IssuerSpec::default()
    };
    Ok((issuer, ignored))
}

#[cfg(test)]
mod tests;
