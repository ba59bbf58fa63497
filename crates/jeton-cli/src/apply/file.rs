//! The file: documents by kind, as they are to stand.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};

use super::ORDER;
use crate::{
    input,
    management::Kind,
    members::{self, Members},
};

/// The label of everything that an apply wrote.
pub(super) const LABEL: &str = "managed_by";

/// Its value, where the file has no other.
const USUAL: &str = "jeton apply";

/// What stands in a file.
pub(super) struct File {
    /// The value of the label on all of it: by this, pruning knows its own.
    pub(super) managed_by: String,
    /// Whether the file says so itself.
    pub(super) naming: Naming,
    documents: Vec<(Kind, Members)>,
}

/// Whose label is on the documents of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// One of its own, which it names.
    Own,
    /// That of all files without one.
    Usual,
}

impl File {
    /// Reads a file, or `-` for standard input.
    ///
    /// # Errors
    /// All that is wrong in it, as far as that does not depend on the deployment.
    pub(super) fn read(source: &str) -> Result<Self> {
        let text = input::read(source)?;
        ensure!(!text.trim().is_empty(), "it is empty");
        let extension = Path::new(source).extension().and_then(|it| it.to_str());
        let is_json = match extension {
            Some("json") => true,
            Some("toml") => false,
            _ => text.trim_start().starts_with('{'),
        };
        let members: Members = if is_json {
            members::read(&text)?
        } else {
            toml::from_str(&text).context("expected TOML")?
        };
        Self::of(members)
    }

    fn of(mut members: Members) -> Result<Self> {
        let (managed_by, naming) = match members.remove(LABEL) {
            None => (USUAL.to_owned(), Naming::Usual),
            Some(Value::String(text)) if text == USUAL => (text, Naming::Usual),
            Some(Value::String(text)) if !text.is_empty() => (text, Naming::Own),
            Some(_) => bail!("{LABEL}: expected a text that is not empty"),
        };
        let mut documents = Vec::new();
        let mut wrong = Vec::new();
        for kind in ORDER {
            let given = members.remove(name_of(kind)).unwrap_or_else(|| json!([]));
            let Value::Array(given) = given else {
                bail!("{}: expected an array", name_of(kind));
            };
            for (index, document) in given.into_iter().enumerate() {
                match document_of(kind, document, &managed_by, &documents) {
                    Ok(document) => documents.push((kind, document)),
                    Err(what) => wrong.push(format!("{}[{index}] {what:#}", name_of(kind))),
                }
            }
        }
        for name in members.keys() {
            let known = ORDER.map(name_of);
            let meant = jeton_native::similar(name, known.into_iter().chain([LABEL]));
            let meant = meant.map(|meant| format!("; was {meant} meant?"));
            wrong.push(format!(
                "{name}: expected one of {}, {LABEL}{}",
                known.join(", "),
                meant.unwrap_or_default()
            ));
        }
        ensure!(wrong.is_empty(), wrong.join("\n  "));
        Ok(Self {
            managed_by,
            naming,
            documents,
        })
    }

    /// How many documents it has.
    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// The documents of one kind, in their order.
    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Members> {
        let documents = self.documents.iter();
        documents.filter_map(move |(own, document)| (*own == kind).then_some(document))
    }
}

/// What the file calls a kind.
pub(super) const fn name_of(kind: Kind) -> &'static str {
    kind.path()
}

/// A document of the file with its label, as the server takes it. `before` stands above it.
fn document_of(
    kind: Kind,
    document: Value,
    managed_by: &str,
    before: &[(Kind, Members)],
) -> Result<Members> {
    let Value::Object(mut document) = document else {
        bail!("expected a table");
    };
    // To be null is to be absent.
    document.retain(|_, value| !value.is_null());
    let own = kind.name_of(&document).to_owned();
    ensure!(!own.is_empty(), "{}: expected a text", kind.member());
    let is_twice = before
        .iter()
        .any(|(other, it)| *other == kind && kind.name_of(it) == own);
    ensure!(!is_twice, "{own:?}: it is there twice");
    if let Some(member) = time_in(&document) {
        bail!("{own:?}: {member}: expected seconds since 1970, or a text, and no time of TOML");
    }
    let document = labelled(document, managed_by);
    kind.managed()
        .check(&document)
        .map_err(|what| anyhow!("{own:?}: {what}{}", members::suggestions(kind, &document)))?;
    Ok(document)
}

