//! The verbs that clients, APIs and trusted issuers share.

use anyhow::{Context, Result, bail, ensure};
use clap::{Arg, ArgAction, ArgMatches, Command};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    input,
    management::{self, Entry, Kind, Management, Written},
    members::{self, Members},
    output::{self, Format},
};

/// `list`, `show`, `put`, `set`, `disable`, `enable` and `rm`. `flags` are members that `set` takes as flags.
pub(crate) fn commands(kind: Kind, flags: impl IntoIterator<Item = Arg>) -> [Command; 7] {
    let one = one(kind);
    let name = || name_arg(kind);
    [
        Command::new("list")
            .about(format!("List every {kind}"))
            .arg(output::format_arg()),
        Command::new("show")
            .about(format!("Show {one}"))
            .arg(name())
            .arg(output::format_arg()),
        Command::new("put")
            .about(format!("Store {one} that is written down in JSON"))
            .arg(
                Arg::new("document")
                    .value_name("FILE")
                    .default_value("-")
                    .help(
                        "The document, or what `show --format json` prints; - for standard input",
                    ),
            )
            .arg(replace_arg())
            .arg(management::create_arg())
            .arg(output::format_arg()),
        Command::new("set")
            .about(format!("Change members of {one}"))
            .arg(name().help(format!(
                "{}; - takes all members from standard input, as `show --format json` prints them",
                name_help(kind)
            )))
            .arg(assignments_arg())
            .arg(
                Arg::new("json").long("json").value_name("FILE").help(
                    "Members as JSON, null for those that go (RFC 7396); - for standard input",
                ),
            )
            .args(flags)
            .arg(output::format_arg()),
        Command::new("disable")
            .about(format!("Have {one} count as if it were not registered"))
            .arg(name()),
        Command::new("enable")
            .about(format!("Have {one} count again"))
            .arg(name()),
        Command::new("rm")
            .about(format!("Delete {one}"))
            .arg(name()),
    ]
    .map(|command| command.args(management::args()))
}

/// Runs one of these verbs. `flags` reads the members that `set` takes as flags.
pub(crate) fn run(
    kind: Kind,
    verb: &str,
    matches: &ArgMatches,
    flags: impl FnOnce(&ArgMatches) -> Result<Members>,
) -> Result<()> {
    let deployment = management::connect(matches)?;
    let name = matches.try_get_one::<String>("name").ok().flatten();
    let name = name.map_or("", String::as_str);
    match verb {
        "list" => list(&deployment, kind, Format::of(matches)),
        "show" => {
            let entry = deployment.get(kind, name)?;
            print_entry(&entry, Format::of(matches))
        }
        "put" => put(&deployment, kind, matches),
        "set" => set(&deployment, kind, name, matches, flags(matches)?),
        "disable" => switch(&deployment, kind, name, &json!(true)),
        "enable" => switch(&deployment, kind, name, &Value::Null),
        "rm" => {
            deployment.delete(kind, &deployment.get(kind, name)?)?;
            output::say(&format!("deleted the {kind} {name}"))
        }
        _ => bail!("no such command"),
    }
}

/// `a client`, in a sentence.
fn one(kind: Kind) -> String {
    match kind {
        Kind::Api => format!("an {kind}"),
        Kind::Client | Kind::Trust => format!("a {kind}"),
    }
}

fn name_arg(kind: Kind) -> Arg {
    let value = match kind {
        Kind::Client => "CLIENT_ID",
        Kind::Api => "IDENTIFIER",
        Kind::Trust => "ISSUER",
    };
    Arg::new("name")
        .value_name(value)
        .required(true)
        .help(name_help(kind))
}

fn name_help(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "The client's id",
        Kind::Api => "The API's identifier",
        Kind::Trust => "The issuer of the tokens",
    }
}

/// What becomes of the document that stands where one is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Kept,
    Replaced,
}

impl Standing {
    pub(crate) fn of(matches: &ArgMatches) -> Self {
        if matches.get_flag("replace") {
            Self::Replaced
        } else {
            Self::Kept
        }
    }
}

