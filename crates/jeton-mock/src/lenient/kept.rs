//! What a lenient issuer lets a client have besides: what requests asked for that began a grant, for those
//! that go on with it.

use std::sync::Arc;

use jeton::{Api, Client, GrantedApi, Pkce, RedirectUri, Scope};

/// How many redirect URIs, scope tokens and audiences are kept that one client was lent.
const MOST_REDIRECTS: usize = 64;
const MOST_SCOPE: usize = 1000;
const MOST_AUDIENCES: usize = 64;

/// What one client was lent.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    redirect_uris: Vec<RedirectUri>,
    post_logout_redirect_uris: Vec<RedirectUri>,
    scope: Scope,
    audiences: Vec<String>,
    without_pkce: bool,
}

impl Kept {
    pub(super) fn redirect(&mut self, uri: &RedirectUri) {
        keep_redirect(&mut self.redirect_uris, uri);
    }

    pub(super) fn redirect_after_logout(&mut self, uri: &RedirectUri) {
        keep_redirect(&mut self.post_logout_redirect_uris, uri);
    }

    pub(super) fn without_pkce(&mut self) {
        self.without_pkce = true;
    }

    /// Scope and audiences that the client `own` is not registered for.
    pub(super) fn target(&mut self, scope: &Scope, audiences: &[String]) {
        self.scope = self.scope.union(scope);
        if self.scope.iter().count() > MOST_SCOPE {
            self.scope = scope.clone();
        }
        for audience in audiences {
            if self.audiences.contains(audience) {
                continue;
            }
            if self.audiences.len() >= MOST_AUDIENCES {
                self.audiences.remove(0);
            }
            self.audiences.push(audience.clone());
        }
    }

    /// All that the client had while it was registered.
    pub(crate) fn all_of(&mut self, client: &Client) {
        for uri in &client.redirect_uris {
            self.redirect(uri);
        }
        for uri in &client.post_logout_redirect_uris {
            self.redirect_after_logout(uri);
        }
        self.target(&client.scope, &client.audiences);
    }

    /// Lets `client`, as it is registered, have all of it.
    pub(crate) fn add_to(&self, client: &mut Client, apis: &[Arc<Api>]) {
        client
            .redirect_uris
            .extend(self.redirect_uris.iter().cloned());
        let after_logout = self.post_logout_redirect_uris.iter().cloned();
        client.post_logout_redirect_uris.extend(after_logout);
        if self.without_pkce {
            client.pkce = Pkce::Optional;
        }
        lend_target(client, &self.scope, &self.audiences, apis);
    }
}

/// Lets a client ask for this scope and these audiences, and for the one at the other. An audience that is
/// an API, by whatever name, is that: its tokens are as it says.
pub(super) fn lend_target(
    client: &mut Client,
    scope: &Scope,
    audiences: &[String],
    apis: &[Arc<Api>],
) {
    client.scope = client.scope.union(scope);
    for granted in &mut client.apis {
        granted.scope = granted.scope.without(scope);
    }
    for named in audiences {
        if client.audience_named(named).is_some() {
            continue;
        }
        let mut standing = apis.iter().filter(|api| !api.disabled);
        match standing.find(|api| api.is_named(named)) {
            Some(api) => {
                client.audiences.push(api.identifier.clone());
                client.apis.push(GrantedApi {
                    api: Arc::clone(api),
                    scope: Scope::default(),
                });
            }
            None => client.audiences.push(named.clone()),
        }
    }
}

fn keep_redirect(list: &mut Vec<RedirectUri>, uri: &RedirectUri) {
    if !list.iter().any(|known| known.matches(uri.as_str())) {
        if list.len() >= MOST_REDIRECTS {
            list.remove(0);
        }
        list.push(uri.clone());
    }
}
