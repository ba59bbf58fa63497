use std::time::Instant;

use aws_sdk_dynamodb::{config::SharedInterceptor, types::AttributeValue};
use futures_util::future::join_all;
use jeton::{
    Advance, Decision, Document, Expected, Grant, GrantState, Id128, Ledger, Marker, Opened,
    PersonalKey, Put, SLACK, Scope, Seconds, Step, UnixTime,
};
use jeton_dynamodb::DynamoLedger;

use crate::support::{Lost, Requests, client, collect, local, local_with, put, table};

pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);

pub(crate) fn grant(byte: u8) -> Grant {
    Grant {
        generation: 1,
        scope: "read".parse().unwrap(),
        idle_expires_at: NOW + Seconds(100),
        ..jeton_contracts::grant(Id128([byte; 16]), NOW)
    }
}

pub(crate) fn step(byte: u8, standing: u32, attempt: u8) -> Step {
    Step {
        attempt: Id128([attempt; 16]),
        ..jeton_contracts::step(Id128([byte; 16]), standing, NOW)
    }
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn keeps_its_contract() {
    let dynamodb = local();
    let table = table(&dynamodb, "ledger").await;
    let ledger = DynamoLedger::new(dynamodb.clone(), &table);
    jeton_contracts::ledger(&ledger, &table).await;
}

/// DynamoDB Local collects nothing in a test's time, so the test does as it would.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn keeps_records_as_long_as_it_should() {
    let dynamodb = local();
    let table = table(&dynamodb, "keeping").await;
    let ledger = DynamoLedger::new(dynamodb.clone(), &table);
    let collect = async |at| collect(&dynamodb, &table, at).await;
    jeton_contracts::keeping(&ledger, &table, collect).await;
}

/// The SDK tries again by itself; the item then shows what the first try did.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn an_answer_that_is_lost_is_no_conflict() {
    let (requests, lost) = (Requests::default(), Lost::default());
    let dynamodb = local_with(vec![
        SharedInterceptor::new(requests.clone()),
        SharedInterceptor::new(lost.clone()),
    ]);
    let table = table(&dynamodb, "lost").await;
    let ledger = DynamoLedger::new(dynamodb, &table);
    requests.take();

    lost.next(1);
    let opened = ledger.open(&grant(1), NOW).await.unwrap();
    assert_eq!(opened, Opened::Opened);
    assert_eq!(requests.take(), ["PutItem"; 2]);

    let pending = Grant {
        state: GrantState::Pending,
        generation: 0,
        ..grant(2)
    };
    ledger.open(&pending, NOW).await.unwrap();
    requests.take();
    lost.next(1);
    let decided = ledger.decide(pending.id, &Decision::Deny, Id128([3; 16]), NOW);
    assert!(decided.await.unwrap());
    assert_eq!(requests.take(), ["UpdateItem"; 2]);

    lost.next(1);
    let Advance::Advanced(advanced) = ledger.advance(&step(1, 1, 1)).await.unwrap() else {
        panic!("a conflict with itself");
    };
    assert_eq!(advanced.generation, 2);
    assert_eq!(requests.take(), ["UpdateItem"; 2]);

    let (marker, end) = (Marker::for_test("lost"), NOW + Seconds(10));
    lost.next(1);
    let claimed = ledger.claim(&marker, Id128([1; 16]), end, NOW).await;
    assert!(claimed.unwrap());
    assert_eq!(requests.take(), ["PutItem"; 2]);

    let key = PersonalKey::new("lost", "alice");
    let [first, second] = ["1", "2"].map(Document::new);
    let replaces_first = Expected::Version(first.version());
    let replaces_second = Expected::Version(second.version());
    for (next, expected, sent) in [
        (Some(&first), &Expected::Absent, ["PutItem"; 2]),
        (Some(&second), &replaces_first, ["PutItem"; 2]),
        (None, &replaces_second, ["DeleteItem"; 2]),
    ] {
        lost.next(1);
        let put = ledger.put_personal(&key, next, expected, end, NOW).await;
        assert_eq!(put.unwrap(), Put::Done, "{next:?}");
        assert_eq!(requests.take(), sent);
        assert_eq!(ledger.personal(&key, NOW).await.unwrap().as_ref(), next);
        requests.take();
    }

    lost.next(1);
    let count = ledger.count(&marker, end, NOW).await.unwrap();
    assert_eq!(count, 2, "rather one too many than one too few");
    lost.next(1);
    ledger.uncount(&marker, NOW).await.unwrap();
    let count = ledger.count(&marker, end, NOW).await.unwrap();
    assert_eq!(count, 1, "two were taken back");
    lost.next(1);
    ledger.revoke(pending.id).await.unwrap();

    lost.next(u32::MAX);
    let error = ledger.advance(&step(1, 2, 2)).await.unwrap_err();
    lost.next(0);
    assert_eq!(error.store, "dynamodb");
    let standing = Ledger::read(&ledger, grant(1).id).await.unwrap().unwrap();
    assert_eq!(standing.generation, 3, "and the caller may try again");
    let again = ledger.advance(&step(1, 2, 2)).await.unwrap();
    assert_eq!(again, Advance::Advanced(Box::new(standing)));
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn a_counter_that_ended_starts_anew_once() {
    let dynamodb = local();
    let table = table(&dynamodb, "counter").await;
    let ledger = DynamoLedger::new(dynamodb, &table);
    let marker = Marker::for_test("ended");
    let end = NOW + Seconds(10);
    ledger.count(&marker, end, NOW).await.unwrap();
    let counts = (0..50).map(|_| ledger.count(&marker, end + Seconds(10), end));
    let mut counts: Vec<_> = join_all(counts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<u32>>());
    for expected in [1, 1] {
        let at_once = ledger.count(&marker, end, end + Seconds(20)).await.unwrap();
        assert_eq!(at_once, expected, "an end that has passed already");
    }
}