pub(crate) fn replace_arg() -> Arg {
    Arg::new("replace")
        .long("replace")
        .action(ArgAction::SetTrue)
        .help("Take the place of what stands there; secrets stay")
}

pub(crate) fn assignments_arg() -> Arg {
    Arg::new("assignments")
        .value_name("NAME=VALUE")
        .num_args(0..)
        .help("Members, such as scope='read write' or labels.team=a; without a value they go")
}

/// The members of `NAME=VALUE` arguments.
pub(crate) fn assigned(kind: Kind, matches: &ArgMatches) -> Result<Members> {
    members::patch(kind, matches.get_many("assignments").unwrap_or_default())
}

fn list(deployment: &Management, kind: Kind, format: Format) -> Result<()> {
    let entries = deployment.list(kind)?;
    if format == Format::Json {
        let items: Vec<_> = entries.iter().map(Entry::to_json).collect();
        return output::print(&output::json(&json!({ "items": items })));
    }
    let rows: Vec<_> = entries.iter().map(|entry| row(kind, entry)).collect();
    output::print(&output::table(&rows))
}

/// What a list says of a document, for people.
fn row(kind: Kind, entry: &Entry) -> [String; 4] {
    let text = |name: &str| entry.document.get(name).map(output::plain);
    let text = |name: &str| text(name).unwrap_or_default();
    let state = match entry.document.get("disabled") {
        Some(Value::Bool(true)) => "disabled",
        _ => "",
    };
    if let Some(problem) = &entry.problem {
        let problem = format!("not served: {problem}");
        return [entry.id.clone(), String::new(), state.to_owned(), problem];
    }
    let (name, what) = match kind {
        Kind::Client => (text("client_name"), text("grant_types")),
        Kind::Api => (text("name"), scopes(&entry.document)),
        Kind::Trust => (String::new(), rules(&entry.document)),
    };
    let own = kind.name_of(&entry.document).to_owned();
    [own, name, state.to_owned(), what]
}

fn scopes(document: &Members) -> String {
    let scopes = document.get("scopes").and_then(Value::as_object);
    let names = scopes.into_iter().flat_map(|scopes| scopes.keys());
    names.cloned().collect::<Vec<_>>().join(" ")
}

fn rules(document: &Members) -> String {
    let rules = document.get("rules").and_then(Value::as_array);
    let names = rules
        .into_iter()
        .flatten()
        .filter_map(|rule| rule.get("name")?.as_str());
    names.collect::<Vec<_>>().join(" ")
}

/// Stores a document as it is written.
fn put(deployment: &Management, kind: Kind, matches: &ArgMatches) -> Result<()> {
    let source = matches.get_one::<String>("document");
    let source = source.map_or("-", String::as_str);
    let (document, etag) = read(source)?;
    let standing = Standing::of(matches);
    let written = store(deployment, kind, &document, etag, standing);
    let written = written.with_context(|| source.to_owned())?;
    print_written(deployment, kind, &written, Format::of(matches))
}

/// Registers a document, or puts it in the place of the one that stands: of the version `etag`, where the
/// document was read in one.
///
/// # Errors
/// One stands, and is kept; or the deployment refuses it.
pub(crate) fn store(
    deployment: &Management,
    kind: Kind,
    document: &Members,
    etag: Option<String>,
    standing: Standing,
) -> Result<Written> {
    let name = kind.name_of(document);
    let find = || match name {
        "" => Ok(None),
        name => deployment.find(kind, name),
    };
    let before = match standing {
        Standing::Replaced => find()?,
        Standing::Kept => None,
    };
    let stored = match before {
        Some(before) => deployment.replace(kind, &before.of_version(etag), document),
        None => deployment.create(kind, document),
    };
    let error = match stored {
        Ok(written) => return Ok(written),
        Err(error) => explained(error, kind, document),
    };
    // A name is also taken where nothing stands to be replaced, as of what is configured.
    if management::is(&error, StatusCode::CONFLICT) && matches!(find(), Ok(Some(_))) {
        let text = format!("{error}; --replace overwrites it");
        return Err(error.context(text));
    }
    Err(error)
}

