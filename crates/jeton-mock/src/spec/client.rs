use jeton::{ClientRecord, GrantType};

/// The grant types of a client that names none, those that need a redirect URI first.
const GRANT_TYPES: [GrantType; 6] = [
    GrantType::AuthorizationCode,
    GrantType::RefreshToken,
    GrantType::DeviceCode,
    GrantType::ClientCredentials,
    GrantType::JwtBearer,
    GrantType::TokenExchange,
];

/// The scope of a client that names none: OpenID Connect Core §5.4 and §11.
const SCOPE: &str = "openid profile email address phone offline_access";

/// A client described in a test. What it does not name is every grant type it can use, and the
/// standard scopes.
///
/// A member that has no method here is set on the [`ClientRecord`] this becomes.
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientSpec {
    record: ClientRecord,
}

impl ClientSpec {
    /// A client by its `client_id`. It needs a [`secret`](Self::secret), or to be
    /// [`public`](Self::public).
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            record: ClientRecord {
                client_id: client_id.into(),
                ..ClientRecord::default()
            },
        }
    }

    /// What people read when they are asked to consent (RFC 7591 §2).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.record.client_name = Some(name.into());
        self
    }

    /// `client_secret` (RFC 6749 §2.3.1).
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.record.client_secret = Some(secret.into());
        self
    }

    /// A client that can keep no secret (RFC 6749 §2.1): `token_endpoint_auth_method` is `none`.
    pub fn public(mut self) -> Self {
        self.record.token_endpoint_auth_method = Some("none".to_owned());
        self
    }

    /// One more place a code may be sent to (RFC 6749 §3.1.2).
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.record.redirect_uris.push(uri.into());
        self
    }

    /// One more place a browser may come back to after a logout (OpenID Connect RP-Initiated
    /// Logout 1.0 §3.1).
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.record.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// One more grant type; the first takes the place of the default ones.
    pub fn grant_type(mut self, name: impl Into<String>) -> Self {
        let names = self.record.grant_types.get_or_insert_default();
        names.push(name.into());
        self
    }

    /// More scope tokens it may ask for, separated by spaces (RFC 6749 §3.3); the first take the place
    /// of the default ones.
    pub fn scope(mut self, scope: impl AsRef<str>) -> Self {
        let known = self.record.scope.get_or_insert_default();
        if !known.is_empty() {
            known.push(' ');
        }
        known.push_str(scope.as_ref());
        self
    }

    /// One more audience it may ask for (RFC 8707 §2).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.record.audiences.push(audience.into());
        self
    }
}

impl From<ClientSpec> for ClientRecord {
    fn from(client: ClientSpec) -> Self {
        let mut record = client.record;
        let public = record.token_endpoint_auth_method.as_deref() == Some("none");
        let redirects = !record.redirect_uris.is_empty();
        let can_use = |grant_type: &GrantType| match grant_type {
            GrantType::AuthorizationCode => redirects,
            GrantType::ClientCredentials | GrantType::JwtBearer | GrantType::TokenExchange => {
                !public
            }
            GrantType::RefreshToken | GrantType::DeviceCode => true,
        };
        record.grant_types.get_or_insert_with(|| {
            let usable = GRANT_TYPES.into_iter().filter(can_use);
            usable.map(|it| it.as_str().to_owned()).collect()
        });
        record.scope.get_or_insert_with(|| SCOPE.to_owned());
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::check_client;

    #[test]
    fn is_sound_with_what_it_needs() {
        for (client, grant_types) in [
            (
                ClientSpec::new("web")
                    .secret("s")
                    .redirect_uri("http://localhost:3000/callback"),
                6,
            ),
            (ClientSpec::new("job").secret("s"), 5),
            (
                ClientSpec::new("spa")
                    .public()
                    .redirect_uri("http://localhost:3000/"),
                3,
            ),
            (ClientSpec::new("tv").public(), 2),
            (
                ClientSpec::new("job")
                    .secret("s")
                    .grant_type("client_credentials"),
                1,
            ),
        ] {
            let parsed = check_client(&client.clone().into()).unwrap();
            assert_eq!(parsed.grant_types.len(), grant_types, "{client:?}");
        }
    }

    #[test]
    fn says_what_is_missing_or_wrong() {
        for (client, expected) in [
            (ClientSpec::new("web"), "client_secret"),
            (
                ClientSpec::new("web").secret("s").public(),
                "not have a client_secret",
            ),
            (
                ClientSpec::new("web").secret("s").grant_type("implicit"),
                "grant_types",
            ),
            (
                ClientSpec::new("web").secret("s").redirect_uri("here"),
                "redirect_uris",
            ),
        ] {
            let error = check_client(&client.into()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn adds_scopes_and_keeps_its_secret() {
        let client = ClientSpec::new("web")
            .secret("hush")
            .scope("read")
            .scope("write");
        assert!(!format!("{client:?}").contains("hush"));
        let record = ClientRecord::from(client);
        assert_eq!(record.scope.as_deref(), Some("read write"));
        assert_eq!(record.client_secret.as_deref(), Some("hush"));
    }
}
