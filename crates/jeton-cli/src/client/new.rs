//! `jeton client new`: a client of a usual kind, by one flag, and what to do with it.

use anyhow::Result;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command};
use jeton::{merge, path_segment};
use serde_json::{Value, json};
use url::Url;

use super::{member_args, members};
use crate::{
    family,
    management::{self, Kind, Management, Written},
    members::Members,
    output::{self, Format},
    printable, shell,
};

/// The scope of clients that log people in, where none is named.
const OF_LOGINS: &str = "openid profile email offline_access";

/// A kind of client that is often wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Usual {
    Machine,
    Web,
    SinglePage,
    Native,
    Device,
}

impl Usual {
    const ALL: [Self; 5] = [
        Self::Machine,
        Self::Web,
        Self::SinglePage,
        Self::Native,
        Self::Device,
    ];

    const fn flag(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Web => "web",
            Self::SinglePage => "single-page",
            Self::Native => "native",
            Self::Device => "device",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Machine => "A service that gets tokens for itself, by a secret [default]",
            Self::Web => "A web application that logs people in on its server, with a secret",
            Self::SinglePage => "An application in the browser, without a secret",
            Self::Native => "An application on a phone or a desktop, without a secret",
            Self::Device => "A device without a browser: a television, a command line",
        }
    }

    fn of(matches: &ArgMatches) -> Self {
        let mut all = Self::ALL.into_iter();
        let given = all.find(|usual| matches.get_flag(usual.flag()));
        given.unwrap_or(Self::Machine)
    }

    fn grant_types(self) -> Value {
        match self {
            Self::Machine => json!(["client_credentials"]),
            Self::Web | Self::SinglePage | Self::Native => {
                json!(["authorization_code", "refresh_token"])
            }
            Self::Device => json!([
                "urn:ietf:params:oauth:grant-type:device_code",
                "refresh_token",
            ]),
        }
    }

    /// The members that such a client has, beside those that are given.
    fn members(self, given: &Members) -> Members {
        let mut members = Members::new();
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("grant_types", self.grant_types());
        if self != Self::Machine {
            add("scope", json!(OF_LOGINS));
        }
        if matches!(self, Self::SinglePage | Self::Native | Self::Device) {
            add("token_endpoint_auth_method", json!("none"));
        }
        if self == Self::SinglePage {
            // Its pages call the token endpoint themselves.
            add("allowed_origins", json!(origins(given)));
        }
        members
    }
}

/// The origins of its redirect URIs, each once.
fn origins(given: &Members) -> Vec<String> {
    let uris = given.get("redirect_uris").and_then(Value::as_array);
    let mut origins = Vec::new();
    for uri in uris.into_iter().flatten().filter_map(Value::as_str) {
        let origin = Url::parse(uri).map(|uri| uri.origin());
        if let Ok(origin) = origin
            && origin.is_tuple()
            && !origins.contains(&origin.ascii_serialization())
        {
            origins.push(origin.ascii_serialization());
        }
    }
    origins
}

pub(super) fn command() -> Command {
    let kinds = Usual::ALL.map(|usual| {
        Arg::new(usual.flag())
            .long(usual.flag())
            .action(ArgAction::SetTrue)
            .help(usual.help())
    });
    Command::new("new")
        .about("Make and store a client, and say what to do with it")
        .args(kinds)
        .group(ArgGroup::new("kind").args(Usual::ALL.map(Usual::flag)))
        .arg(
            Arg::new("id")
                .long("id")
                .value_name("CLIENT_ID")
                .help("client_id [default: one that the server makes]"),
        )
        .args(member_args())
        .arg(family::assignments_arg())
        .arg(family::replace_arg().requires("id"))
        .args(management::args())
        .arg(management::create_arg())
        .arg(output::format_arg())
}

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let usual = Usual::of(matches);
    let document = document(usual, matches)?;
    let deployment = management::connect(matches)?;
    let standing = family::Standing::of(matches);
    let written = family::store(&deployment, Kind::Client, &document, None, standing)?;
    warn_of_apis(&deployment, &written.entry.document);
    match Format::of(matches) {
        Format::Json => family::print_written(&deployment, Kind::Client, &written, Format::Json),
        Format::Text => output::say(&instructions(usual, &deployment, &written)),
    }
}

fn document(usual: Usual, matches: &ArgMatches) -> Result<Members> {
    let mut given = members(matches)?;
    merge(&mut given, &family::assigned(Kind::Client, matches)?);
    if let Some(id) = matches.get_one::<String>("id") {
        given.insert("client_id".to_owned(), json!(id));
    }
    let mut document = usual.members(&given);
    merge(&mut document, &given);
    Ok(document)
}

/// Warns of APIs and scopes of them that nobody has registered: the client has them once somebody does. Who
/// may not look at APIs is not told; nor of those that are configured.
fn warn_of_apis(deployment: &Management, client: &Members) {
    let named = client.get("apis").and_then(Value::as_array);
    for api in named.into_iter().flatten() {
        let text = |name: &str| api.get(name).and_then(Value::as_str).unwrap_or_default();
        let identifier = text("identifier");
        let Ok(found) = deployment.find(Kind::Api, identifier) else {
            return;
        };
        let Some(found) = found else {
            eprintln!(
                "warning: no API {} is registered; unless JETON_APIS has it, the client gets no token for it",
                printable::line(identifier)
            );
            continue;
        };
        let scopes = found.document.get("scopes").and_then(Value::as_object);
        let is_known = |token: &&str| scopes.is_some_and(|scopes| scopes.contains_key(*token));
        for token in text("scope").split(' ').filter(|token| !token.is_empty()) {
            if !is_known(&token) {
                eprintln!(
                    "warning: {} has no scope {}",
                    printable::line(identifier),
                    printable::line(token)
                );
            }
        }
    }
}

