//! Settings as flags: `--issuer` is `JETON_ISSUER`, and so on for each that the host reads.

use anyhow::Result;
use clap::{Arg, ArgMatches};
use jeton::{Config, ConfigError, SETTINGS};

/// A flag for each setting of every host and of `serve`.
pub(crate) fn flags() -> impl Iterator<Item = Arg> {
    SETTINGS
        .iter()
        .filter(|setting| matches!(setting.host, "all" | "serve"))
        .map(|setting| {
            let default = match setting.default {
                "" => String::new(),
                default => format!(" [default: {default}]"),
            };
            flag(setting.name).help(format!(
                "{}{default} [env: {}]",
                setting.about, setting.name
            ))
        })
}

/// The flag of one setting, without its help.
pub(crate) fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(flag_name(name)).value_name("VALUE")
}

fn flag_name(variable: &str) -> String {
    let name = variable.strip_prefix("JETON_").unwrap_or(variable);
    name.to_ascii_lowercase().replace('_', "-")
}

/// The value of a setting: its flag, else its variable, else `default`.
pub(crate) fn value(matches: &ArgMatches, name: &str, default: &str) -> Result<String> {
    if let Some(value) = matches.get_one::<String>(name) {
        return Ok(value.clone());
    }
    Ok(jeton_native::variable(name)?.unwrap_or_else(|| default.to_owned()))
}

/// The host and port to listen on.
pub(crate) fn address(
    matches: &ArgMatches,
    default_host: &str,
    default_port: &str,
) -> Result<(String, u16)> {
    let host = value(matches, "JETON_HOST", default_host)?;
    let port = value(matches, "JETON_PORT", default_port)?;
    let port = port
        .parse()
        .map_err(|_| ConfigError::new("JETON_PORT", "a port number, 0 for any free one"))?;
    Ok((host, port))
}

/// The configuration from the flags and, where those are missing, the environment.
pub(crate) fn config(matches: &ArgMatches) -> Result<Config> {
    let flag = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
    Ok(jeton_native::config_from_env_over(flag)?)
}