/// Nothing a client chooses is read as an expression, or as part of another value.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn values_are_never_expressions() {
    let dynamodb = local();
    let table = table(&dynamodb, "hostile").await;
    let ledger = DynamoLedger::new(dynamodb, &table);
    let hostile = "x) OR (#state = :live";
    let grant = Grant {
        client_id: hostile.parse().unwrap(),
        scope: "#state :live :held0 ) OR x".parse().unwrap(),
        audiences: vec![":now".into(), "#pk".into(), hostile.into()],
        subject: Some(String::new()),
        ..grant(1)
    };
    ledger.open(&grant, NOW).await.unwrap();
    let wanted = Step {
        client_id: hostile.parse().unwrap(),
        scope: grant.scope.clone(),
        audiences: grant.audiences.clone(),
        ..step(1, 1, 1)
    };
    for refused in [
        Step {
            scope: "x) y".parse().unwrap(),
            ..wanted.clone()
        },
        Step {
            audiences: vec![String::new()],
            ..wanted.clone()
        },
        Step {
            client_id: "client".parse().unwrap(),
            ..wanted.clone()
        },
    ] {
        let standing = ledger.advance(&refused).await.unwrap();
        assert_eq!(standing, Advance::Conflict(Some(Box::new(grant.clone()))));
    }
    let advanced = ledger.advance(&wanted).await.unwrap();
    assert!(matches!(advanced, Advance::Advanced(_)));
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn more_scope_than_fits_a_condition() {
    let requests = Requests::default();
    let dynamodb = local_with(vec![SharedInterceptor::new(requests.clone())]);
    let table = table(&dynamodb, "long").await;
    let ledger = DynamoLedger::new(dynamodb, &table);
    let scope = |tokens: u32| -> Scope {
        let tokens: Vec<_> = (0..tokens).map(|index| format!("token-{index}")).collect();
        tokens.join(" ").parse().unwrap()
    };
    let grant = Grant {
        scope: scope(400),
        ..grant(1)
    };
    ledger.open(&grant, NOW).await.unwrap();
    requests.take();
    let wants = |tokens: u32, standing: u32| Step {
        scope: scope(tokens),
        ..step(1, standing, u8::try_from(standing).unwrap())
    };
    for (what, step, advances, sent) in [
        ("too much", wants(401, 1), false, &["GetItem"][..]),
        ("one condition", wants(64, 1), true, &["UpdateItem"]),
        ("all", wants(400, 2), true, &["GetItem", "UpdateItem"]),
        ("all, again", wants(400, 2), true, &["GetItem"]),
        ("all, superseded", wants(400, 1), false, &["GetItem"]),
        (
            "no such grant",
            Step {
                id: Id128([9; 16]),
                ..wants(400, 1)
            },
            false,
            &["GetItem"],
        ),
    ] {
        let outcome = ledger.advance(&step).await.unwrap();
        assert_eq!(matches!(outcome, Advance::Advanced(_)), advances, "{what}");
        assert_eq!(requests.take(), sent, "{what}");
    }
    let racers: Vec<_> = (0..10)
        .map(|attempt| Step {
            attempt: Id128([attempt + 100; 16]),
            ..wants(400, 3)
        })
        .collect();
    let outcomes = join_all(racers.iter().map(|step| ledger.advance(step))).await;
    let won = outcomes
        .into_iter()
        .filter(|outcome| matches!(outcome, Ok(Advance::Advanced(_))));
    assert_eq!(won.count(), 1);
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn items_are_as_documented() {
    let dynamodb = local();
    let table = table(&dynamodb, "items").await;
    let ledger = DynamoLedger::new(dynamodb.clone(), &table);
    let (marker, value) = (Marker::for_test("items"), Id128([7; 16]));
    let end = NOW + Seconds(10);
    let pending = Grant {
        state: GrantState::Pending,
        subject: None,
        ..grant(1)
    };
    ledger.open(&pending, NOW).await.unwrap();
    let approve = Decision::Approve {
        subject: "bob".into(),
        claims: serde_json::from_str(r#"{"inline":{"n":1.50,"big":12345678901234567890123}}"#)
            .unwrap(),
        auth_time: NOW,
        accepted_at: NOW,
    };
    assert!(
        ledger
            .decide(pending.id, &approve, value, NOW)
            .await
            .unwrap()
    );
    let later = dynamodb
        .update_item()
        .table_name(&table)
        .key("pk", AttributeValue::S(format!("grant#{}", pending.id)))
        .key("sk", AttributeValue::S("-".to_owned()))
        .update_expression("SET cnf = :cnf")
        .expression_attribute_values(":cnf", AttributeValue::M([].into()));
    later.send().await.unwrap();
    ledger.advance(&step(1, 1, 1)).await.unwrap();
    ledger.claim(&marker, value, end, NOW).await.unwrap();
    ledger.count(&marker, end, NOW).await.unwrap();
    let personal = PersonalKey::new("items", "alice");
    let document = Document::new(r#"{ "a":1 }"#);
    let written = ledger.put_personal(&personal, Some(&document), &Expected::Absent, end, NOW);
    written.await.unwrap();

    let n = |time: UnixTime| AttributeValue::N(time.0.to_string());
    let s = |text: &str| AttributeValue::S(text.to_owned());
    let grant_key = format!("grant#{}", pending.id);
    let personal_key = format!("personal#{personal}");
    let grant_end = pending.expires_at;
    for (key, expected) in [
        (
            grant_key.as_str(),
            vec![
                ("state", s("live")),
                ("subject", s("bob")),
                ("scope", AttributeValue::L(vec![s("read")])),
                (
                    "claims",
                    s(r#"{"inline":{"big":1.2345678901234568e+22,"n":1.5}}"#),
                ),
                ("generation", AttributeValue::N("2".into())),
                ("expires_at", n(grant_end)),
                ("delete_at", n(grant_end + Grant::KEPT)),
                ("cnf", AttributeValue::M([].into())),
            ],
        ),
        (
            personal_key.as_str(),
            vec![
                ("record", s(document.as_str())),
                ("version", s(document.version().as_str())),
                ("expires_at", n(end)),
                ("delete_at", n(end + SLACK)),
            ],
        ),
        (
            "marker#test:items",
            vec![
                ("holder", s(&value.to_string())),
                ("expires_at", n(end)),
                ("delete_at", n(end + SLACK)),
            ],
        ),
        (
            "counter#test:items",
            vec![
                ("count", AttributeValue::N("1".into())),
                ("expires_at", n(end)),
                ("delete_at", n(end + SLACK)),
            ],
        ),
    ] {
        let get = dynamodb.get_item().table_name(&table);
        let get = get.key("pk", s(key)).key("sk", s("-"));
        let item = get.send().await.unwrap().item.unwrap();
        for (attribute, expected) in expected {
            assert_eq!(item.get(attribute), Some(&expected), "{key} {attribute}");
        }
    }
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn times_without_end() {
    let dynamodb = local();
    let table = table(&dynamodb, "endless").await;
    let ledger = DynamoLedger::new(dynamodb, &table);
    let grant = Grant {
        idle_lifetime: Seconds(u64::MAX),
        expires_at: UnixTime(u64::MAX),
        ..grant(1)
    };
    ledger.open(&grant, NOW).await.unwrap();
    let Advance::Advanced(advanced) = ledger.advance(&step(1, 1, 1)).await.unwrap() else {
        panic!("a conflict");
    };
    assert_eq!(advanced.idle_expires_at, UnixTime(u64::MAX));
    let standing = Ledger::read(&ledger, grant.id).await.unwrap();
    assert_eq!(standing, Some(*advanced));
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn an_item_that_cannot_be_read_is_unavailable() {
    let dynamodb = local();
    let table = table(&dynamodb, "broken").await;
    let ledger = DynamoLedger::new(dynamodb.clone(), &table);
    let (id, marker) = (grant(1).id, Marker::for_test("broken"));
    let personal = PersonalKey::new("broken", "alice");
    let personal_key = format!("personal#{personal}");
    let key = format!("grant#{id}");
    let sort = || ("sk", AttributeValue::S("-".to_owned()));
    let item = [("pk", AttributeValue::S(key)), sort()];
    put(&dynamodb, &table, item).await;
    for key in ["marker#test:broken", "counter#test:broken", &personal_key] {
        let item = [
            ("pk", AttributeValue::S(key.to_owned())),
            sort(),
            ("expires_at", AttributeValue::S("tomorrow".to_owned())),
        ];
        put(&dynamodb, &table, item).await;
    }
    let outcomes = [
        ledger.open(&grant(1), NOW).await.map(drop),
        Ledger::read(&ledger, id).await.map(drop),
        ledger.advance(&step(1, 1, 1)).await.map(drop),
        ledger.holder(&marker, NOW).await.map(drop),
        ledger.claim(&marker, id, NOW, NOW).await.map(drop),
        ledger.count(&marker, NOW, NOW).await.map(drop),
        ledger.personal(&personal, NOW).await.map(drop),
        ledger
            .put_personal(&personal, None, &Expected::Absent, NOW, NOW)
            .await
            .map(drop),
    ];
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(error.detail.starts_with("item "), "{error}");
    }
}

#[tokio::test]
async fn a_table_out_of_reach_is_unavailable_soon() {
    let begin = Instant::now();
    let ledger = DynamoLedger::new(client("http://127.0.0.1:9", Vec::new()), "jeton");
    let error = ledger.advance(&step(1, 1, 1)).await.unwrap_err();
    assert_eq!(error.store, "dynamodb");
    assert!(error.detail.contains("refused"), "{error}");
    assert!(begin.elapsed().as_secs() < 4, "{:?}", begin.elapsed());
}

#[test]
fn calls_may_move_between_threads() {
    fn require_send<T: Send>(_: T) {}
    let ledger = DynamoLedger::new(client("http://127.0.0.1:9", Vec::new()), "jeton");
    let marker = Marker::for_test("send");
    require_send(ledger.open(&grant(1), NOW));
    require_send(ledger.advance(&step(1, 1, 1)));
    require_send(ledger.claim(&marker, Id128([1; 16]), NOW, NOW));
    require_send(ledger.count(&marker, NOW, NOW));
}
