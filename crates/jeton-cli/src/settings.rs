//! Settings as flags: `--issuer` is `JETON_ISSUER`, and so on for each that the host reads.

use anyhow::Result;
use clap::{Arg, ArgMatches};
use jeton::{Config, ConfigError, SETTINGS};

/// Settings that are secrets. Every user of a machine can read the arguments of its processes, so that a
/// flag takes no secret, only the file where it is.
const SECRETS: [&str; 2] = ["JETON_SECRET", "JETON_SIGNING_JWKS"];

/// The member of a client with its plain secret, as it stands in JSON.
const PLAIN_SECRET: &str = "\"client_secret\"";

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
            let value_name = if SECRETS.contains(&setting.name) {
                "@FILE"
            } else {
                "VALUE"
            };
            flag(setting.name).value_name(value_name).help(format!(
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

/// What the flags give, by the name of the setting.
///
/// # Errors
/// A flag is a secret itself, rather than the file where it is.
pub(crate) fn given(matches: &ArgMatches) -> Result<impl Fn(&str) -> Option<String>, ConfigError> {
    let flag = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
    for name in SECRETS.into_iter().chain(["JETON_CLIENTS"]) {
        let is_secret = |value: &String| SECRETS.contains(&name) || value.contains(PLAIN_SECRET);
        let value = flag(name).filter(|value| !value.starts_with('@') && !value.trim().is_empty());
        if value.as_ref().is_some_and(is_secret) {
            return Err(ConfigError::new(
                format!("--{}", flag_name(name)),
                format_args!(
                    "@FILE, or the variable {name}: every user of this machine can read the arguments of a process, so what stood there is no secret any more"
                ),
            ));
        }
    }
    Ok(flag)
}

/// The configuration from the flags and, where those are missing, the environment.
pub(crate) fn config(matches: &ArgMatches) -> Result<Config> {
    Ok(jeton_native::config_from_env_over(given(matches)?)?)
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::{flags, given};

    fn check(flag: &str, value: &str, expected: Result<(), &str>) {
        let command = Command::new("jeton").args(flags());
        let matches = command.get_matches_from(["jeton", flag, value]);
        let given = given(&matches)
            .map(|_| ())
            .map_err(|error| error.to_string());
        match (&given, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(part)) if error.contains(part) && !error.contains(value) => {}
            _ => panic!("{flag} {value}: {given:?}"),
        }
    }

    #[test]
    fn no_flag_takes_a_secret() {
        check("--secret", "jsk_anything", Err("--secret: expected @FILE"));
        check("--secret", "jsk_one jsk_other", Err("JETON_SECRET"));
        check("--secret", "@secret.txt", Ok(()));
        check(
            "--signing-jwks",
            r#"{"keys":[]}"#,
            Err("JETON_SIGNING_JWKS"),
        );
        check("--signing-jwks", "@keys.json", Ok(()));
        let client = r#"[{"client_id":"a","client_secret":"b"}]"#;
        check("--clients", client, Err("--clients: expected @FILE"));
        let hashed = r#"[{"client_id":"a","client_secrets":[{"sha256":"b"}]}]"#;
        check("--clients", hashed, Ok(()));
        check("--clients", "@clients.json", Ok(()));
        check("--issuer", "https://id.example", Ok(()));
    }
}
