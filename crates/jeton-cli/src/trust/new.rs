//! `jeton trust new`: writes the document of a trusted issuer, with one rule.

use anyhow::{Context, Error, Result, anyhow, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser};
use jeton::{Danger, InvalidRule, InvalidTrust, RuleRecord, TrustRecord, TrustedIssuer};
use serde_json::Value;

use super::{
    platform::{Audience, Form, Given, Issuer, PLATFORMS, Platform, Says},
    warn_of_addresses, words,
};
use crate::{input, printable};

pub(super) fn command() -> Command {
    Command::new("new")
        .about("Print a document with a rule for one workload of a platform, and say what it matches; stores nothing itself")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(PLATFORMS.map(command_of))
}

fn command_of(platform: &'static Platform) -> Command {
    let flags = platform.flags.iter().map(|flag| {
        let mut arg = Arg::new(flag.name).long(flag.name).value_name(flag.value);
        if let Some(form) = Form::of(flag.value) {
            arg = arg.value_parser(|text: &str| form.check(text));
        }
        let (arg, how_often) = match flag.says {
            Says::Once => (arg, ""),
            Says::Claim(_) | Says::Braced(_) | Says::Often => {
                (arg.action(ArgAction::Append), "; repeatable")
            }
            Says::Pairs => (
                arg.action(ArgAction::Append).value_parser(pair),
                "; repeatable, all must be so",
            ),
        };
        arg.help(format!("{}{how_often}{}", flag.help, found_by(flag.needed)))
    });
    let needed = platform.one_of.as_ref().map(|one_of| {
        let instead = instead(one_of.instead);
        format!("One of these is needed: {}{instead}.", one_of.words)
    });
    Command::new(platform.name)
        .about(platform.about)
        // Commands by which something is found are long, and nothing breaks them.
        .next_line_help(true)
        .args(flags)
        .args(common(platform))
        .after_help(needed.unwrap_or_default())
}

fn instead(danger: Option<Danger>) -> String {
    danger.map_or_else(String::new, |danger| {
        format!(", or --accept {}", danger.name())
    })
}

fn pair(text: &str) -> Result<String, &'static str> {
    let is_pair = text
        .split_once('=')
        .is_some_and(|(claim, _)| !claim.is_empty());
    is_pair
        .then(|| text.to_owned())
        .ok_or("expected CLAIM=TEXT")
}

/// What the help says of a flag that is needed.
fn found_by(found: Option<&str>) -> String {
    found.map_or_else(String::new, |found| format!(". Needed; found by: {found}"))
}

/// What every rule may have.
fn common(platform: &Platform) -> [Arg; 8] {
    let text = |name: &'static str| Arg::new(name).long(name);
    let issuer = match platform.issuer {
        Issuer::Known(usual) => format!("Issuer of the token (not this server) [default: {usual}]"),
        Issuer::OfFlags => {
            "Issuer of the token (not this server), where it is not the usual one".to_owned()
        }
        Issuer::Given(found) => {
            format!(
                "Issuer of the token (not this server){}",
                found_by(Some(found))
            )
        }
    };
    let audience = match platform.audience {
        Audience::Own => {
            "Audience of the token [default: this server's issuer identifier]".to_owned()
        }
        Audience::OfFlags => {
            "Audience of the token [default: the one that the platform gives it]".to_owned()
        }
        Audience::Given(found) => format!("Audience of the token{}", found_by(Some(found))),
    };
    [
        text("client")
            .value_name("CLIENT_ID")
            .help("The client that the token stands for. Needed"),
        text("name").help("Name of the rule, for the log [default: the platform's]"),
        text("audience").value_name("AUDIENCE").help(audience),
        text("scope").help("All that the client gets by this rule, separated by spaces"),
        text("issuer").value_name("URL").help(issuer),
        text("jwks")
            .value_name("FILE")
            .help("Its JWK Set, or SPIFFE bundle, where this server cannot fetch it; - for standard input"),
        text("jwks-uri")
            .value_name("URL")
            .conflicts_with("jwks")
            .help("Where its JWK Set, or SPIFFE bundle, is [default: as its metadata says]"),
        text("accept")
            .value_name("DANGER")
            .action(ArgAction::Append)
            .value_parser(PossibleValuesParser::new(Danger::ALL.map(Danger::name)))
            .hide_possible_values(true)
            .help("Accept a danger that the rule is refused for; repeatable"),
    ]
}

