//! Client metadata as JSON (RFC 7591 §2), as it stands in `JETON_CLIENTS` and in every store.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    AccessTokenFormat, BUILT_IN, CeilingRecord, ClaimsRecord, Client, ClientAuthentication,
    ClientId, Home, KeysRecord, Localhost, NamedApiRecord, Pkce, PrivateUse, RedirectRules,
    RedirectUri, SecretMethod, SubjectType, named_api, unsupported,
};
use crate::{
    apart::deserialize_apart,
    api::ClientMember,
    crypto::signing_algorithm,
    grant::GrantType,
    inserted::inserted,
    json,
    record::other_members,
    scope::Scope,
    time::{LONGEST_TOKEN_LIFETIME, Seconds, UnixTime},
};

mod invalid;
mod refresh;
mod registration;
mod secret;

pub(crate) use invalid::LONGEST_LABEL;
pub use invalid::{InvalidClient, MOST_VALUES};
use registration::ceiling;
pub use registration::{
    Registration, RegistrationRecord, RegistrationToken, RegistrationTokenRecord,
};
pub(crate) use secret::MOST_SECRETS;
pub use secret::SecretRecord;
pub(crate) use secret::expiry;

/// Members that describe the client and that the server does not read (RFC 7591 §2), and
/// `require_auth_time`, which every ID token fulfils.
const DESCRIPTIVE: [&str; 11] = [
    "client_id_issued_at",
    "contacts",
    "logo_uri",
    "policy_uri",
    "response_types",
    "software_id",
    "software_statement",
    "software_version",
    "tos_uri",
    "application_type",
    "require_auth_time",
];

/// Whether a member that the server does not read is the client's own word, and not what the server or an
/// operator has added.
pub(crate) fn is_of_client(member: &str) -> bool {
    (DESCRIPTIVE.contains(&member) && member != "client_id_issued_at") || member.contains('#')
}

