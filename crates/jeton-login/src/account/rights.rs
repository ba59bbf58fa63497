//! What an application may, as the account page shows it: at each API that its owner agreed to, in the words of
//! that API.

use std::collections::BTreeSet;

use jeton::{Api, Client, Scope};

use crate::{
    pages::{Audience, Before, ScopeItem},
    sorted::inserted,
    view::{self, Scopes},
};

/// A scope that was given, at whatever audiences: by a grant, or by consent.
#[derive(Debug)]
pub(crate) struct Right {
    pub(crate) audiences: Vec<String>,
    pub(crate) scope: Scope,
}

/// What was given to a client. A token that another of its APIs has as well is shown at those alone at which it
/// is good.
pub(super) fn scopes<'a>(client: Option<&'a Client>, rights: &'a [Right]) -> Vec<Scopes<'a>> {
    let apis = client.into_iter().flat_map(|client| &client.apis);
    let mut named = BTreeSet::new();
    let mut at_apis = Vec::new();
    for api in apis.map(|granted| &*granted.api) {
        let own = at(api, rights);
        named.extend(own.iter().map(|item| item.scope));
        at_apis.push(Scopes::at(
            Audience {
                name: api.name.as_deref(),
                identifier: &api.identifier,
            },
            own,
        ));
    }
    let all: BTreeSet<_> = inserted(rights.iter().flat_map(|right| right.scope.iter()));
    let of_no_api = all.difference(&named).map(|scope| ScopeItem {
        scope,
        description: None,
        also: Vec::new(),
        before: Before::Nothing,
    });
    view::arranged(of_no_api.collect(), at_apis.into_iter())
}

/// What was given at an API, in its words.
fn at<'a>(api: &'a Api, rights: &'a [Right]) -> Vec<ScopeItem<'a>> {
    let here = rights.iter().filter(|right| {
        right
            .audiences
            .iter()
            .any(|audience| api.is_named(audience))
    });
    let tokens: BTreeSet<_> = inserted(here.flat_map(|right| right.scope.iter()));
    let items = tokens.into_iter().filter_map(|scope| {
        Some(ScopeItem {
            scope,
            description: Some(api.scopes.get(scope)?),
            also: Vec::new(),
            before: Before::Nothing,
        })
    });
    items.collect()
}

#[cfg(test)]
mod tests;
