//! `jeton trust check`: says of a token whether it stands for a client, point by point. What the server
//! would say is asked of the core; here it is put into words.

use std::{fmt, path::Path};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Arg, ArgMatches, Command};
use jeton::{
    Crypto, Examination, Examiner, Fetch, IssuerIdentifier, Loopback, Mode, Reach, Rule, Signature,
    TrustedIssuer, UnixTime,
};
use jeton_fetch::HttpsFetch;
use jeton_native::NativeCrypto;
use serde_json::Value;

use super::words;
use crate::{input, printable, settings};

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Say of a token whether it stands for a client, point by point; exits with 0 only if it does")
        .arg(
            Arg::new("document")
                .value_name("FILE")
                .required(true)
                .help("The document of the token's issuer; - for standard input"),
        )
        .arg(
            Arg::new("token")
                .value_name("TOKEN")
                .required(true)
                .help("The token, or a file with it; - for standard input"),
        )
        .arg(
            settings::flag("JETON_ISSUER")
                .help("This server's issuer identifier [env: JETON_ISSUER]"),
        )
        .arg(Arg::new("rule").long("rule").value_name("NAME").help("Ask this rule alone"))
        .arg(
            Arg::new("now")
                .long("now")
                .value_name("SECONDS")
                .value_parser(clap::value_parser!(u64))
                .help("As if it were this time, in seconds since 1970"),
        )
}

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let text = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let source = text("document");
    let trusted = TrustedIssuer::from_record(input::read(source)?.trim());
    let mut trusted = trusted.with_context(|| source.to_owned())?;
    if let Some(name) = matches.get_one::<String>("rule") {
        trusted.rules.retain(|rule| rule.name == *name);
        ensure!(
            !trusted.rules.is_empty(),
            "{source}: no rule is called {name:?}"
        );
    }
    let token = token(text("token"))?;
    let own_issuer = settings::value(matches, "JETON_ISSUER", "")?;
    // Development admits all that may be one.
    let own_issuer = IssuerIdentifier::parse(&own_issuer, Mode::Development)
        .context("--issuer: this server's issuer identifier")?;
    let own_issuer = own_issuer.as_str();
    require_foreign(&trusted, own_issuer)?;
    let now = matches.get_one("now").copied().map(UnixTime);
    let examiner = Examiner {
        own_issuer,
        reach: &reach(own_issuer),
        fetch: &HttpsFetch::default(),
        crypto: &NativeCrypto::new(),
        now: now.unwrap_or_else(jeton_native::now),
    };
    let (report, verdict) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(examine(&examiner, token.trim(), &trusted))?;
    print!("{report}");
    println!("\n{}", verdict?);
    Ok(())
}

/// Refuses the document about this server's own tokens: its rules make none of them stand for anybody,
/// and the server says more of them than their rules do.
fn require_foreign(trusted: &TrustedIssuer, own_issuer: &str) -> Result<()> {
    ensure!(
        trusted.issuer != own_issuer,
        "{own_issuer} is this server itself: rules about Jeton's own tokens cannot be tried with `check`"
    );
    Ok(())
}

/// What is said of the token point by point, and then of the client that it stands for.
async fn examine(
    examiner: &Examiner<'_, impl Fetch, impl Crypto>,
    token: &str,
    trusted: &TrustedIssuer,
) -> Result<(String, Result<String>)> {
    let examination = examiner.examine(token, trusted).await?;
    let report = Report {
        trusted,
        examination: &examination,
        own_issuer: examiner.own_issuer,
        now: examiner.now,
    };
    let verdict = match (examination.accepted_by(), &examination.rule) {
        (Some(rule), _) => Ok(printable::line(&client_of(rule))),
        (None, _) if trusted.disabled => {
            Err(anyhow!("it stands for no client: the document is disabled"))
        }
        (None, Err(why)) => Err(anyhow!(
            "it stands for no client: {why}{}",
            disabled_rules(trusted)
        )),
        (None, Ok(_)) => Err(anyhow!("it stands for no client")),
    };
    Ok((printable::lines(&report.to_string()), verdict))
}

/// The client of a rule that is met, and what the rule needs of its record, which is not read here.
fn client_of(rule: &Rule) -> String {
    let mut text = format!(
        "It stands for the client {:?}, if there is one that is neither public nor disabled",
        rule.client_id.as_str()
    );
    let scope = rule.scope.as_ref().map(ToString::to_string);
    let audiences = rule.audiences.as_ref().map(|it| it.join(" "));
    let ceilings = [("scopes", scope), ("audiences", audiences)];
    let ceilings: Vec<_> = ceilings
        .into_iter()
        .filter_map(|(what, ceiling)| Some(format!("one of the {what} {}", ceiling?)))
        .collect();
    if !ceilings.is_empty() {
        text.push_str(&format!(
            ", and if its record has {}",
            ceilings.join(" and ")
        ));
    }
    text + "."
}

