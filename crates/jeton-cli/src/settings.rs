//! Settings as flags: `--issuer` is `JETON_ISSUER`, and so on for each that the host reads.

use clap::{Arg, ArgMatches, builder::NonEmptyStringValueParser};
use jeton::{Config, ConfigError, Mistake, Mistakes, SETTINGS, Setting};
use jeton_login::LoginSettings;

/// Settings that are secrets. Every user of a machine can read the arguments of its processes, so that a
/// flag takes no secret, only the file where it is.
const SECRETS: [&str; 3] = ["JETON_SECRET", "JETON_PAIRWISE_SALT", "JETON_SIGNING_JWKS"];

/// The member of a client with its plain secret, as it stands in JSON.
const PLAIN_SECRET: &str = "\"client_secret\"";

/// A flag for each setting of every host and of `serve`. `defaults` are the command's own, by the name of the
/// setting.
pub(crate) fn flags(defaults: &'static [(&str, &str)]) -> impl Iterator<Item = Arg> {
    SETTINGS
        .iter()
        .filter(|setting| matches!(setting.host, "all" | "serve"))
        .map(|setting| {
            let own = defaults.iter().find(|(name, _)| *name == setting.name);
            described(setting, own.map_or(setting.default, |(_, default)| default))
        })
}

/// The flags of settings that a command reads besides its own.
pub(crate) fn some_flags(names: &[&str]) -> impl Iterator<Item = Arg> {
    SETTINGS
        .iter()
        .filter(|setting| names.contains(&setting.name))
        .map(|setting| described(setting, setting.default))
}

fn described(setting: &'static Setting, default: &str) -> Arg {
    let default = match default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    let flag = flag(setting.name).help(format!(
        "{}{default} [env: {}]",
        setting.about, setting.name
    ));
    if SECRETS.contains(&setting.name) {
        return flag.value_name("@FILE");
    }
    flag
}

/// The flag of one setting, without its help.
pub(crate) fn flag(name: &'static str) -> Arg {
    let arg = Arg::new(name).long(flag_name(name)).value_name("VALUE");
    match name {
        // SQLite takes no name for a database of its own that goes with the process.
        "JETON_DATA" => arg
            .value_name("FILE")
            .value_parser(NonEmptyStringValueParser::new()),
        _ => arg,
    }
}

fn flag_name(variable: &str) -> String {
    let name = variable.strip_prefix("JETON_").unwrap_or(variable);
    name.to_ascii_lowercase().replace('_', "-")
}

/// The value of a setting: its flag, else its variable, else `default`.
pub(crate) fn value(
    matches: &ArgMatches,
    name: &str,
    default: &str,
) -> Result<String, ConfigError> {
    if let Some(value) = matches.get_one::<String>(name) {
        return Ok(value.clone());
    }
    Ok(jeton_native::variable(name)?.unwrap_or_else(|| default.to_owned()))
}

/// The port that `serve` listens on and `health` asks, where no setting says another.
pub(crate) const DEFAULT_PORT: &str = "8080";

/// The host and port to listen on. The port is that of `JETON_PORT`, else of the first of `others` that is
/// set, else `default_port`.
pub(crate) fn address(
    matches: &ArgMatches,
    default_host: &str,
    others: &[&str],
    default_port: &str,
) -> Result<(String, u16), ConfigError> {
    let host = value(matches, "JETON_HOST", default_host);
    let port = port(matches, others, default_port);
    both(host, port)
}

fn port(matches: &ArgMatches, others: &[&str], default: &str) -> Result<u16, ConfigError> {
    let mut name = "JETON_PORT";
    let mut port = value(matches, name, "")?;
    for other in others {
        if port.is_empty() {
            name = other;
            port = jeton_native::variable(other)?.unwrap_or_default();
        }
    }
    let port = if port.is_empty() { default } else { &port };
    port.parse().map_err(|_| {
        ConfigError::new(name, "a port number, 0 for any free one").map(|mistake| Mistake {
            value: Some(port.to_owned()),
            ..mistake
        })
    })
}