pub(super) fn run(matches: &ArgMatches) -> Result<()> {
    let (name, matches) = matches.subcommand().context("no such command")?;
    let platform = PLATFORMS.into_iter().find(|platform| platform.name == name);
    let platform = platform.context("no such platform")?;
    let jwks = match matches.get_one::<String>("jwks") {
        None => None,
        Some(source) => {
            let set = serde_json::from_str(&input::read(source)?);
            Some(set.with_context(|| format!("--jwks: {source}"))?)
        }
    };
    let document = document(platform, matches, jwks)?;
    let json = serde_json::to_string_pretty(&document)?;
    let trusted = checked(platform, &json)?;
    warn_of_addresses(&trusted)?;
    println!("{}", printable::json(&json));
    let own_issuer = jeton_native::variable("JETON_ISSUER")?;
    let own_issuer = own_issuer.as_deref().unwrap_or("JETON_ISSUER");
    let explanation = explanation(platform, &trusted, own_issuer);
    eprint!("{}", printable::lines(&explanation));
    Ok(())
}

/// What is printed must be what the server accepts.
fn checked(platform: &Platform, json: &str) -> Result<TrustedIssuer> {
    TrustedIssuer::from_record(json).map_err(|why| in_flags(platform, why))
}

fn document(platform: &Platform, matches: &ArgMatches, jwks: Option<Value>) -> Result<TrustRecord> {
    let all = |flag: &str| -> Vec<String> {
        let given = matches.try_get_many::<String>(flag).ok().flatten();
        given.unwrap_or_default().cloned().collect()
    };
    let text = |flag: &str| all(flag).into_iter().next();
    let given = Given(&all);
    require_flags(platform, &given)?;
    let conditions = platform.flags.iter();
    let mut rule = RuleRecord {
        name: text("name").unwrap_or_else(|| platform.name.to_owned()),
        client_id: text("client").unwrap_or_default(),
        audience: text("audience"),
        conditions: conditions.filter_map(|it| it.conditions(&given)).collect(),
        scope: text("scope"),
        single_use: Some(platform.single_use),
        accepted_dangers: all("accept"),
        ..RuleRecord::default()
    };
    let issuer = match (text("issuer"), &platform.issuer) {
        (Some(issuer), _) => issuer,
        (None, Issuer::Known(issuer)) => (*issuer).to_owned(),
        // The second is missing, and has been refused.
        (None, Issuer::OfFlags | Issuer::Given(_)) => String::new(),
    };
    let mut document = TrustRecord {
        issuer,
        jwks_uri: text("jwks-uri"),
        jwks,
        ..TrustRecord::default()
    };
    (platform.complete)(&given, &mut document, &mut rule);
    document.rules = vec![rule];
    Ok(document)
}

/// Refuses a rule that would not say which workload, and says where that is found.
fn require_flags(platform: &Platform, given: &Given<'_>) -> Result<()> {
    let mut missing = String::new();
    let is_missing = |flag: &str| given.all(flag).is_empty();
    for flag in platform.flags {
        if let Some(found) = flag.needed
            && is_missing(flag.name)
        {
            // With what is known already, to be copied.
            let found = match given.all("repository").as_slice() {
                [name] => found.replace("OWNER/REPO", name),
                _ => found.to_owned(),
            };
            missing.push_str(&format!(
                "\n  --{} {}: {}. It is found by: {found}",
                flag.name, flag.value, flag.help
            ));
        }
    }
    if is_missing("client") {
        missing.push_str("\n  --client CLIENT_ID: The client that the token stands for");
    }
    if let Issuer::Given(found) = platform.issuer
        && is_missing("issuer")
    {
        missing.push_str(&format!(
            "\n  --issuer URL: The issuer of the tokens. It is found by: {found}"
        ));
    }
    if let Audience::Given(found) = platform.audience
        && is_missing("audience")
    {
        missing.push_str(&format!(
            "\n  --audience AUDIENCE: The audience of the tokens, which is never this server's issuer identifier. It is found by: {found}"
        ));
    }
    if let Some(one_of) = &platform.one_of
        && one_of.flags.iter().all(|flag| is_missing(flag))
        && one_of
            .instead
            .is_none_or(|danger| !given.all("accept").iter().any(|name| name == danger.name()))
    {
        missing.push_str(&format!("\n  {}{}", one_of.words, instead(one_of.instead)));
    }
    ensure!(missing.is_empty(), "{}: missing{missing}", platform.name);
    Ok(())
}

