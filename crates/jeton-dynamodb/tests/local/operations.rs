//! The requests that each call makes, and that the policy of `template.yaml` allows just these.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::config::SharedInterceptor;
use jeton::{
    Attachment, CutOff, Decision, Document, Expected, Grant, GrantState, Id128, Key, Ledger,
    Marker, PersonalKey, Realm, Registry, Seconds, SubjectKey, put_cut_off,
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
    let subject = SubjectKey::of("alice");
    for what in ["index", "index, indexed"] {
        ledger.index(&subject, id, end, NOW).await.unwrap();
        check(what, &["PutItem"]);
    }
    ledger.indexed(&subject, None).await.unwrap();
    check("indexed", &["Query"]);
    let (key, document) = (PersonalKey::new("operations", "alice"), Document::new("{}"));
    let put = async |next: Option<&Document>, expected: &Expected, until| {
        let put = ledger.put_personal(&key, next, expected, until, NOW);
        put.await.unwrap();
    };
    let (absent, version) = (Expected::Absent, Expected::Version(document.version()));
    let other = Document::new("{ }");
    for (what, next, expected, until) in [
        ("put_personal", &document, &absent, end),
        ("put_personal, the same again", &document, &absent, end),
        (
            "put_personal, longer",
            &document,
            &version,
            end + Seconds(1),
        ),
        ("put_personal, conflict", &other, &absent, end),
        (
            "put_personal, whatever stands",
            &document,
            &Expected::Anything,
            end,
        ),
    ] {
        put(Some(next), expected, until).await;
        check(what, &["PutItem"]);
    }
    ledger.personal(&key, NOW).await.unwrap();
    check("personal", &["GetItem"]);
    for what in ["put_personal, removed", "put_personal, removed again"] {
        put(None, &version, end).await;
        check(what, &["DeleteItem"]);
    }
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
    for (what, at, requests) in [
        ("first cut-off", NOW, &["GetItem", "PutItem"][..]),
        ("the same again", NOW, &["GetItem", "GetItem", "PutItem"]),
        ("once more", NOW, &["GetItem"]),
        ("a later one", end, &["GetItem", "GetItem", "PutItem"]),
    ] {
        put_cut_off(&registry, &alone, &of, at).await.unwrap();
        check(what, requests);
    }

    let key = Key::client(&alone, &"client".parse().unwrap());
    let [first, second] = ["1", "2"].map(Document::new);
    registry.get(&key).await.unwrap();
    check("get", &["GetItem"]);
    registry.standing(&key).await.unwrap();
    check("standing", &["GetItem"]);
    for expected in [Expected::Absent, Expected::Anything] {
        registry.put(&key, &first, &expected).await.unwrap();
        check("put", &["PutItem"]);
    }
    let expected = Expected::Version(first.version());
    registry.put(&key, &second, &expected).await.unwrap();
    check("put, of a version", &["GetItem", "PutItem"]);
    registry.delete(&key, &expected).await.unwrap();
    check("delete, another version", &["GetItem"]);
    registry.list(&key.collection, None).await.unwrap();
    check("list", &["Query"]);
    registry.delete(&key, &Expected::Anything).await.unwrap();
    check("delete", &["DeleteItem"]);

    let template = include_str!("../../../../template.yaml");
    let allowed = template
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix("dynamodb:"))
        .filter(|word| !word.starts_with("LeadingKeys"))
        .map(str::to_owned);
    assert_eq!(used, allowed.collect(), "template.yaml allows what is used");
}

/// What people agreed to is read as it stands.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn a_document_of_a_person_is_never_an_older_one() {
    let requests = Requests::default();
    let dynamodb = local_with(vec![SharedInterceptor::new(requests.clone())]);
    let table = table(&dynamodb, "personal-standing").await;
    let ledger = DynamoLedger::new(dynamodb, &table);
    let key = PersonalKey::new("operations", "alice");
    ledger.personal(&key, NOW).await.unwrap();
    assert_eq!(requests.take_consistent(), ["GetItem"]);
}

/// What stands is read consistently; what requests are answered by, for half the price, is not.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn what_stands_is_never_an_older_document() {
    let requests = Requests::default();
    let dynamodb = local_with(vec![SharedInterceptor::new(requests.clone())]);
    let table = table(&dynamodb, "standing").await;
    let registry = DynamoRegistry::new(dynamodb, &table);
    let key = Key::client(&Realm::default(), &"client".parse().unwrap());
    let document = Document::new("1");
    registry.get(&key).await.unwrap();
    assert_eq!(requests.take_consistent(), [""; 0]);
    registry.standing(&key).await.unwrap();
    assert_eq!(requests.take_consistent(), ["GetItem"]);
    registry.list(&key.collection, None).await.unwrap();
    assert_eq!(requests.take_consistent(), ["Query"]);
    let expected = Expected::Version(document.version());
    registry.put(&key, &document, &expected).await.unwrap();
    assert_eq!(requests.take_consistent(), ["GetItem"], "what is replaced");
}
