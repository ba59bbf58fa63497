//! What a device asks for, as the page that asks for a decision has it.

use crate::{
    client::Client,
    page::{Escaped, Language, Words, standard_scope},
    target::Portion,
};

/// Each scope, in the words that an API has for it at which it is good then: another API of the client may have
/// the same token, and mean something else by it.
pub(super) fn wants(client: &Client, portion: &Portion, language: Language) -> String {
    let mut items = String::new();
    for token in portion.scope.iter() {
        let apis = client.apis.iter().map(|granted| &granted.api);
        let mut apis = apis.filter(|api| portion.audiences.contains(&api.identifier));
        let words = apis.find_map(|api| api.scopes.get(token).map(String::as_str));
        let words = words.filter(|words| !words.is_empty());
        let token = Escaped(token);
        let item = match words.or_else(|| standard_scope(language, token.0)) {
            Some(words) => format!("<li>{}<code>{token}</code></li>", Escaped(words)),
            None => format!("<li><code>{token}</code></li>"),
        };
        items += &item;
    }
    if items.is_empty() {
        return items;
    }
    let words = &Words::of(language).device;
    format!(
        "<p>{}</p><ul class=\"asked\" aria-label=\"{}\">{items}</ul>",
        words.asks_for, words.scope
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::api::Api;

    #[test]
    fn a_scope_is_in_the_words_of_the_api_that_is_asked_for() {
        let apis = [
            r#"{"identifier":"https://a.example","scopes":{"read":"Read at A"}}"#,
            r#"{"identifier":"https://b.example","scopes":{"read":"Read at B"}}"#,
        ];
        let apis = apis.map(|text| Arc::new(Api::from_record(text).unwrap()));
        let record = r#"{
            "client_id":"tv","token_endpoint_auth_method":"none",
            "grant_types":["urn:ietf:params:oauth:grant-type:device_code"],"scope":"openid",
            "apis":[{"identifier":"https://a.example","scope":"read"},
                    {"identifier":"https://b.example","scope":"read"}]}"#;
        let client = Client::from_record(record).unwrap().with_apis(&apis);
        for (audience, expected) in [
            ("a", "Read at A<"),
            ("b", "Read at B<"),
            ("c", "<li><code>"),
        ] {
            let portion = Portion {
                scope: "read".parse().unwrap(),
                audiences: vec![format!("https://{audience}.example")],
            };
            let page = wants(&client, &portion, Language::English);
            assert!(page.contains(expected), "{page}");
        }
    }
}