/// What to do next.
fn instructions(usual: Usual, deployment: &Management, written: &Written) -> String {
    let member = |name: &str| written.entry.document.get(name);
    let id = Kind::Client.name_of(&written.entry.document);
    let mut rows = vec![["client_id:".to_owned(), id.to_owned()]];
    if let Some(secret) = &written.secret {
        rows.push(["client_secret:".to_owned(), secret.clone()]);
    }
    let mut text = format!("{}\n", output::table(&rows));
    match &written.secret {
        Some(_) => text.push_str("The secret is shown this once. "),
        None if member("token_endpoint_auth_method").is_none() => {
            text.push_str("Its secrets are those that it had. ");
        }
        None => {}
    }
    let at = At(deployment.issuer());
    match usual {
        Usual::Machine => {
            let secret = written.secret.as_deref().unwrap_or("SECRET");
            let basic = shell::quote(&format!("{}:{}", path_segment(id), path_segment(secret)));
            let curl = format!(
                "curl -u {basic} -d grant_type=client_credentials {}",
                at.endpoint("/token")
            );
            match member("token_endpoint_auth_method").and_then(Value::as_str) {
                None | Some("client_secret_basic") => {
                    text.push_str(&format!("A token:\n\n  {curl}\n"));
                }
                Some(method) => text.push_str(&format!("It authenticates by {method}.\n")),
            }
        }
        Usual::Device => {
            let scope = member("scope").map(output::plain).unwrap_or_default();
            text.push_str(&format!(
                "The device begins with:\n\n  curl -d client_id={} --data-urlencode scope={} {}\n",
                shell::quote(&path_segment(id)),
                shell::quote(&scope),
                at.endpoint("/device_authorization")
            ));
        }
        Usual::Web | Usual::SinglePage | Usual::Native => {
            let redirects = member("redirect_uris")
                .map(output::plain)
                .unwrap_or_default();
            let scope = member("scope").map(output::plain).unwrap_or_default();
            let known = match written.secret {
                Some(_) => "both",
                None => "its client_id",
            };
            text.push_str(&format!(
                "Tell the application {known}, and:\n\n{}",
                output::table(&[
                    ["  issuer".to_owned(), at.issuer().to_owned()],
                    ["  redirect URI".to_owned(), redirects],
                    ["  scope".to_owned(), scope],
                ])
            ));
        }
    }
    text
}

/// Where the deployment is, as far as it is known.
struct At<'a>(Option<&'a str>);

impl At<'_> {
    fn issuer(&self) -> &str {
        self.0.unwrap_or("what `jeton serve` has as JETON_ISSUER")
    }

    /// The address of an endpoint, as a word of a shell.
    fn endpoint(&self, path: &str) -> String {
        match self.0 {
            Some(issuer) => {
                let base = issuer.strip_suffix('/').unwrap_or(issuer);
                shell::word(&format!("{base}{path}"))
            }
            None => format!("\"$JETON_ISSUER{path}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(arguments: &[&str]) -> Value {
        let arguments = ["new"].iter().chain(arguments);
        let matches = command().try_get_matches_from(arguments).unwrap();
        Value::Object(document(Usual::of(&matches), &matches).unwrap())
    }

    #[test]
    fn a_usual_client_is_one_flag() {
        assert_eq!(
            made(&[
                "--scope",
                "read",
                "--api",
                "https://orders.example=orders:read orders:write"
            ]),
            json!({
                "grant_types": ["client_credentials"], "scope": "read",
                "apis": [{ "identifier": "https://orders.example", "scope": "orders:read orders:write" }],
            })
        );
        let redirects = [
            "--redirect-uri",
            "https://app.acme.dev/cb",
            "--redirect-uri",
            "https://app.acme.dev/2",
        ];
        assert_eq!(
            made(&[&["--web", "--id", "web"], &redirects[..]].concat()),
            json!({
                "client_id": "web", "grant_types": ["authorization_code", "refresh_token"],
                "scope": OF_LOGINS, "redirect_uris": ["https://app.acme.dev/cb", "https://app.acme.dev/2"],
            })
        );
        let page = made(&[&["--single-page"], &redirects[..]].concat());
        assert_eq!(page["allowed_origins"], json!(["https://app.acme.dev"]));
        assert_eq!(page["token_endpoint_auth_method"], "none");
        let app = made(&[
            "--native",
            "--redirect-uri",
            "com.acme.app:/cb",
            "scope=openid",
        ]);
        assert_eq!(app["scope"], "openid");
        assert_eq!(app.get("allowed_origins"), None);
        let device = made(&["--device"]);
        assert_eq!(device["token_endpoint_auth_method"], "none");
    }

    #[test]
    fn what_is_given_goes_before_what_is_usual() {
        let assigned = made(&[
            "--lifetime",
            "600",
            "token_endpoint_auth_method=federated_jwt",
            "grant_types=client_credentials urn:ietf:params:oauth:grant-type:jwt-bearer",
            "labels.team=a",
        ]);
        assert_eq!(
            assigned,
            json!({
                "access_token_lifetime": 600,
                "token_endpoint_auth_method": "federated_jwt",
                "grant_types": ["client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
                "labels": { "team": "a" },
            })
        );
    }

    #[test]
    fn a_client_is_of_one_kind() {
        let arguments = ["new", "--web", "--device"];
        assert!(command().try_get_matches_from(arguments).is_err());
        let without_id = ["new", "--replace"];
        assert!(command().try_get_matches_from(without_id).is_err());
    }
}
