//! The `jeton` command.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use clap::{ArgMatches, Command, error::ErrorKind};
use jeton::{ConfigError, Mistake};

mod api;
mod apply;
mod client;
mod describe;
mod duration;
mod family;
mod grants;
mod health;
mod id;
mod input;
mod keys;
mod management;
mod members;
mod mock;
mod output;
mod printable;
mod readable;
mod serve;
mod settings;
mod shell;
mod token;
mod trust;

/// How wide help is at most: a terminal has so many columns at least.
const HELP_WIDTH: usize = 80;

fn main() -> ExitCode {
    let matches = match command().try_get_matches() {
        Ok(matches) => matches,
        Err(shown) => {
            // That nobody reads it is no error of ours.
            let _ = shown.print();
            return match shown.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
                // Not clap's 2: that says of `apply --dry-run` that there is something to do.
                _ => ExitCode::FAILURE,
            };
        }
    };
    match run(&matches) {
        Ok(code) => code,
        Err(error) => {
            let message = match error
                .downcast_ref::<ConfigError>()
                .map(ConfigError::mistakes)
            {
                Some(mistakes) if mistakes.len() > 1 => listed(mistakes),
                _ => message(&error),
            };
            eprintln!("jeton: {}", printable::lines(&message));
            ExitCode::FAILURE
        }
    }
}

/// The whole command.
fn command() -> Command {
    Command::new("jeton")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An OAuth 2.0 token service: edge, serverless, one binary, or a mock provider")
        .max_term_width(HELP_WIDTH)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
        .subcommand(mock::command())
        .subcommand(client::command())
        .subcommand(api::command())
        .subcommand(trust::command())
        .subcommand(grants::command())
        .subcommand(apply::command())
        .subcommand(token::command())
        .subcommand(keys::command())
        .subcommand(health::command())
        .subcommands(describe::commands())
}

/// All that is wrong with a configuration.
fn listed(mistakes: &[Mistake]) -> String {
    let lines: String = mistakes.iter().map(|it| format!("\n  {it}")).collect();
    format!("{} mistakes in the configuration{lines}", mistakes.len())
}

/// The error and its causes, without those that it says itself.
fn message(error: &anyhow::Error) -> String {
    let mut message = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

fn run(matches: &ArgMatches) -> anyhow::Result<ExitCode> {
    match matches.subcommand() {
        Some(("apply", matches)) => return apply::run(matches),
        Some(("serve", matches)) => serve::run(matches),
        Some(("mock", matches)) => mock::run(matches),
        Some(("client", matches)) => client::run(matches),
        Some(("api", matches)) => api::run(matches),
        Some(("trust", matches)) => trust::run(matches),
        Some(("grants", matches)) => grants::run(matches),
        Some(("token", matches)) => token::run(matches),
        Some(("keys", matches)) => keys::run(matches),
        Some(("health", matches)) => health::run(matches),
        Some(("completions", matches)) => describe::completions(matches, &mut command()),
        Some(("man", matches)) => describe::man(matches, command()),
        _ => Err(anyhow::anyhow!("no such command")),
    }?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use jeton::{Client, TrustedIssuer};

    use super::*;

    /// Every command beneath `command`, with its words.
    fn all(command: &Command, words: &str) -> Vec<(String, Command)> {
        let words = format!("{words} {}", command.get_name());
        let mut found = vec![(words.trim().to_owned(), command.clone())];
        for inner in command.get_subcommands() {
            found.extend(all(inner, &words));
        }
        found
    }

    #[test]
    fn help_fits_eighty_columns() {
        let mut built = command().term_width(HELP_WIDTH);
        built.build();
        let commands = all(&built, "");
        assert!(commands.len() > 50, "{}", commands.len());
        for (words, mut command) in commands {
            for help in [command.render_help(), command.render_long_help()] {
                for line in help.to_string().lines() {
                    assert!(line.chars().count() <= HELP_WIDTH, "{words}: {line}");
                }
            }
        }
    }

    #[test]
    fn every_command_and_flag_says_what_it_does() {
        let mut built = command();
        built.build();
        for (words, command) in all(&built, "") {
            assert!(command.get_about().is_some(), "{words}");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "{words} {}", arg.get_id());
            }
        }
        built.debug_assert();
    }

    #[test]
    fn what_was_meant_is_said() {
        for (arguments, meant) in [
            (&["jeton", "clients"][..], "'client'"),
            (&["jeton", "client", "lst"], "'list'"),
            (&["jeton", "serve", "--isuer", "x"], "'--issuer'"),
            (&["jeton", "client", "list", "--date", "x"], "'--data'"),
        ] {
            let error = command().try_get_matches_from(arguments).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("similar") && text.contains(meant), "{text}");
        }
    }

    #[test]
    fn a_cause_is_said_once() {
        let trust = |json: &str| {
            let error = TrustedIssuer::from_record(json).context("a.json");
            message(&error.unwrap_err())
        };
        let private = r#"{"issuer":"https://a.example","jwks":{"keys":[{"kty":"oct","k":"AA"}]}}"#;
        assert_eq!(
            trust(private),
            "a.json: jwks: keys[0] is a private or symmetric key"
        );
        let set = r#"{"issuer":"https://a.example","jwks":{}}"#;
        assert_eq!(trust(set), r#"a.json: jwks: not a JWK Set, {"keys":[…]}"#);
        let uri = r#"{"issuer":"https://a.example","jwks_uri":"http://a.example/"}"#;
        assert_eq!(trust(uri), "a.json: jwks_uri: not https");
        let record = r#"{"client_id":""}"#;
        let client = message(&Client::from_record(record).context("a.json").unwrap_err());
        assert!(client.starts_with("a.json: client_id: "), "{client}");
        assert_eq!(client.matches(": ").count(), 2, "{client}");
    }

    #[test]
    fn a_cause_that_is_not_said_is_added() {
        let error = anyhow::anyhow!("no such file").context("a.json");
        assert_eq!(message(&error), "a.json: no such file");
    }
}