/// What is added where no rule is met: the rules that were not asked.
fn disabled_rules(trusted: &TrustedIssuer) -> String {
    let rules = trusted.rules.iter().filter(|rule| rule.disabled);
    let names: Vec<_> = rules.map(|rule| format!("{:?}", rule.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(" (disabled: {})", names.join(", "))
}

/// The token itself, or what stands in the file.
fn token(argument: &str) -> Result<String> {
    if argument == "-" || Path::new(argument).exists() {
        return input::read(argument);
    }
    let is_jwt = argument.split('.').count() == 3;
    ensure!(
        is_jwt,
        "{argument:?}: there is no such file, and it is no JWT"
    );
    Ok(argument.to_owned())
}

/// What that server may reach: this machine only in development, where its issuer is http.
fn reach(own_issuer: &str) -> Reach {
    let loopback = if own_issuer.starts_with("http://") {
        Loopback::Admitted
    } else {
        Loopback::Refused
    };
    Reach::new(own_issuer, loopback)
}

/// What was found, a line each.
struct Report<'a> {
    trusted: &'a TrustedIssuer,
    examination: &'a Examination<'a>,
    own_issuer: &'a str,
    now: UnixTime,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a token of {}", self.trusted.issuer)?;
        for (what, fault) in &self.examination.points {
            let shown = self.shown(what);
            match fault {
                None => writeln!(f, "  ok     {what}{shown}")?,
                Some(_) if *what == "the issuer" => {
                    writeln!(f, "  WRONG  {what}: the document is disabled")?;
                }
                Some(fault) => {
                    let fault = printable::line(&fault.to_string());
                    writeln!(f, "  WRONG  {what}{shown}: {fault}")?;
                }
            }
        }
        match &self.examination.signature {
            Signature::Verified => writeln!(f, "  ok     signature, by a key of the issuer")?,
            Signature::Refused(fault) => {
                let fault = printable::line(&fault.to_string());
                writeln!(
                    f,
                    "  WRONG  signature: {fault}. Nothing of the token is proved"
                )?;
            }
            Signature::Unknown => {
                writeln!(
                    f,
                    "  WRONG  signature: it could not be verified. Nothing of the token is proved"
                )?;
            }
        }
        for rule in &self.trusted.rules {
            self.write_rule(f, rule)?;
        }
        Ok(())
    }
}

impl Report<'_> {
    fn write_rule(&self, f: &mut fmt::Formatter<'_>, rule: &Rule) -> fmt::Result {
        let disabled = if rule.disabled { ", disabled" } else { "" };
        let client = rule.client_id.as_str();
        writeln!(
            f,
            "rule {:?}, for the client {client:?}{disabled}",
            rule.name
        )?;
        let claims = &self.examination.claims;
        let audience = rule.audience.as_deref().unwrap_or(self.own_issuer);
        let is_for = self.examination.is_for(audience);
        let wanted = format!("aud is {audience:?}, and nothing else");
        write_line(f, is_for, &wanted, claims.get("aud"))?;
        for condition in &rule.conditions {
            let value = condition.claim.find(claims);
            write_line(f, condition.is_met(claims), &words(condition), value)?;
        }
        let is_chosen = self.examination.rule.as_ref() == Ok(&rule);
        if rule.single_use && is_chosen {
            let is_good = self.examination.single_use.is_none();
            write_line(f, is_good, "jti, which counts once", claims.get("jti"))?;
        }
        if let Some(scope) = &rule.scope {
            writeln!(f, "         scope: at most {scope}")?;
        }
        if let Some(audiences) = &rule.audiences {
            writeln!(
                f,
                "         audiences: at most {}",
                printable::line(&audiences.join(" "))
            )?;
        }
        let left = claims.get("exp").and_then(Value::as_u64);
        let left = left.map_or(0, |exp| exp.saturating_sub(self.now.0));
        let longest = rule.access_token_lifetime.map_or(left, |it| it.0.min(left));
        writeln!(f, "         access tokens: of at most {longest} seconds")
    }

    /// What the token has there.
    fn shown(&self, what: &str) -> String {
        let Examination { header, claims, .. } = self.examination;
        match what {
            "alg" | "typ" => format!(" {}", value(header.get(what))),
            "iss" | "sub" => format!(" {}", value(claims.get(what))),
            "exp, iat, nbf" => {
                let times = ["exp", "iat", "nbf"].map(|name| self.time(name));
                format!(" {}", times.join(", "))
            }
            _ => String::new(),
        }
    }

    fn time(&self, name: &str) -> String {
        let found = self.examination.claims.get(name);
        match found.and_then(Value::as_u64) {
            Some(time) if time >= self.now.0 => format!("in {} s", time - self.now.0),
            Some(time) => format!("{} s ago", self.now.0 - time),
            None => value(found),
        }
    }
}

fn write_line(
    f: &mut fmt::Formatter<'_>,
    is_met: bool,
    wanted: &str,
    found: Option<&Value>,
) -> fmt::Result {
    let word = if is_met { "ok   " } else { "WRONG" };
    writeln!(f, "  {word}  {wanted}; the token has {}", value(found))
}

fn value(value: Option<&Value>) -> String {
    value.map_or_else(
        || "none".to_owned(),
        |value| printable::line(&value.to_string()),
    )
}

#[cfg(test)]
mod tests;
