//! The configuration from environment variables.

use std::{env, fs};

use jeton::{Config, ConfigError, SETTINGS};

use crate::service_link::is_service_link;

/// The variable by which clients' test helpers find this program. It is theirs, and not a setting.
const BINARY: &str = "JETON_BIN";

/// The configuration from the environment. A value `@path` stands for that file's content, so that
/// secrets can be mounted as files.
///
/// # Errors
/// The first variable that is unknown, malformed, not UTF-8, or names a file that cannot be read.
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
    let values = settings_from_env(overrides)?;
    Config::from_lookup(|name| {
        let (_, value) = values.iter().find(|(own, _)| *own == name)?;
        Some(value.clone())
    })
}

/// The settings that `overrides` or the environment gives, each by name, unchecked.
///
/// # Errors
/// The first variable that is unknown, not UTF-8, or names a file that cannot be read.
pub fn settings_from_env(
    overrides: impl Fn(&str) -> Option<String>,
) -> Result<Vec<(&'static str, String)>, ConfigError> {
    let names: Vec<_> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| name != BINARY && !is_service_link(name, &value.to_string_lossy()))
        .map(|(name, _)| name)
        .collect();
    Config::refuse_unknown(names.iter().map(String::as_str))?;
    let mut values = Vec::with_capacity(SETTINGS.len());
    for setting in SETTINGS {
        let given = match overrides(setting.name) {
            Some(value) => Some(value),
            None => variable(setting.name)?,
        };
        let Some(given) = given else {
            continue;
        };
        let value = resolve_file(setting.name, given)?;
        if !value.is_empty() {
            values.push((setting.name, value));
        }
    }
    Ok(values)
}

/// The value of an environment variable; `None` for one that is not set or empty, and for a service
/// link: Kubernetes sets `JETON_PORT` and the like for a service of that name.
///
/// # Errors
/// The value is not UTF-8.
pub fn variable(name: &str) -> Result<Option<String>, ConfigError> {
    let Some(value) = env::var_os(name) else {
        return Ok(None);
    };
    let value = value
        .into_string()
        .map_err(|_| ConfigError::new(name, "UTF-8"))?;
    Ok(Some(value).filter(|value| !value.is_empty() && !is_service_link(name, value)))
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