/// Client metadata as JSON, not yet checked: [`ClientRecord::parse`] makes a [`Client`] of it.
/// Internationalized members (`client_name#de`) and those that only describe the client are kept
/// but not read.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientRecord {
    /// RFC 7591 §3.2.1.
    pub client_id: String,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// RFC 7591 §3.2.1; in configuration only. A store holds `client_secrets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// RFC 7591 §3.2.1: seconds since the epoch, 0 for never. Goes with `client_secret`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<UnixTime>,
    /// Ours: the client's secrets as hashes.
    #[serde(
        deserialize_with = "deserialize_apart",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub client_secrets: Vec<SecretRecord>,
    /// RFC 7591 §2: a [`SecretMethod`], `none`, `private_key_jwt`, `federated_jwt` or `spiffe_jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<String>>,
    /// RFC 7591 §2: tokens separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Ours: what the client may name as `resource` or `audience`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// Ours: the APIs whose tokens the client may have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<NamedApiRecord>,
    /// Ours: texts that its operator keeps of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_lifetime: Option<Seconds>,
    /// Ours, after OpenID's `id_token_signed_response_alg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_signed_response_alg: Option<String>,
    /// Ours: `jwt` or `opaque`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_format: Option<AccessTokenFormat>,
    /// OpenID Connect Dynamic Client Registration 1.0 §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    /// OpenID Connect Dynamic Client Registration 1.0 §2: `public` or `pairwise`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<String>,
    /// OpenID Connect Dynamic Client Registration 1.0 §2. Its host is believed: nothing is fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    /// RFC 7591 §2.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// OpenID Connect RP-Initiated Logout 1.0 §3.1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    /// Ours; `false` where absent. With it, redirect URIs may have a scheme without a dot (RFC 8252 §7.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any_private_use_scheme: Option<bool>,
    /// Ours; `false` where absent. With it, the port of `http://localhost` is free (RFC 8252 §7.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub localhost_is_loopback: Option<bool>,
    /// Ours; `true` where absent. Without, an OpenID request needs PKCE or a `nonce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pkce: Option<bool>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_lifetime: Option<Seconds>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_idle_lifetime: Option<Seconds>,
    /// Ours, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_grace: Option<Seconds>,
    /// Ours; `true` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_rotation: Option<bool>,
    /// Ours: `body` or `cookie`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token_delivery: Option<String>,
    /// Ours; `true` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offline_access_required: Option<bool>,
    /// Ours; `false` where absent. With it, refreshes ask what is true of the person now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_claims: Option<bool>,
    /// Ours: origins (RFC 6454) whose pages may read the answers of the token endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Ours; `false` where absent. With it nobody is asked whether the client may have what it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_party: Option<bool>,
    /// Ours: the client is a login application. In configuration only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<bool>,
    /// Ours; `false` where absent. With it the client is as if it did not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
    /// Ours: from when on the client is as if it did not exist, seconds since the epoch; 0 or absent for
    /// never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_expires_at: Option<UnixTime>,
    /// Ours: the client registered itself. In a store only.
    #[serde(
        deserialize_with = "deserialize_apart",
        skip_serializing_if = "Option::is_none"
    )]
    pub registration: Option<RegistrationRecord>,
    /// Ours: what clients may have that are registered with its tokens of the scope `jeton:register`.
    #[serde(
        deserialize_with = "deserialize_apart",
        skip_serializing_if = "Option::is_none"
    )]
    pub registration_ceiling: Option<CeilingRecord>,
    /// Ours: when the client was deleted. Its tombstone has nothing else but its id.
    #[serde(skip_serializing)]
    pub deleted_at: Option<UnixTime>,
    /// Its public keys, and what its assertions may be like.
    #[serde(flatten)]
    pub keys: KeysRecord,
    /// Ours: which claims go where.
    #[serde(flatten)]
    pub claims: ClaimsRecord,
    /// All other members.
    #[serde(flatten, deserialize_with = "other_members")]
    pub other: BTreeMap<String, Value>,
}

impl Client {
    /// Parses a stored record. Unknown members are ignored, so that an older release reads what a
    /// newer one wrote.
    ///
    /// # Errors
    /// The text is not JSON, a member is invalid or asks for a protection that is not there, or the
    /// record has what only `JETON_CLIENTS` may have: a plain secret, a login application.
    pub fn from_record(json: &str) -> Result<Self, InvalidClient> {
        ClientRecord::from_stored(json)?.parse()
    }
}

impl ClientRecord {
    /// Reads a stored record, which is checked for what only configuration may have and for nothing else.
    ///
    /// # Errors
    /// The text is not JSON, or the record has what only `JETON_CLIENTS` may have.
    pub fn from_stored(json: &str) -> Result<Self, InvalidClient> {
        json::read_record::<Self>(json)?.storable()
    }

    /// The record, unless it has what only configuration may have.
    pub(crate) fn storable(self) -> Result<Self, InvalidClient> {
        // Who can write the store must not become who logs people in.
        if self.login == Some(true) {
            return Err(InvalidClient::Login);
        }
        // Who can read the store must not learn a secret.
        if self.client_secret.is_some() {
            return Err(InvalidClient::PlainSecret);
        }
        Ok(self)
    }
}

/// Shows the record as JSON, without secrets and without members that are not read.
impl fmt::Debug for ClientRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = || "[redacted]".to_owned();
        let shown = Self {
            client_secret: self.client_secret.as_ref().map(|_| redacted()),
            client_secrets: Vec::new(),
            other: BTreeMap::new(),
            ..self.clone()
        };
        let json = serde_json::to_string(&shown).map_err(|_| fmt::Error)?;
        write!(f, "ClientRecord({json})")
    }
}

