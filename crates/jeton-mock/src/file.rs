//! The configuration file, and what the types alone cannot refuse.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use jeton::{
    Api, ApiRecord, Client, ClientRecord, LONGEST_CLAIMS, LONGEST_SUBJECT, LONGEST_TOKEN_LIFETIME,
    SIGNING_ALGORITHMS, Seconds, TrustRecord, check_claims, reserved_claim,
};
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};
use url::Url;

use crate::{
    address::{BaseUrl, is_issuer_name},
    claims::{check_rule, check_user_sections},
    keys::{Seed, algorithms_of, given},
    profile::{self, NONE, Profiles},
    spec::{ClaimRule, Effect, Fault, InvalidSpec, IssuerSpec, MockSpec, ProfileSpec, User},
};

/// What stands in TOML where JSON has null.
const TOML_NULL: &str = "${null}";

/// The key under which a TOML date arrives in JSON.
const TOML_DATE: &str = "$__toml_private_datetime";

/// Why a configuration file is refused, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigFileError {
    file: PathBuf,
    /// Line and column, from 1.
    place: Option<(usize, usize)>,
    message: String,
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some((line, column)) = self.place {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// Reads a configuration file: TOML or JSON by its extension, else JSON if it begins with a brace.
///
/// # Errors
/// The file cannot be read, is neither, or says what cannot be meant; with the place.
pub fn load(path: &Path) -> Result<MockSpec, ConfigFileError> {
    let text = fs::read_to_string(path).map_err(|reason| ConfigFileError {
        file: path.to_owned(),
        place: None,
        message: reason.to_string(),
    })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<MockSpec, ConfigFileError> {
    let error = |place, message| ConfigFileError {
        file: path.to_owned(),
        place,
        message,
    };
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    let is_json = match extension.as_deref().and_then(OsStr::to_str) {
        Some("json") => true,
        Some("toml") => false,
        _ => text.trim_start().starts_with('{'),
    };
    if is_json {
        let spec = from_json(text).map_err(|(place, message)| error(Some(place), message))?;
        check_mock(&spec).map_err(|invalid| error(None, invalid.to_string()))?;
        return Ok(spec);
    }
    let mut spec: MockSpec = toml::from_str(text).map_err(|reason| {
        let place = reason.span().map(|span| place(text, &span));
        error(place, reason.message().to_owned())
    })?;
    as_json(&mut spec);
    check_mock(&spec).map_err(|invalid| {
        let place = locate(text, &invalid.at).map(|span| place(text, &span));
        error(place, invalid.to_string())
    })?;
    Ok(spec)
}

/// Parses JSON; an error is a place and what was expected there.
pub(crate) fn from_json<T: for<'de> serde::Deserialize<'de>>(
    text: &str,
) -> Result<T, ((usize, usize), String)> {
    // serde also takes a list of a struct's members in order, which nobody means.
    if text.trim_start().starts_with('[') {
        return Err(((1, 1), "expected an object".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| {
        let place = (error.line(), error.column());
        let message = error.to_string();
        // serde_json ends its messages with the place.
        let suffix = format!(" at line {} column {}", place.0, place.1);
        let message = message.strip_suffix(&suffix).unwrap_or(&message);
        (place, message.to_owned())
    })
}

/// Refuses what cannot be meant in a whole mock.
pub(crate) fn check_mock(spec: &MockSpec) -> Result<(), InvalidSpec> {
    let url = |at: &str, text: &Option<String>| match text {
        Some(text) => BaseUrl::parse(text)
            .map(|_| ())
            .map_err(|error| InvalidSpec::new(at, error)),
        None => Ok(()),
    };
    Seed::new(spec.seed.as_deref())?;
    url("issuer_url", &spec.issuer_url)?;
    for (at, text) in [
        ("browser_url", &spec.browser_url),
        ("backend_url", &spec.backend_url),
    ] {
        url(at, text)?;
        let is_origin = |text: &String| Url::parse(text).is_ok_and(|url| url.path() == "/");
        if text.as_ref().is_some_and(|text| !is_origin(text)) {
            let expected = "an origin without path, such as http://localhost:9400";
            return Err(InvalidSpec::new(at, expected));
        }
    }
    for (name, profile) in &spec.profiles {
        let at = format!("profiles.{name}");
        profile::check(name, profile).map_err(|invalid| invalid.within(at))?;
    }
    let profiles = Profiles::new(&spec.profiles);
    let known = |issuer: &IssuerSpec| match issuer.profile.as_deref() {
        None | Some(NONE) => Ok(()),
        Some(profile) => profiles.named(profile, "").map(|_| ()),
    };
    let template = known(&spec.issuer).and_then(|()| check(&spec.issuer));
    template.map_err(|invalid| invalid.within("issuer"))?;
    for (name, issuer) in &spec.issuers {
        let at = format!("issuers.{name}");
        known(issuer).map_err(|invalid| invalid.within(&at))?;
        if name.is_empty() || !is_issuer_name(name) {
            return Err(InvalidSpec::new(at, ISSUER_NAME));
        }
        check(&issuer.clone().over(&spec.issuer)).map_err(|invalid| invalid.within(at))?;
    }
    Ok(())
}

/// What is expected where an issuer's name is.
pub(crate) const ISSUER_NAME: &str = "a name of 1 to 128 characters of A-Z a-z 0-9 . _ ~ - and /, no part of which is empty, begins with a dot or is _mock";

/// Refuses what cannot be meant in one issuer. With the template's members already in place, it
/// also sees what does not go together.
pub(crate) fn check(spec: &IssuerSpec) -> Result<(), InvalidSpec> {
    if let Some(algorithms) = &spec.signing_algs {
        check_algorithms(algorithms)?;
    }
    let keys = given(
        spec.keys.as_deref().unwrap_or_default(),
        spec.signing_algs.as_deref(),
    )?;
    let algorithms = spec.signing_algs.clone();
    let algorithms = algorithms.or_else(|| algorithms_of(&keys));
    let algorithms = algorithms.as_deref().unwrap_or(&SIGNING_ALGORITHMS);
    if spec.auto_login.as_deref() == Some("") {
        return Err(InvalidSpec::new("auto_login", "the sub of a user"));
    }
    check_lifetime(spec.access_token_lifetime)?;
    check_users(spec.users.as_deref())?;
    let mut ids = HashSet::new();
    for (index, record) in spec.clients.iter().flatten().enumerate() {
        let at = format!("clients[{index}]");
        check_client(record)
            .and_then(|client| check_client_algorithms(&client, algorithms))
            .map_err(|invalid| invalid.within(&at))?;
        if !ids.insert(&record.client_id) {
            let expected = format!(
                "a client_id of its own; {:?} is given twice",
                record.client_id
            );
            return Err(InvalidSpec::new(at, expected));
        }
    }
    let mut identifiers = HashSet::new();
    for (index, record) in spec.apis.iter().flatten().enumerate() {
        let at = format!("apis[{index}]");
        check_api(record, algorithms).map_err(|invalid| invalid.within(&at))?;
        if !identifiers.insert(&record.identifier) {
            let expected = format!(
                "an identifier of its own; {:?} is given twice",
                record.identifier
            );
            return Err(InvalidSpec::new(at, expected));
        }
    }
    let mut issuers = HashSet::new();
    for (index, document) in spec.trust.iter().flatten().enumerate() {
        let at = format!("trust[{index}]");
        check_trust(document).map_err(|invalid| invalid.within(&at))?;
        if !issuers.insert(&document.issuer) {
            let expected = format!("an issuer of its own; {:?} is given twice", document.issuer);
            return Err(InvalidSpec::new(at, expected));
        }
    }
    for (index, rule) in spec.claims.iter().flatten().enumerate() {
        check_rule(rule).map_err(|invalid| invalid.within(format_args!("claims[{index}]")))?;
    }
    for (index, fault) in spec.faults.iter().flatten().enumerate() {
        check_fault(fault).map_err(|invalid| invalid.within(format_args!("faults[{index}]")))?;
    }
    if let Some(platform) = &spec.platform {
        platform
            .check()
            .map_err(|invalid| invalid.within("platform"))?;
    }
    Ok(())
}

/// Refuses algorithms that no issuer can sign by.
pub(crate) fn check_algorithms(algorithms: &[Algorithm]) -> Result<(), InvalidSpec> {
    const MEMBER: &str = "signing_algs";
    let expected = |but: fmt::Arguments<'_>| {
        InvalidSpec::new(
            MEMBER,
            format_args!("some of ES256, EdDSA and RS256, each once; {but}"),
        )
    };
    if algorithms.is_empty() {
        return Err(expected(format_args!("there is none")));
    }
    let mut known = HashSet::new();
    for algorithm in algorithms {
        if !SIGNING_ALGORITHMS.contains(algorithm) {
            return Err(expected(format_args!("{algorithm:?} is none of them")));
        }
        if !known.insert(algorithm) {
            return Err(expected(format_args!("{algorithm:?} is given twice")));
        }
    }
    Ok(())
}

/// Refuses a lifetime of access tokens that no issuer can have.
pub(crate) fn check_lifetime(lifetime: Option<u64>) -> Result<(), InvalidSpec> {
    match lifetime {
        Some(lifetime) if !(Seconds(1)..=LONGEST_TOKEN_LIFETIME).contains(&Seconds(lifetime)) => {
            let expected = format!("1 to {} seconds", LONGEST_TOKEN_LIFETIME.0);
            Err(InvalidSpec::new("access_token_lifetime", expected))
        }
        _ => Ok(()),
    }
}

/// Refuses users of whom one could not log in, or two have one `sub`.
pub(crate) fn check_users(users: Option<&[User]>) -> Result<(), InvalidSpec> {
    let mut subjects = HashSet::new();
    for (index, user) in users.into_iter().flatten().enumerate() {
        let at = format!("users[{index}]");
        check_user(user).map_err(|invalid| invalid.within(&at))?;
        if !subjects.insert(&user.sub) {
            let expected = format!("a sub of its own; {:?} is given twice", user.sub);
            return Err(InvalidSpec::new(at, expected));
        }
    }
    Ok(())
}

/// Refuses a user who could not log in.
pub(crate) fn check_user(user: &User) -> Result<(), InvalidSpec> {
    if user.sub.is_empty() || user.sub.len() > LONGEST_SUBJECT {
        return Err(InvalidSpec::new("sub", "1 to 255 characters"));
    }
    check_user_sections(user)?;
    // What the server would refuse when they log in.
    let Some(claims) = &user.claims else {
        return Ok(());
    };
    if let Some(name) = claims.keys().find(|name| reserved_claim(name).is_some()) {
        let expected = "another name; the server makes this claim itself";
        return Err(InvalidSpec::new(format_args!("claims.{name}"), expected));
    }
    check_claims(claims)
        .map_err(|fault| InvalidSpec::new("claims", format_args!("others; {fault}")))?;
    if serde_json::to_string(claims).is_ok_and(|json| json.len() > LONGEST_CLAIMS) {
        let expected = format!("at most {LONGEST_CLAIMS} bytes of JSON");
        return Err(InvalidSpec::new("claims", expected));
    }
    Ok(())
}

/// The client that a record describes.
pub(crate) fn check_client(record: &ClientRecord) -> Result<Client, InvalidSpec> {
    if let Some(name) = record.unknown_member() {
        let expected = "client metadata (RFC 7591); there is no such member";
        return Err(InvalidSpec::new(name, expected));
    }
    let client = record.clone().parse();
    client.map_err(|error| InvalidSpec::new("", format_args!("client metadata; {error}")))
}

/// The API that a record describes, whose tokens the issuer can sign.
pub(crate) fn check_api(record: &ApiRecord, algorithms: &[Algorithm]) -> Result<Api, InvalidSpec> {
    let api = record.clone().parse();
    let api = api.map_err(|error| InvalidSpec::new("", format_args!("an API; {error}")))?;
    check_algorithm(
        "access_token_signed_response_alg",
        api.access_token_signed_response_alg,
        algorithms,
    )?;
    Ok(api)
}

/// Refuses a trust document that production would refuse.
pub(crate) fn check_trust(document: &TrustRecord) -> Result<(), InvalidSpec> {
    match document.clone().parse() {
        Ok(_) => Ok(()),
        Err(error) => Err(InvalidSpec::new(
            "",
            format_args!("a trust document; {error}"),
        )),
    }
}

/// Refuses a client that asks for what the issuer cannot sign.
pub(crate) fn check_client_algorithms(
    client: &Client,
    algorithms: &[Algorithm],
) -> Result<(), InvalidSpec> {
    let access_token = client.access_token_signed_response_alg;
    check_algorithm("access_token_signed_response_alg", access_token, algorithms)?;
    let id_token = client.id_token_signed_response_alg;
    check_algorithm("id_token_signed_response_alg", id_token, algorithms)
}

fn check_algorithm(
    member: &'static str,
    wanted: Option<Algorithm>,
    algorithms: &[Algorithm],
) -> Result<(), InvalidSpec> {
    match wanted {
        Some(algorithm) if !algorithms.contains(&algorithm) => {
            Err(InvalidSpec::new(member, "one of the issuer's signing_algs"))
        }
        _ => Ok(()),
    }
}

/// Refuses a fault that never acts.
pub(crate) fn check_fault(fault: &Fault) -> Result<(), InvalidSpec> {
    for (member, count) in [("nth", fault.nth), ("times", fault.times)] {
        if count == Some(0) {
            return Err(InvalidSpec::new(member, "1 or more"));
        }
    }
    fault
        .effect
        .check()
        .map_err(|invalid| invalid.within("fault"))?;
    if !fault.tokens.is_empty() && !matches!(fault.effect, Effect::Token(_)) {
        let expected = format!("none, because {} is no token fault", fault.effect);
        return Err(InvalidSpec::new("tokens", expected));
    }
    Ok(())
}

/// The line and column where `span` begins.
fn place(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|it| *it != '\n').count() + 1;
    (line, column)
}

/// Where the member at `path` is written, or what is nearest above it.
fn locate(text: &str, path: &str) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut rest = path;
    let mut table = Some(table.get_ref());
    while let Some(members) = table {
        // The longest name, because names of issuers have dots.
        let found = members
            .iter()
            .filter_map(|(name, value)| {
                let after = rest.strip_prefix(name.get_ref().as_ref())?;
                let ends = after.is_empty() || after.starts_with(['.', '[']);
                ends.then_some((after, value))
            })
            .min_by_key(|(after, _)| after.len());
        let Some((after, mut value)) = found else {
            break;
        };
        rest = after;
        span = Some(value.span());
        while let DeValue::Array(items) = value.get_ref()
            && let Some((index, after)) = rest.strip_prefix('[').and_then(|it| it.split_once(']'))
            && let Some(item) = index.parse().ok().and_then(|index: usize| items.get(index))
        {
            value = item;
            rest = after;
            span = Some(value.span());
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        table = match value.get_ref() {
            DeValue::Table(members) => Some(members),
            _ => None,
        };
    }
    span
}

/// Makes JSON of what TOML has else in claims: texts of dates, and null of the text that says it.
fn as_json(spec: &mut MockSpec) {
    spec.profiles.values_mut().for_each(profile_as_json);
    for issuer in std::iter::once(&mut spec.issuer).chain(spec.issuers.values_mut()) {
        let users = issuer.users.iter_mut().flatten().flat_map(|user| {
            [
                &mut user.id_token,
                &mut user.access_token,
                &mut user.userinfo,
            ]
            .into_iter()
            .chain(&mut user.claims)
        });
        let rules = issuer.claims.iter_mut().flatten().flat_map(sections);
        for claims in users.chain(rules) {
            claims.values_mut().for_each(value_as_json);
        }
    }
}

/// What a rule says.
fn sections(rule: &mut ClaimRule) -> [&mut Map<String, Value>; 8] {
    [
        &mut rule.id_token,
        &mut rule.access_token,
        &mut rule.userinfo,
        &mut rule.introspection,
        &mut rule.response,
        &mut rule.refresh_token,
        &mut rule.access_token_header,
        &mut rule.id_token_header,
    ]
}

/// The same in a profile.
pub(crate) fn profile_as_json(profile: &mut ProfileSpec) {
    let rules = profile.rules.iter_mut().flat_map(sections);
    let errors = profile.errors.iter_mut();
    let errors = errors.flat_map(|error| [&mut error.headers, &mut error.body]);
    let responses = profile.responses.values_mut();
    for members in rules
        .chain(errors)
        .chain(responses)
        .chain([&mut profile.metadata])
    {
        members.values_mut().for_each(value_as_json);
    }
    for document in &mut profile.documents {
        value_as_json(&mut document.body);
    }
}

fn value_as_json(value: &mut Value) {
    match value {
        Value::String(text) if text == TOML_NULL => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(value_as_json),
        Value::Object(members) => match date(members) {
            Some(date) => *value = date,
            None => members.values_mut().for_each(value_as_json),
        },
        _ => {}
    }
}

fn date(members: &Map<String, Value>) -> Option<Value> {
    members.get(TOML_DATE).filter(|it| it.is_string()).cloned()
}

#[cfg(test)]
mod tests;
