//! The states of the pages.

use bytes::Bytes;
use http::Response;
use jeton::{GrantId, Id128, UnixTime};

use crate::pages::{
    About, Account, AccountWanted, Answered, Application, Asking, Audience, Before, Chooser,
    Consent, Entry, EntryKind, Finished, LoggedOut, Logout, Notice, Origin, OtherPerson, Pages,
    Problem, ProblemPage, ScopeGroup, ScopeItem, UpstreamLogout, WayIn, Ways, Who,
};

/// A grant.
const GRANT: GrantId = Id128([3; 16]);

/// A state of a page.
pub(super) struct State {
    pub(super) name: &'static str,
    /// Makes it, for a sealed request.
    pub(super) page: fn(&Pages<'_>, &str) -> Response<Bytes>,
}

/// What is no word of ours and the same in every language.
pub(super) const DATA: [&str; 18] = [
    "shop",
    "Corner Shop",
    "shop.example",
    "Google",
    "Eve",
    "eve@",
    "GitHub",
    "Orders",
    "orders",
    "Wolfeschlegel",
    "profile",
    "email",
    "offline_access",
    "openid",
    "jeton-login",
    "8f14e45fceea167a",
    "_",
    "Television",
];

const SHOP: Application<'_> = Application {
    client_id: "shop",
    client_name: Some("The Corner Shop"),
    redirect_uri: "https://shop.example/callback",
    origin: Origin::Operator,
    client_uri: Some("https://shop.example/"),
    policy_uri: Some("https://shop.example/privacy"),
    tos_uri: Some("https://shop.example/terms"),
};

pub(super) const EVE: Who<'_> = Who {
    name: "Eve Example",
    detail: Some("eve@example.com"),
    upstream: "Google",
};

const GOOGLE: WayIn<'_> = WayIn {
    id: "google",
    name: "Google",
};

const GITHUB: WayIn<'_> = WayIn {
    id: "github",
    name: "GitHub",
};

const LONG: &str =
    "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissenhaftschaferswessenschafe";

pub(super) const fn scope<'a>(scope: &'a str, description: Option<&'a str>) -> ScopeItem<'a> {
    ScopeItem {
        scope,
        description,
        also: Vec::new(),
        before: Before::Nothing,
    }
}

const ORDERS_API: Audience<'_> = Audience {
    name: Some("Orders"),
    identifier: "https://orders.example",
};

const VAULT: Audience<'_> = Audience {
    name: None,
    identifier: "https://orders-vault.example",
};

const ORDERS: [ScopeItem<'_>; 2] = [
    scope("orders:read", Some("Orders: read them all")),
    scope("orders:write", Some("Orders: place and cancel them")),
];

const ABOUT: [ScopeItem<'_>; 3] = [
    scope("openid", None),
    scope("profile", None),
    scope("email", None),
];

const AWAY: [ScopeItem<'_>; 1] = [scope("offline_access", None)];

const fn group<'a>(about: About<'a>, scopes: &'a [ScopeItem<'a>]) -> ScopeGroup<'a> {
    ScopeGroup { about, scopes }
}

