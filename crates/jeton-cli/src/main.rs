//! The `jeton` command.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use clap::{ArgMatches, Command};

mod client;
mod grants;
mod health;
mod input;
mod keys;
mod mock;
mod printable;
mod serve;
mod settings;
mod trust;

fn main() -> ExitCode {
    let matches = Command::new("jeton")
        .version(env!("CARGO_PKG_VERSION"))
        .about("An OAuth 2.0 token service: edge, serverless, one binary, or a mock provider")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(serve::command())
        .subcommand(mock::command())
        .subcommand(client::command())
        .subcommand(grants::command())
        .subcommand(trust::command())
        .subcommand(keys::command())
        .subcommand(health::command())
        .get_matches();
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jeton: {}", printable::lines(&message(&error)));
            ExitCode::FAILURE
        }
    }
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

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    match matches.subcommand() {
        Some(("serve", matches)) => serve::run(matches),
        Some(("mock", matches)) => mock::run(matches),
        Some(("client", matches)) => client::run(matches),
        Some(("grants", matches)) => grants::run(matches),
        Some(("trust", matches)) => trust::run(matches),
        Some(("keys", matches)) => keys::run(matches),
        Some(("health", matches)) => health::run(matches),
        _ => Err(anyhow::anyhow!("no such command")),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use jeton::{Client, TrustedIssuer};

    use super::message;

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