impl ClientRecord {
    /// Whether the client authenticates by a secret: its method is a secret's, or none is named.
    pub(crate) fn has_secret_method(&self) -> bool {
        let method = self.token_endpoint_auth_method.as_deref();
        method.is_none_or(|name| SecretMethod::from_name(name).is_some())
    }

    /// The first member that is neither read, nor descriptive, nor internationalized.
    #[must_use]
    pub fn unknown_member(&self) -> Option<&str> {
        self.other.keys().map(String::as_str).find(|name| {
            !DESCRIPTIVE.contains(name) && !unsupported::is_known(name) && !name.contains('#')
        })
    }

    /// The client of this record, with every member checked and a plain secret hashed.
    ///
    /// # Errors
    /// The first member that is invalid.
    pub fn parse(self) -> Result<Client, InvalidClient> {
        if self.client_id.eq_ignore_ascii_case(BUILT_IN) {
            return Err(InvalidClient::BuiltIn);
        }
        self.parse_any()
    }

    /// The same, also of the client that is built in.
    pub(super) fn parse_any(self) -> Result<Client, InvalidClient> {
        self.check_lengths()?;
        let id = ClientId::from_str(&self.client_id)?;
        if self.deleted_at.is_some() {
            return Err(InvalidClient::Deleted);
        }
        if let Some(member) = unsupported::first_asked_for(|name| self.other.get(name)) {
            return Err(InvalidClient::Unsupported(member));
        }
        let authentication = self.authentication()?;
        let grant_types = match &self.grant_types {
            None => vec![GrantType::AuthorizationCode],
            Some(names) => names
                .iter()
                .map(|name| {
                    GrantType::from_name(name).ok_or_else(|| InvalidClient::GrantType(name.clone()))
                })
                .collect::<Result<_, _>>()?,
        };
        let scope = self.scope.as_deref().unwrap_or_default().parse::<Scope>()?;
        if self.audiences.iter().any(String::is_empty) {
            return Err(InvalidClient::Audience);
        }
        if let Some(lifetime) = self.access_token_lifetime
            && !(Seconds(1)..=LONGEST_TOKEN_LIFETIME).contains(&lifetime)
        {
            return Err(InvalidClient::Lifetime(lifetime.0));
        }
        let redirect_uris = self.redirects("redirect_uris", &self.redirect_uris)?;
        if self.grant_types.is_some()
            && grant_types.contains(&GrantType::AuthorizationCode)
            && redirect_uris.is_empty()
        {
            return Err(InvalidClient::NoRedirectUri);
        }
        let subject_type = SubjectType::parse(
            self.subject_type.as_deref(),
            self.sector_identifier_uri.as_deref(),
            &redirect_uris,
        )?;
        let public = authentication == ClientAuthentication::None;
        let pkce = match self.require_pkce {
            None | Some(true) => Pkce::Required,
            Some(false) if public => return Err(InvalidClient::PublicWithoutPkce),
            Some(false) => Pkce::OrNonce,
        };
        let login = self.login.unwrap_or(false);
        if login && public {
            return Err(InvalidClient::Login);
        }
        let described = self.described();
        let named = |member| self.other.get(member).and_then(Value::as_str);
        let page = |uri: Option<&str>| self.page(uri, &redirect_uris);
        let (policy, terms) = (page(named("policy_uri")), page(named("tos_uri")));
        let home = page(self.client_uri.as_deref());
        let registration = self.registration.as_ref();
        let registration_ceiling = self.registration_ceiling.as_ref();
        let client = Client {
            refresh: self.refresh_policy(&authentication)?,
            post_logout_redirect_uris: self
                .redirects("post_logout_redirect_uris", &self.post_logout_redirect_uris)?,
            access_token_signed_response_alg: algorithm(
                "access_token_signed_response_alg",
                self.access_token_signed_response_alg.as_deref(),
            )?,
            id_token_signed_response_alg: algorithm(
                "id_token_signed_response_alg",
                self.id_token_signed_response_alg.as_deref(),
            )?,
            id,
            name: self.client_name,
            home,
            policy,
            terms,
            authentication,
            grant_types,
            scope,
            audiences: self.audiences,
            named_apis: named_api::named(self.apis)?,
            apis: Vec::new(),
            labels: self.labels,
            described,
            access_token_lifetime: self.access_token_lifetime,
            access_token_format: self.access_token_format,
            subject_type,
            claims: self.claims.parse()?,
            redirect_uris,
            pkce,
            first_party: self.first_party.unwrap_or(false),
            login,
            disabled: self.disabled.unwrap_or(false),
            expires_at: expiry(self.client_expires_at),
            registration: registration.map(RegistrationRecord::parse).transpose()?,
            registration_ceiling: registration_ceiling
                .map(|record| ceiling("registration_ceiling", record))
                .transpose()?,
        };
        Ok(client.under_its_ceiling())
    }