pub(super) const STATES: &[State] = &[
    State {
        name: "chooser",
        page: |pages, request| {
            pages.chooser(&Chooser {
                request,
                asking: Asking::Application(SHOP),
                account: AccountWanted::Any,
                ways: &[GOOGLE, GITHUB],
            })
        },
    },
    State {
        name: "chooser-device",
        page: |pages, request| {
            pages.chooser(&Chooser {
                request,
                asking: Asking::Device,
                account: AccountWanted::Another,
                ways: &[GOOGLE],
            })
        },
    },
    State {
        name: "chooser-account",
        page: |pages, _| {
            pages.chooser(&Chooser {
                request: "",
                asking: Asking::Account,
                account: AccountWanted::Any,
                ways: &[GOOGLE, GITHUB],
            })
        },
    },
    State {
        name: "chooser-stranger",
        page: |pages, request| {
            pages.chooser(&Chooser {
                request,
                asking: Asking::Application(Application {
                    client_name: Some(LONG),
                    redirect_uri: "http://127.0.0.1:3000/callback",
                    origin: Origin::Itself,
                    ..SHOP
                }),
                account: AccountWanted::Any,
                ways: &[
                    GOOGLE,
                    GITHUB,
                    WayIn {
                        id: "long",
                        name: LONG,
                    },
                ],
            })
        },
    },
    State {
        name: "consent",
        page: |pages, request| {
            pages.consent(&Consent {
                request,
                form_key: "k0Zc9bq3",
                application: SHOP,
                who: EVE,
                groups: &[
                    ScopeGroup {
                        about: About::You,
                        scopes: &ABOUT,
                    },
                    ScopeGroup {
                        about: About::Api(ORDERS_API),
                        scopes: &ORDERS,
                    },
                    group(About::Else, &AWAY),
                ],
                others: &[VAULT],
                claims: &[],
                answered: Answered::WithNothing,
            })
        },
    },
    State {
        name: "consent-openid",
        page: |pages, request| {
            pages.consent(&Consent {
                request,
                form_key: "k0Zc9bq3",
                application: SHOP,
                who: EVE,
                groups: &[ScopeGroup {
                    about: About::You,
                    scopes: &ABOUT[..1],
                }],
                others: &[],
                claims: &[],
                answered: Answered::NotYet,
            })
        },
    },
    State {
        name: "consent-two-apis",
        page: |pages, request| {
            pages.consent(&Consent {
                request,
                form_key: "k0Zc9bq3",
                application: SHOP,
                who: EVE,
                groups: &[ScopeGroup {
                    about: About::Api(ORDERS_API),
                    scopes: &[ScopeItem {
                        also: vec![(VAULT, Some("Orders: read the old ones")), (VAULT, None)],
                        ..scope("orders:read", Some("Orders: read them all"))
                    }],
                }],
                others: &[],
                claims: &[],
                answered: Answered::NotYet,
            })
        },
    },
    State {
        name: "consent-more",
        page: |pages, request| {
            let allowed = |scopes: &[ScopeItem<'static>]| -> Vec<_> {
                let items = scopes.iter().cloned().map(|item| ScopeItem {
                    before: Before::Allowed,
                    ..item
                });
                items.collect()
            };
            let orders = [
                ScopeItem {
                    before: Before::Allowed,
                    ..ORDERS[0].clone()
                },
                ScopeItem {
                    before: Before::Declined,
                    ..ORDERS[1].clone()
                },
                ScopeItem {
                    before: Before::Allowed,
                    ..scope("orders:sum", None)
                },
                scope("orders:count", Some("Orders: count them")),
            ];
            pages.consent(&Consent {
                request,
                form_key: "k0Zc9bq3",
                application: SHOP,
                who: EVE,
                groups: &[
                    group(About::You, &allowed(&ABOUT)),
                    group(About::Api(ORDERS_API), &orders),
                ],
                others: &[],
                claims: &[],
                answered: Answered::NotYet,
            })
        },
    },
    State {
        name: "consent-stranger",
        page: |pages, request| {
            pages.consent(&Consent {
                request,
                form_key: "k0Zc9bq3",
                application: Application {
                    client_name: Some(LONG),
                    redirect_uri: "com.shop.example:/callback",
                    origin: Origin::Itself,
                    ..SHOP
                },
                who: Who {
                    name: LONG,
                    detail: Some(LONG),
                    upstream: LONG,
                },
                groups: &[
                    ScopeGroup {
                        about: About::You,
                        scopes: &ABOUT,
                    },
                    ScopeGroup {
                        about: About::Api(Audience {
                            name: None,
                            identifier: "https://orders.example/with/a/long/path",
                        }),
                        scopes: &ORDERS,
                    },
                    ScopeGroup {
                        about: About::Else,
                        scopes: &[
                            scope("orders_that_nobody_has_described_in_words", None),
                            scope("offline_access", None),
                        ],
                    },
                ],
                others: &[VAULT, ORDERS_API],
                claims: &["email", "given_name", "family_name"],
                answered: Answered::NotYet,
            })
        },
    },
    State {
        name: "account",
        page: |pages, _| {
            pages.account(&Account {
                form_key: "k0Zc9bq3",
                who: EVE,
                entries: &[
                    Entry {
                        client_id: "shop",
                        name: "The Corner Shop",
                        kind: EntryKind::Application,
                        since: UnixTime(1_767_225_600),
                        last_used: UnixTime(1_795_700_000),
                        groups: vec![
                            group(About::You, &ABOUT),
                            group(About::Api(ORDERS_API), &ORDERS),
                            group(About::Api(VAULT), &ORDERS[..1]),
                            group(About::Else, &AWAY),
                        ],
                    },
                    Entry {
                        client_id: "tv",
                        name: "Television",
                        kind: EntryKind::Devices(1),
                        since: UnixTime(1_767_225_600),
                        last_used: UnixTime(1_795_700_000),
                        groups: vec![group(About::Api(ORDERS_API), &ORDERS)],
                    },
                    Entry {
                        client_id: "orders",
                        name: "Orders",
                        kind: EntryKind::Consent,
                        since: UnixTime(1_767_225_600),
                        last_used: UnixTime(1_767_225_600),
                        groups: vec![group(About::You, &ABOUT), group(About::Else, &AWAY)],
                    },
                ],
                from: None,
                after: None,
                further: None,
                notice: Notice::Ended,
            })
        },
    },
    State {
        name: "account-none",
        page: |pages, _| {
            pages.account(&Account {
                form_key: "k0Zc9bq3",
                who: EVE,
                entries: &[],
                from: None,
                after: None,
                further: None,
                notice: Notice::Nothing,
            })
        },
    },
    State {
        name: "account-many",
        page: |pages, _| {
            let (about, orders, away) = (ABOUT, ORDERS, AWAY);
            let groups = [
                group(About::You, &about),
                group(About::Api(ORDERS_API), &orders),
                group(About::Api(VAULT), &orders),
                group(About::Else, &away),
            ];
            let entries: Vec<_> = (0..12)
                .map(|_| Entry {
                    client_id: "shop",
                    name: LONG,
                    kind: EntryKind::Devices(3),
                    since: UnixTime(1_767_225_600),
                    last_used: UnixTime(1_795_700_000),
                    groups: groups.to_vec(),
                })
                .collect();
            pages.account(&Account {
                form_key: "k0Zc9bq3",
                who: EVE,
                entries: &entries,
                from: Some(GRANT),
                after: Some("a b&c"),
                further: Some(GRANT),
                notice: Notice::Nothing,
            })
        },
    },
    State {
        name: "logout",
        page: |pages, request| {
            pages.logout(&Logout {
                form_key: "k0Zc9bq3",
                request: Some(request),
                return_to: Some("https://id.example.com/end_session/resume?ticket=x"),
                application: Some(SHOP),
                who: EVE,
                upstream: UpstreamLogout::Offered,
            })
        },
    },
    State {
        name: "logout-upstream",
        page: |pages, _| {
            pages.logout(&Logout {
                form_key: "k0Zc9bq3",
                request: None,
                return_to: None,
                application: None,
                who: EVE,
                upstream: UpstreamLogout::Usual,
            })
        },
    },
    State {
        name: "logout-own",
        page: |pages, _| {
            pages.logout(&Logout {
                form_key: "k0Zc9bq3",
                request: None,
                return_to: None,
                application: None,
                who: EVE,
                upstream: UpstreamLogout::None,
            })
        },
    },
    State {
        name: "logged-out",
        page: |pages, _| pages.logged_out(LoggedOut::default()),
    },
    State {
        name: "logged-out-here",
        page: |pages, _| {
            pages.logged_out(LoggedOut {
                upstream: Some("Google"),
                home: Some("https://shop.example/"),
            })
        },
    },
    State {
        name: "finished",
        page: |pages, _| {
            pages.finished(&Finished {
                who: EVE,
                application: Some(("The Corner Shop", "https://shop.example/")),
            })
        },
    },
    State {
        name: "finished-unknown",
        page: |pages, _| {
            pages.finished(&Finished {
                who: EVE,
                application: None,
            })
        },
    },
    State {
        name: "problem-unknown",
        page: |pages, _| {
            pages.problem(&ProblemPage {
                problem: Problem::OtherBrowser,
                request: None,
                way: None,
                ways: Ways::Several,
                who: None,
            })
        },
    },
    State {
        name: "other-person",
        page: |pages, request| {
            pages.other_person(&OtherPerson {
                request,
                application: SHOP,
                who: EVE,
            })
        },
    },
];