/// Both, or all that is wrong with either.
pub(crate) fn both<A, B>(
    a: Result<A, ConfigError>,
    b: Result<B, ConfigError>,
) -> Result<(A, B), ConfigError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
        (Err(error), Err(other)) => Err(error.and(other)),
    }
}

/// The error with each setting named by the flag that gave it, where one did.
pub(crate) fn as_given(error: ConfigError, matches: &ArgMatches) -> ConfigError {
    error.map(|mistake| {
        let flag = matches.try_get_one::<String>(&mistake.name).ok().flatten();
        let Some(given) = flag else {
            return mistake;
        };
        // The name of a file may be shown where its content may not.
        let file = given.starts_with('@').then(|| given.clone());
        Mistake {
            name: format!("--{}", flag_name(&mistake.name)),
            value: file.or(mistake.value),
            ..mistake
        }
    })
}

/// What the flags give, by the name of the setting.
///
/// # Errors
/// Flags that are secrets themselves, rather than the file where one is.
pub(crate) fn given(matches: &ArgMatches) -> Result<impl Fn(&str) -> Option<String>, ConfigError> {
    let flag = |name: &str| matches.try_get_one::<String>(name).ok().flatten().cloned();
    let mut mistakes = Mistakes::default();
    for name in SECRETS.into_iter().chain(["JETON_CLIENTS", "JETON_LOGIN"]) {
        let is_secret = |value: &String| SECRETS.contains(&name) || value.contains(PLAIN_SECRET);
        let value = flag(name).filter(|value| !value.starts_with('@') && !value.trim().is_empty());
        if value.as_ref().is_some_and(is_secret) {
            mistakes.add(ConfigError::new(
                format!("--{}", flag_name(name)),
                format_args!(
                    "@FILE, or the variable {name}: every user of this machine can read the arguments of a process, so what stood there is no secret any more"
                ),
            ));
        }
    }
    mistakes.or(flag)
}

/// The configuration from the flags and, where those are missing, the environment.
pub(crate) fn config(matches: &ArgMatches) -> Result<Config, ConfigError> {
    config_and_login(matches).map(|(config, _)| config)
}

/// The configuration, with the login application that it has of its own.
pub(crate) fn config_and_login(
    matches: &ArgMatches,
) -> Result<(Config, Option<LoginSettings>), ConfigError> {
    jeton_native::config_from_env_with(given(matches)?, LoginSettings::read)
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    fn check(flag: &str, value: &str, expected: Result<(), &str>) {
        let command = Command::new("jeton").args(flags(&[]));
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
    fn mistakes_are_named_as_they_were_given() {
        let arguments = [
            "jeton",
            "--issuer",
            "http://id.acme.dev",
            "--secret",
            "@nowhere",
            "--port",
            "80a",
            "--access-token-lifetime",
            "1h",
        ];
        let matches = Command::new("jeton")
            .args(flags(&[]))
            .get_matches_from(arguments);
        let address = address(&matches, "127.0.0.1", &[], DEFAULT_PORT);
        let error = both(config(&matches), address).unwrap_err();
        let error = as_given(error, &matches).to_string();
        // What was given is named by its flag, what the environment of the tests has by its variable.
        let mut lines = error.lines().filter(|line| !line.starts_with("JETON_"));
        let mut next = |beginning: &str, end: &str| {
            let line = lines.next().unwrap();
            assert!(line.starts_with(beginning) && line.ends_with(end), "{line}");
        };
        next(
            "--secret: expected a readable file",
            r#"; it is "@nowhere""#,
        );
        next(
            "--issuer: expected the issuer",
            r#"; it is "http://id.acme.dev""#,
        );
        next(
            "--access-token-lifetime: expected a whole",
            r#"; it is "1h""#,
        );
        next("--port: expected a port number", r#"; it is "80a""#);
        assert_eq!(lines.next(), None);
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