/// What is wrong with the document that was written, with the flags that mend it rather than the members.
fn in_flags(platform: &Platform, why: InvalidTrust) -> Error {
    let InvalidTrust::Rule {
        why: InvalidRule::Dangers(dangers),
        ..
    } = why
    else {
        return why.into();
    };
    let dangers = dangers.into_iter().map(|danger| {
        let (name, reason) = (danger.name(), danger.reason());
        // What would keep them out is a condition there, and a flag here.
        let (who, cure) = match cure(platform, danger) {
            None => (reason, "another --condition".to_owned()),
            Some(cure) => (reason.split_once("; ").map_or(reason, |(who, _)| who), cure),
        };
        format!("\n  {name}: {who}\n    Mended by {cure}; or --accept {name}")
    });
    let dangers: String = dangers.collect();
    anyhow!("{}: refused as dangerous{dangers}", platform.name)
}

/// The flags by which a danger is mended, unless conditions are written one by one.
fn cure(platform: &Platform, danger: Danger) -> Option<String> {
    let one_of = platform.one_of.as_ref();
    match danger {
        Danger::DefaultAudience => Some("an --audience of your own".to_owned()),
        Danger::AnyRef | Danger::EveryWorkload => {
            Some(format!("{} that says which one", one_of?.words))
        }
        Danger::PrivilegedEvents => {
            platform.flag("event")?;
            Some("an --event that only those cause who may write to the repository, as push or workflow_dispatch".to_owned())
        }
        Danger::UnreviewedCode => {
            platform.flag("event")?;
            Some("an --event and a --ref that are not those of pull requests".to_owned())
        }
        Danger::EveryPhase => {
            platform.flag("phase")?;
            Some("a single --phase".to_owned())
        }
        _ => None,
    }
}

/// What the rule matches and what not, and what comes next, at the server that is called `own_issuer`.
fn explanation(platform: &Platform, trusted: &TrustedIssuer, own_issuer: &str) -> String {
    let Some(rule) = trusted.rules.first() else {
        return String::new();
    };
    let audience = match &rule.audience {
        Some(audience) => format!("{audience:?}"),
        None => "this server's issuer identifier".to_owned(),
    };
    let mut text = format!(
        "\nA token of {} stands for the client {:?} if\n  aud is {audience}, and nothing else\n",
        trusted.issuer,
        rule.client_id.as_str()
    );
    for condition in &rule.conditions {
        text.push_str(&format!("  {}\n", words(condition)));
    }
    text.push_str(if rule.single_use {
        "Each token counts once, by its jti.\n"
    } else {
        "A token may be used again until it expires.\n"
    });
    text.push_str(&format!("It keeps out {}.\n", platform.keeps_out));
    for danger in &rule.accepted_dangers {
        text.push_str(&format!("Accepted: {danger}.\n"));
    }
    let audience = rule.audience.as_deref().unwrap_or(own_issuer);
    let request = platform.request.replace("{audience}", audience);
    text.push_str(&format!(
        "\nThe workload gets its token by\n  {request}\nTry one with: jeton trust check FILE TOKEN --issuer {own_issuer}\nStore the document with: jeton trust put --data jeton.db FILE\n"
    ));
    text
}

#[cfg(test)]
mod tests;
