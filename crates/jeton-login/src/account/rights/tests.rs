use core::fmt;
use std::sync::Arc;

use super::*;
use crate::pages::About;

const ORDERS: &str = "https://orders.example";
const INVOICES: &str = "https://invoices.example";
const ISSUER: &str = "https://id.example";

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.audiences.join(" "), self.scope)
    }
}

/// A client that may ask at two APIs which both have `orders:read`, with words of their own for it.
fn shop() -> Client {
    let api = |text: &str| Arc::new(Api::from_record(text).unwrap());
    let apis = [
        api(
            r#"{"identifier":"https://invoices.example","name":"Invoices",
                "scopes":{"orders:read":"See what was ordered on an invoice","invoices:pay":"Pay them"}}"#,
        ),
        api(r#"{"identifier":"https://orders.example","name":"Orders",
                "aliases":["https://old.orders.example"],
                "scopes":{"orders:read":"Read your orders","orders:write":""}}"#),
    ];
    let record = r#"{
        "client_id":"shop","token_endpoint_auth_method":"none",
        "grant_types":["authorization_code"],"redirect_uris":["https://shop.example/callback"],
        "scope":"openid profile email offline_access notes:read",
        "apis":[
            {"identifier":"https://invoices.example","scope":"orders:read invoices:pay"},
            {"identifier":"https://orders.example","scope":"orders:read orders:write"}
        ]}"#;
    Client::from_record(record).unwrap().with_apis(&apis)
}

fn right(audiences: &[&str], scope: &str) -> Right {
    Right {
        audiences: audiences.iter().map(|&it| it.to_owned()).collect(),
        scope: scope.parse().unwrap(),
    }
}

/// What is shown, a line for each group: what it is about, and its scopes with their words.
fn shown(client: Option<&Client>, rights: &[Right]) -> Vec<String> {
    let scopes = scopes(client, rights);
    let groups = view::groups(&scopes).into_iter().map(|group| {
        let about = match group.about {
            About::You => "you",
            About::Api(api) => api.name.unwrap_or(api.identifier),
            About::Else => "else",
        };
        let items: Vec<_> = group
            .scopes
            .iter()
            .map(|item| match item.description {
                Some(words) => format!("{} ({words})", item.scope),
                None => item.scope.to_owned(),
            })
            .collect();
        format!("{about}: {}", items.join(", "))
    });
    groups.collect()
}

#[test]
fn a_right_is_in_the_words_of_the_api_that_was_agreed_to() {
    let shop = shop();
    let asked = "openid orders:read";
    // A consent is to the scope at each audience, and at the issuer.
    let consent = |audience| [right(&[audience], asked), right(&[ISSUER], asked)];
    let orders = ["you: openid", "Orders: orders:read (Read your orders)"];
    let invoices = [
        "you: openid",
        "Invoices: orders:read (See what was ordered on an invoice)",
    ];
    assert_eq!(shown(Some(&shop), &consent(ORDERS)), orders);
    assert_eq!(shown(Some(&shop), &consent(INVOICES)), invoices);
    // A grant has its audiences, by names that may have become aliases.
    assert_eq!(shown(Some(&shop), &[right(&[ORDERS], asked)]), orders);
    let old = [right(&["https://old.orders.example"], asked)];
    assert_eq!(shown(Some(&shop), &old), orders);
    // At both it is good at both; of two grants each at its own.
    let both = [invoices[0], invoices[1], orders[1]];
    assert_eq!(
        shown(Some(&shop), &[right(&[ORDERS, INVOICES], asked)]),
        both
    );
    let two = [right(&[ORDERS], "orders:read"), right(&[INVOICES], asked)];
    assert_eq!(shown(Some(&shop), &two), both);
    // At none of them nobody has words for it.
    let nowhere = ["you: openid", "else: orders:read"];
    assert_eq!(shown(Some(&shop), &[right(&[ISSUER], asked)]), nowhere);
    // Nor if the client is gone.
    assert_eq!(shown(None, &consent(ORDERS)), nowhere);
    assert!(shown(Some(&shop), &[right(&[ORDERS], "")]).is_empty());
}

#[test]
fn who_somebody_is_comes_first_and_access_while_they_are_away_last() {
    let all = "orders:write notes:read offline_access email openid profile orders:read";
    assert_eq!(
        shown(Some(&shop()), &[right(&[ORDERS], all)]),
        [
            "you: openid, profile, email",
            "Orders: orders:read (Read your orders), orders:write ()",
            "else: notes:read, offline_access",
        ]
    );
}
