//! What pages are given of a request: sessions, ways and what is asked for, as plain data.

use std::collections::BTreeSet;

use jeton::{Host, page::Language};

use crate::{
    asked::{Asked, RequestKind},
    at::At,
    pages::{
        About, Application, Asking, Audience, Before, Origin, Pages, ScopeGroup, ScopeItem, WayIn,
        Who,
    },
    session::Session,
    settings::LoginSettings,
    sorted::{inserted, sorted_by_key},
    ways::Way,
};

/// The pages of this request.
pub(crate) fn pages<'a, H: Host>(at: &At<'a, H>, language: Language) -> Pages<'a> {
    Pages {
        frame: at.server.config().frame(),
        path: &at.app.path,
        language,
        reference: at.arrival.request_id.as_ref(),
    }
}

/// Whose session it is.
pub(crate) fn who<'a>(settings: &'a LoginSettings, session: &'a Session) -> Who<'a> {
    let text = |name: &str| {
        session
            .claims
            .get(name)?
            .as_str()
            .filter(|text| !text.is_empty())
    };
    let upstream = settings
        .way(&session.way)
        .map_or("", |way| way.name.as_str());
    let address = text("email").or_else(|| text("preferred_username"));
    let name = text("name").or(address).unwrap_or(&session.subject);
    Who {
        name,
        detail: address.filter(|address| *address != name),
        upstream,
    }
}

/// The ways to log in, as they are shown.
pub(crate) fn ways<'a>(ways: &[&'a Way]) -> Vec<WayIn<'a>> {
    let ways = ways.iter().map(|way| WayIn {
        id: &way.id,
        name: &way.name,
    });
    ways.collect()
}

/// Who asks for a login.
pub(crate) fn asking(asked: &Asked) -> Asking<'_> {
    match (asked.kind, application(asked)) {
        (RequestKind::Device, _) | (_, None) => Asking::Device,
        (_, Some(application)) => Asking::Application(application),
    }
}

/// The application that asks, where it is one.
pub(crate) fn application(asked: &Asked) -> Option<Application<'_>> {
    Some(Application {
        client_id: asked.client_id.as_ref()?.as_str(),
        client_name: asked.client_name.as_deref(),
        redirect_uri: asked.redirect_uri.as_deref().unwrap_or_default(),
        client_uri: asked.client_uri.as_deref(),
        policy_uri: asked.policy_uri.as_deref(),
        tos_uri: asked.tos_uri.as_deref(),
        origin: match asked.self_registered {
            Some(_) => Origin::Itself,
            None => Origin::Operator,
        },
    })
}

/// What the standards have words for (OpenID Connect Core §5.4), in the order in which it is shown.
const ABOUT_THE_PERSON: [&str; 5] = ["openid", "profile", "email", "address", "phone"];

/// Access while the person is away (OpenID Connect Core §11): what it is access to stands before it.
const OFFLINE: &str = "offline_access";

/// Scopes that are about the same.
pub(crate) struct Scopes<'a> {
    about: About<'a>,
    items: Vec<ScopeItem<'a>>,
}

impl<'a> Scopes<'a> {
    /// Those of an API.
    pub(crate) fn at(api: Audience<'a>, items: Vec<ScopeItem<'a>>) -> Self {
        Self {
            about: About::Api(api),
            items,
        }
    }
}

/// What is asked for, in the order of [`arranged`]; `before` is what the person has said of it so far.
pub(crate) fn scopes<'a>(asked: &'a Asked, before: impl Fn(&str) -> Before) -> Vec<Scopes<'a>> {
    let of = |api: Option<&str>| -> Vec<_> {
        let scopes = asked.scopes.iter().filter(|it| it.api.as_deref() == api);
        let scopes = scopes.map(|it| ScopeItem {
            scope: &it.scope,
            description: it.description.as_deref(),
            also: it
                .also
                .iter()
                .map(|it| (audience(asked, &it.api), it.description.as_deref()))
                .collect(),
            before: before(&it.scope),
        });
        scopes.collect()
    };
    let apis = asked.apis.iter().map(|api| {
        let items = of(Some(&api.identifier));
        Scopes::at(audience(asked, &api.identifier), items)
    });
    arranged(of(None), apis)
}

/// Who the person is, each API with its own scopes, then what else there is; access while they are away comes
/// last.
pub(crate) fn arranged<'a>(
    of_no_api: Vec<ScopeItem<'a>>,
    apis: impl Iterator<Item = Scopes<'a>>,
) -> Vec<Scopes<'a>> {
    let place = |item: &ScopeItem<'_>| {
        let known = ABOUT_THE_PERSON.iter().zip(0..);
        let known = known.chain([(&OFFLINE, u64::MAX)]);
        let mut known = known.filter(|(known, _)| **known == item.scope);
        // What has no words stands between the two.
        known.next().map_or(u64::MAX - 1, |(_, place)| place)
    };
    let ordered = sorted_by_key(of_no_api, place);
    let is_of_person = |item: &ScopeItem<'_>| ABOUT_THE_PERSON.contains(&item.scope);
    let (person, rest): (Vec<_>, Vec<_>) = ordered.into_iter().partition(is_of_person);
    let person = Scopes {
        about: About::You,
        items: person,
    };
    let rest = Scopes {
        about: About::Else,
        items: rest,
    };
    let all = [person].into_iter().chain(apis).chain([rest]);
    all.filter(|scopes| !scopes.items.is_empty()).collect()
}

/// The same, as the pages have it.
pub(crate) fn groups<'a>(scopes: &'a [Scopes<'a>]) -> Vec<ScopeGroup<'a>> {
    let groups = scopes.iter().map(|Scopes { about, items }| ScopeGroup {
        about: *about,
        scopes: items,
    });
    groups.collect()
}

/// The audiences that the scopes do not name, without this server itself.
pub(crate) fn other_audiences<'a>(asked: &'a Asked, issuer: &str) -> Vec<Audience<'a>> {
    let of_scopes = asked.scopes.iter().flat_map(|it| {
        let also = it.also.iter().map(|it| it.api.as_str());
        it.api.as_deref().into_iter().chain(also)
    });
    let named: BTreeSet<_> = inserted(of_scopes.chain([issuer]));
    let others = asked.audiences.iter().map(String::as_str);
    others
        .filter(|identifier| !named.contains(identifier))
        .map(|identifier| audience(asked, identifier))
        .collect()
}

fn audience<'a>(asked: &'a Asked, identifier: &'a str) -> Audience<'a> {
    let mut apis = asked.apis.iter();
    let api = apis.find(|api| api.identifier == identifier);
    Audience {
        name: api.and_then(|api| api.name.as_deref()),
        identifier,
    }
}
