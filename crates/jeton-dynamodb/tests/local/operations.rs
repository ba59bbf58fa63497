//! What each call costs, and that the deployed function may do just that.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::config::SharedInterceptor;
use jeton::{CutOff, Decision, Grant, GrantState, Id128, Ledger, Marker, Registry, Seconds};
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
            .decide(pending.id, &Decision::Deny, NOW)
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

    let of = CutOff::subject("alice");
    registry.client(&"client".parse().unwrap()).await.unwrap();
    check("client", &["GetItem"]);
    registry.put_cut_off(&of, NOW).await.unwrap();
    check("put_cut_off", &["PutItem"]);
    registry.cut_off(&of).await.unwrap();
    check("cut_off", &["GetItem"]);

    let template = include_str!("../../../../template.yaml");
    let allowed = template
        .split_ascii_whitespace()
        .filter_map(|word| word.strip_prefix("dynamodb:"))
        .filter(|word| !word.starts_with("LeadingKeys"))
        .map(str::to_owned);
    assert_eq!(used, allowed.collect(), "template.yaml allows what is used");
    for prefix in ["grant", "marker", "counter", "cut_off"] {
        let key = format!("- {prefix}#*\n");
        assert!(
            template.contains(&key),
            "template.yaml allows to write {key}"
        );
    }
}
