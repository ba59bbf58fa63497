//! The configuration from environment variables.

use std::{env, fs};

use jeton::{Config, ConfigError, Mistakes, SETTINGS};

use crate::{service_link::is_service_link, similar};

/// Variables that are not a host's, and may be there where one is started: by the first, clients' test
/// helpers find this program; the others are how `jeton` authenticates at a deployment.
const OTHERS: [&str; 4] = [
    "JETON_BIN",
    "JETON_TOKEN",
    "JETON_CLIENT_ID",
    "JETON_CLIENT_SECRET",
];

/// The configuration from the environment. A value `@path` stands for that file's content, so that
/// secrets can be mounted as files.
///
/// # Errors
/// Every variable that is unknown, malformed, not UTF-8, or names a file that cannot be read.
pub fn config_from_env() -> Result<Config, ConfigError> {
    config_from_env_over(|_| None)
}

/// The configuration from `overrides`, such as command-line flags, and the environment for all that
/// those do not give.
///
/// # Errors
/// As for [`config_from_env`].
pub fn config_from_env_over(
    overrides: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let (config, ()) = config_from_env_with(overrides, |_, _| Ok(()))?;
    Ok(config)
}

/// As [`config_from_env_over`], and then what `more` makes of the configuration and the settings.
///
/// # Errors
/// As for [`config_from_env`], and those of `more`.
pub fn config_from_env_with<T>(
    overrides: impl Fn(&str) -> Option<String>,
    more: impl FnOnce(&mut Config, &dyn Fn(&str) -> Option<String>) -> Result<T, ConfigError>,
) -> Result<(Config, T), ConfigError> {
    let (values, unread) = read(overrides);
    let lookup = |name: &str| {
        let (_, value) = values.iter().find(|(own, _)| *own == name)?;
        Some(value.clone())
    };
    let config = Config::from_lookup(lookup).and_then(|mut config| {
        let more = more(&mut config, &lookup)?;
        Ok((config, more))
    });
    let config = config.map_err(with_similar_member);
    match (unread, config) {
        (Ok(()), config) => config,
        (Err(error), Ok(_)) => Err(error),
        (Err(error), Err(of_values)) => Err(error.and(of_values)),
    }
}

/// The settings that `overrides` or the environment gives, each by name, unchecked.
///
/// # Errors
/// Every variable that is unknown, not UTF-8, or names a file that cannot be read.
pub fn settings_from_env(
    overrides: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(&'static str, String)>, ConfigError> {
    let (values, unread) = read(overrides);
    unread.map(|()| values)
}

/// The settings that can be read, and what is wrong with the others.
fn read(
    overrides: impl Fn(&str) -> Option<String>,
) -> (Vec<(&'static str, String)>, Result<(), ConfigError>) {
    let mut mistakes = Mistakes::default();
    let names: Vec<_> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| !OTHERS.contains(&name.as_str()))
        .filter(|(name, value)| !is_service_link(name, &value.to_string_lossy()))
        .map(|(name, _)| name)
        .collect();
    let unknown = Config::refuse_unknown(names.iter().map(String::as_str));
    mistakes.of(unknown.map_err(with_similar));
    let mut values = Vec::with_capacity(SETTINGS.len());
    for setting in SETTINGS {
        let value = match overrides(setting.name) {
            Some(given) => resolve_file(setting.name, given).map(Some),
            None => variable(setting.name),
        };
        let value = mistakes.of(value).flatten();
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            values.push((setting.name, value));
        }
    }
    (values, mistakes.or(()))
}

/// The error, with the settings that unknown names are most like.
fn with_similar(error: ConfigError) -> ConfigError {
    error.map(|mut mistake| {
        let known = SETTINGS
            .iter()
            .filter_map(|it| it.name.strip_prefix("JETON_"));
        let name = mistake.name.trim_start_matches("JETON_");
        if let Some(known) = similar(name, known) {
            mistake
                .expected
                .push_str(&format!(". Was JETON_{known} meant?"));
        }
        mistake
    })
}

/// The error, with the members that unknown ones of a JSON setting are most like.
fn with_similar_member(error: ConfigError) -> ConfigError {
    error.map(|mut mistake| {
        let parts = mistake.expected.split_once(": no such member; there are ");
        let meant = parts.and_then(|(place, known)| {
            let name = place.rsplit('.').next()?;
            similar(name, known.split(", "))
        });
        if let Some(meant) = meant {
            let hint = format!(". Was {meant} meant?");
            mistake.expected.push_str(&hint);
        }
        mistake
    })
}

/// The value of an environment variable, of `@path` that file's content; `None` for one that is not set or
/// empty, and for a service link: Kubernetes sets `JETON_PORT` and the like for a service of that name.
///
/// # Errors
/// The value is not UTF-8, or names a file that cannot be read.
pub fn variable(name: &str) -> Result<Option<String>, ConfigError> {
    let Some(value) = env::var_os(name) else {
        return Ok(None);
    };
    let value = value
        .into_string()
        .map_err(|_| ConfigError::new(name, "UTF-8"))?;
    if is_service_link(name, &value) {
        return Ok(None);
    }
    let value = resolve_file(name, value)?;
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// The value itself, or for `@path` that file's content without trailing white space.
fn resolve_file(name: &str, value: String) -> Result<String, ConfigError> {
    let Some(path) = value.strip_prefix('@') else {
        return Ok(value);
    };
    match fs::read_to_string(path) {
        Ok(content) => Ok(content.trim_end().to_owned()),
        Err(error) => Err(ConfigError::new(
            name,
            format_args!("a readable file after @: {error}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_member_that_was_meant_is_said() {
        let said = |expected: &str| {
            let error = ConfigError::new("JETON_LOGIN", expected);
            with_similar_member(error).mistakes()[0].expected.clone()
        };
        let there = "no such member; there are id, issuer, client_id, client_secret";
        for (place, meant) in [
            ("providers[0].isuer", Some("issuer")),
            ("providers[0].clientSecret", Some("client_secret")),
            ("isuer", Some("issuer")),
            ("colour", None),
            ("?", None),
        ] {
            let expected = format!("{place}: {there}");
            let hint = meant.map(|meant| format!(". Was {meant} meant?"));
            assert_eq!(
                said(&expected),
                expected.clone() + &hint.unwrap_or_default()
            );
        }
        assert_eq!(said("a URL"), "a URL");
    }
}
