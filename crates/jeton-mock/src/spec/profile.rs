use std::collections::BTreeMap;

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ClaimRule, Endpoint, Pattern, User};

/// How a vendor's issuers answer: where their endpoints are, what their tokens say. In texts `${name}` is
/// `base`, `issuer`, or one of `values`; in rules also what it is in every claim rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a profile: a table of issuer, names, paths, metadata, rules and what else it has"
)]
pub struct ProfileSpec {
    /// The issuer identifier, such as `${base}/`; without, the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Which issuers have it unasked, such as `keycloak/realms/{realm}`: a part in braces is any one, and
    /// a value of that name; the first counts that is so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// How the names of other issuers say values that are given it, such as `{tenant:uuid}`, which is a UUID.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked_names: Vec<String>,
    /// The values of the names in braces where an issuer's own name says none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Where endpoints are, beneath the base: all of these answer, and the first is in the metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<Endpoint, Vec<String>>,
    /// Members of both metadata documents; null takes one away.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What tokens and answers say besides; an issuer's own rules come after these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ClaimRule>,
    /// Parameters that clients send by other names, or leave out, by endpoint.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<Endpoint, BTreeMap<String, ParameterSpec>>,
    /// The endpoints that take the members of a JSON object for the parameters of a form, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub json_requests: Vec<Endpoint>,
    /// The endpoints that take the parameters of a POST's query for those of its form, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query_requests: Vec<Endpoint>,
    /// The form of error responses: the first that matches an error.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorSpec>,
    /// Members of the good answers of endpoints, in JSON, in texts of which `${claims.NAME}` is another
    /// member; null takes one away. Those of tokens are the rules' affair.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub responses: BTreeMap<Endpoint, Map<String, Value>>,
    /// What is at further paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentSpec>,
    /// The media type of answers to clients that do not ask for another.
    #[serde(skip_serializing_if = "ResponseFormat::is_json")]
    pub response_format: ResponseFormat,
    /// What stands between scopes instead of a space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_separator: Option<String>,
    /// The members of the token response that are sent as the base64url encoding of their JSON.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub base64url: Vec<String>,
    /// What it signs with where the issuer does not say; the first is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_algs: Option<Vec<Algorithm>>,
    /// How long access tokens live where the issuer does not say, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<u64>,
    /// The users where the issuer names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<User>>,
}

/// An error as a vendor says it. In texts `${error}` and `${error_description}` are what the server said,
/// `${timestamp}` is the time as `2026-11-26 13:14:00Z`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "an error: a table of match, status, headers, body"
)]
pub struct ErrorSpec {
    /// Which errors.
    #[serde(rename = "match", skip_serializing_if = "ErrorMatch::is_empty")]
    pub matching: ErrorMatch,
    /// The status, if it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Its headers; null takes one away.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub headers: Map<String, Value>,
    /// Members of the body; null takes one away.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub body: Map<String, Value>,
}

/// Which errors: all that is named must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table of endpoint, error, error_description"
)]
pub struct ErrorMatch {
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// RFC 6749 §5.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Pattern>,
    /// The server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<Pattern>,
}

impl ErrorMatch {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What is at a path that is no endpoint, or of an endpoint in answer to some requests. In texts of its body
/// and headers, `${name}` is what it is in claim rules, or `base`, `issuer`, `host`, `token` (the one that is
/// presented), `keys.pem` (an object of the public keys in PEM by their `kid`), `keys.public_key` (the first,
/// base64).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a document: a table of paths, methods, parameters, presented, token, ends, status, content_type, headers, body"
)]
pub struct DocumentSpec {
    /// Beneath the base, or empty for the base itself; a part in braces is any one, and a parameter.
    pub paths: Vec<String>,
    /// RFC 9110 §9; GET where none is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// The parameters that a request has to have for it; with some, it goes before an endpoint at its path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<String>,
    /// What has to be presented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presented: Option<Credential>,
    /// The parameter of the token that a client presents, or a token itself; `access_token` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What ends by it of the token that a client presents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ending>,
    /// The status; 200 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The media type; JSON where absent. Of another, the body is a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Further headers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

/// What a request for a document presents, of which its texts speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// An access token (RFC 6750 §2).
    AccessToken,
    /// A client's own (RFC 6749 §2.3), and in the form or the JSON of the body a token of its users.
    Client,
    /// An ID token (OpenID Connect Core §2), whoever it is for.
    IdToken,
}

/// What ends of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The grant that it came of, as at the revocation endpoint (RFC 7009 §2.1).
    Grant,
    /// Also the session of the browser that its person logged in with, and what others got by that without
    /// `offline_access`.
    Session,
}

/// The media type of answers to clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseFormat {
    /// `application/json` (RFC 6749 §5.1).
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`, unless a request accepts JSON by name.
    Form,
}

impl ResponseFormat {
    fn is_json(&self) -> bool {
        *self == Self::Json
    }
}

/// Where the value of a parameter comes from that a request does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    deny_unknown_fields,
    expecting = "a table of alias, scope_part, remembered, values, default"
)]
pub struct ParameterSpec {
    /// The name that clients send it by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The part of the scopes that it is, of scopes such as `api://orders/Orders.Read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_part: Option<ScopePart>,
    /// What the authorization request said that the `code` came of.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
    /// Values that clients send, and what each of them means.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// Its value where they send none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A part of scopes that are URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopePart {
    /// What stands before the last slash, of the first that has one.
    Api,
    /// What stands behind it, of all that have one, but for `.default`; or the scopes as they are, where none
    /// has.
    Permissions,
}