/// The member that is a time of TOML, which JSON does not have.
fn time_in(document: &Members) -> Option<&str> {
    fn is_time(value: &Value) -> bool {
        match value {
            Value::Object(members) => {
                members.contains_key("$__toml_private_datetime") || members.values().any(is_time)
            }
            Value::Array(values) => values.iter().any(is_time),
            _ => false,
        }
    }
    let mut members = document.iter();
    let found = members.find(|(_, value)| is_time(value));
    found.map(|(name, _)| name.as_str())
}

/// The document with the label.
fn labelled(mut document: Members, managed_by: &str) -> Members {
    let labels = document.entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(LABEL.to_owned(), json!(managed_by));
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<File, String> {
        let members = toml::from_str(toml).unwrap();
        File::of(members).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn documents_are_read_and_labelled() {
        let file = read(
            r#"
            managed_by = "team-a"

            [[apis]]
            identifier = "https://orders.example"
            scopes = { "orders:read" = "Read your orders" }

            [[clients]]
            client_id = "billing"
            grant_types = ["client_credentials"]
            apis = [{ identifier = "https://orders.example", scope = "orders:read" }]
            labels = { team = "a" }

            [[trust]]
            issuer = "https://ci.acme.dev"
            [[trust.rules]]
            name = "main"
            client_id = "billing"
            conditions = [{ claim = "sub", equals = "job" }]
            "#,
        )
        .unwrap();
        let [client] = Vec::from_iter(file.of_kind(Kind::Client))
            .try_into()
            .unwrap();
        assert_eq!(
            client["labels"],
            json!({ "team": "a", "managed_by": "team-a" })
        );
        assert_eq!(file.of_kind(Kind::Api).count(), 1);
        assert_eq!(file.of_kind(Kind::Trust).count(), 1);
        assert_eq!(read("").unwrap().managed_by, "jeton apply");
    }

    #[test]
    fn a_client_may_authenticate_by_any_method() {
        let keys = r#"jwks = { keys = [{ kty = "EC", crv = "P-256", kid = "1", x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }] }"#;
        for (method, more) in [
            (None, ""),
            (Some("client_secret_basic"), ""),
            (Some("client_secret_post"), ""),
            (Some("none"), r#"redirect_uris = ["https://a.dev/cb"]"#),
            (Some("private_key_jwt"), keys),
            (Some("federated_jwt"), ""),
            (Some("spiffe_jwt"), ""),
        ] {
            let grant_type = match method {
                Some("none") => "authorization_code",
                _ => "client_credentials",
            };
            let method = method.map(|it| format!("token_endpoint_auth_method = {it:?}"));
            let method = method.unwrap_or_default();
            let client = format!(
                "[[clients]]\nclient_id = 'a'\ngrant_types = [{grant_type:?}]\n{method}\n{more}"
            );
            if let Err(error) = read(&client) {
                panic!("{client}: {error}");
            }
        }
    }

    #[test]
    fn all_that_is_wrong_is_said() {
        let check = |toml: &str, expected: &[&str]| {
            let error = read(toml).map(drop).unwrap_err();
            let lines: Vec<_> = error.lines().collect();
            assert_eq!(lines.len(), expected.len(), "{error}");
            for (line, expected) in lines.iter().zip(expected) {
                assert!(line.contains(expected), "{expected}: {error}");
            }
        };
        check(
            r#"
            client = []
            [[clients]]
            client_id = "a"
            scopes = "read"
            [[clients]]
            client_id = "b"
            access_token_lifetime = "1h"
            [[clients]]
            client_id = "c"
            client_secret = "s"
            [[clients]]
            client_name = "d"
            [[clients]]
            client_id = "e"
            [[clients]]
            client_id = "e"
            [[clients]]
            client_id = "f"
            client_expires_at = 2026-11-26T00:00:00Z
            "#,
            &[
                r#"clients[0] "a": 'scopes': is no client metadata; was scope meant by scopes?"#,
                r#"clients[1] "b": access_token_lifetime: expected a whole number"#,
                r#"clients[2] "c": client_secret: is not set here"#,
                "clients[3] client_id: expected a text",
                r#"clients[5] "e": it is there twice"#,
                r#"clients[6] "f": client_expires_at: expected seconds"#,
                "client: expected one of apis, clients, trust, managed_by; was clients meant?",
            ],
        );
        check("clients = 1", &["clients: expected an array"]);
        check("managed_by = ''", &["managed_by: expected a text"]);
        check(
            "[[apis]]\nidentifier = 'a'\nscope = 'x'",
            &["apis[0] \"a\": scope: no such member"],
        );
    }
}