    /// A page that the record names, to which pages of ours may lead. One that a client registered itself is
    /// such at an origin to which its answers go alone: another might be anybody's (RFC 7591 §5).
    fn page(&self, uri: Option<&str>, redirect_uris: &[RedirectUri]) -> Option<Home> {
        let page = uri.and_then(Home::of)?;
        let is_its =
            self.registration.is_none() || redirect_uris.iter().any(|it| page.is_at(it.as_str()));
        is_its.then_some(page)
    }

    /// The members that describe the client and that APIs may have in tokens.
    fn described(&self) -> BTreeMap<&'static str, String> {
        let described = ClientMember::DESCRIBED.into_iter().filter_map(|member| {
            let value = match member {
                "client_name" => self.client_name.as_deref(),
                "client_uri" => self.client_uri.as_deref(),
                _ => self.other.get(member).and_then(Value::as_str),
            };
            Some((member, value?.to_owned()))
        });
        inserted(described)
    }

    /// The texts of a member as redirect URIs of the client, by what it opts into.
    fn redirects(
        &self,
        member: &'static str,
        texts: &[String],
    ) -> Result<Vec<RedirectUri>, InvalidClient> {
        let rules = RedirectRules {
            private_use: match self.any_private_use_scheme {
                Some(true) => PrivateUse::Any,
                Some(false) | None => PrivateUse::WithDot,
            },
            localhost: match self.localhost_is_loopback {
                Some(true) => Localhost::Loopback,
                Some(false) | None => Localhost::Name,
            },
        };
        let wrong = |why| InvalidClient::RedirectUri { member, why };
        let parsed = texts.iter().map(|text| RedirectUri::parse(text, rules));
        parsed.collect::<Result<_, _>>().map_err(wrong)
    }

    fn check_lengths(&self) -> Result<(), InvalidClient> {
        for (member, length) in [
            ("client_secrets", self.client_secrets.len()),
            ("grant_types", self.grant_types.as_ref().map_or(0, Vec::len)),
            ("audiences", self.audiences.len()),
            ("labels", self.labels.len()),
            ("redirect_uris", self.redirect_uris.len()),
            (
                "post_logout_redirect_uris",
                self.post_logout_redirect_uris.len(),
            ),
            ("allowed_origins", self.allowed_origins.len()),
        ]
        .into_iter()
        .chain(self.claims.lengths())
        {
            if length > MOST_VALUES {
                return Err(InvalidClient::TooMany(member));
            }
        }
        if self
            .labels
            .values()
            .any(|label| label.len() > LONGEST_LABEL)
        {
            return Err(InvalidClient::Label);
        }
        Ok(())
    }
}

/// The algorithm that a member names.
fn algorithm(member: &'static str, name: Option<&str>) -> Result<Option<Algorithm>, InvalidClient> {
    let Some(name) = name else {
        return Ok(None);
    };
    let wrong = || InvalidClient::Algorithm {
        member,
        name: name.to_owned(),
    };
    signing_algorithm(name).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests;