/// The error, with what may have been meant.
fn explained(error: anyhow::Error, kind: Kind, document: &Members) -> anyhow::Error {
    if !management::is(&error, StatusCode::BAD_REQUEST) {
        return error;
    }
    let meant = members::suggestions(kind, document);
    let text = format!("{error}{meant}");
    error.context(text)
}

fn set(
    deployment: &Management,
    kind: Kind,
    name: &str,
    matches: &ArgMatches,
    flags: Members,
) -> Result<()> {
    let mut patch = Members::new();
    if let Some(source) = matches.get_one::<String>("json") {
        let (members, _) = read(source)?;
        patch.extend(members);
    }
    patch.extend(flags);
    patch.extend(assigned(kind, matches)?);
    let format = Format::of(matches);
    if name == "-" {
        ensure!(
            patch.is_empty(),
            "-: expected all members on standard input, and none beside it"
        );
        let written = replace_all(deployment, kind)?;
        return print_written(deployment, kind, &written, format);
    }
    ensure!(
        !patch.is_empty(),
        "expected NAME=VALUE, a flag or --json: what changes?"
    );
    let standing = deployment.get(kind, name)?;
    let written = deployment
        .patch(kind, &standing, &patch)
        .map_err(|error| explained(error, kind, &patch))?;
    print_written(deployment, kind, &written, format)
}

/// Puts what standard input has in the place of what stands: of the version that it says it was, else of
/// the one that stands now.
fn replace_all(deployment: &Management, kind: Kind) -> Result<Written> {
    let (document, etag) = read("-")?;
    let name = kind.name_of(&document);
    ensure!(
        !name.is_empty(),
        "standard input: expected {} in it",
        kind.member()
    );
    let standing = deployment.get(kind, name)?;
    deployment
        .replace(kind, &standing.of_version(etag), &document)
        .map_err(|error| explained(error, kind, &document))
}

fn switch(deployment: &Management, kind: Kind, name: &str, disabled: &Value) -> Result<()> {
    let patch = Members::from_iter([("disabled".to_owned(), disabled.clone())]);
    deployment.patch(kind, &deployment.get(kind, name)?, &patch)?;
    let done = if disabled.is_null() {
        "enabled"
    } else {
        "disabled"
    };
    output::say(&format!("{done} the {kind} {name}"))
}

/// A document from a file, and its version if the file says one: it is then what `show`, `new` or `put`
/// printed as JSON.
pub(crate) fn read(source: &str) -> Result<(Members, Option<String>)> {
    let json = members::read(&input::read(source)?).with_context(|| source.to_owned())?;
    match (json.get("document"), json.get("etag")) {
        (Some(Value::Object(document)), Some(Value::String(etag))) => {
            Ok((document.clone(), Some(etag.clone())))
        }
        _ => Ok((json, None)),
    }
}

/// Prints what was written, and a client's new secret, this once.
pub(crate) fn print_written(
    deployment: &Management,
    kind: Kind,
    written: &Written,
    format: Format,
) -> Result<()> {
    let Written { entry, secret } = written;
    if format == Format::Json {
        let mut json = entry.to_json();
        if let (Some(json), Some(secret)) = (json.as_object_mut(), secret) {
            json.insert("client_secret".to_owned(), json!(secret));
        }
        return output::print(&output::json(&json));
    }
    let name = kind.name_of(&entry.document);
    let stored = format!("stored the {kind} {name} in {}", deployment.place());
    match secret {
        None => output::say(&stored),
        Some(secret) => output::say(&format!(
            "{stored}\nclient_secret: {secret}\nThe secret is shown this once."
        )),
    }
}

fn print_entry(entry: &Entry, format: Format) -> Result<()> {
    output::print(&match format {
        Format::Json => output::json(&entry.to_json()),
        Format::Text => output::document(&entry.document),
    })
}
