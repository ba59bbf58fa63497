//! What an operation needs of a token.

/// What an operation needs of a token. Nothing, when it is new.
///
/// ```
/// use jeton_resource_server::Need;
///
/// let transfer = Need::new().scope(["payments:write"]).max_age(300);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    pub(crate) scope: Vec<String>,
    /// Where something is wanted. Of an empty list there is never one.
    pub(crate) any_scope: Option<Vec<String>>,
    /// The same.
    pub(crate) acr_values: Option<Vec<String>>,
    pub(crate) max_age: Option<u64>,
}

impl Need {
    /// A token that is good, whatever it allows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Each of these scopes.
    #[must_use]
    pub fn scope<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scope.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// At least one of these scopes. With none at all every request is refused as a mistake of the
    /// configuration, not let through.
    #[must_use]
    pub fn any_scope<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        let wanted = self.any_scope.get_or_insert_default();
        wanted.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// A login of one of these kinds (RFC 9470). With none at all every request is refused, as of
    /// [`any_scope`](Self::any_scope).
    #[must_use]
    pub fn acr_values<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        let wanted = self.acr_values.get_or_insert_default();
        wanted.extend(values.into_iter().map(Into::into));
        self
    }

    /// A login that was at most so many seconds ago (RFC 9470).
    #[must_use]
    pub fn max_age(mut self, seconds: u64) -> Self {
        self.max_age = Some(seconds);
        self
    }

    /// Whether one of a list is wanted that is empty.
    pub(crate) fn is_impossible(&self) -> bool {
        let lists = [&self.any_scope, &self.acr_values];
        lists.into_iter().flatten().any(Vec::is_empty)
    }

    /// All the scopes that are named, as a challenge names them.
    pub(crate) fn scopes(&self) -> Option<String> {
        let scopes = self.scope.iter().chain(self.any_scope.iter().flatten());
        let scopes: Vec<_> = scopes.map(String::as_str).collect();
        (!scopes.is_empty()).then(|| scopes.join(" "))
    }
}