/// The page for a problem, as it comes about.
pub(super) fn problem(pages: &Pages<'_>, problem: Problem, request: &str) -> Response<Bytes> {
    let way = match problem {
        Problem::Expired | Problem::Damaged | Problem::StateUnknown | Problem::SessionEnded => None,
        _ => Some(GOOGLE),
    };
    pages.problem(&ProblemPage {
        problem,
        request: Some(request),
        way,
        ways: Ways::Several,
        who: (problem == Problem::NotAllowed).then_some(EVE),
    })
}

/// Pages on which everything that others chose is `text`.
pub(super) fn of_strangers(pages: &Pages<'_>, text: &str) -> [Response<Bytes>; 7] {
    let application = Application {
        client_id: text,
        client_name: Some(text),
        redirect_uri: text,
        origin: Origin::Itself,
        client_uri: Some(text),
        policy_uri: Some(text),
        tos_uri: None,
    };
    let who = Who {
        name: text,
        detail: Some(text),
        upstream: text,
    };
    let way = WayIn {
        id: text,
        name: text,
    };
    let audience = Audience {
        name: Some(text),
        identifier: text,
    };
    let scopes = [
        ScopeItem {
            also: vec![(audience, Some(text))],
            ..scope(text, Some(text))
        },
        scope(text, None),
    ];
    [
        pages.chooser(&Chooser {
            request: text,
            asking: Asking::Application(application),
            account: AccountWanted::Another,
            ways: &[way],
        }),
        pages.consent(&Consent {
            request: text,
            form_key: text,
            application,
            who,
            groups: &[ScopeGroup {
                about: About::Api(audience),
                scopes: &scopes,
            }],
            others: &[audience],
            claims: &[text],
            answered: Answered::NotYet,
        }),
        pages.account(&Account {
            form_key: text,
            who,
            entries: &[Entry {
                client_id: text,
                name: text,
                kind: EntryKind::Devices(3),
                since: UnixTime(0),
                last_used: UnixTime(0),
                groups: vec![group(About::Api(audience), &scopes)],
            }],
            from: None,
            after: Some(text),
            further: None,
            notice: Notice::Nothing,
        }),
        pages.logout(&Logout {
            form_key: text,
            request: Some(text),
            return_to: Some(text),
            application: Some(application),
            who,
            upstream: UpstreamLogout::Offered,
        }),
        pages.logged_out(LoggedOut {
            upstream: Some(text),
            home: Some(text),
        }),
        pages.finished(&Finished {
            who,
            application: Some((text, text)),
        }),
        pages.problem(&ProblemPage {
            problem: Problem::Unreachable,
            request: Some(text),
            way: Some(way),
            ways: Ways::Several,
            who: Some(who),
        }),
    ]
}
