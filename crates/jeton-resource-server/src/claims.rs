//! What a token says.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor, value::SeqAccessDeserializer},
};
use serde_json::{Map, Value};

use crate::json::{NumericDate, Unique, insert};

/// The claims of an access token that was verified (RFC 9068 §2.2, RFC 7662 §2.2). It serializes as
/// the JSON of the token, `aud` always as an array.
///
/// Prints `sub` and the rest: they are data of people, but no secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Claims {
    /// The issuer identifier: the one that the resource server was built with.
    pub iss: String,
    /// Who the token is about: a person, or the client itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// For whom the token is; one of them is this API.
    pub aud: Vec<String>,
    /// When it expires, in seconds since 1970. A JWT always says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// Not before then, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The client that it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it allows; nothing where the token does not say.
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    /// When the person last logged in, in seconds since 1970 (RFC 9470 §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// How the person logged in (RFC 9470 §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// The key that it is bound to; the request has proved to have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// All other claims.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Claims {
    /// The other claims as a type of the application's.
    ///
    /// # Errors
    /// They do not fit that type.
    pub fn rest_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.rest)
    }
}

/// The key that a token is bound to (RFC 7800 §3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Confirmation {
    /// The SHA-256 thumbprint of a DPoP key (RFC 9449 §6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// The SHA-256 thumbprint of a client's certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
}

/// A set of scopes (RFC 6749 §3.3).
///
/// It keeps the text that it came as; what is asked of it splits that anew, which is faster for the
/// few that a token has than to build a set of them.
#[derive(Clone, Debug, Default)]
pub struct Scope(String);

impl Scope {
    /// Whether `scope` is one of them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|one| one == scope)
    }

    /// Each of them, in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|one| !one.is_empty())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<S: Into<String>> From<S> for Scope {
    fn from(text: S) -> Self {
        Self(text.into())
    }
}

impl PartialEq for Scope {
    fn eq(&self, other: &Self) -> bool {
        let set = |scope: &Self| scope.iter().map(str::to_owned).collect::<BTreeSet<_>>();
        set(self) == set(other)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Claims as a token or an introspection endpoint writes them, not yet checked.
pub(crate) struct Unverified {
    pub(crate) iss: Option<String>,
    /// All but `iss`, which is empty.
    pub(crate) claims: Claims,
}

impl<'de> Deserialize<'de> for Unverified {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UnverifiedVisitor)
    }
}

/// The name of a member.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// `aud`: one text, or several (RFC 7519 §4.1.3).
struct Audience(Vec<String>);

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor).map(Self)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an audience")
    }

    fn visit_str<E>(self, one: &str) -> Result<Vec<String>, E> {
        Ok(vec![one.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, several: A) -> Result<Vec<String>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(several))
    }
}

struct UnverifiedVisitor;

impl<'de> Visitor<'de> for UnverifiedVisitor {
    type Value = Unverified;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unverified, A::Error> {
        let mut claims = Claims::default();
        let (mut iss, mut aud, mut scope, mut cnf) = (None, None, None, None);
        while let Some(Name(name)) = members.next_key()? {
            match &*name {
                "iss" => once(&mut iss, members.next_value()?)?,
                "sub" => once(&mut claims.sub, members.next_value()?)?,
                "aud" => once(&mut aud, members.next_value()?)?,
                "exp" => once(&mut claims.exp, time(&mut members)?)?,
                "nbf" => once(&mut claims.nbf, time(&mut members)?)?,
                "iat" => once(&mut claims.iat, time(&mut members)?)?,
                "jti" => once(&mut claims.jti, members.next_value()?)?,
                "client_id" => once(&mut claims.client_id, members.next_value()?)?,
                "scope" => once(&mut scope, members.next_value()?)?,
                "auth_time" => once(&mut claims.auth_time, time(&mut members)?)?,
                "acr" => once(&mut claims.acr, members.next_value()?)?,
                "cnf" => once(&mut cnf, members.next_value::<Unique>()?)?,
                _ => {
                    let Unique(value) = members.next_value()?;
                    insert(&mut claims.rest, name.into_owned(), value)?;
                }
            }
        }
        claims.aud = aud.map_or_else(Vec::new, |Audience(aud)| aud);
        claims.scope = Scope(scope.unwrap_or_default());
        claims.cnf = cnf.map(confirmation).transpose()?;
        Ok(Unverified { iss, claims })
    }
}

fn confirmation<E: Error>(Unique(cnf): Unique) -> Result<Confirmation, E> {
    let null = |members: &Map<String, Value>| members.values().any(Value::is_null);
    match &cnf {
        Value::Object(members) if !null(members) => Confirmation::deserialize(&cnf).ok(),
        _ => None,
    }
    .ok_or_else(|| E::custom("cnf"))
}

fn once<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a name stands twice")),
    }
}

fn time<'de, A: MapAccess<'de>>(members: &mut A) -> Result<u64, A::Error> {
    members.next_value().map(|NumericDate(seconds)| seconds)
}
