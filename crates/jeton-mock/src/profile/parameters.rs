//! Parameters that a vendor's clients send by other names, or leave out.

use bytes::Bytes;
use http::{Method, Request, header::CONTENT_TYPE};
use url::form_urlencoded::{self, Serializer};

use super::Profile;
use crate::{
    address::with_query,
    asked::is_form,
    remembered::Remembered,
    spec::{Endpoint, ParameterSpec, ScopePart},
};

type Pairs = Vec<(String, String)>;

impl Profile {
    /// Has the query of a GET, or the form of a POST, say to the server what the vendor's clients mean.
    pub(crate) fn translate(
        &self,
        endpoint: Endpoint,
        remembered: &Remembered,
        request: &mut Request<Bytes>,
    ) {
        if request.method() == Method::GET {
            let query = request.uri().query().unwrap_or_default().as_bytes();
            if let Some(query) = self.translated(endpoint, remembered, query) {
                with_query(request.uri_mut(), &query);
            }
            return;
        }
        let content_type = request.headers().get(CONTENT_TYPE);
        if content_type.is_some_and(|it| is_form(it.as_bytes()))
            && let Some(form) = self.translated(endpoint, remembered, request.body())
        {
            *request.body_mut() = Bytes::from(form);
        }
    }

    /// What is meant by a form; `None` where it says so itself.
    fn translated(
        &self,
        endpoint: Endpoint,
        remembered: &Remembered,
        encoded: &[u8],
    ) -> Option<String> {
        let sent: Pairs = form_urlencoded::parse(encoded).into_owned().collect();
        let mut meant = sent.clone();
        if let Some(separator) = &self.spec.scope_separator {
            for (_, scope) in meant.iter_mut().filter(|(name, _)| name == "scope") {
                *scope = scope.replace(separator.as_str(), " ");
            }
        }
        for (name, spec) in self.spec.parameters.get(&endpoint).into_iter().flatten() {
            spec.add_to(&mut meant, name, remembered);
        }
        let form = |pairs: Pairs| Serializer::new(String::new()).extend_pairs(pairs).finish();
        (meant != sent).then(|| form(meant))
    }
}

impl ParameterSpec {
    fn add_to(&self, pairs: &mut Pairs, name: &str, remembered: &Remembered) {
        for (_, value) in pairs.iter_mut().filter(|(own, _)| own == name) {
            if let Some(meant) = self.values.get(value) {
                meant.clone_into(value);
            }
        }
        if !all(pairs, name).is_empty() {
            return;
        }
        let alias = self.alias.as_deref();
        let mut values = alias.map(|alias| all(pairs, alias)).unwrap_or_default();
        if let Some(part) = self.scope_part.filter(|_| values.is_empty()) {
            values.extend(part.of(&all(pairs, "scope").join(" ")));
        }
        if self.remembered && values.is_empty() {
            let codes = all(pairs, "code");
            values.extend(
                codes
                    .iter()
                    .find_map(|code| remembered.said_for_code(code, name)),
            );
        }
        if values.is_empty() {
            values.extend(self.default.clone());
        }
        let named = values.into_iter().map(|value| (name.to_owned(), value));
        pairs.extend(named);
    }
}

impl ScopePart {
    fn of(self, scope: &str) -> Option<String> {
        let parts = scope.split_ascii_whitespace().map(|one| {
            let is_url = one.contains("://");
            let parts = one.rsplit_once('/').filter(|_| is_url);
            parts.map_or((None, one), |(api, permission)| (Some(api), permission))
        });
        match self {
            Self::Api => parts.filter_map(|(api, _)| api).next().map(str::to_owned),
            Self::Permissions => {
                let parts: Vec<_> = parts.collect();
                let has_api = parts.iter().any(|(api, _)| api.is_some());
                let of_apis = parts.iter().filter(|(api, _)| api.is_some() || !has_api);
                let permissions = of_apis.map(|(_, permission)| *permission);
                let permissions: Vec<_> = permissions.filter(|it| *it != ".default").collect();
                (!permissions.is_empty()).then(|| permissions.join(" "))
            }
        }
    }
}

/// The values of a parameter that are not empty.
fn all(pairs: &Pairs, name: &str) -> Vec<String> {
    let own = pairs
        .iter()
        .filter(|(own, value)| own == name && !value.is_empty());
    own.map(|(_, value)| value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use crate::spec::MockSpec;

    use super::{super::Profiles, *};

    #[test]
    fn scopes_have_parts() {
        for (scope, api, permissions) in [
            ("openid profile", None, Some("openid profile")),
            (
                "api://orders/Orders.Read openid",
                Some("api://orders"),
                Some("Orders.Read"),
            ),
            (
                "https://a.example/.default",
                Some("https://a.example"),
                None,
            ),
            (
                "api://a/x https://b.example/y",
                Some("api://a"),
                Some("x y"),
            ),
            ("a/b", None, Some("a/b")),
            ("", None, None),
        ] {
            assert_eq!(ScopePart::Api.of(scope).as_deref(), api, "{scope}");
            assert_eq!(
                ScopePart::Permissions.of(scope).as_deref(),
                permissions,
                "{scope}"
            );
        }
    }

    #[test]
    fn what_clients_mean() {
        let spec: MockSpec = toml::from_str(
            r#"
            [profiles.x]
            scope_separator = ","
            [profiles.x.parameters.authorize]
            resource = { alias = "audience" }
            response_type = { default = "code" }
            "#,
        )
        .unwrap();
        let profile = Profiles::new(&spec.profiles).named("x", "").unwrap();
        let remembered = Remembered::default();
        for (sent, expected) in [
            ("", Some("response_type=code")),
            ("response_type=token&resource=a&audience=b", None),
            ("audience=", Some("audience=&response_type=code")),
            (
                "audience=a+b&audience=c&response_type=code",
                Some("audience=a+b&audience=c&response_type=code&resource=a+b&resource=c"),
            ),
            (
                "scope=a,b&response_type=x",
                Some("scope=a+b&response_type=x"),
            ),
        ] {
            let translated = profile.translated(Endpoint::Authorize, &remembered, sent.as_bytes());
            assert_eq!(translated.as_deref(), expected, "{sent}");
        }
        assert_eq!(
            profile.translated(Endpoint::Token, &remembered, b"audience=a"),
            None
        );
    }
}
