//! The requests that each call makes, and that the policy of `template.yaml` allows just these.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::config::SharedInterceptor;
use jeton::{
    Attachment, CutOff, Decision, Document, Expected, Grant, GrantState, Id128, Key, Ledger,
    Marker, Realm, Registry, Seconds, put_cut_off,
};
use jeton_dynamodb::{DynamoLedger, DynamoRegistry};

use crate::{
    ledger::{NOW, grant, step},
    support::{Requests, local_with, table},
};

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn each_call_is_one_request() {
    let requests = Requests::default();
    let dynamodb = local_with(vec![SharedInterceptor::new(requests.clone())]);
    let table = table(&dynamodb, "operations").await;
    let ledger = DynamoLedger::new(dynamodb.clone(), &table);
    let registry = DynamoRegistry::new(dynamodb, &table);
    requests.take();

    let (id, marker, value) = (grant(1).id, Marker::for_test("operations"), Id128([9; 16]));
    let end = NOW + Seconds(10);
    let pending = Grant {
        state: GrantState::Pending,
        ..grant(2)
    };
    let mut used = BTreeSet::new();
    let mut check = |call: &str, expected: &[&str]| {
        let sent = requests.take();
        assert_eq!(sent, expected, "{call}");
        used.extend(sent);
    };

    ledger.open(&grant(1), NOW).await.unwrap();
    check("open", &["PutItem"]);
    ledger.open(&grant(1), NOW).await.unwrap();
    check("open, exists", &["PutItem"]);
    ledger.open(&pending, NOW).await.unwrap();
    check("open", &["PutItem"]);
    ledger.advance(&step(1, 1, 1)).await.unwrap();
    check("advance", &["UpdateItem"]);
    ledger.advance(&step(1, 1, 2)).await.unwrap();
    check("advance, conflict", &["UpdateItem"]);
    ledger.advance(&step(1, 1, 1)).await.unwrap();
    check("advance, the same attempt", &["UpdateItem"]);
    ledger.advance(&step(7, 1, 1)).await.unwrap();
    check("advance, no such grant", &["UpdateItem"]);
    for what in ["decide", "decide, decided"] {
        ledger
            .decide(pending.id, &Decision::Deny, value, NOW)
            .await
            .unwrap();
        check(what, &["UpdateItem"]);
    }
    Ledger::read(&ledger, id).await.unwrap();
    check("read", &["GetItem"]);
    for what in ["revoke", "revoke, revoked"] {
        ledger.revoke(id).await.unwrap();
        check(what, &["UpdateItem"]);
    }
    ledger.revoke(Id128([7; 16])).await.unwrap();
    check("revoke, no such grant", &["UpdateItem"]);
    let attachment = Attachment::new(id, "{}".to_owned());
    for what in ["keep", "keep, kept"] {
        ledger.keep(&attachment, end, NOW).await.unwrap();
        check(what, &["PutItem"]);
    }
    ledger.kept(attachment.id()).await.unwrap();
    check("kept", &["GetItem"]);
    for what in ["claim", "claim, held"] {
        ledger.claim(&marker, value, end, NOW).await.unwrap();
        check(what, &["PutItem"]);
    }
    ledger.holder(&marker, NOW).await.unwrap();
    check("holder", &["GetItem"]);
    for what in ["count, first", "count"] {
        ledger.count(&marker, end, NOW).await.unwrap();
        check(what, &["UpdateItem"]);
    }
    ledger.count(&marker, end + Seconds(10), end).await.unwrap();
    check("count, at its end", &["UpdateItem", "UpdateItem"]);
    ledger.uncount(&marker, end).await.unwrap();
    check("uncount", &["UpdateItem"]);

    let (alone, of) = (Realm::default(), CutOff::subject("alice"));
    let client = Key::client(&alone, &"client".parse().unwrap());
    registry.get(&client).await.unwrap();
    check("client or cut-off", &["GetItem"]);
    for (what, at, requests) in [
        ("first cut-off", NOW, &["GetItem", "PutItem"][..]),
        ("the same again", NOW, &["GetItem", "GetItem", "PutItem"]),
        ("once more", NOW, &["GetItem"]),
        ("a later one", end, &["GetItem", "GetItem", "PutItem"]),
    ] {
        put_cut_off(&registry, &alone, &of, at).await.unwrap();
        check(what, requests);
    }

    let template = include_str!("../../../../template.yaml");
    let allowed = template
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix("dynamodb:"))
        .filter(|word| !word.starts_with("LeadingKeys"))
        .map(str::to_owned);
    assert_eq!(used, allowed.collect(), "template.yaml allows what is used");
    let (_, keys) = template.split_once("dynamodb:LeadingKeys:").unwrap();
    let writable: Vec<_> = keys
        .lines()
        .skip(1)
        .map_while(|line| line.trim().strip_prefix("- "))
        .collect();
    let expected = ["grant#*", "marker#*", "counter#*", "cut_off", "cut_off#*"];
    assert_eq!(writable, expected, "template.yaml allows to write these");
}

/// The calls that the deployed function does not make, and may not.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn each_call_of_management_is_one_request_or_two() {
    let requests = Requests::default();
    let dynamodb = local_with(vec![SharedInterceptor::new(requests.clone())]);
    let table = table(&dynamodb, "management").await;
    let registry = DynamoRegistry::new(dynamodb, &table);
    let key = Key::client(&Realm::default(), &"client".parse().unwrap());
    let [first, second] = ["1", "2"].map(Document::new);
    requests.take();
    for expected in [Expected::Absent, Expected::Anything] {
        registry.put(&key, &first, &expected).await.unwrap();
        assert_eq!(requests.take(), ["PutItem"], "{expected:?}");
    }
    let expected = Expected::Version(first.version());
    registry.put(&key, &second, &expected).await.unwrap();
    assert_eq!(requests.take(), ["GetItem", "PutItem"]);
    registry.delete(&key, &expected).await.unwrap();
    assert_eq!(requests.take(), ["GetItem"], "another version");
    registry.list(&key.collection, None).await.unwrap();
    assert_eq!(requests.take(), ["Query"]);
    registry.delete(&key, &Expected::Anything).await.unwrap();
    assert_eq!(requests.take(), ["DeleteItem"]);
}
